package der

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// Error is the first fault of an encoding.
type Error struct {
	Off   int    // of the byte at fault, from the start of the document
	Field string // dotted path in the RFC's names, "tbs_certificate.validity.not_after"
	Ref   string // the section of the rule
	Want  reason.Phrase
	Got   reason.Phrase
}

func (e *Error) Error() string {
	return strings.TrimPrefix(fmt.Sprintf("%s at byte %d: expected %s, got %s (%s)", e.Field, e.Off, e.Want, e.Got, e.Ref), " ")
}

// in puts a name before the path, while the walk returns through the structures around.
func (e *Error) in(name string) *Error {
	if e.Field != "" && e.Field[0] != '[' {
		name += "."
	}
	e.Field = name + e.Field
	return e
}

// Certificate checks a Certificate of RFC 5280 §4.1. It returns nil if b is such a
// Certificate in DER. Of the extensions it knows those of RFC 5280 §4.2, RFC 6960 and RFC
// 7633; the values of others may be anything.
func Certificate(b []byte) *Error { return check(b, certificate, "RFC 5280 §4.1") }

// OCSPResponse checks an OCSPResponse of RFC 6960 §4.2.1.
func OCSPResponse(b []byte) *Error { return check(b, ocspResponse, "RFC 6960 §4.2.1") }

// check walks b. A fault against no other rule is one against the module, which ref names.
func check(b []byte, s *syntax, ref string) *Error {
	w := walker{b}
	at, err := w.element(s, 0, len(b), 0, 0)
	if err == nil && at.end < len(b) {
		err = w.left(at.end, len(b))
	}
	if err != nil && err.Ref == moduleRule {
		err.Ref = ref
	}
	return err
}

// form is how a syntax is made up.
type form uint8

const (
	primitive form = iota // its content is judged by the tag's rules (content.go)
	sequence              // components in order
	listOf                // any number of one syntax, at least min
	setOf                 // like listOf, in ascending order of their encodings
	choice                // one of its components, told apart by tag
	explicit              // a tag around another syntax
	wrapping              // an OCTET STRING that holds the encoding of another syntax
	anything              // whatever comes, as long as it is DER
	whole                 // a document of its own, which is not walked here
	presented             // an OCTET STRING that holds a structure of TLS, or such a structure without a tag: the check leaves it alone
)

// syntax is a type of an ASN.1 module.
type syntax struct {
	form       form
	tag        byte // the identifier octet; 0 for choice and anything, which have no tag of their own
	components []component
	of         *syntax
	min        int
	rule       func(content []byte) (kept bool) // what the module adds to the tag's rules

	// What only the walk that names bytes asks for (walk.go).
	item   string             // what an entry of a list is called; "" if the entry says so itself
	told   bool               // of a choice: the tag says it all, so the alternatives' names are left out
	ref    string             // where it is specified, if not where what holds it is
	shown  func([]byte) any   // the value that a primitive's content is; nil: as its tag has it
	parts  []string           // the keys of its fields
	layout func() wire.Struct // of an OCTET STRING that holds a structure of TLS
}

// definition is what ASN.1 writes as ANY DEFINED BY: the object identifier, or the
// AlgorithmIdentifier, that stands before a component names the syntax of what it holds.
// (Functions in its place would take the spans of every SEQUENCE to the heap.)
type definition uint8

const (
	keyByAlgorithm definition = iota + 1
	valueByExtension
	qualifierByID
	responseByType

	// The check leaves these alone: who uses the value judges it.
	parametersByAlgorithm
	signatureByAlgorithm
	valuesByAttribute
)

// component is a named part of a SEQUENCE or CHOICE.
type component struct {
	name      string
	syntax    *syntax
	tag       byte // an IMPLICIT tag's identifier octet; 0: the syntax's own
	optional  bool
	def       []byte     // encoding of the DEFAULT, which DER does not write; implies optional
	definedBy definition // 0: the syntax is all there is to say
	ref       string     // where this component is specified, if not where the SEQUENCE is
}

// names reports whether a component of this syntax says what a later one holds.
func (s *syntax) names() bool { return s == oid || s == algorithmIdentifier }

// span is a part of the document; content is where the value begins.
type span struct{ start, content, end int }

const (
	constructed = 0x20
	context     = 0x80 // class of the tags in brackets

	// maxDepth bounds what a document can nest. The modules need some 20 levels;
	// anything can nest in anything.
	maxDepth = 64
)

type walker struct{ b []byte }

// moduleRule stands for the section of the module, which check knows.
const moduleRule = ""

// fault is against the rule that ref names.
func fault(off int, ref string, want, got reason.Phrase) *Error {
	return &Error{Off: off, Ref: ref, Want: want, Got: got}
}

func (w *walker) left(off, end int) *Error {
	return fault(off, moduleRule, reason.Say("nothing after the last field"), more(end-off))
}

func more(n int) reason.Phrase {
	if n == 1 {
		return reason.Say("1 more byte")
	}
	return reason.Say("%d more bytes", n)
}

func bytesOf(n int) reason.Phrase {
	if n == 1 {
		return reason.Say("1 byte")
	}
	return reason.Say("%d bytes", n)
}

// element walks one element of syntax s in b[off:end]. tag, if not 0, stands in for
// the syntax's own. It returns where the element is.
func (w *walker) element(s *syntax, off, end int, tag byte, depth int) (span, *Error) {
	at, err := w.header(off, end)
	if err != nil {
		return at, err
	}
	if tag == 0 {
		tag = s.tag
	}
	if tag != 0 && w.b[off] != tag {
		return at, fault(off, moduleRule, tagName(tag), tagName(w.b[off]))
	}
	if depth > maxDepth {
		return at, fault(off, moduleRule, reason.Say("at most %d levels", maxDepth), reason.Say("deeper nesting"))
	}
	switch s.form {
	case primitive:
		err = w.content(s, at)
	case sequence:
		err = w.sequence(s, at, depth)
	case listOf, setOf:
		err = w.list(s, at, depth)
	case choice:
		err = w.choice(s, at, depth)
	case explicit, wrapping:
		var inner span
		if inner, err = w.element(s.of, at.content, at.end, 0, depth+1); err == nil && inner.end < at.end {
			err = w.left(inner.end, at.end)
		}
	case anything:
		err = w.anything(at, depth)
	}
	return at, err
}

// header reads identifier and length octets (X.690 §8.1, §10.1).
func (w *walker) header(off, end int) (span, *Error) {
	b, p := w.b[:end], off+1
	if off >= end {
		return span{}, fault(off, moduleRule, reason.Say("one more field"), reason.Say("the end of what holds it"))
	}
	if b[off]&0x1f == 0x1f {
		from := p
		for p < end && b[p] >= 0x80 {
			p++
		}
		if p++; p <= end && (b[from] == 0x80 || p == from+1 && b[from] < 0x1f) {
			return span{}, fault(from, "X.690 §8.1.2", reason.Say("a tag in as few bytes as hold it"), reason.Say("a longer form"))
		}
	}
	if p >= end {
		return span{}, fault(off, moduleRule, reason.Say("identifier and length octets"), bytesOf(end-off))
	}
	length, first := 0, p
	switch p++; {
	case b[first] < 0x80:
		length = int(b[first])
	case b[first] == 0x80:
		return span{}, fault(first, "X.690 §10.1", reason.Say("a definite length"), reason.Say("the indefinite form"))
	default:
		n := int(b[first] & 0x7f)
		if n > 4 || p+n > end {
			return span{}, fault(first, moduleRule, reason.Say("a length that fits %v", bytesOf(end-off)), reason.Say("one in %v", bytesOf(n)))
		}
		for _, c := range b[p : p+n] {
			length = length<<8 | int(c)
		}
		if p += n; length < 0x80 || b[first+1] == 0 {
			return span{}, fault(first, "X.690 §10.1", reason.Say("a length in as few bytes as hold it"), reason.Say("%d in %v", length, bytesOf(n+1)))
		}
	}
	if length > end-p {
		return span{}, fault(first, moduleRule, reason.Say("a length of at most %d", end-p), reason.Say("%d", length))
	}
	return span{off, p, p + length}, nil
}

func (w *walker) sequence(s *syntax, at span, depth int) *Error {
	var by, held span
	off, definedBy := at.content, definition(0)
	for i := range s.components {
		c := &s.components[i]
		if off == at.end || !c.fits(w.b[off]) {
			if c.optional || c.def != nil {
				continue
			}
			if off == at.end {
				return fault(off, moduleRule, reason.Say("one more field"), reason.Say("the end of what holds it")).in(c.name)
			}
		}
		part, err := w.element(c.syntax, off, at.end, c.tag, depth+1)
		if err != nil {
			return err.in(c.name)
		}
		if c.def != nil && bytes.Equal(w.b[off:part.end], c.def) {
			return fault(off, "X.690 §11.5", reason.Say("the default left out"), reason.Say("the default written")).in(c.name)
		}
		if c.syntax.names() {
			by = part
		}
		if c.definedBy != 0 {
			held, definedBy = part, c.definedBy
		}
		off = part.end
	}
	if off < at.end {
		return w.left(off, at.end)
	}
	return w.defined(definedBy, w.b[by.content:by.end], held)
}

// defined walks the element that at marks. by names its syntax: it is the content of an
// object identifier or of an AlgorithmIdentifier. If the name is not known here, the
// element may be anything.
func (w *walker) defined(d definition, by []byte, at span) *Error {
	switch d {
	case keyByAlgorithm:
		return w.key(by, at)
	case valueByExtension:
		if e, ok := extensionsByID[string(by)]; ok {
			return w.inside(e.syntax, at.content, at.end, e.name)
		}
	case qualifierByID:
		if k, ok := qualifiers[string(by)]; ok {
			return w.inside(k.syntax, at.start, at.end, "qualifier")
		}
	case responseByType:
		if k, ok := responses[string(by)]; ok {
			return w.inside(k.syntax, at.content, at.end, k.name)
		}
	}
	return nil
}

// inside walks the encoding that a string holds.
func (w *walker) inside(s *syntax, off, end int, name string) *Error {
	at, err := w.element(s, off, end, 0, 0)
	if err == nil && at.end < end {
		err = w.left(at.end, end)
	}
	if err != nil {
		return err.in(name)
	}
	return nil
}

// fits reports whether an element with this identifier octet can be the component.
func (c *component) fits(id byte) bool {
	switch {
	case c.tag != 0:
		return id == c.tag
	case c.syntax.tag != 0:
		return id == c.syntax.tag
	case c.syntax.form == choice:
		for i := range c.syntax.components {
			if c.syntax.components[i].fits(id) {
				return true
			}
		}
		return false
	}
	return true
}

func (w *walker) list(s *syntax, at span, depth int) *Error {
	n, before := 0, span{}
	for off := at.content; off < at.end; n++ {
		part, err := w.element(s.of, off, at.end, 0, depth+1)
		if err != nil {
			return err.in("[" + strconv.Itoa(n) + "]")
		}
		if s.form == setOf && n > 0 && bytes.Compare(w.b[before.start:before.end], w.b[off:part.end]) > 0 {
			return fault(off, "X.690 §11.6", reason.Say("a set in ascending order of its encodings"), reason.Say("a smaller one after a greater"))
		}
		before, off = part, part.end
	}
	if n < s.min {
		return fault(at.start, "RFC 5280 §B", reason.Say("at least one entry, SIZE (1..MAX)"), reason.Say("none"))
	}
	return nil
}

func (w *walker) choice(s *syntax, at span, depth int) *Error {
	for i := range s.components {
		c := &s.components[i]
		if !c.fits(w.b[at.start]) {
			continue
		}
		if _, err := w.element(c.syntax, at.start, at.end, c.tag, depth); err != nil {
			return err.in(c.name)
		}
		return nil
	}
	names := make(reason.OneOf, len(s.components))
	for i := range s.components {
		names[i] = s.components[i].name
	}
	return fault(at.start, moduleRule, reason.Say("%v", names), tagName(w.b[at.start]))
}

// anything walks an element whose syntax nobody here knows: the tags of the
// universal class have rules all the same, and what is constructed holds elements.
func (w *walker) anything(at span, depth int) *Error {
	id := w.b[at.start]
	if id&0xc0 == 0 && id&0x1f != 0x1f {
		if want := universalForm(id); want != id {
			return fault(at.start, moduleRule, tagName(want), tagName(id))
		}
		if id&constructed == 0 {
			return w.content(&syntax{tag: id}, at)
		}
	}
	if id&constructed == 0 {
		return nil
	}
	for off := at.content; off < at.end; {
		part, err := w.element(unknown, off, at.end, 0, depth+1)
		if err != nil {
			return err
		}
		off = part.end
	}
	return nil
}
