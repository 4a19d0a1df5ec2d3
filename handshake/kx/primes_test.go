package kx

import (
	"encoding/hex"
	"math/big"
	"testing"
)

// The primes are what their formula says: 2^b - 2^(b-64) + (floor(2^(b-130) x) + k) 2^64 - 1,
// with x = e and k from RFC 7919 appendix A, or x = pi and k from RFC 3526.
func TestPrimes(t *testing.T) {
	const precision = 4096
	e, pi := eulerE(precision), machinPi(precision)
	for _, v := range []struct {
		name, hex string
		bits      uint
		x         *big.Int
		k         int64
	}{
		{"ffdhe2048", ffdhe2048Hex, 2048, e, 560316},
		{"ffdhe3072", ffdhe3072Hex, 3072, e, 2625351},
		{"ffdhe4096", ffdhe4096Hex, 4096, e, 5736041},
		{"modp2048", modp2048Hex, 2048, pi, 124476},
		{"modp3072", modp3072Hex, 3072, pi, 1690314},
		{"modp4096", modp4096Hex, 4096, pi, 240904},
	} {
		one := big.NewInt(1)
		p := new(big.Int).Rsh(v.x, precision-(v.bits-130))
		p.Add(p, big.NewInt(v.k)).Lsh(p, 64)
		p.Add(p, new(big.Int).Lsh(one, v.bits))
		p.Sub(p, new(big.Int).Lsh(one, v.bits-64)).Sub(p, one)
		b, err := hex.DecodeString(v.hex)
		if err != nil || p.Cmp(new(big.Int).SetBytes(b)) != 0 {
			t.Errorf("%s is not what its formula says: %v", v.name, err)
		}
	}
}

// eulerE is floor(2^bits e): the sum of 1/n!.
func eulerE(bits uint) *big.Int {
	const guard = 64
	sum, term := new(big.Int), new(big.Int).Lsh(big.NewInt(1), bits+guard)
	for n := int64(1); term.Sign() > 0; n++ {
		sum.Add(sum, term)
		term.Div(term, big.NewInt(n))
	}
	return sum.Rsh(sum, guard)
}

// machinPi is floor(2^bits pi): 16 arctan(1/5) - 4 arctan(1/239).
func machinPi(bits uint) *big.Int {
	const guard = 64
	arctan := func(x int64) *big.Int {
		sum, power := new(big.Int), new(big.Int).Lsh(big.NewInt(1), bits+guard)
		power.Div(power, big.NewInt(x))
		for n, sign := int64(1), 1; power.Sign() > 0; n, sign = n+2, -sign {
			term := new(big.Int).Div(power, big.NewInt(n))
			if sign < 0 {
				term.Neg(term)
			}
			sum.Add(sum, term)
			power.Div(power, big.NewInt(x*x))
		}
		return sum
	}
	a, b := arctan(5), arctan(239)
	a.Mul(a, big.NewInt(16)).Sub(a, b.Mul(b, big.NewInt(4)))
	return a.Rsh(a, guard)
}
