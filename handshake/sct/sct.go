// Package sct is the form of signed certificate timestamps (RFC 6962 §3): the promises of public
// logs that a certificate stands in them, or soon will. The same list travels in a certificate,
// in an OCSP response, and in an extension of TLS beside the certificate, so its walk is here for
// packages message and pki/der alike.
//
// It shows what a log has said. It judges nothing: whether the signature is the log's, and whether
// anybody believes that log, is no matter of this module yet.
package sct

import (
	"fmt"
	"time"

	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// Millis counts milliseconds since 1970, as RFC 6962 §3.2 has it.
type Millis uint64

// lastMillis is of the year 9999: no calendar of ours has later ones.
const lastMillis = 253402300799999

// Time is the instant; ok is false for one that no calendar of ours has.
func (m Millis) Time() (t time.Time, ok bool) {
	if m > lastMillis {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(m)).UTC(), true
}

// String returns the instant, "2026-01-02T15:04:05.000Z", or the number if there is none.
func (m Millis) String() string {
	if t, ok := m.Time(); ok {
		return t.Format("2006-01-02T15:04:05.000Z")
	}
	return fmt.Sprintf("%d ms", uint64(m))
}

// List visits a SignedCertificateTimestampList (RFC 6962 §3.3): list is its timestamps, each in
// its serialized form. One of another version than v1, or whose inside is not of v1's form, is
// visited as a whole, "unread": it is not for those who carry a timestamp to refuse it.
func List(c *wire.Codec, list *[][]byte) {
	wire.List(c, 2, "sct_list", list, 1, one)
}

const v1 = 0 // the number of version 1

func one(c *wire.Codec, raw *[]byte) {
	b := c.Begin(2, "sct", 1)
	if !c.Writing() {
		*raw = c.Peek(0, c.Left())
	}
	if !c.Noting() { // what is inside matters to those alone who look at it
		c.Rest("unread", raw)
		c.End(b)
		return
	}
	var t timestamp
	switch whole := *raw; {
	case len(whole) > 0 && whole[0] != v1:
		version, rest := whole[0], whole[1:]
		wire.U8(c, "version", &version)
		c.Rest("unread", &rest)
	case wire.Parse(whole, &t, nil) == nil:
		t.Walk(c)
	default:
		c.Rest("unread", raw)
	}
	c.End(b)
}

// Check finds what keeps b from being one timestamp in its serialized form: another version than v1,
// lengths that do not come out, octets behind it. The error is a *reason.Error. It judges no signature.
func Check(b []byte) error {
	if len(b) > 0 && b[0] != v1 {
		return reason.New(reason.BadValue, "RFC 6962 §3.2", "sct.version", uint8(v1), b[0])
	}
	return wire.Parse(b, new(timestamp), nil)
}

// timestamp is SignedCertificateTimestamp of RFC 6962 §3.2, version 1.
type timestamp struct {
	version    uint8
	logID      [32]byte
	at         Millis
	extensions []byte
	hash, by   uint8 // SignatureAndHashAlgorithm of RFC 5246 §7.4.1.4.1, which names no curve
	signature  []byte
}

func (t *timestamp) Walk(c *wire.Codec) {
	wire.U8(c, "version", &t.version)
	c.Array("log_id", t.logID[:])
	wire.U64(c, "timestamp", &t.at)
	c.Opaque(2, "extensions", &t.extensions, 0)
	wire.U8(c, "hash_algorithm", &t.hash)
	wire.U8(c, "signature_algorithm", &t.by)
	c.Opaque(2, "signature", &t.signature, 0)
}
