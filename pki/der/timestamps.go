package der

import (
	"strings"

	"tlslab/handshake/sct"
	"tlslab/handshake/wire"
)

// timestampList is SignedCertificateTimestampList of RFC 6962 §3.3.
type timestampList struct{ list [][]byte }

// timestampParts are the keys of its fields.
var timestampParts = []string{
	"signed_certificate_timestamp_list.sct_list", "sct_list.length", "sct_list.sct", "sct.length", "sct.version", "sct.log_id", "sct.timestamp",
	"extensions.length", "sct.extensions", "sct.hash_algorithm", "sct.signature_algorithm", "signature.length", "sct.signature",
}

func (l *timestampList) Walk(c *wire.Codec) { sct.List(c, &l.list) }

// tell puts instants and names in the place of their bytes and numbers.
func (l *timestampList) tell(note []wire.Field) {
	for i := range note {
		f := &note[i]
		n, _ := f.Value.(uint8)
		switch _, last, _ := strings.Cut(f.Name, ".sct."); last {
		case "timestamp":
			if ms, is := f.Value.(sct.Millis); is {
				if at, ok := ms.Time(); ok {
					f.Value = at
				} else {
					f.Value = uint64(ms)
				}
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
