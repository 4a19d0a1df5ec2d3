package der

import (
	"encoding/binary"
	"strings"
	"time"

	"tlslab/handshake/wire"
)

// timestampList is SignedCertificateTimestampList of RFC 6962 §3.3.
type timestampList struct{ list []timestamp }

// timestampParts are the keys of its fields.
var timestampParts = []string{
	"signed_certificate_timestamp_list.sct_list", "sct_list.length", "sct_list.sct", "sct.length", "sct.version", "sct.log_id", "sct.timestamp",
	"extensions.length", "sct.extensions", "sct.hash_algorithm", "sct.signature_algorithm", "signature.length", "sct.signature",
}

func (l *timestampList) Walk(c *wire.Codec) {
	wire.List(c, 2, "sct_list", &l.list, 1, func(c *wire.Codec, t *timestamp) { t.Walk(c) })
}

// timestamp is SignedCertificateTimestamp of RFC 6962 §3.2, version 1.
type timestamp struct {
	version    uint8
	logID      [32]byte
	at         [8]byte // milliseconds since 1970
	extensions []byte
	hash, by   uint8 // SignatureAndHashAlgorithm of RFC 5246 §7.4.1.4.1, which names no curve
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
	wire.U8(c, "hash_algorithm", &t.hash)
	wire.U8(c, "signature_algorithm", &t.by)
	c.Opaque(2, "signature", &t.signature, 0)
	c.End(b)
}

// tell puts instants and names in the place of their bytes and numbers.
func (l *timestampList) tell(note []wire.Field) {
	for i := range note {
		f := &note[i]
		n, _ := f.Value.(uint8)
		switch _, last, _ := strings.Cut(f.Name, ".sct."); last {
		case "timestamp":
			b, _ := f.Value.([]byte)
			if ms := binary.BigEndian.Uint64(b); ms <= lastMillisecond {
				f.Value = time.UnixMilli(int64(ms)).UTC()
			}
		case "version":
			f.Value = numberIn(int(n), []string{"v1"})
		case "hash_algorithm":
			f.Value = numberIn(int(n), []string{"none", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
		case "signature_algorithm":
			f.Value = numberIn(int(n), []string{"anonymous", "rsa", "dsa", "ecdsa"})
		}
	}
}

const lastMillisecond = 253402300799999 // of the year 9999: later ones no calendar of ours has
