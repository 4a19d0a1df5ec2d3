package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"tlslab/handshake/mitm/relay"
)

// Mode says how the proxy learns where a client wants to go.
type Mode interface {
	// target finds out. ok is false if there is nothing more to do: then everything has
	// been told.
	target(s *session) (t target, ok bool)
}

// Forward is an HTTP proxy, which clients know of: CONNECT says where to.
var Forward Mode = forward{}

// Reverse takes the place of the server at host and port: clients believe it to be there.
func Reverse(host, port string) Mode {
	return reverse{target{host: host, port: port, tls: true, fixed: true}}
}

type reverse struct{ to target }

func (r reverse) target(*session) (target, bool) { return r.to, true }

type forward struct{}

func (forward) target(s *session) (t target, ok bool) {
	connect, err := s.client.connects()
	if err != nil {
		s.badRequest(err)
		return target{}, false
	}
	if !connect {
		s.inPlain()
		return target{}, false
	}
	head, err := s.client.head(s.p.o.Limits.Header)
	if err != nil {
		s.badRequest(err)
		return target{}, false
	}
	req, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(head), min(len(head), peekSize)))
	if err != nil {
		s.badRequest(&NoRequest{ConnectMalformed, fmt.Sprintf("%.200q", err.Error())})
		return target{}, false
	}
	t.host, t.port, err = net.SplitHostPort(req.RequestURI)
	if _, notPort := strconv.ParseUint(t.port, 10, 16); err != nil || t.host == "" || notPort != nil {
		s.badRequest(&NoRequest{ConnectTarget, fmt.Sprintf("%.200q", req.RequestURI)})
		return target{}, false
	}
	s.client.skip(len(head))
	if _, err := s.client.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		s.failed(s.blame(PhaseOpening, SideClient, err))
		return target{}, false
	}
	s.client.beginTLS()
	return t, true
}

// connects waits until it is known whether CONNECT is asked for. What cannot be HTTP is an error.
func (r *recorder) connects() (bool, error) {
	const connect = "CONNECT "
	for n := 1; ; n++ {
		b, err := r.peek(n)
		if err != nil {
			return false, err
		}
		if b[0] < ' ' && b[0] != '\r' && b[0] != '\n' || b[0] > '~' {
			return false, &NoRequest{NotHTTP, fmt.Sprintf("0x%02x", b[0])}
		}
		n = min(len(b), len(connect))
		switch {
		case string(b[:n]) != connect[:n]:
			return false, nil
		case n == len(connect):
			return true, nil
		}
	}
}

// head waits for a whole HTTP head and returns it; it stays to be read. However small the
// pieces are that it comes in, each byte is looked at once.
func (r *recorder) head(limit int) ([]byte, error) {
	var end headEnd
	for n := 1; ; {
		b, err := r.peek(n)
		if err != nil {
			return nil, err
		}
		if i, ok := end.find(b); ok {
			return b[:i], nil
		}
		if len(b) >= limit {
			return nil, &relay.Refusal{From: relay.Client, Rule: relay.RuleHeadTooLong, Limit: limit}
		}
		n = len(b) + 1
	}
}

// headEnd looks for where a head ends, in a buffer that grows: what it has looked through it
// does not look at again.
type headEnd struct {
	at     int // where the end may begin at the earliest
	looked int // bytes looked at so far
}

// find returns how long the head is that b begins with, if it is all there; b is what it was
// before, and more.
func (h *headEnd) find(b []byte) (n int, ok bool) {
	const blank = "\r\n\r\n"
	h.looked += len(b) - h.at
	if i := bytes.Index(b[h.at:], []byte(blank)); i >= 0 {
		return h.at + i + len(blank), true
	}
	h.at = max(h.at, len(b)-len(blank)+1)
	return 0, false
}

// badRequest tells client and reader that what came is no request. A client that has
// left is told nothing.
func (s *session) badRequest(err error) {
	r := (*relay.Refusal)(nil)
	f := s.blame(PhaseOpening, SideClient, err)
	s.failed(f)
	if f.Cause != CauseBadRequest {
		return
	}
	status := http.StatusBadRequest
	if errors.As(err, &r) {
		status = r.Status()
	}
	_, _ = s.client.Write(answer(status, "tlslab proxy: "+err.Error()+"\n"))
	s.client.linger()
}

// unavailable turns a client away. What it has asked is read first: closed over what is
// unread, a socket takes back what was said.
func (s *session) unavailable() {
	if _, ok := s.p.o.Mode.(forward); ok {
		_ = s.client.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = s.client.peek(1)
		_, _ = s.client.Write(answer(http.StatusServiceUnavailable, "tlslab proxy: "+errBusy.Error()+"\n"))
	}
}

// answer is a short reply of the proxy's own, after which it closes.
func answer(status int, text string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(text), text)
}
