package http2

import (
	"encoding/binary"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// What a peer can make a Reader hold or unpack, in bytes: a frame of the size that every
// endpoint must take (SETTINGS_MAX_FRAME_SIZE, RFC 9113 §4.2), the table that HPACK begins
// with (SETTINGS_HEADER_TABLE_SIZE, RFC 9113 §6.5.2), and of the fields of one direction more than anybody reads.
const (
	maxFrame  = 1 << 14
	maxTable  = 4096
	maxFields = 1 << 16
)

const headerLen = 9

// Reader names the frames of one direction of a connection, from its first byte on,
// however the bytes are cut. The zero value is ready. It takes no state that a peer could
// make grow: at most one frame, and HPACK's table.
type Reader struct {
	buf    []byte // the beginning of a frame
	skip   int    // of a frame too large to hold: bytes still to come
	begun  bool   // it is HTTP/2
	not    bool   // it is not
	dec    *hpack.Decoder
	lost   bool // HPACK can no longer be followed
	fields []Field
	size   int // of the fields so far
}

// Feed takes the bytes that come next and returns the frames that end in them. ok is false
// where this direction is no HTTP/2, or is not known to be: so far it has begun neither with
// the client's whole preface nor with SETTINGS, or a frame was malformed.
func (r *Reader) Feed(b []byte) (frames []Frame, ok bool) {
	for !r.not && (len(b) > 0 || len(r.buf) > 0) {
		if r.skip > 0 {
			n := min(r.skip, len(b))
			if b, r.skip = b[n:], r.skip-n; r.skip > 0 {
				break
			}
			continue
		}
		want, done := r.want()
		if !done {
			if len(b) == 0 {
				break
			}
			n := min(want, len(b))
			r.buf, b = append(r.buf, b[:n]...), b[n:]
			continue
		}
		if f, is := r.take(); is {
			frames = append(frames, f)
		}
	}
	return frames, r.begun && !r.not
}

// want is how many bytes buf lacks before something can be made of it; done that it can.
func (r *Reader) want() (n int, done bool) {
	switch n := len(r.buf); {
	case n == 0:
		return 1, false // which tells a preface from a frame
	case n <= len(Preface) && strings.HasPrefix(Preface, string(r.buf)):
		// Also later: a client whose early data was refused begins again.
		return len(Preface) - n, n == len(Preface)
	case n < headerLen:
		return headerLen - n, false
	}
	if n = r.length(); n > maxFrame || !r.begun && !r.settings() {
		return 0, true
	}
	return headerLen + n - len(r.buf), len(r.buf) == headerLen+n
}

func (r *Reader) length() int {
	return int(r.buf[0])<<16 | int(r.buf[1])<<8 | int(r.buf[2])
}

// settings reports whether buf begins with the header of a server's first frame, or with an
// acknowledgement of SETTINGS, as where one begins to listen once the reply is there.
func (r *Reader) settings() bool {
	n := r.length()
	return Type(r.buf[3]) == Settings && n%6 == 0 && n <= maxFrame && (r.buf[4] == 0 || r.buf[4] == Ack && n == 0) && binary.BigEndian.Uint32(r.buf[5:]) == 0
}

// take makes of buf the preface or a frame; is is false where it is neither.
func (r *Reader) take() (f Frame, is bool) {
	b := r.buf
	r.buf = nil
	if string(b) == Preface {
		r.begun, r.dec, r.lost, r.size = true, nil, false, 0
		return Frame{Type: Connection}, true
	}
	r.buf = b
	if !r.begun && !r.settings() {
		r.buf, r.not = nil, true
		return Frame{}, false
	}
	r.begun = true
	f = Frame{Type: Type(b[3]), Flags: b[4], Stream: binary.BigEndian.Uint32(b[5:]) & 0x7fffffff, Length: r.length()}
	r.buf = nil
	if f.Length > maxFrame {
		r.skip, f.Part = f.Length-(len(b)-headerLen), true
		r.lost = r.lost || f.Type == Headers || f.Type == PushPromise || f.Type == Continuation
		return f, true
	}
	if !r.payload(&f, b[headerLen:]) {
		r.not = true
		return Frame{}, false
	}
	return f, true
}

// payload reads what is inside; false if that cannot be.
func (r *Reader) payload(f *Frame, b []byte) bool {
	if f.Flags&Padded != 0 && (f.Type == Data || f.Type == Headers || f.Type == PushPromise) {
		if len(b) == 0 || int(b[0]) >= len(b) {
			return false
		}
		b = b[1 : len(b)-int(b[0])]
	}
	switch f.Type {
	case Data:
		f.Body = b
	case Settings:
		if len(b)%6 != 0 {
			return false
		}
		for ; len(b) > 0; b = b[6:] {
			f.Settings = append(f.Settings, Setting{binary.BigEndian.Uint16(b), binary.BigEndian.Uint32(b[2:])})
		}
	case WindowUpdate, ResetStream:
		if len(b) != 4 {
			return false
		}
		f.Number = binary.BigEndian.Uint32(b)
	case GoAway:
		if len(b) < 8 {
			return false
		}
		f.Last, f.Number = binary.BigEndian.Uint32(b)&0x7fffffff, binary.BigEndian.Uint32(b[4:])
	case Headers, PushPromise, Continuation:
		before := 0 // the block: a priority, or the promised stream
		switch {
		case f.Type == Headers && f.Flags&PriorityIn != 0:
			before = 5
		case f.Type == PushPromise:
			before = 4
		}
		if len(b) < before {
			return false
		}
		r.unpack(f, b[before:])
	}
	return true
}

// unpack puts into f what HPACK makes of a piece of a block of header fields.
func (r *Reader) unpack(f *Frame, block []byte) {
	if r.dec == nil {
		r.dec = hpack.NewDecoder(maxTable, func(x hpack.HeaderField) {
			if r.size += int(x.Size()); r.size <= maxFields {
				r.fields = append(r.fields, Field{x.Name, x.Value})
			}
		})
		r.dec.SetMaxStringLength(maxFrame)
	}
	if !r.lost {
		_, err := r.dec.Write(block)
		if err == nil && f.Flags&EndHeaders != 0 {
			err = r.dec.Close()
		}
		r.lost = err != nil
	}
	f.Fields, r.fields = r.fields, nil
	f.Part = r.lost || r.size > maxFields
	if f.Flags&EndHeaders != 0 {
		r.size = 0
	}
}

// Read names the frames of what one end has said, or both, one after the other, as where
// a whole conversation was opened. ok is false where it is no HTTP/2, or not all of it.
func Read(b []byte) (frames []Frame, ok bool) {
	r := new(Reader)
	frames, ok = r.Feed(b)
	return frames, ok && len(r.buf) == 0 && r.skip == 0
}

// Lines are frames, one in a line.
func Lines(frames []Frame) []string {
	lines := make([]string, len(frames))
	for i, f := range frames {
		lines[i] = f.String()
	}
	return lines
}

// Conversation is what was said in clear, in words: the frames of HTTP/2 one in a line,
// anything else as it is.
func Conversation(s string) string {
	if frames, ok := Read([]byte(s)); ok {
		return strings.Join(Lines(frames), "\n")
	}
	return s
}
