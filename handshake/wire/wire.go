// Package wire turns structures into bytes and back, and names every byte on
// the way. A structure has one method, Walk, that visits its fields in wire
// order; the same walk parses, marshals and annotates, so a dissector that falls
// behind the parser cannot exist.
//
// It knows nothing of TLS but its presentation language (RFC 5246 §4): big-endian
// numbers, and vectors with a length in front. Messages live in package message.
//
// Read wire.go for the two entry points, then what a Walk can say: codec.go for
// numbers and bytes, vector.go for groups and lengths, list.go for lists.
package wire

import (
	"fmt"
	"slices"
	"sync"

	"tlslab/handshake/reason"
)

// Struct is anything with a wire form.
type Struct interface {
	// Walk visits every field in order, reading or writing as c asks.
	Walk(c *Codec)
}

// Field names one range of bytes. Leaves cover every byte exactly once; groups
// (Value is Group{}) lie over their leaves.
type Field struct {
	Name  string // dotted path, "client_hello.cipher_suites.suite": narrate's key
	Off   int    // offset from the start of the structure, in bytes
	Len   int    // in bytes
	Depth int    // nesting, 0 outermost
	Value any    // an iana type, int, uint8…uint64, []byte, string; Group{} for a group; package der's walks have more types
	Ref   string // where the structure is specified that it is in, as Codec.Under has it
}

// Group is the Value of a Field that only holds other fields.
type Group struct{}

// Leaf reports whether f names bytes of its own.
func (f Field) Leaf() bool { return f.Value != Group{} }

// Parse reads s from b, all of it. Slices in s alias b. With a non-nil note it
// appends a Field per range of bytes. The error is a *reason.Error: Truncated,
// TrailingBytes, BadLength, BadValue or what a Walk reports by Fail; note then
// holds what was read before the fault, with open groups of length 0.
func Parse(b []byte, s Struct, note *[]Field) error {
	c := codecs.Get().(*Codec)
	defer c.free()
	*c = Codec{buf: b, end: len(b), note: note, place: &outside, group: -1}
	s.Walk(c)
	if c.err == nil && c.off != len(b) {
		c.FailAt(c.off, reason.TrailingBytes, "", nil, reason.Say("%d bytes more", len(b)-c.off))
	}
	return c.result()
}

// codecs are kept for the next walk: one passes through an interface, so it would
// be a quarter of a kilobyte on the heap for every message.
var codecs = sync.Pool{New: func() any { return new(Codec) }}

func (c *Codec) free() {
	c.buf, c.note, c.err = nil, nil, nil // what the pool must not keep alive
	codecs.Put(c)
}

// Append writes s after dst. It refuses a vector longer than its length prefix
// can say, or a U24 of more bits (BadLength), and nothing else: whoever wants to
// break an RFC's range may. It changes nothing in s but what Walk Marks. With an error it returns dst
// as it was.
func Append(dst []byte, s Struct, note *[]Field) ([]byte, error) {
	c := codecs.Get().(*Codec)
	defer c.free()
	*c = Codec{buf: dst, base: len(dst), writing: true, note: note, place: &outside, group: -1}
	s.Walk(c)
	if c.err != nil {
		return dst, c.err
	}
	return c.buf, nil
}

// Covered reports whether the leaves among fields name each of n bytes exactly
// once, in order, and whether every group spans its leaves and nothing else.
func Covered(fields []Field, n int) error {
	at := 0
	var open []Field
	closeTo := func(depth int) error {
		for len(open) > 0 && depth <= open[len(open)-1].Depth {
			g := open[len(open)-1]
			open = open[:len(open)-1]
			if g.Off+g.Len != at {
				return fmt.Errorf("%s ends at byte %d, but its leaves at %d", g.Name, g.Off+g.Len, at)
			}
		}
		return nil
	}
	for _, f := range fields {
		if err := closeTo(f.Depth); err != nil {
			return err
		}
		if f.Off != at {
			return fmt.Errorf("%s begins at byte %d, but the bytes up to %d are named", f.Name, f.Off, at)
		}
		if f.Leaf() {
			at += f.Len
		} else {
			open = append(open, f)
		}
	}
	if err := closeTo(0); err != nil {
		return err
	}
	if at != n {
		return fmt.Errorf("%d of %d bytes are named", at, n)
	}
	return nil
}

// Over returns a copy of the fields of a structure of which raw is a copy: their Values are
// parts of raw where they are bytes. So they may outlive the buffer that Parse read, and what
// Append was given.
func Over(raw []byte, fields []Field) []Field {
	out := slices.Clone(fields)
	for i := range out {
		if f := &out[i]; f.Len > 0 {
			if b, ok := f.Value.([]byte); ok && len(b) == f.Len {
				f.Value = raw[f.Off : f.Off+f.Len : f.Off+f.Len]
			}
		}
	}
	return out
}
