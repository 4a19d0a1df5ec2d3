package tamper

import (
	"bytes"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/record"
)

// EditHello changes every ClientHello, ServerHello and HelloRetryRequest by f: the
// messages that are in clear in every version. Lengths are put right. The rest of the
// record, and all other records, pass; so does a hello that spans records, and one that
// f leaves in a shape that cannot be written.
func EditHello(f func(message.Message)) Script {
	return func(d Direction, rec []byte) [][]byte {
		hello, rest := splitHello(d, rec)
		if hello == nil {
			return [][]byte{rec}
		}
		f(hello)
		edited, err := message.Marshal(hello, nil)
		if n := len(edited) + len(rest); err == nil && n <= record.MaxPlaintext {
			rec = append(rec[:3:3], byte(n>>8), byte(n))
			rec = append(append(rec, edited...), rest...)
		}
		return [][]byte{rec}
	}
}

// splitHello reads the hello that a record begins with; nil if it does not.
func splitHello(d Direction, rec []byte) (hello message.Message, rest []byte) {
	const header = 4 // type and length of a message
	if rec[0] != byte(iana.Handshake) || len(rec) < record.HeaderLen+header {
		return nil, nil
	}
	b := rec[record.HeaderLen:]
	n := header + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
	want := iana.ClientHello
	if d == ToClient {
		want = iana.ServerHello
	}
	if iana.HandshakeType(b[0]) != want || len(b) < n {
		return nil, nil
	}
	m, err := message.Parse(message.Context{}, bytes.Clone(b[:n]), nil)
	if err != nil {
		return nil, nil // a protected message of TLS 1.2 may look like one
	}
	return m, b[n:]
}
