package iana

import (
	"strings"
)

// Group is a NamedGroup: a curve, a finite field, a KEM or a hybrid (RFC 8422 §5.1.1, RFC 7919 §2).
type Group uint16

// The groups.
const (
	P224               Group = 21
	P256               Group = 23
	P384               Group = 24
	P521               Group = 25
	X25519             Group = 29
	X448               Group = 30
	FFDHE2048          Group = 256
	FFDHE3072          Group = 257
	FFDHE4096          Group = 258
	FFDHE6144          Group = 259
	FFDHE8192          Group = 260
	MLKEM512           Group = 512
	MLKEM768           Group = 513
	MLKEM1024          Group = 514
	SecP256r1MLKEM768  Group = 4587
	X25519MLKEM768     Group = 4588
	SecP384r1MLKEM1024 Group = 4589

	// GroupPrivate is the first of the private-use ECDHE code points, where a student's own
	// group lives, and GroupPrivateLast the last (RFC 9846 §4.3.7, RFC 8422 §5.1.1). What
	// comes behind is the registry's again.
	GroupPrivate     Group = 0xfe00
	GroupPrivateLast Group = 0xfeff
)

var groupNames = numbers[Group]{
	{P224, "secp224r1"}, {22, "secp256k1"}, {P256, "secp256r1"}, {P384, "secp384r1"}, {P521, "secp521r1"},
	{26, "brainpoolP256r1"}, {27, "brainpoolP384r1"}, {28, "brainpoolP512r1"}, {X25519, "x25519"}, {X448, "x448"},
	{FFDHE2048, "ffdhe2048"}, {FFDHE3072, "ffdhe3072"}, {FFDHE4096, "ffdhe4096"}, {FFDHE6144, "ffdhe6144"},
	{FFDHE8192, "ffdhe8192"}, {MLKEM512, "MLKEM512"}, {MLKEM768, "MLKEM768"}, {MLKEM1024, "MLKEM1024"},
	{SecP256r1MLKEM768, "SecP256r1MLKEM768"}, {X25519MLKEM768, "X25519MLKEM768"},
	{SecP384r1MLKEM1024, "SecP384r1MLKEM1024"},
}

// FiniteField reports whether g is one of the numbers for finite fields, 256 to 511 (RFC 7919
// §2); all others are for curves, and for what is offered as they are.
func (g Group) FiniteField() bool { return g>>8 == 1 }

// String returns the registry's name, or the number in hex.
func (g Group) String() string { return name16(groupNames, g) }

// privateGroups are KEMs at numbers of tlslab's own in ecdhe_private_use (RFC 9846 §4.3.7):
// package kx/private makes groups of them. Such a number means something between two ends of
// tlslab and nowhere else, so String does not have its name. No number is ever given to another
// KEM, and those below 0xFE80 are left to students.
var privateGroups = numbers[Group]{
	{0xfe80, "X-Wing"}, // X25519 and ML-KEM-768 again, hashed into one secret
	{0xfe81, "FrodoKEM-640-SHAKE"},
	// What ML-KEM was before it was a standard: on paper close, on the wire another thing.
	{0xfe90, "Kyber512"},
	{0xfe91, "Kyber768"},
	{0xfe92, "Kyber1024"},
	{0xfe93, "Kyber512-X25519"},
	{0xfe94, "Kyber768-X25519"},
	{0xfe95, "Kyber768-X448"},
	{0xfe96, "Kyber1024-X448"},
	// Diffie–Hellman dressed as a KEM (RFC 9180 §4.1): what is called a KEM need not be safe
	// from quantum computers.
	{0xfea0, "HPKE_KEM_P256_HKDF_SHA256"},
	{0xfea1, "HPKE_KEM_P384_HKDF_SHA384"},
	{0xfea2, "HPKE_KEM_P521_HKDF_SHA512"},
	{0xfea3, "HPKE_KEM_X25519_HKDF_SHA256"},
	{0xfea4, "HPKE_KEM_X448_HKDF_SHA512"},
}

// PrivateGroups lists tlslab's numbers for private use, in ascending order.
func PrivateGroups() (all []Group) {
	for _, g := range privateGroups {
		all = append(all, g.number)
	}
	return all
}

// Called returns what g is called here: String, except that for tlslab's own numbers for
// private use it is the name of the KEM that package kx/private has there.
func (g Group) Called() string {
	if name, ok := privateGroups.name(g); ok {
		return name
	}
	return g.String()
}

// groupAliases are other names in wide use, folded: NIST's, OpenSSL's, Go's, GnuTLS's.
// NIST's for ML-KEM fold to the registry's.
var groupAliases = []struct {
	folded string
	group  Group
}{
	{"p224", P224}, {"p256", P256}, {"p384", P384}, {"p521", P521},
	{"curvep256", P256}, {"curvep384", P384}, {"curvep521", P521},
	{"nistp256", P256}, {"nistp384", P384}, {"nistp521", P521},
	{"prime256v1", P256}, {"curve25519", X25519}, {"curve448", X448},
}

// foldGroup makes one of the ways a name is written: ML-KEM-768, ml_kem_768, MLKEM768.
func foldGroup(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}

// GroupByName finds a group by the registry's name or a usual alias, in any case and
// with or without hyphens: P-256, secp256r1 and prime256v1 are one.
func GroupByName(name string) (Group, bool) {
	n := foldGroup(name)
	for _, alias := range groupAliases {
		if alias.folded == n {
			return alias.group, true
		}
	}
	for _, g := range groupNames {
		if foldGroup(g.name) == n {
			return g.number, true
		}
	}
	return 0, false
}
