package har

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Body is an io.Writer that counts what passes by and keeps the beginning of it. Its
// Write never fails.
type Body struct {
	limit int
	kept  []byte
	size  int64
}

// NewBody keeps up to limit bytes.
func NewBody(limit int) *Body { return &Body{limit: limit} }

func (b *Body) Write(p []byte) (int, error) {
	b.size += int64(len(p))
	b.kept = append(b.kept, p[:min(len(p), b.limit-len(b.kept))]...)
	return len(p), nil
}

// Size is how many bytes passed by.
func (b *Body) Size() int64 { return b.size }

// whole reports whether all is kept that passed by.
func (b *Body) whole() bool { return int64(len(b.kept)) == b.size }

// PostData is the body of a request with this header; nil for none.
func (b *Body) PostData(h http.Header) *PostData {
	if b.size == 0 {
		return nil
	}
	p := &PostData{MimeType: h.Get("Content-Type"), Comment: b.cut()}
	p.Text, p.Encoding = text(b.kept, !b.whole())
	return p
}

// Content is the body of a response with this header. Text is decompressed if it is
// gzip's, and all of it is kept and fits the limit again; what is compressed otherwise
// stays so, and the comment says it.
func (b *Body) Content(h http.Header) Content {
	c := Content{Size: b.size, MimeType: h.Get("Content-Type"), Comment: b.cut()}
	body := b.kept
	switch coding := strings.ToLower(h.Get("Content-Encoding")); {
	case b.size == 0 || coding == "" || coding == "identity":
	case (coding == "gzip" || coding == "x-gzip") && b.whole():
		if plain, ok := b.gunzip(); ok {
			body, c.Size, c.Compression = plain, int64(len(plain)), int64(len(plain))-b.size
			break
		}
		fallthrough
	default:
		c.Comment = strings.TrimPrefix(c.Comment+"; as it came, Content-Encoding: "+coding, "; ")
		c.Text, c.Encoding = base64.StdEncoding.EncodeToString(body), "base64"
		return c
	}
	c.Text, c.Encoding = text(body, !b.whole())
	return c
}

// gunzip never makes more than the limit of it: a few bytes can stand for gigabytes.
func (b *Body) gunzip() ([]byte, bool) {
	z, err := gzip.NewReader(bytes.NewReader(b.kept))
	if err != nil {
		return nil, false
	}
	plain, err := io.ReadAll(io.LimitReader(z, int64(b.limit)+1))
	return plain, err == nil && len(plain) <= b.limit
}

func (b *Body) cut() string {
	if b.whole() {
		return ""
	}
	return fmt.Sprintf("the first %d of %d bytes", len(b.kept), b.size)
}

// text is b as text, or in base64. One that was cut may end within a character, which
// is left out.
func text(b []byte, cut bool) (s, encoding string) {
	if cut {
		b = wholeRunes(b)
	}
	if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return string(b), ""
	}
	return base64.StdEncoding.EncodeToString(b), "base64"
}

// wholeRunes is b without a character at its end that has not all come.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if last := b[len(b)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// Passed counts n bytes that passed by and are not at hand: none of what comes after them
// is kept.
func (b *Body) Passed(n int64) {
	if n > 0 {
		b.size += n
		b.limit = min(b.limit, len(b.kept))
	}
}
