package wire

import (
	"fmt"
	"strings"

	"tlslab/handshake/reason"
)

// Codec is one walk in progress. After the first fault every call is a no-op, so
// a Walk needs no error checks; it must only not loop on a count it read itself.
type Codec struct {
	buf     []byte // reading: the input; writing: what is written so far
	off     int    // reading: the next byte
	end     int    // reading: where the innermost open vector ends
	base    int    // writing: where the structure began in buf
	writing bool
	err     *reason.Error
	note    *[]Field
	path    [12]string // names of the open groups
	depth   int
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

// Fail stops the walk: the field just read (or to be written) is at fault.
func (c *Codec) Fail(r reason.Reason, name string, want, got any) {
	c.fail(r, name, c.pos(), want, got)
}

func (c *Codec) fail(r reason.Reason, name string, off int, want, got any) {
	if c.err == nil {
		c.err = &reason.Error{Reason: r, Field: c.dotted(name), Off: off, Want: want, Got: got}
	}
}

func (c *Codec) result() error {
	if c.err == nil {
		return nil // a nil *reason.Error in an error would not be nil
	}
	return c.err
}

func (c *Codec) dotted(name string) string {
	p := strings.Join(c.path[:min(c.depth, len(c.path))], ".")
	switch {
	case name == "":
		return p
	case p == "":
		return name
	}
	return p + "." + name
}

func (c *Codec) leaf(name string, off, n int, v any) {
	*c.note = append(*c.note, Field{Name: c.dotted(name), Off: off, Len: n, Depth: c.depth, Value: v})
}

// take returns the next n bytes of the input, or nil after failing.
func (c *Codec) take(name string, n int) []byte {
	if c.err != nil {
		return nil
	}
	if n > c.end-c.off {
		c.fail(reason.Truncated, name, c.off, fmt.Sprintf("%d bytes", n), fmt.Sprintf("%d left", c.end-c.off))
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
		for i := n - 1; i >= 0; i-- {
			c.buf = append(c.buf, byte(v>>(8*i)))
		}
		return v, true
	}
	b := c.take(name, n)
	if b == nil {
		return 0, false
	}
	v = 0
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v, true
}

// U8 visits a one-byte number of any type.
func U8[T ~uint8](c *Codec, name string, p *T) {
	if v, ok := c.num(name, 1, uint64(*p)); ok {
		*p = T(v)
		if c.note != nil {
			c.leaf(name, c.pos()-1, 1, *p)
		}
	}
}

// U16 visits a two-byte number of any type.
func U16[T ~uint16](c *Codec, name string, p *T) {
	if v, ok := c.num(name, 2, uint64(*p)); ok {
		*p = T(v)
		if c.note != nil {
			c.leaf(name, c.pos()-2, 2, *p)
		}
	}
}

// U32 visits a four-byte number of any type.
func U32[T ~uint32](c *Codec, name string, p *T) {
	if v, ok := c.num(name, 4, uint64(*p)); ok {
		*p = T(v)
		if c.note != nil {
			c.leaf(name, c.pos()-4, 4, *p)
		}
	}
}

// Const8 visits a one-byte number that can only be v; anything else is BadValue.
func Const8[T ~uint8](c *Codec, name string, v T) {
	got := v
	U8(c, name, &got)
	if c.err == nil && got != v {
		c.fail(reason.BadValue, name, c.pos()-1, v, got)
	}
}

// Const16 visits a two-byte number that can only be v; anything else is BadValue.
func Const16[T ~uint16](c *Codec, name string, v T) {
	got := v
	U16(c, name, &got)
	if c.err == nil && got != v {
		c.fail(reason.BadValue, name, c.pos()-2, v, got)
	}
}

// Array visits exactly len(p) bytes in place.
func (c *Codec) Array(name string, p []byte) {
	if c.err != nil {
		return
	}
	if c.writing {
		c.buf = append(c.buf, p...)
	} else if b := c.take(name, len(p)); b != nil {
		copy(p, b)
	} else {
		return
	}
	if c.note != nil {
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
	n, ok := c.length(prefix, name, len(*p), min)
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
	n, ok := c.length(prefix, name, len(*p), min)
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
func (c *Codec) length(prefix int, name string, n, min int) (int, bool) {
	if c.err != nil {
		return 0, false
	}
	if c.writing && uint64(n)>>(8*prefix) != 0 {
		c.fail(reason.BadLength, name, c.pos(), fmt.Sprintf("at most %d bytes", 1<<(8*prefix)-1), n)
		return 0, false
	}
	v, ok := c.num(name, prefix, uint64(n))
	if !ok {
		return 0, false
	}
	if c.note != nil {
		c.leaf(name+".length", c.pos()-prefix, prefix, int(v))
	}
	if !c.writing && int(v) < min {
		c.fail(reason.BadLength, name, c.pos()-prefix, fmt.Sprintf("at least %d bytes", min), int(v))
		return 0, false
	}
	return int(v), true
}

// Block is a group that Enter or Begin opened and End closes.
type Block struct {
	outer  int // reading: the end of the enclosing vector
	start  int // where the content begins
	prefix int
	note   int // index of the group's Field
	name   string
}

// Enter opens a group without a length of its own, such as an element of a list.
func (c *Codec) Enter(name string) Block {
	b := Block{outer: c.end, start: c.pos(), note: -1, name: name}
	c.open(&b, name)
	return b
}

func (c *Codec) open(b *Block, name string) {
	if c.err == nil && c.note != nil {
		b.note = len(*c.note)
		c.leaf(name, c.pos(), 0, Group{})
	}
	if c.depth < len(c.path) {
		c.path[c.depth] = name
	}
	c.depth++
}

// Begin opens a vector: a length of prefix bytes, then content of at least min
// bytes that the calls up to End visit.
func (c *Codec) Begin(prefix int, name string, min int) Block {
	b := Block{outer: c.end, prefix: prefix, note: -1, name: name}
	c.open(&b, name)
	if c.err != nil {
		return b
	}
	v, ok := c.num("length", prefix, 0)
	if !ok {
		return b
	}
	b.start = c.pos()
	if c.note != nil {
		c.leaf("length", b.start-prefix, prefix, int(v))
	}
	if c.writing {
		return b
	}
	switch n := int(v); {
	case n > c.end-c.off:
		c.fail(reason.Truncated, "length", b.start-prefix, fmt.Sprintf("%d bytes", n), fmt.Sprintf("%d left", c.end-c.off))
	case n < min:
		c.fail(reason.BadLength, "length", b.start-prefix, fmt.Sprintf("at least %d bytes", min), n)
	default:
		c.end = c.off + n
	}
	return b
}

// End closes what Begin or Enter opened. Content that a Walk left unread is TrailingBytes.
func (c *Codec) End(b Block) {
	if c.err != nil {
		return
	}
	n := c.pos() - b.start
	if b.prefix > 0 {
		if !c.writing && c.off != c.end {
			c.fail(reason.TrailingBytes, "", c.off, nil, fmt.Sprintf("%d bytes more", c.end-c.off))
			return
		}
		if c.writing {
			if uint64(n)>>(8*b.prefix) != 0 {
				c.fail(reason.BadLength, "length", b.start-b.prefix, fmt.Sprintf("at most %d bytes", 1<<(8*b.prefix)-1), n)
				return
			}
			at := c.base + b.start
			for i := 1; i <= b.prefix; i++ {
				c.buf[at-i] = byte(n >> (8 * (i - 1)))
			}
		}
	}
	c.depth--
	c.end = b.outer
	if b.note >= 0 {
		f := &(*c.note)[b.note]
		f.Len = c.pos() - f.Off
		if b.prefix > 0 && c.writing {
			(*c.note)[b.note+1].Value = n
		}
	}
}

// List visits a vector of elements: elem visits one. min is in bytes.
func List[T any](c *Codec, prefix int, name string, list *[]T, min int, elem func(*Codec, *T)) {
	b := c.Begin(prefix, name, min)
	if c.writing {
		for i := range *list {
			elem(c, &(*list)[i])
		}
	} else {
		*list = nil
		for c.Left() > 0 {
			before := c.off
			var zero T
			*list = append(*list, zero)
			elem(c, &(*list)[len(*list)-1])
			if c.err == nil && c.off == before {
				panic("wire: an element of " + name + " has no bytes")
			}
		}
	}
	c.End(b)
}

// List16 visits a vector of two-byte numbers, each a leaf called elem.
func List16[T ~uint16](c *Codec, prefix int, name, elem string, list *[]T, min int) {
	b := c.Begin(prefix, name, min)
	if c.writing {
		for i := range *list {
			U16(c, elem, &(*list)[i])
		}
	} else {
		*list = make([]T, 0, c.Left()/2)
		for c.Left() > 0 {
			var v T
			U16(c, elem, &v)
			*list = append(*list, v)
		}
	}
	c.End(b)
}

// List8 visits a vector of one-byte numbers, each a leaf called elem.
func List8[T ~uint8](c *Codec, prefix int, name, elem string, list *[]T, min int) {
	b := c.Begin(prefix, name, min)
	if c.writing {
		for i := range *list {
			U8(c, elem, &(*list)[i])
		}
	} else {
		*list = make([]T, 0, c.Left())
		for c.Left() > 0 {
			var v T
			U8(c, elem, &v)
			*list = append(*list, v)
		}
	}
	c.End(b)
}
