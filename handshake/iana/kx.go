package iana

// Kx is the key exchange named by a TLS 1.2 cipher suite: the word after "TLS_".
// It is no code point of its own, but which shape ServerKeyExchange and
// ClientKeyExchange have depends on it (RFC 5246 §7.4.3).
type Kx uint8

// The key exchanges of the suites tlslab has. Values from KxPrivate on are free
// for a student's own; their two messages carry an opaque vector each.
const (
	KxNone  Kx = iota // TLS 1.3: the suite does not say
	KxRSA             // key transport under the certificate's RSA key
	KxDHE             // finite-field Diffie–Hellman, ephemeral, signed
	KxECDHE           // elliptic-curve (or any other Group's) exchange, ephemeral, signed

	KxPrivate Kx = 0xf0
)

var kxNames = []string{KxNone: "any", KxRSA: "RSA", KxDHE: "DHE", KxECDHE: "ECDHE"}

// String returns the word used in suite names.
func (k Kx) String() string { return name8(kxNames, k) }

// Auth is what a TLS 1.2 suite demands of the certificate's key.
type Auth uint8

// The kinds of authentication. Ed25519 and Ed448 keys go with AuthECDSA suites (RFC 8422 §5.3).
const (
	AuthAny Auth = iota
	AuthRSA
	AuthECDSA
)

var authNames = []string{AuthAny: "any", AuthRSA: "RSA", AuthECDSA: "ECDSA"}

// String returns the word used in suite names.
func (a Auth) String() string { return name8(authNames, a) }
