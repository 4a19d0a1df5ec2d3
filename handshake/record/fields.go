package record

import (
	"bytes"
	"encoding/binary"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
)

// Fields names every byte of a record as it is on the wire, header included, under paths that
// are the same in all versions:
//
//	record                type, version, length, fragment
//	record.fragment       nonce_explicit, explicit_iv, content, type, zeros, ciphertext, tag, mac
//
// The fragment is one leaf where the record is in clear, and where it was not opened. Where
// steps, which a Reader or Writer noted, tell how it is protected, it is a group of the parts
// that travel; which of them there are depends on the protection. tls13 says by whose rules the
// record was made. Where b is not one whole record, Fields returns nil.
func Fields(b []byte, steps []suite.Step, tls13 bool) []wire.Field {
	if len(b) < HeaderLen {
		return nil
	}
	w := onWire{ref: "RFC 5246 §6.2.1"}
	if tls13 {
		w.ref = "RFC 9846 §5.1"
	}
	w.parts, w.sealed = parts(b[HeaderLen:], steps)
	var fields []wire.Field
	if wire.Parse(b, &w, &fields) != nil {
		return nil
	}
	return fields
}

// Opened returns what was found in a protected record when its protection was taken off, and
// names every byte of it:
//
//	opened                content, type, zeros                  TLS 1.3: TLSInnerPlaintext
//	                      content, mac, padding, padding_length  TLS 1.2
//
// Of TLS 1.2's, which parts there are depends on the protection; content that was compressed
// still is. Both are nil for a record in clear and for one that was not opened.
func Opened(steps []suite.Step) (b []byte, fields []wire.Field) {
	in := inside(steps)
	if in == nil {
		return nil, nil
	}
	for _, p := range in.parts {
		b = append(b, p.bytes...)
	}
	if wire.Parse(b, in, &fields) != nil {
		return nil, nil
	}
	return b, fields
}

// FieldPaths lists every path that Fields and Opened give.
func FieldPaths() []string {
	return []string{"record", "record.type", "record.version", "record.length", "record.fragment",
		"record.fragment.nonce_explicit", "record.fragment.explicit_iv", "record.fragment.ciphertext", "record.fragment.tag", "record.fragment.mac",
		"record.fragment.content", "record.fragment.type", "record.fragment.zeros",
		"opened", "opened.content", "opened.type", "opened.zeros", "opened.mac", "opened.padding", "opened.padding_length"}
}

// part is a range of bytes with its name, the last component of its path.
type part struct {
	name  string
	bytes []byte
}

// onWire is a record, for the walk.
type onWire struct {
	ref      string
	typ      iana.ContentType
	version  iana.Version
	fragment []byte
	parts    []part // of the fragment; none where it is one leaf
	sealed   string // where the parts are specified
}

// Walk visits the header and the fragment.
func (w *onWire) Walk(c *wire.Codec) {
	record := c.Enter("record")
	c.Under(w.ref)
	wire.U8(c, "type", &w.typ)
	wire.U16(c, "version", &w.version)
	length := c.Length(2, "length", 0)
	if w.parts == nil {
		c.Rest("fragment", &w.fragment)
	} else {
		fragment := c.Enter("fragment")
		c.Under(w.sealed)
		visit(c, w.parts)
		c.End(fragment)
	}
	c.End(length)
	c.End(record)
}

// content is what is inside of a protected record, for the walk.
type content struct {
	ref   string
	parts []part
}

// Walk visits the parts.
func (w *content) Walk(c *wire.Codec) {
	opened := c.Enter("opened")
	c.Under(w.ref)
	visit(c, w.parts)
	c.End(opened)
}

func visit(c *wire.Codec, parts []part) {
	for _, p := range parts {
		if p.name == "type" {
			typ := iana.ContentType(p.bytes[0])
			wire.U8(c, p.name, &typ)
		} else {
			c.Array(p.name, bytes.Clone(p.bytes)) // which reads into it
		}
	}
}

// parts divides the fragment of a protected record by the steps of its protection, and says
// where such a fragment is specified. What the steps say is held against the bytes: where the
// two differ there are no parts.
func parts(fragment []byte, steps []suite.Step) (found []part, ref string) {
	travels, ref := travelling(steps)
	at := 0
	for _, p := range travels {
		if len(p.bytes) == 0 {
			continue
		}
		if !bytes.HasPrefix(fragment[at:], p.bytes) {
			return nil, ""
		}
		found, at = append(found, p), at+len(p.bytes)
	}
	if at < len(fragment) {
		return nil, ""
	}
	return found, ref
}

// travelling is what a protection puts on the wire, in this order.
func travelling(steps []suite.Step) ([]part, string) {
	ciphertext := part{"ciphertext", step(steps, suite.StepCiphertext)}
	tag := part{"tag", step(steps, suite.StepTag)}
	mac := part{"mac", step(steps, suite.StepMAC)}
	switch {
	case has(steps, suite.StepMAC13):
		in := inside(steps)
		if in == nil {
			return nil, ""
		}
		return append(in.parts, part{"mac", step(steps, suite.StepMAC13)}), "RFC 9150 §5"
	case has(steps, suite.StepTag) && has(steps, suite.StepContentType):
		return []part{ciphertext, tag}, "RFC 9846 §5.2"
	case has(steps, suite.StepTag):
		return []part{{"nonce_explicit", step(steps, suite.StepExplicitNonce)}, ciphertext, tag}, "RFC 5246 §6.2.3.3"
	case has(steps, suite.StepCiphertext) && macOutside(steps):
		return []part{{"explicit_iv", step(steps, suite.StepExplicitIV)}, ciphertext, mac}, "RFC 7366 §3"
	case has(steps, suite.StepCiphertext):
		return []part{{"explicit_iv", step(steps, suite.StepExplicitIV)}, ciphertext}, "RFC 5246 §6.2.3.2"
	case has(steps, suite.StepMAC):
		return []part{{"content", fragmentOf(steps)}, mac}, "RFC 5246 §6.2.3.1"
	}
	return nil, ""
}

// inside is what was found in a protected record; nil if it was not opened. What is not
// encrypted in TLS 1.2, under a suite with NULL, is not inside of anything.
func inside(steps []suite.Step) *content {
	if !has(steps, suite.StepPlaintext) {
		return nil
	}
	switch padding := step(steps, suite.StepPadding); {
	case has(steps, suite.StepContentType):
		return &content{"RFC 9846 §5.2", []part{{"content", step(steps, suite.StepPlaintext)}, {"type", step(steps, suite.StepContentType)},
			{"zeros", step(steps, suite.StepZeros)}}}
	case len(padding) > 0:
		in := &content{"RFC 5246 §6.2.3.2", []part{{"content", fragmentOf(steps)}}}
		if macOutside(steps) {
			in.ref = "RFC 7366 §3"
		} else {
			in.parts = append(in.parts, part{"mac", step(steps, suite.StepMAC)})
		}
		last := len(padding) - 1
		in.parts = append(in.parts, part{"padding", padding[:last]}, part{"padding_length", padding[last:]})
		return in
	case has(steps, suite.StepTag):
		return &content{"RFC 5246 §6.2.3.3", []part{{"content", fragmentOf(steps)}}}
	}
	return nil
}

// macOutside reports whether the MAC of CBC is behind the ciphertext (RFC 7366) and not in it:
// its header then counts the bytes that are sent, IV and ciphertext.
func macOutside(steps []suite.Step) bool {
	head := step(steps, suite.StepMACHeader)
	sent := len(step(steps, suite.StepExplicitIV)) + len(step(steps, suite.StepCiphertext))
	return len(head) > 1 && int(binary.BigEndian.Uint16(head[len(head)-2:])) == sent
}

// fragmentOf is what TLS 1.2 protects: the plaintext, or its compressed form.
func fragmentOf(steps []suite.Step) []byte {
	if has(steps, suite.StepCompressed) {
		return step(steps, suite.StepCompressed)
	}
	return step(steps, suite.StepPlaintext)
}

// step returns the bytes of the step of that name; nil if there is none.
func step(steps []suite.Step, name string) []byte {
	if i := find(steps, name); i >= 0 {
		return steps[i].Bytes
	}
	return nil
}

func has(steps []suite.Step, name string) bool { return find(steps, name) >= 0 }

func find(steps []suite.Step, name string) int {
	return slices.IndexFunc(steps, func(s suite.Step) bool { return s.Name == name })
}
