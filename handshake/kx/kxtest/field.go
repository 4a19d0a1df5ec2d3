package kxtest

import (
	"fmt"
	"math/big"

	"tlslab/handshake/kx"
)

// outside returns what a finite field must refuse: 0, 1, p-1, p and p+1, each as long
// as p (RFC 7919 §5.1).
func outside(f kx.Field) [][]byte {
	prime, _ := f.Params()
	p := new(big.Int).SetBytes(prime)
	var out [][]byte
	for _, y := range []*big.Int{
		big.NewInt(0), big.NewInt(1),
		new(big.Int).Sub(p, big.NewInt(1)), p, new(big.Int).Add(p, big.NewInt(1)),
	} {
		if len(y.Bytes()) <= len(prime) {
			out = append(out, y.FillBytes(make([]byte, len(prime))))
		}
	}
	return out
}

// brief shows a share on one line.
func brief(b []byte) string {
	if len(b) <= 20 {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprintf("%x..%x (%d bytes)", b[:8], b[len(b)-8:], len(b))
}
