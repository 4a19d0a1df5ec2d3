package live

import (
	"io"
	"strings"
	"sync"

	"tlslab/handshake/http2"
)

// preface watches how a client begins that has agreed on HTTP/2. One that begins otherwise is hung up on,
// and nobody would know why.
type preface struct {
	mu    sync.Mutex
	began []byte // no more than http2.Preface has
}

// note takes what goes by.
func (p *preface) note(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = append(p.began, b[:min(len(b), len(http2.Preface)-len(p.began))]...)
}

// other is how it began, if that is not HTTP/2's way, up to the end of a line.
func (p *preface) other() (began string, is bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if strings.HasPrefix(http2.Preface, string(p.began)) {
		return "", false
	}
	line, _, _ := strings.Cut(string(p.began), "\r\n")
	return line, true
}

// beginning notes what is read.
type beginning struct {
	io.Reader
	preface *preface
}

func (w beginning) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	w.preface.note(b[:n])
	return n, err
}
