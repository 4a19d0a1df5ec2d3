package narrate

import (
	"encoding/asn1"
	"math/big"
	"sync"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// group writes keys as openssl reads them: PKCS #8 (RFC 5958) and
// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
type group struct {
	algorithm algorithm
	// wrap puts a private or a public key into the form that stands inside; nil: as it is.
	wrapPrivate, wrapPublic func([]byte) []byte
}

type algorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

func (g *group) private(key []byte) []byte {
	if g.wrapPrivate != nil {
		key = g.wrapPrivate(key)
	}
	return marshalled(struct {
		Version   int
		Algorithm algorithm
		Key       []byte
	}{0, g.algorithm, key})
}

func (g *group) public(share []byte) []byte {
	if g.wrapPublic != nil {
		share = g.wrapPublic(share)
	}
	return marshalled(struct {
		Algorithm algorithm
		Key       asn1.BitString
	}{g.algorithm, asn1.BitString{Bytes: share, BitLength: 8 * len(share)}})
}

// The curves that openssl 3.0 has: RFC 8410's by the curve's own identifier, the
// others as parameters of id-ecPublicKey (RFC 5480 §2.1.1.1).
var groups = sync.OnceValue(func() map[iana.Group]*group {
	return map[iana.Group]*group{
		iana.X25519: montgomery(110),
		iana.X448:   montgomery(111),
		iana.P256:   weierstrass(1, 2, 840, 10045, 3, 1, 7),
		iana.P384:   weierstrass(1, 3, 132, 0, 34),
		iana.P521:   weierstrass(1, 3, 132, 0, 35),
	}
})

func montgomery(last int) *group {
	return &group{algorithm{OID: asn1.ObjectIdentifier{1, 3, 101, last}},
		func(key []byte) []byte { return marshalled(key) }, nil} // an OCTET STRING within one (RFC 8410 §7)
}

func weierstrass(curve ...int) *group {
	return &group{algorithm{asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, asn1.RawValue{FullBytes: marshalled(asn1.ObjectIdentifier(curve))}},
		func(key []byte) []byte { // ECPrivateKey without its optional parts (RFC 5915 §3)
			return marshalled(struct {
				Version int
				Key     []byte
			}{1, key})
		}, nil}
}

// finiteField is PKCS #3's dhKeyAgreement; both keys are numbers.
func finiteField(p, g []byte) *group {
	number := func(b []byte) []byte { return marshalled(new(big.Int).SetBytes(b)) }
	params := marshalled(struct{ P, G *big.Int }{new(big.Int).SetBytes(p), new(big.Int).SetBytes(g)})
	return &group{algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 3, 1}, asn1.RawValue{FullBytes: params}}, number, number}
}

// marshalled is DER of what always can be: numbers, identifiers and bytes.
func marshalled(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// openssl computes in no smaller and no larger field.
const minFieldBits, maxFieldBits = 512, 10000

// groupOf finds the group of a Diffie–Hellman exchange: by its p and g, or else by its
// number.
func groupOf(e *event.Secret) (g *group, why string) {
	in := inputs(e.Inputs)
	if p, base := in.get("p"), in.get("g"); p != nil && base != nil {
		if bits := new(big.Int).SetBytes(p).BitLen(); bits < minFieldBits || bits > maxFieldBits {
			return nil, whyNoTool
		}
		return finiteField(p, base), ""
	}
	if g := groups()[e.Group.ID]; g != nil {
		return g, ""
	}
	switch e.Group.ID {
	case iana.MLKEM512, iana.MLKEM768, iana.MLKEM1024, iana.X25519MLKEM768, iana.SecP256r1MLKEM768, iana.SecP384r1MLKEM1024:
		return nil, whyMLKEM
	}
	return nil, whyNoTool
}
