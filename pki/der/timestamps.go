package der

import (
	"encoding/binary"
	"strings"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// timestampList is SignedCertificateTimestampList of RFC 6962 §3.3.
type timestampList struct{ list []timestamp }

func (l *timestampList) Walk(c *wire.Codec) {
	wire.List(c, 2, "sct_list", &l.list, 1, func(c *wire.Codec, t *timestamp) { t.Walk(c) })
}

// timestamp is SignedCertificateTimestamp of RFC 6962 §3.2, version 1.
type timestamp struct {
	version    uint8
	logID      [32]byte
	at         [8]byte // milliseconds since 1970
	extensions []byte
	scheme     iana.SignatureScheme // SignatureAndHashAlgorithm of RFC 5246 §4.7, whose two bytes are one number today
	signature  []byte
}

func (t *timestamp) Walk(c *wire.Codec) {
	b := c.Begin(2, "sct", 1)
	wire.U8(c, "version", &t.version)
	if t.version != 0 { // whose form nobody knows yet
		c.Rest("unread", &t.signature)
		c.End(b)
		return
	}
	c.Array("log_id", t.logID[:])
	c.Array("timestamp", t.at[:])
	c.Opaque(2, "extensions", &t.extensions, 0)
	wire.U16(c, "algorithm", &t.scheme)
	c.Opaque(2, "signature", &t.signature, 0)
	c.End(b)
}

// tell puts the instants in the place of their bytes.
func (l *timestampList) tell(note []wire.Field) {
	for i := range note {
		f := &note[i]
		if b, ok := f.Value.([]byte); ok && strings.HasSuffix(f.Name, ".timestamp") {
			if ms := binary.BigEndian.Uint64(b); ms <= lastMillisecond {
				f.Value = time.UnixMilli(int64(ms)).UTC()
			}
		}
	}
}

const lastMillisecond = 253402300799999 // of the year 9999: later ones no calendar of ours has
