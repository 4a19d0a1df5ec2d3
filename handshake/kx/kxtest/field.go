package kxtest

import (
	"bytes"
	"fmt"
	"math/big"

	"tlslab/handshake/kx"
)

// prime returns the p of a finite field, big-endian: what a kx.Field tells; or what an
// offer explains as p, if g and a are explained too and the offered share is g^a mod p
// in as many bytes, so that there is no doubt about what is meant. It is nil for all
// other groups.
func (s *suite) prime() *big.Int {
	if f, ok := s.group.(kx.Field); ok {
		p, _ := f.Params()
		return new(big.Int).SetBytes(p)
	}
	n := map[string]*big.Int{}
	for _, v := range s.explain(s.honest.offer) {
		n[v.Name] = new(big.Int).SetBytes(v.Bytes)
	}
	p, g, a := n["p"], n["g"], n["a"]
	if p == nil || g == nil || a == nil || p.Sign() == 0 {
		return nil
	}
	share := new(big.Int).Exp(g, a, p).Bytes()
	if !bytes.Equal(share, bytes.TrimLeft(s.honest.offered, "\x00")) {
		return nil
	}
	return p
}

// outside returns what a finite field must refuse, written in size bytes as far as it
// fits: 0, 1, p-1, p and p+1 (RFC 7919 §5.1); nothing if p is nil.
func outside(p *big.Int, size int) (out [][]byte) {
	if p == nil {
		return nil
	}
	one := big.NewInt(1)
	for _, y := range []*big.Int{new(big.Int), one, new(big.Int).Sub(p, one), p, new(big.Int).Add(p, one)} {
		if len(y.Bytes()) <= size {
			out = append(out, y.FillBytes(make([]byte, size)))
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
