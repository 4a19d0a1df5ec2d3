package wire

import (
	"strings"

	"tlslab/handshake/reason"
)

// Codec is one walk in progress. After the first fault every call is a no-op, so
// a Walk needs no error checks; it must only not loop on a count it read itself.
type Codec struct {
	buf     []byte // reading: the input; writing: what is written so far
	off     int    // reading: the next byte
	last    int    // reading: where the field read last begins
	end     int    // reading: where the innermost open vector ends
	base    int    // writing: where the structure began in buf
	writing bool
	err     *reason.Error
	note    *[]Field
	rule    string     // where the structure at hand is specified: see Under
	path    [12]string // names of the open groups, for a fault
	depth   int
	place   *place // of the innermost open group, for the fields that are noted
	group   int    // index of the innermost open group's Field; -1 if there is none, or nobody listens
}

// Writing reports whether the walk marshals; otherwise it parses.
func (c *Codec) Writing() bool { return c.writing }

// OK reports whether nothing has failed yet.
func (c *Codec) OK() bool { return c.err == nil }

// pos is the current offset from the start of the structure.
func (c *Codec) pos() int {
	if c.writing {
		return len(c.buf) - c.base
	}
	return c.off
}

// Mark stores the current offset from the start of the structure, in either mode.
func (c *Codec) Mark(off *int) { *off = c.pos() }

// Left is the number of bytes before the innermost open vector ends; 0 when writing.
func (c *Codec) Left() int {
	if c.writing || c.err != nil {
		return 0
	}
	return c.end - c.off
}

// Peek returns the n bytes that begin skip bytes ahead, without visiting them:
// for names that depend on what follows. It is nil when writing, and where the
// innermost open vector has no such bytes.
func (c *Codec) Peek(skip, n int) []byte {
	if c.Left() < skip+n {
		return nil
	}
	return c.buf[c.off+skip : c.off+skip+n : c.off+skip+n]
}

// Under says where the structure in the innermost open group or vector is specified, "RFC 9846
// §4.3.8". A fault found before its End is a fault against that section, unless it is in an
// inner structure that has a section of its own. The fields noted before the End carry the
// section too, and so does the group. A structure in a format of our own does not call Under.
func (c *Codec) Under(ref string) {
	c.rule = ref
	if c.err == nil && c.group >= 0 {
		(*c.note)[c.group].Ref = ref
	}
}

// Fail stops the walk: the field just read (or to be written next) is at fault.
func (c *Codec) Fail(r reason.Reason, name string, want, got any) {
	off := c.last
	if c.writing {
		off = c.pos()
	}
	c.FailAt(off, r, name, want, got)
}

// FailAt stops the walk: the field that begins at off, as Mark stored it, is at fault.
func (c *Codec) FailAt(off int, r reason.Reason, name string, want, got any) {
	if c.err == nil {
		c.err = &reason.Error{Reason: r, Ref: c.rule, Field: c.dotted(name), Off: off, Want: want, Got: got}
	}
}

func (c *Codec) result() error {
	if c.err == nil {
		return nil // a nil *reason.Error in an error would not be nil
	}
	return c.err
}

func (c *Codec) dotted(name string) string {
	return join(strings.Join(c.path[:min(c.depth, len(c.path))], "."), name)
}

func (c *Codec) leaf(name string, off, n int, v any) { c.field(c.place.at(name), off, n, v) }

func (c *Codec) field(at *place, off, n int, v any) {
	*c.note = append(*c.note, Field{Name: at.path, Off: off, Len: n, Depth: c.depth, Value: v, Ref: c.rule})
}

// take returns the next n bytes of the input; nil if n is 0, and after failing.
func (c *Codec) take(name string, n int) []byte {
	if c.err != nil {
		return nil
	}
	c.last = c.off
	if n > c.end-c.off {
		c.FailAt(c.off, reason.Truncated, name, reason.Say("%d bytes", n), reason.Say("%d left", c.end-c.off))
		return nil
	}
	if n == 0 { // one form for "empty", so that what is read equals what was written
		return nil
	}
	b := c.buf[c.off : c.off+n : c.off+n]
	c.off += n
	return b
}

// num reads or writes an n-byte number.
func (c *Codec) num(name string, n int, v uint64) (uint64, bool) {
	if c.err != nil {
		return 0, false
	}
	if c.writing {
		switch n { // the two sizes that most numbers have
		case 1:
			c.buf = append(c.buf, byte(v))
		case 2:
			c.buf = append(c.buf, byte(v>>8), byte(v))
		default:
			for i := n - 1; i >= 0; i-- {
				c.buf = append(c.buf, byte(v>>(8*i)))
			}
		}
		return v, true
	}
	b := c.take(name, n)
	switch len(b) {
	case 0:
		return 0, false
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(b[0])<<8 | uint64(b[1]), true
	}
	v = 0
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v, true
}

// U8 visits a one-byte number of any type.
func U8[T ~uint8](c *Codec, name string, p *T) { number(c, name, 1, p) }

// U16 visits a two-byte number of any type.
func U16[T ~uint16](c *Codec, name string, p *T) { number(c, name, 2, p) }

// U24 visits a three-byte number of any type. Writing one of four bytes is
// BadLength: the only numbers of this size are lengths.
func U24[T ~uint32](c *Codec, name string, p *T) {
	if c.writing && *p>>24 != 0 {
		c.Fail(reason.BadLength, name, reason.Say("at most 16777215"), *p)
	}
	number(c, name, 3, p)
}

// U32 visits a four-byte number of any type.
func U32[T ~uint32](c *Codec, name string, p *T) { number(c, name, 4, p) }

// Noting reports whether the fields are noted, or only read or written.
func (c *Codec) Noting() bool { return c.note != nil }

// U64 visits an eight-byte number of any type.
func U64[T ~uint64](c *Codec, name string, p *T) { number(c, name, 8, p) }

func number[T ~uint8 | ~uint16 | ~uint32 | ~uint64](c *Codec, name string, n int, p *T) {
	v, ok := c.num(name, n, uint64(*p))
	if !ok {
		return
	}
	if !c.writing { // what is marshalled may be shared between connections: it stays untouched
		*p = T(v)
	}
	if c.note != nil {
		c.leaf(name, c.pos()-n, n, T(v))
	}
}

// Const8 visits a one-byte number that can only be v; anything else is BadValue.
func Const8[T ~uint8](c *Codec, name string, v T) { constant(c, name, 1, v) }

// Const16 visits a two-byte number that can only be v; anything else is BadValue.
func Const16[T ~uint16](c *Codec, name string, v T) { constant(c, name, 2, v) }

func constant[T ~uint8 | ~uint16 | ~uint32](c *Codec, name string, n int, want T) {
	got := want
	number(c, name, n, &got)
	if got != want {
		c.Fail(reason.BadValue, name, want, got)
	}
}

// Array visits exactly len(p) bytes in place.
func (c *Codec) Array(name string, p []byte) {
	if c.err != nil {
		return
	}
	if c.writing {
		c.buf = append(c.buf, p...)
	} else if b := c.take(name, len(p)); c.err == nil {
		copy(p, b)
	} else {
		return
	}
	if c.note != nil && len(p) > 0 {
		c.leaf(name, c.pos()-len(p), len(p), append([]byte(nil), p...))
	}
}

// Rest visits all bytes up to the end of the innermost open vector.
func (c *Codec) Rest(name string, p *[]byte) {
	if c.err != nil {
		return
	}
	if c.writing {
		c.buf = append(c.buf, *p...)
	} else {
		*p = c.take(name, c.end-c.off)
	}
	if c.note != nil && len(*p) > 0 {
		c.leaf(name, c.pos()-len(*p), len(*p), *p)
	}
}

// Opaque visits opaque name<min..2^(8*prefix)-1>: a length of prefix bytes, then
// that many bytes.
func (c *Codec) Opaque(prefix int, name string, p *[]byte, min int) {
	c.OpaqueMax(prefix, name, p, min, 1<<(8*prefix)-1)
}

// OpaqueMax is Opaque for a name<min..max> whose length field could say more.
func (c *Codec) OpaqueMax(prefix int, name string, p *[]byte, min, max int) {
	n, ok := c.length(prefix, name, len(*p), min, max)
	if !ok {
		return
	}
	if c.writing {
		c.buf = append(c.buf, *p...)
	} else if *p = c.take(name, n); c.err != nil {
		return
	}
	if c.note != nil && n > 0 {
		c.leaf(name, c.pos()-n, n, *p)
	}
}

// Text is Opaque for bytes that are read as text.
func (c *Codec) Text(prefix int, name string, p *string, min int) {
	n, ok := c.length(prefix, name, len(*p), min, 1<<(8*prefix)-1)
	if !ok {
		return
	}
	if c.writing {
		c.buf = append(c.buf, *p...)
	} else if b := c.take(name, n); c.err == nil {
		*p = string(b)
	} else {
		return
	}
	if c.note != nil && n > 0 {
		c.leaf(name, c.pos()-n, n, *p)
	}
}

// length visits the length of a vector whose size is known beforehand.
func (c *Codec) length(prefix int, name string, n, min, max int) (int, bool) {
	if c.err != nil {
		return 0, false
	}
	if c.writing && uint64(n)>>(8*prefix) != 0 {
		c.FailAt(c.pos(), reason.BadLength, name, reason.Say("at most %d bytes", 1<<(8*prefix)-1), n)
		return 0, false
	}
	v, ok := c.num(name, prefix, uint64(n))
	if !ok {
		return 0, false
	}
	if c.note != nil {
		c.field(c.place.at(name).at("length"), c.pos()-prefix, prefix, int(v))
	}
	if !c.writing && (int(v) < min || int(v) > max) {
		c.Fail(reason.BadLength, name, reason.Say("%d to %d bytes", min, max), int(v))
		return 0, false
	}
	return int(v), true
}
