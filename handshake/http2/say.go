package http2

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"golang.org/x/net/http2/hpack"
)

// Request is all that a client says for one GET of / on a new connection: the preface, its
// SETTINGS (it wants no push), and the request's header fields on stream 1, which it then
// has nothing to add to.
func Request(authority, cookie string) []byte {
	b := []byte(Preface)
	b = appendFrame(b, Settings, 0, 0, binary.BigEndian.AppendUint32([]byte{0, 2}, 0))
	return appendFrame(b, Headers, EndStream|EndHeaders, 1, pack(
		hpack.HeaderField{Name: ":method", Value: "GET"},
		hpack.HeaderField{Name: ":scheme", Value: "https"},
		hpack.HeaderField{Name: ":authority", Value: authority},
		hpack.HeaderField{Name: ":path", Value: "/"},
		hpack.HeaderField{Name: "cookie", Value: cookie, Sensitive: true}, // never indexed, RFC 7541 §7.1.3
	))
}

// Reply is all that a server says to that: its own SETTINGS, which come first, that it has
// heeded the client's, and a page of plain text.
func Reply(page string) []byte {
	b := appendFrame(nil, Settings, 0, 0, nil)
	b = appendFrame(b, Settings, Ack, 0, nil)
	b = appendFrame(b, Headers, EndHeaders, 1, pack(
		hpack.HeaderField{Name: ":status", Value: "200"},
		hpack.HeaderField{Name: "content-type", Value: "text/plain"},
		hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(len(page))},
	))
	return appendFrame(b, Data, EndStream, 1, []byte(page))
}

// Farewell is the client's answer: it has heeded the server's SETTINGS (RFC 9113 §6.5.3),
// and will ask nothing more (§6.8). The server has opened no stream.
func Farewell() []byte {
	b := appendFrame(nil, Settings, Ack, 0, nil)
	return appendFrame(b, GoAway, 0, 0, make([]byte, 8)) // last stream 0, NO_ERROR
}

// appendFrame appends one frame: 24 bits of length, type, flags, stream, payload
// (RFC 9113 §4.1).
func appendFrame(b []byte, t Type, flags uint8, stream uint32, payload []byte) []byte {
	n := len(payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), byte(t), flags)
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// pack encodes header fields without HPACK's dynamic table, and says so first: each block
// can be read without those before it.
func pack(fields ...hpack.HeaderField) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	e.SetMaxDynamicTableSize(0)
	for _, f := range fields {
		if err := e.WriteField(f); err != nil {
			panic(err) // a bytes.Buffer has no errors
		}
	}
	return b.Bytes()
}
