package pki

import (
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
				relatives = append(relatives, asName(one))
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

// CompareJudges holds the sorted sets against the slow words.
func CompareJudges(t *testing.T, constraints, san, subject []byte) {
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

// asName is the Name of one relative name.
func asName(relative []byte) []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(relative) })
	return b.BytesOrPanic()
}
