package der

import (
	"tlslab/handshake/wire"
)

const (
	// maxFields is how many fields a walk names, but for a few on the way out of what is open
	// then: what follows is one leaf for each container. The roots of a system have 100 to 230,
	// a certificate with every extension of RFC 5280 has 505, a thousand names are 2,000, and a CRL
	// has six an entry. A field takes some 150 bytes with its value, so that a walk keeps less
	// than 20 MB, where 16 MB of NULLs would be eight million fields and more than 1 GB.
	maxFields = 1 << 16
	// maxGroups is how deep groups nest. The modules need 16 (a name in a distribution point of a
	// certificate in an OCSP response); beyond it a container of unknown syntax is one leaf.
	maxGroups = 32
)

// WalkCertificate names every byte of b as a Certificate of RFC 5280 §4.1. The package comment
// says how. The leaves cover b whatever it is; the error, an *Error, is what Certificate finds.
// Values alias b where they are bytes.
func WalkCertificate(b []byte) ([]wire.Field, error) {
	return walk(b, "certificate", "RFC 5280 §4.1")
}

// WalkOCSPResponse does the same for an OCSPResponse of RFC 6960 §4.2.1.
func WalkOCSPResponse(b []byte) ([]wire.Field, error) {
	return walk(b, "ocsp_response", "RFC 6960 §4.2.1")
}

// WalkCRL does the same for a CertificateList of RFC 5280 §5.1.
func WalkCRL(b []byte) ([]wire.Field, error) { return walk(b, "certificate_list", "RFC 5280 §5.1") }

// WalkRequest does the same for a CertificationRequest of RFC 2986 §4.
func WalkRequest(b []byte) ([]wire.Field, error) {
	return walk(b, "certification_request", "RFC 2986 §4")
}

// documents are what a walk begins with, by the first component of its paths.
var documents = map[string]*syntax{
	"certificate": certificate, "ocsp_response": ocspResponse, "certificate_list": certificateList, "certification_request": certificationRequest,
}

func walk(b []byte, root, ref string) ([]wire.Field, error) {
	return walkAs(documents[root], b, root, ref)
}

func walkAs(s *syntax, b []byte, root, ref string) ([]wire.Field, error) {
	n := &namer{walker: walker{b}, fields: make([]wire.Field, 0, min(len(b)/3, 1024))}
	n.whole(s, place{path: &path{full: root}}, 0, len(b))
	if fault := check(b, s, ref); fault != nil {
		return n.fields, fault
	}
	return n.fields, nil
}

// namer is the walk that names. It follows the syntax as far as the bytes do and then goes on,
// where the walker that checks stops.
type namer struct {
	walker
	fields []wire.Field
}

// path is a dotted path. There is one for all entries of a list: a hostile document of many
// entries costs no string for each.
type path struct {
	full  string
	below map[string]*path
}

// place is where a field goes.
type place struct {
	*path
	depth int
	ref   string
}

// at is the place of a component; "" is p itself.
func (p place) at(name string) place {
	if name == "" {
		return p
	}
	next := p.below[name]
	if next == nil {
		if p.below == nil {
			p.below = map[string]*path{}
		}
		next = &path{full: p.full + "." + name}
		p.below[name] = next
	}
	p.path = next
	return p
}

// under is p, specified in ref if there is one.
func (p place) under(ref string) place {
	if ref != "" {
		p.ref = ref
	}
	return p
}

func (n *namer) full() bool { return len(n.fields) >= maxFields }

// leaf names b[off:end]; no bytes have no name.
func (n *namer) leaf(p place, off, end int, v any) {
	if off < end {
		n.fields = append(n.fields, wire.Field{Name: p.path.full, Off: off, Len: end - off, Depth: p.depth, Value: v, Ref: p.ref})
	}
}

// unread names what is left of a container from where it stops making sense.
func (n *namer) unread(p place, off, end int) { n.leaf(p.at(fieldUnread), off, end, n.b[off:end]) }

// header names identifier and length octets of the element that at marks.
func (n *namer) header(p place, at span, s *syntax) {
	n.leaf(p.at(FieldHeader), at.start, at.content, n.headerOf(at, s))
}

func (n *namer) headerOf(at span, s *syntax) Header {
	h := Header{ID: n.b[at.start], Len: at.end - at.content}
	if s.tag != 0 && s.tag != h.ID {
		h.Type = s.tag
	}
	return h
}

// open is a group over the element that at marks, and its header. What it returns is the place
// of what is inside.
func (n *namer) open(p place, at span, s *syntax) place {
	n.fields = append(n.fields, wire.Field{Name: p.path.full, Off: at.start, Len: at.end - at.start, Depth: p.depth, Value: wire.Group{}, Ref: p.ref})
	p.depth++
	n.header(p, at, s)
	return p
}

// whole names b[off:end] as one element and what is behind it.
func (n *namer) whole(s *syntax, p place, off, end int) {
	at, ok := n.element(s, p, off, end, 0)
	if !ok {
		at.end = off
	}
	n.unread(p, at.end, end)
}

// element names one element of syntax s that begins at off. tag, if not 0, stands in for the
// syntax's own. It names nothing and returns false if there is no such element.
func (n *namer) element(s *syntax, p place, off, end int, tag byte) (at span, ok bool) {
	at, bad := n.walker.header(off, end)
	if bad != nil || n.full() {
		return at, false
	}
	if tag == 0 {
		tag = s.tag
	}
	if tag != 0 && n.b[off] != tag {
		return at, false
	}
	p = p.under(s.ref)
	switch s.form {
	case primitive:
		n.primitive(s, p, at)
	case sequence:
		n.sequence(s, n.open(p, at, s), at)
	case listOf, setOf:
		in := n.open(p, at, s)
		for off = at.content; off < at.end; {
			part, ok := n.element(s.of, in.at(s.item), off, at.end, 0)
			if !ok {
				break
			}
			off = part.end
		}
		n.unread(in, off, at.end)
	case choice:
		for i := range s.components {
			c := &s.components[i]
			if !c.fits(n.b[off]) {
				continue
			}
			if !s.told {
				p = p.at(c.name)
			}
			return n.element(c.syntax, p, off, end, c.tag)
		}
		return at, false
	case explicit:
		n.leaf(p.at(FieldExplicit), at.start, at.content, n.headerOf(at, s))
		n.whole(s.of, p, at.content, at.end)
	case presented:
		n.layout(s, n.open(p, at, s), at.content, at.end)
	case anything:
		n.anything(s, p, at)
	case whole:
		n.leaf(p, at.start, at.end, n.b[at.start:at.end])
	}
	return at, true
}

func (n *namer) sequence(s *syntax, in place, at span) {
	var by []byte // the content of the identifier before
	off := at.content
	for i := range s.components {
		c := &s.components[i]
		if off == at.end || !c.fits(n.b[off]) {
			if off < at.end && (c.optional || c.def != nil) {
				continue
			}
			break
		}
		p := in.at(c.name).under(c.ref)
		part, ok := n.component(c, p, off, at.end, by)
		if !ok {
			break
		}
		if c.syntax.names() {
			by = n.b[part.content:part.end]
		}
		off = part.end
	}
	n.unread(in, off, at.end)
}

// component names a component. by, the content of the identifier before it, may say what it holds.
func (n *namer) component(c *component, p place, off, end int, by []byte) (span, bool) {
	k, known := c.held(by)
	s := k.syntax
	if !known {
		return n.element(c.syntax, p, off, end, c.tag)
	}
	if k.name == "" { // it stands in the place of the element
		if at, ok := n.element(s, p, off, end, 0); ok {
			return at, true
		}
		return n.element(c.syntax, p, off, end, c.tag)
	}
	at, bad := n.walker.header(off, end)
	if bad != nil || n.full() || n.b[off] != c.syntax.tag {
		return at, false
	}
	inner := at.content
	if c.syntax.tag == tagBitString {
		if inner == at.end || n.b[inner] != 0 {
			return n.element(c.syntax, p, off, end, c.tag) // elements have whole bytes
		}
		inner++
	}
	in := n.open(p, at, c.syntax)
	if c.syntax.tag == tagBitString {
		n.leaf(in.at(fieldUnusedBits), at.content, inner, 0)
	}
	if s.form == presented && s.tag == 0 { // no element in it, but the bytes themselves
		n.layout(s, in.at(k.name).under(s.ref), inner, at.end)
		return at, true
	}
	n.whole(s, in.at(k.name).under(s.ref), inner, at.end)
	return at, true
}

// primitive names header and content of an element that holds no others.
func (n *namer) primitive(s *syntax, p place, at span) {
	n.header(p, at, s)
	off, content := at.content, n.b[at.content:at.end]
	v := n.value(s, at)
	if s.tag == tagBitString && len(content) > 0 {
		n.leaf(p.at(fieldUnusedBits), off, off+1, int(content[0]))
		off++
	}
	n.leaf(p, off, at.end, v)
}

// value is what a primitive's content stands for; its bytes, if it breaks its tag's rules.
func (n *namer) value(s *syntax, at span) any {
	content := n.b[at.content:at.end]
	if n.content(s, at) != nil {
		return asFound(s.tag, content)
	}
	if s.shown != nil {
		if v := s.shown(content); v != nil {
			return v
		}
	}
	return asTagged(s.tag, content)
}

// layout names b[off:end] as a structure in the presentation language of TLS (RFC 5246 §4), all of
// it or nothing.
func (n *namer) layout(s *syntax, p place, off, end int) {
	var note []wire.Field
	structure := s.layout()
	if wire.Parse(n.b[off:end], structure, &note) != nil || len(n.fields)+len(note) > maxFields {
		n.unread(p, off, end)
		return
	}
	if t, ok := structure.(teller); ok {
		t.tell(note)
	}
	for _, f := range note {
		f.Name, f.Off, f.Depth = p.path.full+"."+f.Name, f.Off+off, f.Depth+p.depth
		if f.Ref == "" {
			f.Ref = p.ref
		}
		n.fields = append(n.fields, f)
	}
}

// teller is a structure that knows more of its values than their bytes.
type teller interface{ tell(note []wire.Field) }

// anything names an element whose syntax nobody here knows: by its tags, in which the universal
// types tell what they are.
func (n *namer) anything(s *syntax, p place, at span) {
	id := n.b[at.start]
	if id&constructed == 0 {
		n.primitive(&syntax{tag: id}, p, at)
		return
	}
	if p.depth >= maxGroups {
		n.header(p, at, s)
		n.leaf(p, at.content, at.end, n.b[at.content:at.end])
		return
	}
	in := n.open(p, at, s)
	off := at.content
	for off < at.end {
		part, ok := n.element(unknown, in.at(tagWord(n.b[off])), off, at.end, 0)
		if !ok {
			break
		}
		off = part.end
	}
	n.unread(in, off, at.end)
}
