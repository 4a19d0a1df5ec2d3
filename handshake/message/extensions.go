package message

import (
	"cmp"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// Extension is one extension of a message. Its Walk visits only extension_data; the
// type and the length in front of it are walked by Extensions.
type Extension interface {
	wire.Struct
	Type() iana.ExtensionType
}

// Raw is an extension without a type of its own here: unknown, GREASE, or out of
// place in the message that holds it. It is kept as it came.
type Raw struct {
	ExtType iana.ExtensionType
	Data    []byte
}

// Type returns x.ExtType.
func (x *Raw) Type() iana.ExtensionType { return x.ExtType }

// Walk visits extension_data.
func (x *Raw) Walk(c *wire.Codec) { c.Rest("extension_data", &x.Data) }

// Extensions is a block of extensions, in the order of the wire (RFC 5246
// §7.4.1.4, RFC 9846 §4.3). At the end of a hello it may be absent, as in TLS 1.0;
// that is not an empty one. Elsewhere it is always there: it is read as Present,
// and written whatever Present says. So is a List that is not empty.
type Extensions struct {
	Present bool
	List    []Extension

	passOver []iana.ExtensionType // to be read as Raw
	quic     bool                 // Context's
}

// Add appends to the block, which is then present.
func (e *Extensions) Add(x ...Extension) {
	e.Present = true
	e.List = append(e.List, x...)
}

// Find returns the extension of type t, or nil.
func (e *Extensions) Find(t iana.ExtensionType) Extension {
	for _, x := range e.List {
		if x.Type() == t {
			return x
		}
	}
	return nil
}

// Get returns the extension whose Go type is T, as in Get[*ServerName](&hello.Extensions).
func Get[T Extension](e *Extensions) (T, bool) {
	for _, x := range e.List {
		if t, ok := x.(T); ok {
			return t, true
		}
	}
	var none T
	return none, false
}

// walk visits the block at the end of a hello of kind in, if there is one.
func (e *Extensions) walk(c *wire.Codec, in Kind) {
	if c.Writing() {
		if !e.Present && len(e.List) == 0 {
			return
		}
	} else if c.Left() == 0 {
		*e = Extensions{}
		return
	}
	e.walkRequired(c, in)
}

// walkRequired visits a block that cannot be absent, in a message of kind in. Which
// Go type an extension has depends on both: a ServerHello's key_share is no
// ClientHello's.
func (e *Extensions) walkRequired(c *wire.Codec, in Kind) {
	b := c.Begin(2, "extensions", 0)
	c.Under("RFC 9846 §4.3")
	if c.Writing() {
		for _, x := range e.List {
			walkExtension(c, x)
		}
	} else {
		*e = Extensions{Present: true, passOver: e.passOver, quic: e.quic}
		e.read(c, in)
	}
	c.End(b)
}

// read visits extensions up to the end of the block, and refuses two of one type.
func (e *Extensions) read(c *wire.Codec, in Kind) {
	seen := make([]place, 0, 40) // a browser sends about 20
	if n := count(c.Peek(0, c.Left())); n > 0 {
		e.List = make([]Extension, 0, n)
	}
	for c.Left() > 0 {
		var p place
		c.Mark(&p.off)
		if ahead := c.Peek(0, 2); ahead != nil {
			p.t = iana.ExtensionType(ahead[0])<<8 | iana.ExtensionType(ahead[1])
		}
		var x Extension
		if slices.Contains(e.passOver, p.t) || !e.quic && p.t == iana.ExtQUICTransportParameters {
			x = &Raw{ExtType: p.t}
		} else {
			x = newExtension(in, p.t)
		}
		walkExtension(c, x)
		e.List = append(e.List, x)
		seen = append(seen, p)
	}
	// Sorted once, not searched each time: a block has room for 16,000 extensions.
	slices.SortFunc(seen, func(a, b place) int { return cmp.Or(cmp.Compare(a.t, b.t), a.off-b.off) })
	for i := 1; i < len(seen); i++ {
		if seen[i].t == seen[i-1].t {
			c.FailAt(seen[i].off, reason.DuplicateExtension, "", nil, seen[i].t)
		}
	}
}

// count is how many extensions b has, if all of it is as it should be.
func count(b []byte) (n int) {
	for ; len(b) >= 4; n++ {
		b = b[min(len(b), 4+int(b[2])<<8+int(b[3])):]
	}
	return n
}

// place is where an extension of type t begins.
type place struct {
	t   iana.ExtensionType
	off int
}

// walkExtension visits type, length and data of x. All Raw ones are called
// "other", whatever their number: a name is a key to an explanation.
func walkExtension(c *wire.Codec, x Extension) {
	t := x.Type()
	name := "other"
	if _, raw := x.(*Raw); !raw {
		name = t.String()
	}
	group := c.Enter(name)
	wire.U16(c, "extension_type", &t)
	data := c.Length(2, "length", 0)
	c.Under(extensionRule(t))
	x.Walk(c)
	c.End(data)
	c.End(group)
}
