package suite

import (
	"crypto/cipher"
	"weak"

	"tlslab/handshake/reason"
)

// expansion is an AEAD's key, with what it expands to (for AES-GCM, round keys and
// a table: 768 bytes) held weakly: a connection that says nothing between two
// garbage collections keeps the key alone, and expands it again, in less than a
// microsecond, when it wakes. With 10,000 idle connections that is a fifth of all
// they weigh.
type expansion struct {
	*Cipher
	expanded weak.Pointer[expandedKey]
	key      [32]byte // KeyLen of them
}

type expandedKey struct{ cipher.AEAD }

// newExpansion keeps the key. It is expanded when it is first used: keys for
// application data may never be, and Protect has made sure that it can be.
func newExpansion(c *Cipher, key []byte) expansion {
	x := expansion{Cipher: c}
	copy(x.key[:], key)
	return x
}

// mode is the AEAD under the key.
func (x *expansion) mode() (cipher.AEAD, error) {
	if k := x.expanded.Value(); k != nil {
		return k.AEAD, nil
	}
	return x.expand()
}

func (x *expansion) expand() (cipher.AEAD, error) {
	m, err := x.aead(x.key[:x.KeyLen])
	if err != nil {
		return nil, reason.Fault("keys.key", err)
	}
	x.expanded = weak.Make(&expandedKey{m})
	return m, nil
}
