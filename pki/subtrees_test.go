package pki

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// slowly judges one name against one subtree, as RFC 5280 §4.2.1.10 words it, with
// nothing sorted and nothing searched. touches is for excluded subtrees: does any of
// what the name stands for lie in it?
func slowly(n, base *generalName, touches bool) bool {
	text, tree := strings.ToLower(string(n.value)), strings.ToLower(string(base.value))
	below := func(host, tree string) bool { // by one label or more
		return host != tree && strings.HasSuffix(host, "."+tree)
	}
	hostIn := func(host string) bool {
		if domain, dot := strings.CutPrefix(tree, "."); dot {
			return below(host, domain)
		}
		return host == tree || tree == ""
	}
	switch n.kind {
	case dNSName:
		domain, dot := strings.CutPrefix(tree, ".")
		if tree == "" || below(text, domain) || text == domain && !dot {
			return true
		}
		parent, wild := strings.CutPrefix(text, "*.")
		_, rest, _ := strings.Cut(tree, ".")
		return touches && wild && !dot && rest == parent
	case rfc822Name:
		local, host, _ := parseMailbox(string(n.value))
		if strings.Contains(tree, "@") {
			l, h, _ := parseMailbox(string(base.value))
			return l == local && strings.EqualFold(h, host)
		}
		return hostIn(strings.ToLower(host))
	case uniformResourceIdentifier:
		host, _ := uriHost(n.uri)
		return hostIn(strings.ToLower(host))
	case iPAddress:
		if len(base.value) != 2*len(n.value) {
			return false
		}
		mask := base.value[len(n.value):]
		for i := range mask {
			if (n.value[i]^base.value[i])&mask[i] != 0 {
				return false
			}
		}
		return true
	case directoryName:
		split := func(der []byte) (relatives [][]byte) {
			s, list := cryptobyte.String(der), cryptobyte.String(nil)
			s.ReadASN1(&list, cbasn1.SEQUENCE)
			for !list.Empty() {
				var one cryptobyte.String
				list.ReadASN1Element(&one, cbasn1.SET)
				relatives = append(relatives, name(one))
			}
			return relatives
		}
		names, trees := split(n.value), split(base.value)
		if len(trees) > len(names) {
			return false
		}
		for i := range trees {
			if !SameName(names[i], trees[i]) {
				return false
			}
		}
		return true
	}
	return false
}

// judgedSlowly is apply without sets.
func judgedSlowly(nc *nameConstraints, h *heldNames) (why violationKind, refused bool) {
	for i := range h.names {
		n := &h.names[i]
		constrained, unusable, permitted, any := false, false, false, false
		excluded := false
		look := func(list []subtree, touches bool) {
			for k := range list {
				s := &list[k]
				if s.base.kind != n.kind {
					continue
				}
				constrained = true
				var set subtreeSet
				if s.distance || !set.addBase(&s.base, 0) {
					unusable = true
				} else if key := keyOf(n); key.valid && slowly(n, &s.base, touches) {
					excluded, permitted = excluded || touches, permitted || !touches
				}
				any = any || !touches
			}
		}
		look(nc.permitted, false)
		look(nc.excluded, true)
		key := keyOf(n)
		switch {
		case !constrained:
		case !n.kind.understood():
			return notApplied, true
		case unusable:
			return notASubtree, true
		case !key.valid:
			return notAName, true
		case excluded:
			return excludedName, true
		case any && !permitted:
			return notPermittedName, true
		}
	}
	return unreadableNames, h.broken
}

// compareJudges holds the sorted sets against the slow words.
func compareJudges(t *testing.T, constraints, san, subject []byte) {
	t.Helper()
	var m constraintMemo
	nc := parseNameConstraints(constraints, &m.comparisons)
	var h heldNames
	h.read(subject, san, san != nil, nil)
	x := m.apply(nc, &h)
	for _, list := range [][]subtree{nc.permitted, nc.excluded} {
		for _, s := range list {
			_ = s.String()
		}
	}
	for _, n := range h.names {
		_ = n.String()
	}
	if x != nil {
		_ = x.refusal(0, 1).Error()
	}
	if nc.malformed {
		if x == nil {
			t.Error("malformed constraints accept")
		}
		return
	}
	why, refused := judgedSlowly(nc, &h)
	if refused != (x != nil) || refused && x.why != why {
		t.Errorf("sets: %+v, slowly: %v %v\nconstraints %x\nnames %x", x, refused, why, constraints, san)
	}
}

// A thousand mixtures of few labels, so that names and subtrees meet often.
func TestSetsAgreeWithTheSlowWords(t *testing.T) {
	rng := rand.New(seeded(9))
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	host := func() string {
		labels := []string{pick("test", "lab")}
		for range rng.IntN(3) {
			labels = append([]string{pick("a", "b", "A", "a-b", "lab", "b_")}, labels...)
		}
		return strings.Join(labels, ".")
	}
	relative := func() []byte {
		return attr([][]byte{typeO, typeOU}[rng.IntN(2)], []cbasn1.Tag{cbasn1.UTF8String, cbasn1.PrintableString}[rng.IntN(2)], pick("x", "X", "y", " x"))
	}
	dn := func() []byte {
		var all [][]byte
		for range rng.IntN(4) {
			all = append(all, relative())
		}
		return name(all...)
	}
	address := func() []byte {
		b := []byte{10, byte(rng.IntN(2)), byte(rng.IntN(2)), byte(rng.IntN(4))}
		if rng.IntN(3) == 0 {
			b = netip.AddrFrom16(netip.AddrFrom4([4]byte(b)).As16()).AsSlice()
		}
		return b
	}
	base := func() []byte {
		switch rng.IntN(4) {
		case 0:
			return dns(pick("", "", "", ".") + host())
		case 1:
			return mail(pick("", ".", "a@", "A@") + host())
		case 2:
			b := address()
			mask := bytes.Repeat([]byte{255}, len(b))
			bits := len(b)*8 - rng.IntN(20)
			for i := range mask {
				mask[i] = byte(uint16(0xff00) >> max(0, min(8, bits-8*i)))
			}
			return ip(append(b, mask...)...)
		}
		return dir(dn())
	}
	one := func() []byte {
		switch rng.IntN(4) {
		case 0:
			return dns(pick("", "", "*.") + host())
		case 1:
			return mail(pick("a@", "A@", `"a"@`) + host())
		case 2:
			return ip(address()...)
		}
		return dir(dn())
	}
	many := func(n int, make func() []byte) (all [][]byte) {
		for range n {
			all = append(all, make())
		}
		return all
	}
	for range 5000 {
		constraints := constraintsDER(trees(many(rng.IntN(6), base)...), trees(many(1+rng.IntN(5), base)...))
		compareJudges(t, constraints, asDER(cbasn1.SEQUENCE, many(1+rng.IntN(3), one)...), dn())
	}
	if t.Failed() {
		t.Log("the sets do not say what the words say")
	}
}

// FuzzNameConstraints feeds any constraints and any names to both judges.
func FuzzNameConstraints(f *testing.F) {
	for _, tc := range constraintCases {
		san := asDER(cbasn1.SEQUENCE, tc.names...)
		if len(tc.permitted)+len(tc.excluded) > 0 {
			f.Add(constraintsDER(tc.permitted, tc.excluded), san, tc.subject)
		}
	}
	f.Fuzz(func(t *testing.T, constraints, san, subject []byte) {
		if _, ok := appendName(nil, subject); !ok {
			subject = nil
		}
		compareJudges(t, constraints, san, subject)
	})
}

// An extension that crypto/x509 takes and we cannot read refuses everything below.
func TestUnreadableConstraints(t *testing.T) {
	odd := subtreeDER(dns("lab.test"), primitive(2, []byte{1})) // a third field
	w := newWorld("ecdsa", 1)
	w.certs[1].ExtraExtensions = append(w.certs[1].ExtraExtensions, constraintsExt(true, [][]byte{odd}, nil))
	chain, root := w.signed(t)
	_, err := Verify(chain, VerifyOptions{Roots: NewTrustStore(root), Time: lessonTime})
	if got := fmt.Sprint(err); !strings.Contains(got, "certificate_malformed in certificate[1].name_constraints") {
		t.Error(got)
	}
	// Likewise a name of a tag that crypto/x509 passes over: here a constructed dNSName.
	w = newWorld("ecdsa", 1)
	w.certs[1].PermittedDNSDomains = []string{"lab.test"}
	w.leaf().DNSNames = nil
	w.leaf().ExtraExtensions = append(w.leaf().ExtraExtensions, sanExt(false, dns("www.lab.test"), constructed(dNSName, []byte("evil.test"))))
	chain, root = w.signed(t)
	_, err = Verify(chain, VerifyOptions{Roots: NewTrustStore(root), Time: lessonTime})
	if got := fmt.Sprint(err); !strings.Contains(got, "certificate_malformed in certificate[0].subject_alt_name") {
		t.Error(got)
	}
}
