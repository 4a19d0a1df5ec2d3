package suite

import (
	"crypto/hmac"
	"hash"
	"slices"

	"tlslab/handshake/iana"
)

// mac13 encrypts nothing (RFC 9150): the record is
//
//	header | content | type | zeros | HMAC
//
// and the HMAC covers nonce | header | content | type | zeros (§5). It is TLS 1.3
// that can be read: the header says application_data, and beside it lies what is
// inside. The nonce is made as for an AEAD, but as long as the hash, as the key is
// (§6: key_length and iv_length).
//
// OpenSSL (since 3.4) and Bouncy Castle do as is done here. wolfSSL's issue 9757, of
// 2026, reports a nonce of 12 bytes there, which makes other MACs.
type mac13 struct {
	*Cipher
	inner
	hmac  hash.Hash
	iv    [maxHash]byte // FixedIVLen of them
	nonce [maxHash]byte
	ad    [HeaderLen]byte
	out   [maxHash]byte
}

// maxHash is the length of the longest hash that RFC 9150 has, SHA-384.
const maxHash = 48

func newMAC13(c *Cipher, k Keys, o Options) Protection {
	p := &mac13{Cipher: c, inner: inner{padding: o.Padding}, hmac: hmac.New(c.MAC.New, k.Key)}
	copy(p.iv[:], k.IV)
	return p
}

func (p *mac13) Overhead() int      { return 1 + p.TagLen }
func (p *mac13) MaxRecords() uint64 { return p.Cipher.MaxRecords }

func (p *mac13) Seal(dst []byte, seq uint64, typ iana.ContentType, version iana.Version, plaintext []byte, tr *Trace) ([]byte, error) {
	zeros := p.zeros(len(plaintext))
	n := len(plaintext) + zeros + p.Overhead()
	dst = slices.Grow(dst, HeaderLen+n)
	sealed, err := appendHeader(dst, iana.ApplicationData, version, n)
	if err != nil {
		return dst, err
	}
	body := len(sealed)
	copy(p.ad[:], sealed[body-HeaderLen:])
	sealed = appendInner(sealed, plaintext, typ, zeros)
	if tr != nil {
		traceSealed(tr, sealed[body:], len(plaintext), zeros)
	}
	sealed = append(sealed, p.sum(seq, sealed[body:])...)
	if tr != nil {
		p.trace(tr, seq, sealed[len(sealed)-p.TagLen:])
	}
	return sealed, nil
}

func (p *mac13) Open(into []byte, seq uint64, rec []byte, tr *Trace) (iana.ContentType, []byte, error) {
	body, ok := fragment(rec)
	if !ok || len(body) < p.Overhead() {
		return 0, nil, badRecord("RFC 9150 §5")
	}
	inner, got := body[:len(body)-p.TagLen], body[len(body)-p.TagLen:]
	copy(p.ad[:], rec)
	want := p.sum(seq, inner)
	if tr != nil {
		p.trace(tr, seq, got)
	}
	if !hmac.Equal(want, got) {
		return 0, nil, badRecord("RFC 9150 §5")
	}
	if cap(into) >= len(inner) {
		inner = append(into[:0], inner...)
	}
	typ, content, err := splitInner(inner)
	if err != nil {
		return 0, nil, err
	}
	if tr != nil {
		traceOpened(tr, inner, len(content))
	}
	return typ, content, nil
}

// sum computes the MAC of a TLSInnerPlaintext; p.ad is set. It is overwritten by
// the next call.
func (p *mac13) sum(seq uint64, inner []byte) []byte {
	nonce := p.nonce[:p.FixedIVLen]
	xorNonce(nonce, p.iv[:p.FixedIVLen], seq)
	p.hmac.Reset()
	p.hmac.Write(nonce)
	p.hmac.Write(p.ad[:])
	p.hmac.Write(inner)
	return p.hmac.Sum(p.out[:0])
}

// trace adds the steps around the MAC, which are the same in both directions.
func (p *mac13) trace(tr *Trace, seq uint64, mac []byte) {
	traceNonce(tr, seq, p.iv[:p.FixedIVLen], p.nonce[:p.FixedIVLen], p.ad[:])
	tr.Add(StepMAC13, mac)
}
