package pki

import (
	"bytes"
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// The subtrees of a nameConstraints extension, RFC 5280 §4.2.1.10, so arranged that a
// name is looked up in them by bisection: n names against m subtrees cost (n+m)·log m
// comparisons, for both numbers are the peer's to choose.
//
// For that each name and each subtree gets a key, in which what is more general comes
// first: the labels of a host from right to left, the relative names of a directory
// name from the top. A name lies in a subtree exactly if the subtree's key is a prefix
// of the name's. Sorted, and without those that lie in another, at most one subtree can
// be that prefix: the last whose key is not greater than the name's.

// subtree is a GeneralSubtree as written.
type subtree struct {
	base     generalName
	distance bool // it has a minimum other than 0, or a maximum
}

func (s subtree) String() string {
	switch {
	case s.distance:
		return s.base.String() + " (with a minimum or maximum)"
	case s.base.kind != iPAddress:
		return s.base.String()
	}
	if p, ok := ipRange(s.base.value); ok {
		return "IP:" + p.String()
	}
	return s.base.String()
}

// nameConstraints are those of one certificate, which they do not point to. Once read
// they do not change, and any number of goroutines may hold names against them.
type nameConstraints struct {
	permitted, excluded []subtree
	malformed           bool                    // the extension cannot be read: nothing below may be accepted
	kinds               [nameKinds]*constrained // nil: this kind is not constrained
}

// constrained is a kind of names and its subtrees.
type constrained struct {
	permitted, excluded subtreeSet
	unusable            *subtree // one that we cannot apply
}

// subtreeSet holds the subtrees of one kind, either permitted or excluded.
type subtreeSet struct {
	any       bool                    // there is one at all
	prefixes  []tree                  // sorted; none lies in another
	exact     []tree                  // sorted: single hosts, mailboxes
	ranges    []ipTree                // sorted; none lies in another
	wildcards func() map[string]int32 // the hosts that a "*." may stand for, by the key of their parent; made when needed
}

// tree is a subtree by its key.
type tree struct {
	key   string
	below bool // what it stands for is longer by at least one label: ".lab.test"
	at    int32
}

type ipTree struct {
	prefix netip.Prefix
	at     int32
}

// parseNameConstraints reads an extension's value. comparisons counts the work.
func parseNameConstraints(der cryptobyte.String, comparisons *int) *nameConstraints {
	nc := &nameConstraints{malformed: true}
	var list, permitted, excluded cryptobyte.String
	if !der.ReadASN1(&list, cbasn1.SEQUENCE) || !der.Empty() ||
		!list.ReadOptionalASN1(&permitted, nil, cbasn1.Tag(0).ContextSpecific().Constructed()) ||
		!list.ReadOptionalASN1(&excluded, nil, cbasn1.Tag(1).ContextSpecific().Constructed()) ||
		!list.Empty() || len(permitted)+len(excluded) == 0 {
		return nc
	}
	var ok bool
	if nc.permitted, ok = readSubtrees(permitted); !ok {
		return nc
	}
	if nc.excluded, ok = readSubtrees(excluded); !ok {
		return nc
	}
	nc.malformed = false
	for i := range nc.permitted {
		nc.add(&nc.permitted[i], int32(i), false)
	}
	for i := range nc.excluded {
		nc.add(&nc.excluded[i], int32(i), true)
	}
	for _, kind := range nc.kinds {
		if kind != nil {
			kind.permitted.arrange(comparisons)
			kind.excluded.arrange(comparisons)
		}
	}
	return nc
}

// readSubtrees reads GeneralSubtrees without its outer tag.
func readSubtrees(der cryptobyte.String) (list []subtree, ok bool) {
	for !der.Empty() {
		var one cryptobyte.String
		if !der.ReadASN1(&one, cbasn1.SEQUENCE) {
			return nil, false
		}
		var s subtree
		if s.base.kind, s.base.value, ok = readGeneralName(&one); !ok {
			return nil, false
		}
		var minimum, maximum cryptobyte.String
		var hasMinimum, hasMaximum bool
		if !one.ReadOptionalASN1(&minimum, &hasMinimum, cbasn1.Tag(0).ContextSpecific()) ||
			!one.ReadOptionalASN1(&maximum, &hasMaximum, cbasn1.Tag(1).ContextSpecific()) || !one.Empty() {
			return nil, false
		}
		// A minimum of 0 is the default and should not be written, but says nothing else.
		s.distance = hasMaximum || hasMinimum && !bytes.Equal(minimum, []byte{0})
		list = append(list, s)
	}
	return list, true
}

// add sorts a subtree in among those of its kind.
func (nc *nameConstraints) add(s *subtree, at int32, excluded bool) {
	kind := nc.kinds[s.base.kind]
	if kind == nil {
		kind = new(constrained)
		nc.kinds[s.base.kind] = kind
	}
	set := &kind.permitted
	if excluded {
		set = &kind.excluded
	}
	set.any = true
	if s.distance || !set.addBase(&s.base, at) {
		if kind.unusable == nil {
			kind.unusable = s
		}
	}
}

// addBase adds a subtree, if its base is one.
func (set *subtreeSet) addBase(base *generalName, at int32) (ok bool) {
	text := string(base.value)
	host, below := strings.CutPrefix(text, ".")
	switch base.kind {
	case dNSName: // the leading dot is RFC 5280's for URIs only, but everyone reads it here too
		if ok = text == "" || validHost(host); ok {
			set.prefixes = append(set.prefixes, tree{hostKey(host), below, at})
		}
	case rfc822Name, uniformResourceIdentifier:
		if base.kind == rfc822Name && strings.Contains(text, "@") {
			var local string
			if local, host, ok = parseMailbox(text); ok {
				set.exact = append(set.exact, tree{mailboxKey(local, host), false, at})
			}
			return ok
		}
		ok = text == "" || validHost(host)
		switch {
		case !ok:
		case below || text == "":
			set.prefixes = append(set.prefixes, tree{hostKey(host), below, at})
		default:
			set.exact = append(set.exact, tree{hostKey(host), false, at})
		}
	case directoryName:
		var form []byte
		if form, ok = appendName(nil, base.value); ok {
			set.prefixes = append(set.prefixes, tree{string(form), false, at})
		}
	case iPAddress:
		var p netip.Prefix
		if p, ok = ipRange(base.value); ok {
			set.ranges = append(set.ranges, ipTree{p, at})
		}
	}
	return ok
}

// ipRange reads an address and its mask, RFC 5280 §4.2.1.10: 8 octets or 32.
func ipRange(b []byte) (netip.Prefix, bool) {
	ip, ok := netip.AddrFromSlice(b[:len(b)/2])
	bits, size := net.IPMask(b[len(b)/2:]).Size()
	if !ok || size != ip.BitLen() {
		return netip.Prefix{}, false // not an address, or the mask has holes
	}
	return netip.PrefixFrom(ip, bits).Masked(), true
}

// hostKey writes the labels of a host from right to left, in lower case, each with a
// zero octet at its end, which no label has in it.
func hostKey(host string) string {
	if host == "" {
		return ""
	}
	key := make([]byte, 0, len(host)+1)
	for end := len(host); end >= 0; {
		dot := strings.LastIndexByte(host[:end], '.')
		for i := dot + 1; i < end; i++ {
			key = append(key, lower(host[i]))
		}
		key = append(key, 0)
		end = dot
	}
	return string(key)
}

// mailboxKey: the local part counts octet by octet, the host does not (RFC 5280 §7.5).
func mailboxKey(local, host string) string { return hostKey(host) + "@" + local }

// arrange sorts the set and leaves out what lies in another subtree.
func (set *subtreeSet) arrange(comparisons *int) {
	byKey := func(a, b tree) int {
		*comparisons++
		if c := strings.Compare(a.key, b.key); c != 0 || a.below == b.below {
			return c
		}
		if a.below { // lab.test holds what .lab.test does, and so comes first
			return 1
		}
		return -1
	}
	slices.SortFunc(set.prefixes, byKey)
	set.prefixes = outermost(set.prefixes, func(outer, t tree) bool {
		*comparisons++
		return strings.HasPrefix(t.key, outer.key)
	})
	if len(set.prefixes) > 0 {
		set.wildcards = sync.OnceValue(func() map[string]int32 { return byParent(set.prefixes) })
	}
	slices.SortFunc(set.exact, byKey)
	slices.SortFunc(set.ranges, func(a, b ipTree) int {
		*comparisons++
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	set.ranges = outermost(set.ranges, func(outer, t ipTree) bool {
		*comparisons++
		return outer.prefix.Contains(t.prefix.Addr())
	})
}

// outermost keeps of sorted trees those that do not lie in the one before.
func outermost[T any](sorted []T, within func(outer, t T) bool) []T {
	kept := sorted[:0]
	for _, t := range sorted {
		if len(kept) == 0 || !within(kept[len(kept)-1], t) {
			kept = append(kept, t)
		}
	}
	return kept
}

// findPrefix finds the subtree that a key lies in.
func (set *subtreeSet) findPrefix(key string, comparisons *int) (at int32, found bool) {
	i, _ := slices.BinarySearchFunc(set.prefixes, key, func(t tree, key string) int {
		*comparisons++
		if t.key <= key {
			return -1
		}
		return 1
	})
	if i == 0 {
		return 0, false
	}
	t := set.prefixes[i-1]
	return t.at, strings.HasPrefix(key, t.key) && (!t.below || len(key) > len(t.key))
}

// findExact finds the subtree that is just this key.
func (set *subtreeSet) findExact(key string, comparisons *int) (at int32, found bool) {
	i, found := slices.BinarySearchFunc(set.exact, key, func(t tree, key string) int {
		*comparisons++
		return strings.Compare(t.key, key)
	})
	if !found {
		return 0, false
	}
	return set.exact[i].at, true
}

// findRange finds the range that an address lies in. An address of 16 octets lies in
// no range of 4, and the other way round, whatever is mapped into it.
func (set *subtreeSet) findRange(ip netip.Addr, comparisons *int) (at int32, found bool) {
	i, _ := slices.BinarySearchFunc(set.ranges, ip, func(t ipTree, ip netip.Addr) int {
		*comparisons++
		if t.prefix.Addr().Compare(ip) <= 0 {
			return -1
		}
		return 1
	})
	if i == 0 {
		return 0, false
	}
	t := set.ranges[i-1]
	return t.at, t.prefix.Contains(ip)
}

// findBeside finds a subtree that holds some, but not all, of the names that "*." before
// parent stands for. For *.lab.test this may be www.lab.test.
func (set *subtreeSet) findBeside(parent string) (at int32, found bool) {
	if len(set.prefixes) == 0 {
		return 0, false
	}
	at, found = set.wildcards()[hostKey(parent)]
	return at, found
}

// byParent lists hosts that are subtrees by the key of the host one label above.
func byParent(prefixes []tree) map[string]int32 {
	hosts := make(map[string]int32, len(prefixes))
	for _, t := range prefixes {
		if label := strings.LastIndexByte(strings.TrimSuffix(t.key, "\x00"), 0) + 1; label > 0 && !t.below {
			hosts[t.key[:label]] = t.at
		}
	}
	return hosts
}

// nameKey holds the parts of a name that are looked up.
type nameKey struct {
	made    bool
	valid   bool       // it is a name at all
	key     string     // of the host, of the directory name
	mailbox string     // of an rfc822Name
	parent  string     // of a wildcard: the host it stands before
	ip      netip.Addr // of an iPAddress
}

// keyOf reads a name. A kind that we do not understand has no key.
func keyOf(n *generalName) (k nameKey) {
	switch n.kind {
	case dNSName:
		name := string(n.value)
		if k.valid = validDNSName(name); k.valid {
			k.key = hostKey(name)
			if parent, wild := strings.CutPrefix(name, "*."); wild {
				k.parent = parent
			}
		}
	case rfc822Name:
		var local, host string
		if local, host, k.valid = parseMailbox(string(n.value)); k.valid {
			k.key, k.mailbox = hostKey(host), mailboxKey(local, host)
		}
	case uniformResourceIdentifier:
		var host string
		if host, k.valid = uriHost(n.uri); k.valid {
			k.key = hostKey(host)
		}
	case directoryName:
		var form []byte
		form, k.valid = appendName(nil, n.value)
		k.key = string(form)
	case iPAddress:
		k.ip, k.valid = netip.AddrFromSlice(n.value)
	}
	return k
}

// holds finds the subtree of the set that contains everything that a name stands for.
func (set *subtreeSet) holds(k *nameKey, comparisons *int) (at int32, found bool) {
	if len(set.ranges) > 0 {
		return set.findRange(k.ip, comparisons)
	}
	if at, found = set.findPrefix(k.key, comparisons); found || len(set.exact) == 0 {
		return at, found
	}
	if at, found = set.findExact(k.key, comparisons); found || k.mailbox == "" {
		return at, found
	}
	return set.findExact(k.mailbox, comparisons)
}

// touches finds a subtree that contains something that a name stands for: a pattern stands
// for many names.
func (set *subtreeSet) touches(k *nameKey, comparisons *int) (at int32, found bool) {
	if at, found = set.holds(k, comparisons); found || k.parent == "" {
		return at, found
	}
	return set.findBeside(k.parent)
}
