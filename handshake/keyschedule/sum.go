package keyschedule

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
)

// Sum appends the hash of b to dst. For the hashes that TLS uses no hash object
// comes to be on the heap, as it would through crypto.Hash.New.
func Sum(h crypto.Hash, dst, b []byte) []byte {
	switch h {
	case crypto.SHA256:
		d := sha256.Sum256(b)
		return append(dst, d[:]...)
	case crypto.SHA384:
		d := sha512.Sum384(b)
		return append(dst, d[:]...)
	}
	f := h.New()
	f.Write(b)
	return f.Sum(dst)
}
