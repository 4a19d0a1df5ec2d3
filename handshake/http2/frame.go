package http2

import (
	"fmt"
	"strconv"
	"strings"

	"tlslab/handshake/foreign"
)

// Protocol is the name by which ALPN agrees on HTTP/2 over TLS (RFC 9113 §3.2).
const Protocol = "h2"

// Preface is what a client says first, so that a server which does not speak HTTP/2 fails
// at once (RFC 9113 §3.4). A SETTINGS frame follows it.
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// Type is the type of a frame (RFC 9113 §6), which is one byte there. It has room for more, so
// that no peer can send a frame which is taken for the preface.
type Type uint16

// The types of RFC 9113, and Connection for the client's preface, which is no frame.
const (
	Data         Type = 0
	Headers      Type = 1
	Priority     Type = 2
	ResetStream  Type = 3
	Settings     Type = 4
	PushPromise  Type = 5
	Ping         Type = 6
	GoAway       Type = 7
	WindowUpdate Type = 8
	Continuation Type = 9
	Connection   Type = 0x100
)

var typeNames = map[Type]string{Data: "DATA", Headers: "HEADERS", Priority: "PRIORITY", ResetStream: "RST_STREAM", Settings: "SETTINGS",
	PushPromise: "PUSH_PROMISE", Ping: "PING", GoAway: "GOAWAY", WindowUpdate: "WINDOW_UPDATE", Continuation: "CONTINUATION", Connection: "preface"}

// String is the RFC's name, or the number.
func (t Type) String() string {
	if name := typeNames[t]; name != "" {
		return name
	}
	return fmt.Sprintf("0x%02x", uint16(t))
}

// The flags of RFC 9113. EndStream and Ack are one bit, of different types.
const (
	EndStream  uint8 = 0x01
	Ack        uint8 = 0x01
	EndHeaders uint8 = 0x04
	Padded     uint8 = 0x08
	PriorityIn uint8 = 0x20
)

// flagNames are those that a type has a meaning for.
func (t Type) flagNames() map[uint8]string {
	switch t {
	case Data:
		return map[uint8]string{EndStream: "END_STREAM", Padded: "PADDED"}
	case Headers:
		return map[uint8]string{EndStream: "END_STREAM", EndHeaders: "END_HEADERS", Padded: "PADDED", PriorityIn: "PRIORITY"}
	case Settings, Ping:
		return map[uint8]string{Ack: "ACK"}
	case PushPromise:
		return map[uint8]string{EndHeaders: "END_HEADERS", Padded: "PADDED"}
	case Continuation:
		return map[uint8]string{EndHeaders: "END_HEADERS"}
	}
	return nil
}

// Setting is one parameter of a SETTINGS frame (RFC 9113 §6.5.2).
type Setting struct {
	ID    uint16
	Value uint32
}

var settingNames = map[uint16]string{1: "HEADER_TABLE_SIZE", 2: "ENABLE_PUSH", 3: "MAX_CONCURRENT_STREAMS", 4: "INITIAL_WINDOW_SIZE",
	5: "MAX_FRAME_SIZE", 6: "MAX_HEADER_LIST_SIZE", 8: "ENABLE_CONNECT_PROTOCOL"}

// String is "ENABLE_PUSH=0".
func (s Setting) String() string {
	if name := settingNames[s.ID]; name != "" {
		return fmt.Sprintf("%s=%d", name, s.Value)
	}
	return fmt.Sprintf("0x%04x=%d", s.ID, s.Value)
}

// Field is a header field, unpacked; those with a colon in front are HTTP/2's own for what
// stands in HTTP/1.1's first line (RFC 9113 §8.3).
type Field struct{ Name, Value string }

// Frame is one frame, as far as it is told of.
type Frame struct {
	Type   Type
	Flags  uint8
	Stream uint32 // 0: the connection itself
	Length int    // of the payload, in bytes

	Fields   []Field   // of HEADERS, PUSH_PROMISE and CONTINUATION; what HPACK has unpacked from this frame
	Settings []Setting // of SETTINGS
	Body     []byte    // of DATA, without padding
	Number   uint32    // of WINDOW_UPDATE the increment; of RST_STREAM and GOAWAY the error code
	Last     uint32    // of GOAWAY the last stream that was worked on
	Part     bool      // there is more to it than is told: it was too large, or HPACK's state was lost
}

var codeNames = []string{"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
	"REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"}

func codeName(n uint32) string {
	if int64(n) < int64(len(codeNames)) {
		return codeNames[n]
	}
	return fmt.Sprintf("0x%x", n)
}

// String is a frame in one line, in the RFC's words and with what a peer wrote quoted:
// "HEADERS stream=1 END_STREAM END_HEADERS :method=GET :path=/".
func (f Frame) String() string {
	if f.Type == Connection {
		return "preface " + foreign.Quote(strings.TrimSuffix(Preface[:16], "\r\n"))
	}
	words := []string{f.Type.String()}
	if f.Stream != 0 {
		words = append(words, "stream="+strconv.FormatUint(uint64(f.Stream), 10))
	}
	for bit := uint8(1); bit != 0; bit <<= 1 {
		if name := f.Type.flagNames()[bit]; name != "" && f.Flags&bit != 0 {
			words = append(words, name)
		}
	}
	switch f.Type {
	case Data:
		words = append(words, "length="+strconv.Itoa(f.Length))
		if len(f.Body) > 0 {
			words = append(words, foreign.Quote(f.Body))
		}
	case WindowUpdate:
		words = append(words, "increment="+strconv.FormatUint(uint64(f.Number), 10))
	case GoAway:
		words = append(words, "last_stream="+strconv.FormatUint(uint64(f.Last), 10), codeName(f.Number))
	case ResetStream:
		words = append(words, codeName(f.Number))
	case Headers, PushPromise, Continuation, Settings:
	default:
		words = append(words, "length="+strconv.Itoa(f.Length))
	}
	for _, s := range f.Settings {
		words = append(words, s.String())
	}
	for _, x := range f.Fields {
		words = append(words, foreign.Quote(x.Name)+"="+foreign.Quote(x.Value))
	}
	if f.Part {
		words = append(words, "…")
	}
	return strings.Join(words, " ")
}

// Brief is what a frame is about, for a line that has many: "HEADERS GET /", "HEADERS 200".
func (f Frame) Brief() string {
	s := f.Type.String()
	if f.Flags&Ack != 0 && (f.Type == Settings || f.Type == Ping) {
		s += " ACK"
	}
	for _, name := range []string{":method", ":path", ":status"} {
		for _, x := range f.Fields {
			if x.Name == name {
				s += " " + foreign.Quote(x.Value)
			}
		}
	}
	return s
}
