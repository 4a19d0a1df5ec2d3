package suite

import (
	"encoding/binary"
	"slices"

	"tlslab/handshake/iana"
)

// aead protects with an AEAD (RFC 5246 §6.2.3.3). The record is
//
//	header | nonce_explicit | ciphertext | tag
//
// and the 12-byte nonce is one of
//
//	fixed_iv (4) | nonce_explicit (8)        AES-GCM and AES-CCM, RFC 5288 §3, RFC 6655 §3
//	fixed_iv (12) xor 0000 | seq_num (8)     ChaCha20-Poly1305, RFC 7905 §2
//
// The explicit part is the sequence number: it only has to be unique under its
// key, and a counter that the record layer may not wrap is, which random
// numbers are only probably.
type aead struct {
	expansion
	iv    [12]byte // fixed_iv, with zeros behind
	nonce [12]byte
	ad    [13]byte
}

func newAEAD(c *Cipher, k Keys) Protection {
	a := &aead{expansion: newExpansion(c, k.Key)}
	copy(a.iv[:], k.IV)
	return a
}

func (a *aead) Overhead() int { return a.ExplicitLen + a.TagLen }

// setNonce makes the nonce of a number: the sequence number, or what the
// record says in its place. Where the explicit part goes the fixed part is
// zero, so one xor does for both constructions.
func (a *aead) setNonce(number uint64) []byte {
	a.nonce = a.iv
	tail := a.nonce[4:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^number)
	return a.nonce[:]
}

func (a *aead) Seal(dst []byte, seq uint64, typ iana.ContentType, version iana.Version, plaintext []byte, tr *Trace) ([]byte, error) {
	mode, err := a.mode()
	if err != nil {
		return dst, err
	}
	start := len(dst)
	dst = slices.Grow(dst, HeaderLen+len(plaintext)+a.Overhead())
	dst, err = appendHeader(dst, typ, version, len(plaintext)+a.Overhead())
	if err != nil {
		return dst, err
	}
	if a.ExplicitLen > 0 {
		dst = binary.BigEndian.AppendUint64(dst, seq)
	}
	nonce := a.setNonce(seq)
	ad := pseudoHeader(&a.ad, seq, typ, version, len(plaintext))
	dst = mode.Seal(dst, nonce, plaintext, ad)
	if tr != nil {
		a.trace(tr, dst[start+HeaderLen:])
	}
	return dst, nil
}

func (a *aead) Open(into []byte, seq uint64, rec []byte, tr *Trace) (iana.ContentType, []byte, error) {
	body, ok := fragment(rec)
	if !ok || len(body) < a.Overhead() {
		return 0, nil, badRecord("RFC 5246 §6.2.3.3")
	}
	mode, err := a.mode()
	if err != nil {
		return 0, nil, err
	}
	number := seq
	if a.ExplicitLen > 0 {
		// A peer need not count in its nonces. That the record is the
		// seq-th one is authenticated by the additional data.
		number = binary.BigEndian.Uint64(body)
	}
	sealed := body[a.ExplicitLen:]
	typ := iana.ContentType(rec[0])
	nonce := a.setNonce(number)
	ad := pseudoHeader(&a.ad, seq, typ, recordVersion(rec), len(sealed)-a.TagLen)
	if tr != nil {
		a.trace(tr, body)
	}
	if cap(into) < len(sealed)-a.TagLen {
		into = sealed
	}
	plaintext, err := mode.Open(into[:0], nonce, sealed, ad)
	if err != nil {
		return 0, nil, badRecord("RFC 5246 §6.2.3.3")
	}
	return typ, plaintext, nil
}

// trace adds the steps, which are the same in both directions. body is the
// sealed fragment; nonce and additional data are set.
func (a *aead) trace(tr *Trace, body []byte) {
	tr.Add(StepSequenceNumber, a.ad[:8])
	tr.Add(StepAdditionalData, a.ad[:])
	tr.Add(StepFixedIV, a.iv[:a.FixedIVLen])
	if a.ExplicitLen > 0 {
		tr.Add(StepExplicitNonce, body[:a.ExplicitLen])
	}
	tr.Add(StepNonce, a.nonce[:])
	tr.Add(StepCiphertext, body[a.ExplicitLen:len(body)-a.TagLen])
	tr.Add(StepTag, body[len(body)-a.TagLen:])
}
