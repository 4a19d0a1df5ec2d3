package proxy

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"sync"
)

// inbound reads one leg's plaintext.
type inbound struct {
	*bufio.Reader
	side   Side
	parser parser
	limit  int // of a head
	line   []byte
}

// inbounds are lent to connections.
var inbounds = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4096) }}

func newInbound(r io.Reader, side Side, limit int) *inbound {
	b := inbounds.Get().(*bufio.Reader)
	b.Reset(r)
	return &inbound{Reader: b, side: side, limit: limit}
}

// free gives the buffer back. After that, nobody may read.
func (in *inbound) free() {
	in.Reset(nil)
	inbounds.Put(in.Reader)
	in.Reader = nil
}

// wait returns when there is something to read, or never will be.
func (in *inbound) wait() error {
	_, err := in.Peek(1)
	return err
}

// head reads a whole head, as it came. It is io.EOF if the stream ends before one begins.
// The slice is good until the next call.
func (in *inbound) head() ([]byte, error) {
	head := in.line[:0]
	for begun := false; ; {
		part, err := in.ReadSlice('\n')
		head = append(head, part...)
		in.line = head
		switch {
		case len(head) > in.limit:
			return nil, errLongHead
		case errors.Is(err, bufio.ErrBufferFull):
			continue // the rest of a long line
		case err == io.EOF && len(head) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		blank := len(part) == 1 || len(part) == 2 && part[0] == '\r'
		blank = blank && (len(head) == len(part) || head[len(head)-len(part)-1] == '\n')
		switch {
		case blank && begun:
			return head, nil
		case blank: // before a request, as some clients leave behind the last body (RFC 9112 §2.2)
			head = head[:0]
			in.line = head
		default:
			begun = true
		}
	}
}

// looksLikeHTTP waits for the first bytes and reports whether a request begins there: a
// method in capitals and a space. The preface of HTTP/2 without ALPN does not count.
func (in *inbound) looksLikeHTTP() bool {
	const longest = len("UPDATEREDIRECTREF") // of the registered methods
	for n := 1; n <= longest+1; n++ {
		b, err := in.Peek(n)
		if err != nil {
			return n == 1 // nothing came, or not enough of anything: the head will say
		}
		switch c := b[n-1]; {
		case c == ' ':
			return n > 1 && string(b[:n-1]) != "PRI"
		case (c < 'A' || c > 'Z') && c != '-':
			return c == '\r' || c == '\n'
		}
	}
	return false
}

// framing is how a body ends.
type framing struct {
	length     int64 // bytes, where neither of the others holds
	chunked    bool
	untilClose bool
}

func (f framing) none() bool { return f.length == 0 && !f.chunked && !f.untilClose }

// requestFraming is RFC 9112 §6.3 for requests.
func requestFraming(req *http.Request) framing {
	if len(req.TransferEncoding) > 0 {
		return framing{chunked: true}
	}
	return framing{length: max(0, req.ContentLength)}
}

// replyFraming is the same for replies.
func replyFraming(resp *http.Response, req *http.Request) framing {
	switch {
	case req.Method == http.MethodHead || resp.StatusCode/100 == 1 || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified:
		return framing{}
	case len(resp.TransferEncoding) > 0:
		return framing{chunked: true}
	case resp.ContentLength < 0:
		return framing{untilClose: true}
	}
	return framing{length: resp.ContentLength}
}
