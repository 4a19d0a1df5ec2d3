package suite

import (
	"encoding/binary"
	"slices"

	"tlslab/handshake/iana"
)

// aead13 protects with an AEAD as TLS 1.3 does (RFC 9846 §5.2). The record is
//
//	header | E(content | type | zeros) | tag
//
// where the header says application_data and 0x0303 whatever is inside, and is the
// additional data. The nonce is (§5.3)
//
//	write_iv (12) xor 0000 | seq_num (8)
//
// so that nothing of it is sent; and what TLS 1.2 added to the additional data, the
// sequence number, is authenticated by being in the nonce.
type aead13 struct {
	expansion
	inner
	iv    [12]byte
	nonce [12]byte
	ad    [HeaderLen]byte
}

func newAEAD13(c *Cipher, k Keys, o Options) Protection {
	a := &aead13{expansion: newExpansion(c, k.Key), inner: inner{padding: o.Padding}}
	copy(a.iv[:], k.IV)
	return a
}

func (a *aead13) Overhead() int      { return 1 + a.TagLen }
func (a *aead13) MaxRecords() uint64 { return a.Cipher.MaxRecords }

func (a *aead13) Seal(dst []byte, seq uint64, typ iana.ContentType, version iana.Version, plaintext []byte, tr *Trace) ([]byte, error) {
	mode, err := a.mode()
	if err != nil {
		return dst, err
	}
	zeros := a.zeros(len(plaintext))
	n := len(plaintext) + zeros + a.Overhead()
	dst = slices.Grow(dst, HeaderLen+n)
	sealed, err := appendHeader(dst, iana.ApplicationData, version, n)
	if err != nil {
		return dst, err
	}
	body := len(sealed)
	copy(a.ad[:], sealed[body-HeaderLen:])
	xorNonce(a.nonce[:], a.iv[:], seq)
	// Encrypted where it is put together: nothing is copied twice.
	sealed = appendInner(sealed, plaintext, typ, zeros)
	if tr != nil {
		traceSealed(tr, sealed[body:], len(plaintext), zeros)
	}
	sealed = mode.Seal(sealed[:body], a.nonce[:], sealed[body:], a.ad[:])
	if tr != nil {
		a.trace(tr, seq, sealed[body:])
	}
	return sealed, nil
}

func (a *aead13) Open(into []byte, seq uint64, rec []byte, tr *Trace) (iana.ContentType, []byte, error) {
	sealed, ok := fragment(rec)
	if !ok || len(sealed) < a.Overhead() {
		return 0, nil, badRecord("RFC 9846 §5.2")
	}
	mode, err := a.mode()
	if err != nil {
		return 0, nil, err
	}
	copy(a.ad[:], rec)
	xorNonce(a.nonce[:], a.iv[:], seq)
	if tr != nil {
		a.trace(tr, seq, sealed)
	}
	if cap(into) < len(sealed)-a.TagLen {
		into = sealed
	}
	inner, err := mode.Open(into[:0], a.nonce[:], sealed, a.ad[:])
	if err != nil {
		return 0, nil, badRecord("RFC 9846 §5.2")
	}
	typ, content, err := splitInner(inner)
	if err != nil {
		clear(inner)
		return 0, nil, err
	}
	if tr != nil {
		traceOpened(tr, inner, len(content))
	}
	return typ, content, nil
}

// trace adds the steps around the cipher, which are the same in both directions.
func (a *aead13) trace(tr *Trace, seq uint64, sealed []byte) {
	traceNonce(tr, seq, a.iv[:], a.nonce[:], a.ad[:])
	tr.Add(StepCiphertext, sealed[:len(sealed)-a.TagLen])
	tr.Add(StepTag, sealed[len(sealed)-a.TagLen:])
}

// xorNonce makes the per-record nonce: the IV, its last 8 bytes xor the sequence
// number (RFC 9846 §5.3). It is as long as the IV.
func xorNonce(nonce, iv []byte, seq uint64) {
	copy(nonce, iv)
	tail := nonce[len(iv)-8:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^seq)
}

// traceNonce adds what is not in the record, but enters its protection.
func traceNonce(tr *Trace, seq uint64, iv, nonce, ad []byte) {
	traceNumber(tr, seq)
	tr.Add(StepWriteIV, iv)
	tr.Add(StepNonce, nonce)
	tr.Add(StepAdditionalData13, ad)
}
