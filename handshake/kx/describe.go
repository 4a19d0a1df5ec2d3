package kx

// Kind is the mathematics behind a Group.
type Kind uint8

// The kinds.
const (
	KindECDH   Kind = iota + 1 // Diffie–Hellman on an elliptic curve
	KindFFDH                   // Diffie–Hellman in a finite field
	KindKEM                    // key encapsulation: the answer is a ciphertext under the offer
	KindHybrid                 // two groups at once, safe while either is
)

// String returns "ecdh", "ffdh", "kem" or "hybrid".
func (k Kind) String() string {
	switch k {
	case KindECDH:
		return "ecdh"
	case KindFFDH:
		return "ffdh"
	case KindKEM:
		return "kem"
	case KindHybrid:
		return "hybrid"
	}
	return "unknown"
}

// Description is what can be said of a Group before it is used: its kind, and the
// exact sizes in bytes of what it sends and of what both ends get.
type Description struct {
	Kind   Kind
	Offer  int // the offerer's share
	Answer int // the answerer's share
	Secret int
	// Hybrid is true where the secret is made of two, and stays one while either does: of
	// each KindHybrid, and of a KindKEM that has a curve inside, such as X-Wing.
	Hybrid bool
	// QuantumSafe is true of a group on which no attack by a quantum computer is
	// known, as Shor's is on every Diffie–Hellman. It speaks of the secret alone:
	// who the peer is rests on signatures, which are another matter.
	QuantumSafe bool
}

// Described is optional on a Group, and all that we ship have it. Hybrid needs it
// to know where one share ends and the other begins.
type Described interface {
	Group
	Describe() Description
}
