package live

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// curl gets the page in the protocol that both ends have and the server likes best, and what is
// said of the connection is as ever: over HTTP/2, the frames by their names.
func TestPageOverHTTP2(t *testing.T) {
	if there, err := clitest.PeerOnPath("peer:curl"); err != nil {
		t.Fatal(err)
	} else if !there {
		t.Skip("curl is not installed")
	}
	root := filepath.Join(t.TempDir(), "root.pem")
	for _, test := range []struct {
		alpn, curl []string
		status     string
		page, said string // what stands there, among others
	}{
		{[]string{"--alpn", "h2"}, []string{"--http2"}, "HTTP/2 200", "ALPN: h2\n", "HEADERS GET /there"},
		{[]string{"--alpn", "h2,http/1.1"}, []string{"--http2"}, "HTTP/2 200", "ALPN: h2\n", "HEADERS GET /there"},
		{[]string{"--alpn", "h2,http/1.1"}, []string{"--http2", "--tls-max", "1.2"}, "HTTP/2 200", "ALPN: h2\n", "HEADERS GET /there"},
		{[]string{"--alpn", "http/1.1,h2"}, []string{"--http2"}, "HTTP/1.1 200", "ALPN: http/1.1\n", "GET /there HTTP/1.1"},
		{[]string{"--alpn", "h2,http/1.1"}, []string{"--http1.1"}, "HTTP/1.1 200", "ALPN: http/1.1\n", "GET /there HTTP/1.1"},
		{[]string{"--alpn", "h2"}, []string{"--http1.1", "--no-alpn"}, "HTTP/1.1 200", "handshake: full handshake\n", "GET /there HTTP/1.1"},
		{nil, []string{"--http2"}, "HTTP/1.1 200", "handshake: full handshake\n", "GET /there HTTP/1.1"},
		{[]string{"--alpn", "h2"}, []string{"--http2", "--tls-max", "1.2", "--ciphers", "AES128-SHA"}, "HTTP/2 200", "HTTP/2 prohibits TLS_RSA_WITH_AES_128_CBC_SHA", "HTTP/2 prohibits TLS_RSA_WITH_AES_128_CBC_SHA"},
	} {
		addr, end := serveCommand(t, append([]string{"--www", "--no-secrets", "--write-root", root}, test.alpn...)...)
		page := peerSays(t, "curl", append(test.curl, "-sSi", "--cacert", root, "https://"+addr+"/there")...)
		said := end()
		if !strings.HasPrefix(page, test.status) || !strings.Contains(page, test.page) || !strings.HasSuffix(page, "GET /there\n") {
			t.Errorf("%q, curl %q: it gets %q", test.alpn, test.curl, page)
		}
		if !strings.Contains(said, test.said) || strings.Contains(said, "cut short") {
			t.Errorf("%q, curl %q: the server says %s", test.alpn, test.curl, said)
		}
	}
}

// Without --www nobody here speaks HTTP/2, and the server says so before anybody comes.
func TestHTTP2Unspoken(t *testing.T) {
	for _, args := range [][]string{{"--alpn", "h2"}, {"--alpn", "h2", "--www"}, {"--alpn", "http/1.1"}} {
		_, end := serveCommand(t, append(args, "--quiet")...)
		if said := end(); strings.Contains(said, "nobody here speaks it without --www") != (len(args) == 2 && args[1] == "h2") {
			t.Errorf("%q: %s", args, said)
		}
	}
}

// h2Client is a client of HTTP/2, frame by frame.
type h2Client struct {
	net.Conn
	*http2.Framer
	head  bytes.Buffer
	hpack *hpack.Encoder
}

func newH2Client(c net.Conn) *h2Client {
	h := &h2Client{Conn: c, Framer: http2.NewFramer(c, c)}
	h.hpack = hpack.NewEncoder(&h.head)
	h.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	return h
}

// block is a request's head, with more fields behind it: names and values.
func (h *h2Client) block(method string, more ...string) []byte {
	h.head.Reset()
	for i, f := 0, append([]string{":method", method, ":scheme", "https", ":authority", "localhost", ":path", "/"}, more...); i < len(f); i += 2 {
		_ = h.hpack.WriteField(hpack.HeaderField{Name: f[i], Value: f[i+1]})
	}
	return bytes.Clone(h.head.Bytes())
}

// opens says the preface and an empty SETTINGS.
func (h *h2Client) opens() error {
	_, err := io.WriteString(h, http2.ClientPreface)
	return errors.Join(err, h.WriteSettings())
}

// ends reads until the server has said how a stream, or the connection, ends: by a status, an error's
// name, or nothing.
func (h *h2Client) ends() string {
	for {
		f, err := h.ReadFrame()
		switch f := f.(type) {
		case nil:
			_ = err
			return "closed"
		case *http2.MetaHeadersFrame:
			return f.PseudoValue("status")
		case *http2.RSTStreamFrame:
			return f.ErrCode.String()
		case *http2.GoAwayFrame:
			return "GOAWAY " + f.ErrCode.String()
		}
	}
}

// What a client of HTTP/2 may make the server hold has an end: so many streams, so long a head and a
// body, so much time. net/http sees to it; what is asked here is that it was told our limits.
func TestPageLimitsOverHTTP2(t *testing.T) {
	addr, end := serveCommand(t, "--www", "--alpn", "h2", "--quiet", "--idle-timeout", "2s")
	dial := func(t *testing.T) *h2Client { return dialH2(t, addr) }
	t.Run("settings", func(t *testing.T) {
		h := dial(t)
		if err := h.opens(); err != nil {
			t.Fatal(err)
		}
		f, err := h.ReadFrame()
		s, ok := f.(*http2.SettingsFrame)
		if !ok {
			t.Fatal(f, err)
		}
		for id, want := range map[http2.SettingID]uint32{http2.SettingMaxConcurrentStreams: maxStreams, http2.SettingMaxFrameSize: maxFrame, http2.SettingInitialWindowSize: maxWindow, http2.SettingMaxHeaderListSize: maxHead} {
			if got, ok := s.Value(id); !ok || got > want || got < want/2 {
				t.Errorf("%v is %d, want %d at most", id, got, want)
			}
		}
	})
	for _, test := range []struct {
		name string
		says func(*h2Client) error
		ends string // one of them, by |
	}{
		{"a page", func(h *h2Client) error {
			return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.block("GET"), EndHeaders: true, EndStream: true})
		}, "200"},
		{"idle", func(*h2Client) error { return nil }, "GOAWAY NO_ERROR"},
		{"half a body", func(h *h2Client) error {
			return errors.Join(h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.block("POST"), EndHeaders: true}), h.WriteData(1, false, []byte("half")))
		}, "408|INTERNAL_ERROR|NO_ERROR"},
		{"half a head", func(h *h2Client) error {
			return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.block("GET"), EndStream: true})
		}, "GOAWAY NO_ERROR"},
		{"a long head", func(h *h2Client) error {
			block := h.block("GET", "long", strings.Repeat("\x00", maxHead)) // in Huffman's code it is longer
			err := h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:maxFrame], EndStream: true})
			for block = block[maxFrame:]; len(block) > 0 && err == nil; block = block[min(maxFrame, len(block)):] {
				err = h.WriteContinuation(1, len(block) <= maxFrame, block[:min(maxFrame, len(block))])
			}
			return nil // the server may not want all of it
		}, "431|GOAWAY PROTOCOL_ERROR|GOAWAY COMPRESSION_ERROR|GOAWAY ENHANCE_YOUR_CALM|closed"},
		{"a head without end", func(h *h2Client) error {
			err := h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.block("GET"), EndStream: true})
			one := h.block("GET", "a", strings.Repeat("b", 1000))
			for range 10000 {
				if err == nil {
					err = h.WriteContinuation(1, false, one)
				}
			}
			if err == nil {
				return errors.New("ten thousand CONTINUATION frames are taken")
			}
			return nil
		}, "GOAWAY PROTOCOL_ERROR|GOAWAY ENHANCE_YOUR_CALM|GOAWAY COMPRESSION_ERROR|closed"},
		{"a long body", func(h *h2Client) error {
			return errors.Join(h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.block("POST", "content-length", fmt.Sprint(maxBody+1)), EndHeaders: true}), sendBody(h, maxBody+1))
		}, "413"},
		{"no preface", func(h *h2Client) error { return nil }, "closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := dial(t)
			if test.name == "no preface" {
				if _, err := io.WriteString(h, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
			} else if err := h.opens(); err != nil {
				t.Fatal(err)
			}
			if err := test.says(h); err != nil {
				t.Fatal(err)
			}
			if got := h.ends(); !strings.Contains("|"+test.ends+"|", "|"+got+"|") {
				t.Errorf("it ends with %q, want %q", got, test.ends)
			}
		})
	}
	t.Cleanup(func() { end() })
}

func dialH2(t *testing.T, addr string) *h2Client {
	t.Helper()
	c, err := stdtls.DialWithDialer(&net.Dialer{Timeout: clitest.Patience}, "tcp", addr, &stdtls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return newH2Client(c)
}

// Of requests that do not come to their end, so many are waited for, and the next is refused.
func TestStreamsAreCounted(t *testing.T) {
	addr, end := serveCommand(t, "--www", "--alpn", "h2", "--quiet")
	h := dialH2(t, addr)
	if err := h.opens(); err != nil {
		t.Fatal(err)
	}
	for n := range uint32(maxStreams + 1) {
		if err := h.WriteHeaders(http2.HeadersFrameParam{StreamID: 2*n + 1, BlockFragment: h.block("POST"), EndHeaders: true}); err != nil {
			t.Fatal(err)
		}
	}
	if how := h.ends(); how != "REFUSED_STREAM" {
		t.Errorf("the last of %d streams ends with %q", maxStreams+1, how)
	}
	h.Close()
	end()
}

// sendBody sends n bytes as the window lets it go, as far as the server wants them.
func sendBody(h *h2Client, n int) error {
	window := 65535
	for stream := window; n > 0; {
		for window <= 0 || stream <= 0 {
			f, err := h.ReadFrame()
			if err != nil {
				return err
			}
			switch f := f.(type) {
			case *http2.WindowUpdateFrame:
				if f.StreamID == 0 {
					window += int(f.Increment)
				} else {
					stream += int(f.Increment)
				}
			case *http2.SettingsFrame:
				if v, ok := f.Value(http2.SettingInitialWindowSize); ok {
					stream += int(v) - 65535
				}
			}
		}
		k := min(n, window, stream, maxFrame)
		if err := h.WriteData(1, k == n, make([]byte, k)); err != nil {
			return err
		}
		n, window, stream = n-k, window-k, stream-k
	}
	return nil
}

// Early data over HTTP/2 is answered, once the handshake is over: and the page says that it waited.
func TestEarlyDataOverHTTP2(t *testing.T) {
	addr, end := serveCommand(t, "--www", "--alpn", "h2,http/1.1", "--quiet", "--early-data", "16384", "--tls", "1.3")
	kept := session.NewMemory(0)
	for n, want := range []string{"came after the handshake", "began with early data"} {
		raw, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		cfg := &tls.Config{ServerName: "localhost", ALPN: []string{"h2"}, Sessions: kept, EarlyData: n == 1, Weak: handshake.Weak{SkipVerify: true}}
		c, err := tls.Client(raw, cfg)
		if err != nil {
			t.Fatal(err)
		}
		var early bytes.Buffer
		says := newH2Client(struct{ net.Conn }{bufferedConn{raw, &early}})
		if err := errors.Join(says.opens(), says.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: says.block("GET"), EndHeaders: true, EndStream: true})); err != nil {
			t.Fatal(err)
		}
		sent := 0
		if n == 1 {
			if sent, err = c.WriteEarly(early.Bytes()[:early.Len()-3]); err != nil || sent != early.Len()-3 { // in the midst of a frame
				t.Fatal(sent, err)
			}
		}
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(early.Bytes()[sent:]); err != nil {
			t.Fatal(err)
		}
		if got := c.Summary().EarlyData; (got == handshake.EarlyDataAccepted) != (n == 1) {
			t.Errorf("connection %d: early data %v", n, got)
		}
		h := newH2Client(c)
		if status := h.ends(); status != "200" {
			t.Fatalf("connection %d: status %s", n, status)
		}
		f, err := h.ReadFrame()
		if page, ok := f.(*http2.DataFrame); !ok || !strings.Contains(string(page.Data()), want) {
			t.Errorf("connection %d: %v, %v, want %q", n, f, err, want)
		}
		c.Close()
	}
	end()
}

// bufferedConn keeps what is written.
type bufferedConn struct {
	net.Conn
	to *bytes.Buffer
}

func (b bufferedConn) Write(p []byte) (int, error) { return b.to.Write(p) }

// net/http's client over crypto/tls, with a body, and many requests at once.
func TestNetHTTPOverHTTP2(t *testing.T) {
	addr, end := serveCommand(t, "--www", "--alpn", "h2,http/1.1", "--quiet")
	tr := &http.Transport{TLSClientConfig: &stdtls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, MaxConnsPerHost: 1}
	client := &http.Client{Transport: tr, Timeout: clitest.Patience}
	got := make(chan error)
	post := func(n int) {
		r, err := client.Post(fmt.Sprintf("https://%s/%d", addr, n), "text/plain", strings.NewReader(strings.Repeat("x", 1000)))
		if err == nil {
			page, rerr := io.ReadAll(r.Body)
			r.Body.Close()
			if err = rerr; err == nil && (r.ProtoMajor != 2 || !strings.HasSuffix(string(page), fmt.Sprintf("POST /%d\n", n))) {
				err = fmt.Errorf("%s: %q", r.Proto, page)
			}
		}
		got <- err
	}
	const many = maxStreams
	for n := range many {
		go post(n)
		if n == 0 { // one connection is there before the others ask for one
			if err := <-got; err != nil {
				t.Fatal(err)
			}
		}
	}
	for range many - 1 {
		if err := <-got; err != nil {
			t.Error(err)
		}
	}
	tr.CloseIdleConnections()
	if said := end(); strings.Contains(said, "connection ") {
		t.Errorf("the server says %s", said)
	}
}
