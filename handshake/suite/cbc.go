package suite

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"io"
	"slices"
	"weak"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// cbc protects with a block cipher in CBC mode and an HMAC, in one of two orders:
//
//	header | IV | E(plaintext | MAC | padding | padding_length)     RFC 5246 §6.2.3.2
//	header | IV | E(plaintext | padding | padding_length) | MAC     RFC 7366 §3
//
// In the first the receiver must decrypt and look at the padding before it knows
// whether an attacker made it: padding oracles, from Vaudenay's (2002) to Lucky Thirteen, are
// about what shows of that look. mac.go says what is done about it. (BEAST was about IVs, which
// TLS 1.0 let an attacker foresee.) In the second the MAC covers the ciphertext, and nothing is
// decrypted that is not genuine.
type cbc struct {
	*Cipher
	encryptThenMAC bool
	rand           io.Reader
	key, macKey    []byte
	expanded       weak.Pointer[cbcExpanded]
}

// cbcExpanded is what the keys are made into when they are used: 1.5 KB. It is held weakly, as expansion says why.
type cbcExpanded struct {
	enc, dec cbcMode // as a rule one of them is needed
	mac      *mac
}

// cbcMode is what the standard library's CBC modes are: with SetIV one of them
// serves all records.
type cbcMode interface {
	cipher.BlockMode
	SetIV([]byte)
}

func newCBC(c *Cipher, k Keys, o Options) (Protection, error) {
	if _, err := c.block(k.Key); err != nil {
		return nil, reason.Fault("keys.key", err)
	}
	p := &cbc{Cipher: c, encryptThenMAC: o.EncryptThenMAC, rand: o.Rand, key: bytes.Clone(k.Key), macKey: bytes.Clone(k.MAC)}
	if p.rand == nil {
		p.rand = rand.Reader
	}
	return p, nil
}

// expand makes of the keys what they are used as.
func (c *cbc) expand() *cbcExpanded {
	x := c.expanded.Value()
	if x == nil {
		x = &cbcExpanded{mac: newMAC(c.MAC.New, c.macKey)}
		c.expanded = weak.Make(x)
	}
	return x
}

// cipher is the block cipher with the key, which newCBC has tried.
func (c *cbc) cipher() cipher.Block {
	b, err := c.block(c.key)
	if err != nil {
		panic("suite: " + err.Error())
	}
	return b
}

// maxPadding is the longest padding with its padding_length byte. We never send
// more than a block of it, but a peer may.
const maxPadding = 256

func (c *cbc) Overhead() int { return c.ExplicitLen + c.MACLen + c.BlockLen }

func (c *cbc) Seal(dst []byte, seq uint64, typ iana.ContentType, version iana.Version, plaintext []byte, tr *Trace) ([]byte, error) {
	inside, outside := c.MACLen, 0 // where the MAC is
	if c.encryptThenMAC {
		inside, outside = 0, c.MACLen
	}
	padding := c.BlockLen - (len(plaintext)+inside)%c.BlockLen
	encrypted := len(plaintext) + inside + padding
	dst = slices.Grow(dst, HeaderLen+c.ExplicitLen+encrypted+outside)
	sealed, err := appendHeader(dst, typ, version, c.ExplicitLen+encrypted+outside)
	if err != nil {
		return dst, err
	}
	body := len(sealed)
	sealed = sealed[:body+c.ExplicitLen]
	iv := sealed[body:]
	if _, err := io.ReadFull(c.rand, iv); err != nil {
		return dst, reason.Fault("record.iv", err)
	}
	x := c.expand()
	if x.enc == nil {
		x.enc = cipher.NewCBCEncrypter(c.cipher(), iv).(cbcMode)
	}
	x.enc.SetIV(iv)

	sealed = append(sealed, plaintext...)
	if !c.encryptThenMAC {
		pseudoHeader(&x.mac.head, seq, typ, version, len(plaintext))
		sealed = append(sealed, x.mac.sum(plaintext)...)
	}
	for range padding {
		sealed = append(sealed, byte(padding-1))
	}
	traceNumber(tr, seq)
	traceInside(tr, x.mac, sealed[len(sealed)-padding-inside:], inside)
	inner := sealed[body+c.ExplicitLen:]
	x.enc.CryptBlocks(inner, inner)
	tr.Add(StepExplicitIV, iv)
	tr.Add(StepCiphertext, inner)
	if c.encryptThenMAC {
		pseudoHeader(&x.mac.head, seq, typ, version, len(sealed)-body)
		sealed = append(sealed, x.mac.sum(sealed[body:])...)
		tr.Add(StepMACHeader, x.mac.head[:])
		tr.Add(StepMAC, sealed[len(sealed)-outside:])
	}
	return sealed, nil
}

func (c *cbc) Open(into []byte, seq uint64, rec []byte, tr *Trace) (iana.ContentType, []byte, error) {
	body, ok := fragment(rec)
	if c.encryptThenMAC {
		return c.openEncryptThenMAC(into, seq, rec, body, tr)
	}
	if !ok {
		return 0, nil, badRecord("RFC 5246 §6.2.3.2")
	}
	// Everything tested here is public: the length is in clear.
	if len(body) < c.ExplicitLen || !c.wholeBlocks(len(body)-c.ExplicitLen, c.MACLen+1) {
		return 0, nil, badRecord("RFC 5246 §6.2.3.2")
	}
	traceNumber(tr, seq)
	x := c.expand()
	inner := c.decrypt(x, into, body, tr)

	padding, good := unpad(inner, c.MACLen)
	n := len(inner) - c.MACLen - padding            // secret from here on
	least := max(0, len(inner)-c.MACLen-maxPadding) // n is at least this,
	most := len(inner) - c.MACLen - 1               // and at most this
	typ, version := iana.ContentType(rec[0]), recordVersion(rec)
	pseudoHeader(&x.mac.head, seq, typ, version, n)
	want := x.mac.sumSecretLength(inner[:most], n, least)
	got := x.mac.extract(inner[:len(inner)-1], n, least)
	good &= subtle.ConstantTimeCompare(want, got)
	if good != 1 {
		clear(inner)
		return 0, nil, badRecord("RFC 5246 §6.2.3.2")
	}
	traceInside(tr, x.mac, inner[n:], c.MACLen)
	return typ, inner[:n], nil
}

func (c *cbc) openEncryptThenMAC(into []byte, seq uint64, rec, body []byte, tr *Trace) (iana.ContentType, []byte, error) {
	covered := len(body) - c.MACLen
	if !c.wholeBlocks(covered-c.ExplicitLen, 1) {
		return 0, nil, badRecord("RFC 7366 §3")
	}
	x, typ := c.expand(), iana.ContentType(rec[0])
	pseudoHeader(&x.mac.head, seq, typ, recordVersion(rec), covered)
	traceNumber(tr, seq)
	tr.Add(StepMACHeader, x.mac.head[:])
	tr.Add(StepMAC, body[covered:])
	if !hmac.Equal(x.mac.sum(body[:covered]), body[covered:]) {
		return 0, nil, badRecord("RFC 7366 §3")
	}
	inner := c.decrypt(x, into, body[:covered], tr)
	padding, good := unpad(inner, 0)
	if good != 1 { // and yet authentic: the peer itself cannot pad
		clear(inner)
		return 0, nil, badRecord("RFC 7366 §3")
	}
	n := len(inner) - padding
	traceInside(tr, x.mac, inner[n:], 0)
	return typ, inner[:n], nil
}

// wholeBlocks reports whether n bytes of ciphertext are whole blocks that can
// hold least bytes.
func (c *cbc) wholeBlocks(n, least int) bool { return n >= least && n%c.BlockLen == 0 }

// decrypt decrypts IV || ciphertext, to into if that has the room.
func (c *cbc) decrypt(x *cbcExpanded, into, body []byte, tr *Trace) []byte {
	iv, ciphertext := body[:c.ExplicitLen], body[c.ExplicitLen:]
	tr.Add(StepExplicitIV, iv)
	tr.Add(StepCiphertext, ciphertext)
	out := ciphertext
	if cap(into) >= len(ciphertext) {
		out = into[:len(ciphertext)]
	}
	if x.dec == nil {
		x.dec = cipher.NewCBCDecrypter(c.cipher(), iv).(cbcMode)
	}
	x.dec.SetIV(iv)
	x.dec.CryptBlocks(out, ciphertext)
	return out
}

// unpad returns the length of the padding of b, padding_length included, and 1 if
// it is well formed and leaves room for macLen bytes, else 0. Bad padding counts
// as the shortest, as RFC 5246 §6.2.3.2 advises. len(b) > macLen. Constant time.
func unpad(b []byte, macLen int) (padding, good int) {
	last := b[len(b)-1]
	padding = int(last) + 1
	good = less(padding+macLen, len(b)+1)
	// Bytes in the padding must all equal the last, bytes before it may be what
	// they are. How many are looked at depends on the length of b alone.
	var wrong byte
	for i := 1; i <= min(maxPadding, len(b)); i++ {
		wrong |= (b[len(b)-i] ^ last) & mask(less(i, padding+1))
	}
	good &= subtle.ConstantTimeByteEq(wrong, 0)
	return subtle.ConstantTimeSelect(good, padding, 1), good
}

// traceInside adds what surrounds the plaintext: tail is the MAC, if it is inside,
// and the padding. On opening it is called only once both are known to be good:
// what a trace says is no oracle either.
func traceInside(tr *Trace, m *mac, tail []byte, macLen int) {
	if macLen > 0 {
		tr.Add(StepMACHeader, m.head[:])
		tr.Add(StepMAC, tail[:macLen])
	}
	tr.Add(StepPadding, tail[macLen:])
}

func traceNumber(tr *Trace, seq uint64) {
	if tr != nil {
		tr.Add(StepSequenceNumber, binary.BigEndian.AppendUint64(nil, seq))
	}
}
