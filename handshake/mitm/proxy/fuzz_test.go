package proxy

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/record"
)

// cut reads its source in pieces whose sizes come from a pattern, over and over.
type cut struct {
	b       []byte
	pattern []byte
	i       int
}

func (c *cut) Read(p []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	n := len(c.b)
	if len(c.pattern) > 0 {
		n = 1 + int(c.pattern[c.i%len(c.pattern)])
		c.i++
	}
	n = copy(p, c.b[:min(n, len(c.b))])
	c.b = c.b[n:]
	return n, nil
}

// FuzzHello: a hello is found in the records that it came in, however they cut it; where
// there is too little, more is asked for.
func FuzzHello(f *testing.F) {
	real := new(said)
	if err := tls.Client(real, &tls.Config{ServerName: "www.lab.test"}).Handshake(); err == nil {
		f.Fatal("it shook hands with nobody")
	}
	f.Add(real.heard.Bytes())
	f.Add(real.heard.Bytes()[:real.heard.Len()-1])
	f.Add([]byte("\x16\x03\x01\x00\x04\x02\x00\x00\x00"))
	f.Add([]byte("\x16\x03\x01\x00\x01\x01\x16\x03\x01\x00\x03\x00\x00\x00"))
	f.Add([]byte("\x15\x03\x01\x00\x02\x02\x28"))
	f.Add([]byte("\x16\x03\x01\x00\x00"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, more, err := parseHello(b)
		switch {
		case err != nil && (h != nil || more != 0), err == nil && (h == nil) != (more > 0):
			t.Fatalf("%v, %d more, %v", h, more, err)
		case more > 1<<16+record.HeaderLen:
			t.Fatalf("%d more bytes are wanted", more)
		}
		if h == nil {
			return
		}
		// The beginning alone is not enough for another answer.
		for n := range b {
			part, more, err := parseHello(b[:n])
			if err != nil || part == nil && more < 1 {
				t.Fatalf("of the first %d bytes: %v, %d more", n, err, more)
			}
		}
	})
}

// FuzzSOCKS: whatever is said, in whatever pieces, is answered in the protocol or not at all.
func FuzzSOCKS(f *testing.F) {
	f.Add([]byte("\x05\x01\x00\x05\x01\x00\x03\x04host\x01\xbbrest"), []byte{})
	f.Add([]byte("\x05\x02\x02\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50"), []byte{0})
	f.Add([]byte("\x05\x01\x00\x05\x01\x00\x04"+strings.Repeat("\x00", 15)+"\x01\x01\xbb"), []byte{2})
	f.Add([]byte("\x05\x00"), []byte{})
	f.Add([]byte("\x04\x01"), []byte{})
	f.Add([]byte("\x05\x01\x00\x05\x02\x00\x09aa"), []byte{})
	p := &Proxy{o: Options{Limits: Limits{Recorded: 100}}, began: time.Now()}
	f.Fuzz(func(t *testing.T, b, pattern []byte) {
		c := &said{cut: cut{b: b, pattern: pattern}}
		s := newSession(p, 1, c)
		to, err := s.socks()
		s.cancel(nil)
		p.kept.all = nil
		if err == nil && (to.host == "" || to.port == "" || !bytes.HasSuffix(c.heard.Bytes(), []byte("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"))) {
			t.Fatalf("to %+v, after %q", to, c.heard.Bytes())
		}
		rest := append(bytes.Clone(s.client.prefix), c.b...)
		if !bytes.HasSuffix(b, rest) {
			t.Fatalf("%q is left of %q", rest, b)
		}
		if h := c.heard.Bytes(); len(h) > 0 && h[0] != socksVersion || len(h) > 12 {
			t.Fatalf("it said %q", h)
		}
	})
}

// said is a connection to somebody who has said everything.
type said struct {
	net.Conn
	cut
	heard bytes.Buffer
}

func (c *said) Read(p []byte) (int, error)  { return c.cut.Read(p) }
func (c *said) Write(p []byte) (int, error) { return c.heard.Write(p) }
func (c *said) RemoteAddr() net.Addr        { return &net.TCPAddr{} }

// FuzzPattern: what is a pattern can be asked about any host.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"www.example.org", "*.example.org:8443", "[::1]:443", "*", "[a-z].test", `\`, "["} {
		f.Add(seed, "www.example.org", "443")
	}
	f.Fuzz(func(t *testing.T, text, host, port string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		if p.host == "" {
			t.Fatal("a pattern of no host")
		}
		if p.matches(host, port) != p.matches(strings.ToUpper(host), port) && host == strings.ToLower(strings.ToUpper(host)) {
			t.Errorf("%q matches %q depending on the case", text, host)
		}
	})
}
