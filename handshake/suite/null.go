package suite

import (
	"crypto/hmac"
	"slices"

	"tlslab/handshake/iana"
)

// null encrypts nothing (RFC 5246 §6.2.3.1): the record is
//
//	header | plaintext | MAC
//
// Nobody can change it, everybody can read it. For lessons, and for links where
// reading is meant to be possible.
type null struct {
	*Cipher
	mac *mac
}

func newNull(c *Cipher, k Keys) Protection { return &null{Cipher: c, mac: newMAC(c.MAC.New, k.MAC)} }

func (p *null) Overhead() int { return p.MACLen }

func (p *null) Seal(dst []byte, seq uint64, typ iana.ContentType, version iana.Version, plaintext []byte, tr *Trace) ([]byte, error) {
	dst = slices.Grow(dst, HeaderLen+len(plaintext)+p.MACLen)
	sealed, err := appendHeader(dst, typ, version, len(plaintext)+p.MACLen)
	if err != nil {
		return dst, err
	}
	pseudoHeader(&p.mac.head, seq, typ, version, len(plaintext))
	sealed = append(append(sealed, plaintext...), p.mac.sum(plaintext)...)
	p.trace(tr, sealed[len(sealed)-p.MACLen:])
	return sealed, nil
}

func (p *null) Open(into []byte, seq uint64, rec []byte, tr *Trace) (iana.ContentType, []byte, error) {
	body, ok := fragment(rec)
	if !ok || len(body) < p.MACLen {
		return 0, nil, badRecord("RFC 5246 §6.2.3.1")
	}
	plaintext, got := body[:len(body)-p.MACLen], body[len(body)-p.MACLen:]
	typ := iana.ContentType(rec[0])
	pseudoHeader(&p.mac.head, seq, typ, recordVersion(rec), len(plaintext))
	p.trace(tr, got)
	if !hmac.Equal(p.mac.sum(plaintext), got) {
		return 0, nil, badRecord("RFC 5246 §6.2.3.1")
	}
	if cap(into) >= len(plaintext) {
		plaintext = append(into[:0], plaintext...)
	}
	return typ, plaintext, nil
}

// trace adds the steps, which are the same in both directions.
func (p *null) trace(tr *Trace, mac []byte) {
	tr.Add(StepSequenceNumber, p.mac.head[:8])
	tr.Add(StepMACHeader, p.mac.head[:])
	tr.Add(StepMAC, mac)
}
