//lint:file-ignore SA1019 crypto/elliptic's arithmetic is deprecated for protocols; here public points are added up once
// more, to be looked at, and crypto/ecdsa keeps its own arithmetic to itself

package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"math/big"
)

// ecdsaValues gives r, s and x(R) mod n, where R = (z/s)G + (r/s)Q and z is the
// leftmost bits of the hash (FIPS 186-5 §6.4.2). Nothing is recovered: r is
// compared with what comes out of the sum.
func ecdsaValues(k *ecdsa.PublicKey, digest, sig []byte) []Input {
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(sig, &rs); err != nil || len(rest) != 0 {
		return nil
	}
	n := k.Curve.Params().N
	size := (n.BitLen() + 7) / 8
	if rs.R.Sign() <= 0 || rs.S.Sign() <= 0 || rs.R.Cmp(n) >= 0 || rs.S.Cmp(n) >= 0 {
		return nil
	}
	inputs := []Input{{InR, rs.R.FillBytes(make([]byte, size))}, {InS, rs.S.FillBytes(make([]byte, size))}}
	if len(digest) > size {
		digest = digest[:size] // exact for the byte-aligned orders of P-256 and P-384
	}
	curve := arithmetic(k)
	if curve == nil {
		return inputs
	}
	w := new(big.Int).ModInverse(rs.S, n)
	u1 := new(big.Int).Mul(new(big.Int).SetBytes(digest), w)
	u2 := new(big.Int).Mul(rs.R, w)

	encoded, err := k.Bytes()
	if err != nil {
		return inputs
	}
	qx, qy := elliptic.Unmarshal(curve, encoded)
	if qx == nil { // not on the curve
		return inputs
	}
	gx, gy := curve.ScalarBaseMult(u1.Mod(u1, n).Bytes())
	qx, qy = curve.ScalarMult(qx, qy, u2.Mod(u2, n).Bytes())
	x, y := curve.Add(gx, gy, qx, qy)
	if x.Sign() == 0 && y.Sign() == 0 {
		return inputs // the point at infinity, which has no x
	}
	return append(inputs, Input{InXOfR, x.Mod(x, n).FillBytes(make([]byte, size))})
}

// arithmetic is that of a key's curve, nil for a curve that TLS has no signatures with.
func arithmetic(k *ecdsa.PublicKey) elliptic.Curve {
	switch k.Curve.Params().Name {
	case "P-256":
		return elliptic.P256()
	case "P-384":
		return elliptic.P384()
	case "P-521":
		return elliptic.P521() // 66 bytes of order, longer than any digest here
	}
	return nil
}
