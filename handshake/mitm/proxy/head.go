package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
)

// Heads go on as they came, and what they mean is settled by net/http: so one that
// another reader may read in another way must not go on at all, or a request could hide in
// what the proxy takes for a body (RFC 9112 §11.2).

// checkHead finds what readers disagree about: a line that does not end in CRLF, one that
// continues another, a name that is no token, and two ways to say where a body ends.
// http.Server is as strict; ReadRequest and ReadResponse are not.
func checkHead(head []byte) error {
	var length []byte // of Content-Length
	var coded, first = false, true
	old := false // HTTP/1.0
	for line := range bytes.Lines(head) {
		text, ok := bytes.CutSuffix(line, []byte("\r\n"))
		switch {
		case !ok || bytes.ContainsAny(text, "\r\x00"):
			return errors.New("a line of the head does not end in CR LF alone (RFC 9112 §2.2)")
		case first:
			first, old = false, bytes.HasSuffix(text, []byte("HTTP/1.0")) || bytes.HasPrefix(text, []byte("HTTP/1.0"))
			continue
		case len(text) == 0:
			continue
		case text[0] == ' ' || text[0] == '\t':
			return errors.New("a line of the head continues the one before (RFC 9112 §5.2)")
		}
		name, value, ok := bytes.Cut(text, []byte(":"))
		if !ok || !isToken(name) {
			return fmt.Errorf("%.40q is not the name of a field (RFC 9110 §5.1)", name)
		}
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			value = bytes.Trim(value, " \t")
			if length != nil && !bytes.Equal(length, value) {
				return errors.New("two lengths of the body (RFC 9112 §6.3)")
			}
			length = value
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			coded = true
		}
	}
	switch {
	case coded && length != nil:
		return errors.New("Content-Length beside Transfer-Encoding, which two readers may read in two ways (RFC 9112 §6.3)")
	case coded && old:
		return errors.New("Transfer-Encoding in HTTP/1.0, which knows none (RFC 9112 §6.1)")
	}
	return nil
}

// isToken is RFC 9110 §5.6.2.
func isToken(b []byte) bool {
	for _, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

// parser has net/http read heads. One serves a connection's heads one after the other.
type parser struct {
	head bytes.Reader
	buf  *bufio.Reader
}

func (p *parser) load(head []byte) *bufio.Reader {
	p.head.Reset(head)
	if p.buf == nil {
		p.buf = bufio.NewReaderSize(&p.head, 512)
	} else {
		p.buf.Reset(&p.head)
	}
	return p.buf
}

func (p *parser) request(head []byte) (*http.Request, error) { return http.ReadRequest(p.load(head)) }

func (p *parser) response(head []byte, req *http.Request) (*http.Response, error) {
	return http.ReadResponse(p.load(head), req)
}
