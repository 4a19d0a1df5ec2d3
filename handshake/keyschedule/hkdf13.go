package keyschedule

import (
	"crypto"
	"encoding/binary"
	"fmt"
)

// Extract writes HKDF-Extract(salt, ikm) to out, which is h.Size() bytes (RFC 5869 §2.2).
func Extract(h crypto.Hash, out, salt, ikm []byte) { hmacSum(h, out, salt, ikm) }

// ExpandLabel fills out with HKDF-Expand-Label (RFC 9846 §7.1):
//
//	HKDF-Expand-Label(Secret, Label, Context, Length) = HKDF-Expand(Secret, HkdfLabel, Length)
//	HKDF-Expand(PRK, info, L) = T(1) + T(2) + … cut to L bytes       (RFC 5869 §2.3)
//	T(0) = "", T(i) = HMAC(PRK, T(i-1) + info + i)
//
// Label is without its prefix "tls13 ". h is the suite's hash: with SHA-256 or
// SHA-384 nothing is allocated for any label of TLS itself. Another hash works if
// it is linked into the program, and panics if not, as hash.New does. ExpandLabel
// panics where AppendHkdfLabel does, and if out is longer than 255 digests.
func ExpandLabel(h crypto.Hash, out, secret []byte, label string, context []byte) {
	size, block := h.Size(), blockLen(h)
	if len(out) > 255*size {
		panic(fmt.Sprintf("keyschedule: HKDF-Expand gives at most 255 digests of %d bytes, not %d bytes", size, len(out)))
	}

	// The inner message of HMAC, first as gap + padded key + info + i, where the
	// gap is one digest long. From the second round on the key stands at the very
	// front, which makes room for T(i-1) before info, and info need not move.
	var innerStore [maxBlock + maxSize + maxInfo]byte
	var outerStore [maxBlock + maxSize]byte
	inner := AppendHkdfLabel(innerStore[:size+block], label, context, len(out))
	inner = append(inner, 1)
	outer := outerStore[:block+size]
	padKey(h, inner[size:size+block], outer[:block], secret)

	message := inner[size:]
	var last [maxSize]byte
	for {
		digest(h, outer[block:], message)
		if len(out) < size {
			digest(h, last[:size], outer)
			copy(out, last[:size])
			return
		}
		digest(h, out[:size], outer)
		if len(out) == size {
			return
		}
		if len(message) < len(inner) {
			copy(inner[:block], inner[size:size+block])
			message = inner
		}
		copy(inner[block:block+size], out[:size])
		inner[len(inner)-1]++
		out = out[size:]
	}
}

// AppendHkdfLabel appends the HkdfLabel of RFC 9846 §7.1 to dst: what
// HKDF-Expand-Label gives to HKDF-Expand as info.
//
//	struct {
//	    uint16 length = n;
//	    opaque label<7..255> = "tls13 " + label;
//	    opaque context<0..255> = context;
//	} HkdfLabel;
//
// It panics if one does not fit: label is 1 to 249 bytes, context at most 255, n
// at most 65535.
func AppendHkdfLabel(dst []byte, label string, context []byte, n int) []byte {
	if len(label) < 1 || len(label) > 249 || len(context) > 255 || n < 0 || n > 0xffff {
		panic(fmt.Sprintf("keyschedule: no HkdfLabel has a label of %d bytes, a context of %d and a length of %d",
			len(label), len(context), n))
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	dst = append(dst, byte(len(labelPrefix)+len(label)))
	dst = append(dst, labelPrefix...)
	dst = append(dst, label...)
	dst = append(dst, byte(len(context)))
	return append(dst, context...)
}

const labelPrefix = "tls13 "

// maxInfo is HkdfLabel and the counter for the longest label of TLS itself,
// "e exp master", with SHA-512's digest for context. Longer ones go to the heap.
const maxInfo = 2 + 1 + len(labelPrefix) + 12 + 1 + maxSize + 1
