package page

import (
	"bytes"
	"encoding/hex"
	"net/url"
	"strconv"

	"tlslab/handshake/foreign"
)

// markup writes HTML, and there is no way to make it write what is no HTML of ours. The names
// of elements, of attributes and of classes are numbers, so no text can become one; text and
// values go in escaped; what an address or a reference may hold, its constructor says. The only
// bytes that go in as they are come from the files embedded here (see asset).
//
// There are no attributes for handlers and none for styles: the page's policy forbids both.
type markup struct {
	out  bytes.Buffer
	open []element
}

// pair is an attribute with its value, in its final form.
type pair struct {
	name  attribute
	value string
}

// start opens an element. An empty one, such as meta, is closed with it.
func (m *markup) start(e element, attributes ...pair) {
	m.out.WriteByte('<')
	m.out.WriteString(elements[e])
	for _, a := range attributes {
		if a.name == noAttribute {
			continue
		}
		m.out.WriteByte(' ')
		m.out.WriteString(attributeNames[a.name])
		if a.value != "" {
			m.out.WriteString(`="`)
			escape(&m.out, a.value)
			m.out.WriteByte('"')
		}
	}
	m.out.WriteByte('>')
	if e < firstWithContent {
		return
	}
	m.open = append(m.open, e)
}

// end closes the element that was opened last.
func (m *markup) end() {
	e := m.open[len(m.open)-1]
	m.open = m.open[:len(m.open)-1]
	m.out.WriteString("</")
	m.out.WriteString(elements[e])
	m.out.WriteByte('>')
}

// in writes an element with what inside writes within it.
func (m *markup) in(e element, attributes []pair, inside func()) {
	m.start(e, attributes...)
	inside()
	m.end()
}

// with writes an element with text in it.
func (m *markup) with(e element, s string, attributes ...pair) {
	m.start(e, attributes...)
	m.text(s)
	m.end()
}

// text writes text of one line. Whatever cannot be seen in it, or would turn the direction of
// the line, is written as the escape of a Go string (package foreign).
func (m *markup) text(s string) { escape(&m.out, s) }

// hex writes bytes as pairs of digits with a space between them.
func (m *markup) hex(b []byte) {
	var pair [2]byte
	for i, x := range b {
		if i > 0 {
			m.out.WriteByte(' ')
		}
		hex.Encode(pair[:], []byte{x})
		m.out.Write(pair[:])
	}
}

// space is a blank between two elements.
func (m *markup) space() { m.out.WriteByte(' ') }

// newline ends a line of the source, for whoever reads that. No text depends on it.
func (m *markup) newline() { m.out.WriteByte('\n') }

// asset is a file that is embedded here: the only text that is written as it stands.
type asset struct{ text string }

// embed writes an asset as the content of a style or script element.
func (m *markup) embed(e element, a asset) {
	m.start(e)
	m.out.WriteString(a.text)
	m.end()
}

// escape writes s so that it is text and nothing else, in an element or in a quoted value.
func escape(out *bytes.Buffer, s string) {
	s = foreign.Line(s)
	from := 0
	for i := 0; i < len(s); i++ {
		entity := ""
		switch s[i] {
		case '&':
			entity = "&amp;"
		case '<':
			entity = "&lt;"
		case '>':
			entity = "&gt;"
		case '"':
			entity = "&#34;"
		case '\'':
			entity = "&#39;"
		default:
			continue
		}
		out.WriteString(s[from:i])
		out.WriteString(entity)
		from = i + 1
	}
	out.WriteString(s[from:])
}

// class is the class attribute, of names of ours.
func class(names ...className) pair {
	s := ""
	for _, n := range names {
		if n == noClass {
			continue
		}
		if s != "" {
			s += " "
		}
		s += classNames[n]
	}
	if s == "" {
		return pair{}
	}
	return pair{attrClass, s}
}

// id gives an element its address.
func id(a address) pair {
	if a == "" {
		return pair{}
	}
	return pair{attrID, string(a)}
}

// to makes a link to an address of this page.
func to(a address) pair { return pair{attrHref, "#" + string(a)} }

// Query is an address of the lab, relative to the page's own: names and what they are set to.
type Query []Setting

// Setting is a name and its value, each any text.
type Setting struct{ Name, Value string }

// String is the query as an address has it (RFC 3986 §3.4): "?tls=1.3&mitm=on".
func (q Query) String() string {
	s := "?"
	for i, set := range q {
		if i > 0 {
			s += "&"
		}
		s += url.QueryEscape(set.Name) + "=" + url.QueryEscape(set.Value)
	}
	return s
}

// ask makes a link to an address of the lab.
func ask(q Query) pair { return pair{attrHref, q.String()} }

// value is an attribute that may hold any text. It is no place for an address or a link: those
// have constructors of their own.
func value(a attribute, s string) pair {
	switch a {
	case attrID, attrHref, attrClass:
		panic("page: this attribute has a constructor of its own")
	}
	return pair{a, s}
}

// number is an attribute that holds a number.
func number(a attribute, n int) pair { return pair{a, strconv.Itoa(n)} }

// is is an attribute that is there, without a value.
func is(a attribute) pair { return pair{name: a} }

// when is a if it is to be there.
func when(yes bool, a pair) pair {
	if yes {
		return a
	}
	return pair{}
}

// noIcon is the link to an icon that is none: a browser asks for no other.
func noIcon() pair { return pair{attrHref, "data:,"} }

// rfc is a link to a section of an RFC, or to one of an appendix, which has a letter.
func rfc(n int, section string) pair {
	kind := "section-"
	if section[0] >= 'A' {
		kind = "appendix-"
	}
	return pair{attrHref, "https://www.rfc-editor.org/rfc/rfc" + strconv.Itoa(n) + "#" + kind + section}
}
