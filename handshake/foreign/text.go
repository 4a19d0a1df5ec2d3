// Package foreign holds what somebody else wrote until it is shown. A name in a
// certificate, a protocol in ALPN, a path in a request, the text of an error that quotes
// one of these: any of them may hold bytes that clear a screen, turn the direction of a
// line, forge a line of our own, or cannot be seen at all.
//
// There is one way out of here for each medium:
//
//   - Text is a peer's text. Its only way to a string quotes it.
//   - Line is for a sentence of ours that a peer's text has got into.
//   - Writer is the second net, under everything that a person reads in a terminal.
//   - JSON is the same for a document that encoding/json has written.
//
// The Mermaid diagram has syntax of its own, and its escaping is in render; the web pages
// leave it to html/template. Application data that the user asked for is not quoted: it is
// theirs, and goes to standard output as it came.
//
// Read text.go first. The package knows the standard library only.
package foreign

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is what somebody else wrote. It has no way to a string that does not quote.
type Text struct{ raw string }

// Of takes in a peer's text.
func Of[T ~string | ~[]byte](raw T) Text { return Text{string(raw)} }

// String is the text with every character escaped that cannot be seen or that a terminal
// would act on, and every byte that is no UTF-8, as in a Go string literal: \x1b, \u202e.
// A backslash is doubled, so that an escape cannot be mistaken for one that the peer wrote.
func (t Text) String() string {
	if plain(t.raw) && !strings.Contains(t.raw, `\`) {
		return t.raw
	}
	return string(escape(nil, t.raw, true))
}

// Format prints String whatever the verb: %x and %#v, too, quote.
func (t Text) Format(s fmt.State, _ rune) {
	text := t.String()
	if n, ok := s.Width(); ok && !s.Flag('-') {
		text = strings.Repeat(" ", max(0, n-utf8.RuneCountInString(text))) + text
	} else if ok {
		text += strings.Repeat(" ", max(0, n-utf8.RuneCountInString(text)))
	}
	_, _ = s.Write([]byte(text))
}

// MarshalText is String.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Quote is Of(s).String.
func Quote[T ~string | ~[]byte](s T) string { return Of(s).String() }

// Line is s with the same characters escaped, and backslashes as they are: for a sentence
// that may hold a peer's text, quoted already or not. It has no newline.
func Line(s string) string {
	if plain(s) {
		return s
	}
	return string(escape(nil, s, false))
}

// Sentence is ours, with the peer's texts in it quoted already: Value does not quote it again.
type Sentence string

// String is Line.
func (s Sentence) String() string { return Line(string(s)) }

// Value says any value in one line: a string, or what is in a list of strings, as a peer's
// text, an error and a Stringer as a sentence, bytes in hexadecimal, and an empty list of
// bytes as the word none.
func Value(v any) string {
	switch v := v.(type) {
	case string:
		return Quote(v)
	case []string:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = Quote(s)
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	if b, ok := bytesOf(reflect.ValueOf(v)); ok && len(b) == 0 {
		return "none"
	} else if ok {
		return hex.EncodeToString(b)
	}
	return Line(fmt.Sprint(v))
}

// bytesOf is what v holds if it is a slice or an array of bytes, or points to an array of
// them, and has no text of its own: fmt would list them in decimal. Code points that are
// bytes have types of their own, and lists of those are no bytes.
func bytesOf(v reflect.Value) (b []byte, ok bool) {
	if !v.IsValid() || v.Type().Implements(stringer) || v.Type().Implements(failing) {
		return nil, false
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if k := v.Kind(); k != reflect.Slice && k != reflect.Array || v.Type().Elem() != byteType {
		return nil, false
	}
	b = make([]byte, v.Len())
	reflect.Copy(reflect.ValueOf(b), v)
	return b, true
}

var (
	byteType = reflect.TypeFor[byte]()
	stringer = reflect.TypeFor[fmt.Stringer]()
	failing  = reflect.TypeFor[error]()
)

// plain reports whether there is nothing to escape in s.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return plainText(s[i:])
		}
	}
	return true
}

func plainText(s string) bool {
	for i, r := range s {
		if !visible(r) || r == utf8.RuneError && broken(s[i:]) {
			return false
		}
	}
	return true
}

// visible reports whether a reader sees r, and a terminal does nothing but draw it.
// unicode.IsPrint leaves out the controls (C0, DEL, C1), the format characters (those
// that set a direction, of no width, tags), the separators of lines and paragraphs, and
// what is not assigned. A few more are drawn as nothing: the variation selectors, and
// fillers that count as letters (Default_Ignorable_Code_Point, UAX #44).
func visible(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r <= '~'
	}
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) && r != '\u2800' // a letter of Braille without dots
}

// broken reports whether s begins with bytes that are no UTF-8.
func broken(s string) bool {
	_, n := utf8.DecodeRuneInString(s)
	return n == 1
}

// escape appends s to dst.
func escape(dst []byte, s string, backslash bool) []byte {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			dst = fmt.Appendf(dst, `\x%02x`, s[0])
		case r == '\\' && backslash:
			dst = append(dst, `\\`...)
		case visible(r):
			dst = append(dst, s[:n]...)
		default:
			dst = append(dst, escaped(r)...)
		}
		s = s[n:]
	}
	return dst
}

// escaped is r as strconv writes what is not printable. What strconv would print (a
// variation selector) is written in the same form.
func escaped(r rune) string {
	if q := strconv.QuoteRune(r); q[1] == '\\' {
		return q[1 : len(q)-1]
	}
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
