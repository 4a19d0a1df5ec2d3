package foreign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON is a JSON document with every character escaped, as \u and four digits, that cannot
// be seen or that a terminal would act on. encoding/json does so for C0 alone. The document
// is well formed: outside of its strings it is ASCII, so nothing but strings changes, and
// they stay equal to what they were.
func JSON(doc []byte) []byte {
	at := 0
	for at < len(doc) && (doc[at] < 0x7f) {
		at++
	}
	if at == len(doc) {
		return doc
	}
	out := append(make([]byte, 0, len(doc)+64), doc[:at]...)
	for b := doc[at:]; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n', visible(r) && (r != utf8.RuneError || n > 1):
			out = append(out, b[:n]...)
		case r < 0x7f: // what stands between the members
			out = append(out, b[:n]...)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
		b = b[n:]
	}
	return out
}

// EncodeJSON writes v as one JSON document with a newline behind it, each level indented
// by indent, through JSON. It is how every document of ours is written.
func EncodeJSON(w io.Writer, v any, indent string) error {
	var doc bytes.Buffer
	enc := json.NewEncoder(&doc)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(JSON(doc.Bytes()))
	return err
}
