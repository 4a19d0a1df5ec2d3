package pki

import (
	"bytes"
	"crypto"
	"crypto/ed25519"

	"github.com/cloudflare/circl/sign/ed448"
)

// Public keys of EdDSA under which anybody signs. A point A of small order has [8]A (of edwards448
// [4]A) = 0, so [k]A takes at most that many values whatever k is, and R = [S]B - [k]A
// verifies for any S and any message as soon as one of them is guessed. RFC 8032 §5.1.7
// does not have the checker look; with RSA's exponent 1 it is the same hole.

// smallOrder25519 has the y of those points, little endian: 0, 1, -1, two of order 8, and 0 and 1
// once more as p and p + 1, which crypto/ed25519 takes too. x has either sign.
var smallOrder25519 = [...][32]byte{
	{},
	{1},
	filled25519(0xec),
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	filled25519(0xed),
	filled25519(0xee),
}

// filled25519 is 2^255 - 256 + low; p is 2^255 - 19.
func filled25519(low byte) (y [32]byte) {
	for i := range y {
		y[i] = 0xff
	}
	y[0], y[31] = low, 0x7f
	return y
}

// smallOrder448 is the same of edwards448: 0, 1 and -1.
var smallOrder448 = [...][56]byte{{}, {1}, filled448(0xfe)}

// filled448 is p = 2^448 - 2^224 - 1 with another lowest byte.
func filled448(low byte) (y [56]byte) {
	for i := range y {
		y[i] = 0xff
	}
	y[0], y[28] = low, 0xfe
	return y
}

func smallOrder(pub crypto.PublicKey) bool {
	switch k := pub.(type) {
	case ed25519.PublicKey:
		for _, y := range smallOrder25519 {
			if len(k) == 32 && bytes.Equal(k[:31], y[:31]) && k[31]&0x7f == y[31] {
				return true
			}
		}
	case ed448.PublicKey:
		for _, y := range smallOrder448 {
			if len(k) == 57 && bytes.Equal(k[:56], y[:]) {
				return true
			}
		}
	}
	return false
}
