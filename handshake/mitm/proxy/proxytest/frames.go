package proxytest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tlslab/handshake/mitm/relay"
)

// Frame is one that a scripted end sends, or what was heard of one.
type Frame struct {
	Type    http2.FrameType
	Flags   http2.Flags
	Stream  uint32
	Fields  []string // of a block, as "name: value"
	Payload string   // what comes before a block, or all of it
	Pad     int      // bytes of padding, if Flags say that there is any
	Split   int      // a block is cut in pieces of so many bytes; 0: only where it has to be
	Raw     string   // sent as it is, in place of all this
}

// Preface is how a client begins (RFC 9113 §3.4).
func Preface(settings ...string) []Frame {
	return []Frame{{Raw: http2.ClientPreface}, Settings(settings...)}
}

// Settings has pairs as "id=value", in numbers.
func Settings(pairs ...string) Frame {
	var p []byte
	for _, s := range pairs {
		var id uint16
		var v uint32
		if _, err := fmt.Sscanf(s, "%d=%d", &id, &v); err != nil {
			panic(err)
		}
		p = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(p, id), v)
	}
	return Frame{Type: http2.FrameSettings, Payload: string(p)}
}

// Acks acknowledges settings.
func Acks() Frame { return Frame{Type: http2.FrameSettings, Flags: http2.FlagSettingsAck} }

// Headers is a block on a stream.
func Headers(id uint32, fields ...string) Frame {
	return Frame{Type: http2.FrameHeaders, Stream: id, Fields: fields}
}

// Data is a piece of a body.
func Data(id uint32, s string) Frame {
	return Frame{Type: http2.FrameData, Stream: id, Payload: s}
}

// Last is f as the last of its stream.
func Last(f Frame) Frame { f.Flags |= http2.FlagDataEndStream; return f }

// Padded is f with n bytes of padding.
func Padded(f Frame, n int) Frame { f.Flags, f.Pad = f.Flags|http2.FlagDataPadded, n; return f }

// Reset is RST_STREAM.
func Reset(id uint32, code http2.ErrCode) Frame {
	return Frame{Type: http2.FrameRSTStream, Stream: id, Payload: words32(uint32(code))}
}

// GoAway is GOAWAY.
func GoAway(last uint32, code http2.ErrCode, debug string) Frame {
	return Frame{Type: http2.FrameGoAway, Payload: words32(last, uint32(code)) + debug}
}

// Window is WINDOW_UPDATE.
func Window(id, n uint32) Frame {
	return Frame{Type: http2.FrameWindowUpdate, Stream: id, Payload: words32(n)}
}

// Ping is PING.
func Ping(eight string) Frame { return Frame{Type: http2.FramePing, Payload: eight} }

func words32(n ...uint32) string {
	var b []byte
	for _, n := range n {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return string(b)
}

// speaker makes bytes of the frames of one end.
type speaker struct {
	block bytes.Buffer
	enc   *hpack.Encoder
}

func newSpeaker(relay.Side) *speaker {
	s := &speaker{}
	s.enc = hpack.NewEncoder(&s.block)
	return s
}

// maxFrame is what every receiver takes (RFC 9113 §4.2).
const maxFrame = 1 << 14

func (s *speaker) write(fs []Frame) (b []byte) {
	for _, f := range fs {
		switch {
		case f.Raw != "":
			b = append(b, f.Raw...)
		case f.Type == http2.FrameHeaders || f.Type == http2.FramePushPromise:
			b = s.writeBlock(b, &f)
		case f.Type == http2.FrameData:
			b = writeData(b, f)
		default:
			b = writeFrame(b, f.Type, f.Flags, f.Stream, f.Payload)
		}
	}
	return b
}

func (s *speaker) writeBlock(b []byte, f *Frame) []byte {
	s.block.Reset()
	for _, x := range f.Fields {
		name, value := cutField(x)
		_ = s.enc.WriteField(hpack.HeaderField{Name: name, Value: value}) // to memory
	}
	block, flags := s.block.String(), f.Flags
	kind, n := f.Type, cmp.Or(f.Split, maxFrame-len(f.Payload)-f.Pad-1)
	before, pad := f.Payload, ""
	if flags.Has(http2.FlagHeadersPadded) {
		before, pad = string([]byte{byte(f.Pad)})+before, strings.Repeat("\x00", f.Pad)
	}
	for first := true; first || block != ""; first = false {
		piece := block[:min(n, len(block))]
		block = block[len(piece):]
		if block == "" {
			flags |= http2.FlagHeadersEndHeaders
		}
		b = writeFrame(b, kind, flags, f.Stream, before+piece+pad)
		kind, flags, before, pad = http2.FrameContinuation, 0, "", ""
		n = cmp.Or(f.Split, maxFrame)
	}
	return b
}

func writeData(b []byte, f Frame) []byte {
	flags := f.Flags &^ http2.FlagDataEndStream
	for first := true; first || f.Payload != ""; first = false {
		piece := f.Payload[:min(maxFrame-f.Pad-1, len(f.Payload))]
		f.Payload = f.Payload[len(piece):]
		if f.Payload == "" {
			flags |= f.Flags & http2.FlagDataEndStream
		}
		if flags.Has(http2.FlagDataPadded) {
			piece = string([]byte{byte(f.Pad)}) + piece + strings.Repeat("\x00", f.Pad)
		}
		b = writeFrame(b, f.Type, flags, f.Stream, piece)
	}
	return b
}

func writeFrame(b []byte, kind http2.FrameType, flags http2.Flags, id uint32, p string) []byte {
	n := len(p)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), byte(kind), byte(flags))
	return append(binary.BigEndian.AppendUint32(b, id), p...)
}

// cutField cuts "name: value" or ":name: value".
func cutField(s string) (name, value string) {
	i := strings.Index(s[1:], ": ") + 1
	return s[:i], s[i+2:]
}

// frames is what is heard of HTTP/2: of each stream its field lists, its bytes and how it ended,
// in order; on stream 0 what is of the connection. How bodies and blocks are cut into frames, and
// windows are opened in steps, is not looked at.
type frames struct {
	in      []byte
	greets  bool // the preface is still to come
	dec     *hpack.Decoder
	streams map[uint32]*stream
	n       int64

	block []byte
	head  Frame
	bad   string
}

type stream struct {
	said   []string
	body   []byte // of the last of said, if it is of a body
	window int64
}

func newFrames(side relay.Side) *frames {
	f := &frames{dec: hpack.NewDecoder(1<<20, nil), streams: map[uint32]*stream{}, greets: side == relay.Server}
	return f
}

func (f *frames) size() int64 { return f.n }

func (f *frames) add(b []byte) {
	f.in = append(f.in, b...)
	for f.bad == "" {
		n := f.step(f.in)
		if n == 0 {
			break
		}
		f.in = f.in[n:]
	}
	f.in = slices.Clip(f.in)
}

func (f *frames) step(b []byte) int {
	if f.greets {
		if len(b) < len(http2.ClientPreface) {
			return 0
		}
		if string(b[:len(http2.ClientPreface)]) != http2.ClientPreface {
			f.bad = "no preface"
			return 0
		}
		f.greets = false
		f.say(0, "preface")
		return len(http2.ClientPreface)
	}
	const header = 9
	if len(b) < header {
		return 0
	}
	n := header + int(b[0])<<16 + int(b[1])<<8 + int(b[2])
	if len(b) < n {
		return 0
	}
	f.frame(Frame{Type: http2.FrameType(b[3]), Flags: http2.Flags(b[4]), Stream: binary.BigEndian.Uint32(b[5:]) & (1<<31 - 1), Payload: string(b[header:n])})
	return n
}

// frame takes one as it came.
func (f *frames) frame(x Frame) {
	p := x.Payload
	if x.Flags.Has(http2.FlagDataPadded) && (x.Type == http2.FrameData || x.Type == http2.FrameHeaders || x.Type == http2.FramePushPromise) && len(p) > int(p[0]) {
		p = p[1 : len(p)-int(p[0])]
	}
	switch x.Type {
	case http2.FrameData:
		f.data(x.Stream, p)
		f.end(x)
	case http2.FrameHeaders, http2.FramePushPromise:
		cut := 0
		if x.Type == http2.FramePushPromise {
			cut = 4
		} else if x.Flags.Has(http2.FlagHeadersPriority) {
			cut = 5
		}
		x.Payload, f.block, f.head = p[:cut], append(f.block[:0], p[cut:]...), x
		f.whole(x.Flags)
	case http2.FrameContinuation:
		f.block = append(f.block, p...)
		f.whole(x.Flags)
	case http2.FrameWindowUpdate:
		if len(p) != 4 {
			f.say(x.Stream, fmt.Sprintf("window %q", p))
			return
		}
		n := int64(binary.BigEndian.Uint32([]byte(p)))
		f.of(x.Stream).window += n
		f.n += n
	default:
		f.say(x.Stream, describe(x))
	}
}

func (f *frames) whole(flags http2.Flags) {
	if !flags.Has(http2.FlagHeadersEndHeaders) {
		return
	}
	fields, err := f.dec.DecodeFull(f.block)
	if err != nil {
		f.bad = err.Error()
		return
	}
	x := f.head
	for _, h := range fields {
		x.Fields = append(x.Fields, h.Name+": "+h.Value)
	}
	f.fields(x)
}

func (f *frames) fields(x Frame) {
	what := "fields"
	if x.Type == http2.FramePushPromise {
		what = "promise"
	}
	f.say(x.Stream, fmt.Sprintf("%s %q %q", what, x.Payload, x.Fields))
	if x.Type == http2.FrameHeaders {
		f.end(x)
	}
}

// note takes frames that were never bytes.
func (f *frames) note(fs []Frame) {
	for _, x := range fs {
		switch {
		case x.Type == http2.FrameHeaders || x.Type == http2.FramePushPromise:
			f.fields(x)
		default:
			f.frame(x)
		}
	}
}

func (f *frames) of(id uint32) *stream {
	s := f.streams[id]
	if s == nil {
		s = &stream{}
		f.streams[id] = s
	}
	return s
}

func (f *frames) say(id uint32, what string) {
	s := f.of(id)
	s.settle()
	s.said = append(s.said, what)
	f.n++
}

func (f *frames) data(id uint32, p string) {
	s := f.of(id)
	s.body = append(s.body, p...)
	f.n += int64(len(p))
}

func (f *frames) end(x Frame) {
	if x.Flags.Has(http2.FlagDataEndStream) {
		f.say(x.Stream, "end")
	}
}

// settle makes one of what came of a body.
func (s *stream) settle() {
	if len(s.body) > 0 {
		s.said = append(s.said, "data "+string(s.body))
		s.body = nil
	}
}

// describe is a frame of which nothing is to be left out.
func describe(x Frame) string {
	switch p := []byte(x.Payload); {
	case x.Type == http2.FrameRSTStream && len(p) == 4:
		return "reset " + http2.ErrCode(binary.BigEndian.Uint32(p)).String()
	case x.Type == http2.FrameGoAway && len(p) >= 8:
		return fmt.Sprintf("goaway %d %s %q", binary.BigEndian.Uint32(p), http2.ErrCode(binary.BigEndian.Uint32(p[4:])), p[8:])
	}
	return fmt.Sprintf("%s %d %q", x.Type, x.Flags, x.Payload)
}

// String has a line for each thing heard, a stream behind the other.
func (f *frames) String() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(f.streams)) {
		s := f.streams[id]
		s.settle()
		for _, said := range s.said {
			fmt.Fprintf(&b, "%d %s\n", id, said)
		}
		if s.window > 0 {
			fmt.Fprintf(&b, "%d window %d\n", id, s.window)
		}
	}
	b.WriteString(f.bad)
	return b.String()
}
