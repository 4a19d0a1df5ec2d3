package kx

import (
	"fmt"
	"strings"

	"tlslab/handshake/iana"
)

// All returns every group we ship, which is also what TLS 1.3 offers by default, most
// preferred first: a hybrid, since a recording made today may meet a quantum computer
// later; then curves, by speed and by how widely they are spoken; then what is rarely met.
// The caller may change the slice.
func All() []Group {
	return []Group{
		X25519MLKEM768,
		X25519, P256, P384, P521, X448,
		SecP256r1MLKEM768, SecP384r1MLKEM1024,
		MLKEM768, MLKEM1024, MLKEM512,
		FFDHE2048, FFDHE3072, FFDHE4096,
	}
}

// Defaults12 returns the groups for TLS 1.2, most preferred first: curves for
// ECDHE, then finite fields for DHE. KEMs and hybrids are for TLS 1.3 only: their
// shares do not fit the 255 bytes of an ECPoint. The caller may change the slice.
func Defaults12() []Group {
	var groups []Group
	for _, g := range All() {
		if Serves(iana.KxECDHE, g) || Serves(iana.KxDHE, g) {
			groups = append(groups, g)
		}
	}
	return groups
}

// Exchanges returns TLS 1.2's three key exchanges, most preferred first. The caller
// may change the slice.
func Exchanges() []Exchange { return []Exchange{ECDHE, DHE, RSA} }

// ByID returns the group of All with that number, or nil if there is none; those of package
// private go by name alone.
func ByID(id iana.Group) Group {
	for _, g := range All() {
		if g.ID() == id {
			return g
		}
	}
	return nil
}

// ByName finds a group of All by the registry's name or a usual alias, in any case: x25519,
// P-256, prime256v1. The error lists what there is. (Package private has its own ByName,
// which knows the KEMs without a number too.)
func ByName(name string) (Group, error) { return Find(name, All()) }

// Find finds a group among some by the registry's name or a usual alias of it, or by its own,
// in any case.
func Find(name string, among []Group) (Group, error) {
	name = strings.TrimSpace(name)
	if id, ok := iana.GroupByName(name); ok {
		for _, g := range among {
			if g.ID() == id {
				return g, nil
			}
		}
	}
	var names []string
	for _, g := range among {
		if strings.EqualFold(unhyphened(g.Name()), unhyphened(name)) {
			return g, nil
		}
		names = append(names, g.Name())
	}
	return nil, fmt.Errorf("no group %q; there are %s", name, strings.Join(names, ", "))
}

func unhyphened(name string) string { return strings.NewReplacer("-", "", "_", "").Replace(name) }

// Serves reports whether a TLS 1.2 key exchange can use g. DHE takes the groups
// numbered as finite fields, 256 to 511 (RFC 7919 §2), that tell p and g: your own has a
// number from 0x01fc to 0x01ff (§7). ECDHE takes all others except KEMs and hybrids, and
// those that describe a share of more than the 255 bytes of an ECPoint (RFC 8422 §5.4). So
// a student's own group, under a private number such as iana.GroupPrivate, goes with ECDHE
// whatever it is, if it is short.
func Serves(x iana.Kx, g Group) bool {
	field := g.ID().FiniteField()
	switch x {
	case iana.KxDHE:
		_, tells := g.(Field)
		return field && tells
	case iana.KxECDHE:
		if d, ok := g.(Described); ok {
			about := d.Describe()
			if about.Kind == KindKEM || about.Kind == KindHybrid || max(about.Offer, about.Answer) > maxPoint {
				return false
			}
		}
		return !field
	}
	return false
}

// first returns the first of groups that serves x, nil if there is none.
func first(x iana.Kx, groups []Group) Group {
	for _, g := range groups {
		if Serves(x, g) {
			return g
		}
	}
	return nil
}
