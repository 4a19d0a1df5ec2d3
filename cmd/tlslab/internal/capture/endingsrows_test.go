package capture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"

	"golang.org/x/net/http2"

	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
)

// Shorthands for what many rows have.
const (
	cl = proxy.SideClient
	sv = proxy.SideServer
	px = proxy.SideProxy
)

func socks(o *proxy.Options)    { o.Mode = proxy.SOCKS5 }
func quick(o *proxy.Options)    { o.Limits.Handshake = brief }
func idle(o *proxy.Options)     { o.Limits.Idle = brief }
func narrow(o *proxy.Options)   { o.Limits.Header = 4096 }
func only1(c *tls.Config)       { c.NextProtos = []string{"http/1.1"} }
func wants(c *tls.Config)       { c.ClientAuth = tls.RequireAnyClientCert }
func rewrites(o *proxy.Options) { o.Rewrite = []mitm.Rewrite{{Old: "a", New: "b"}} }

var longField = "X-Long: " + strings.Repeat("x", 5000) + "\r\n"

var endings = []ending{
	// Before it is known where to.
	{name: "forward: the client leaves before a word", play: func(s *stage) { s.client().Close() }, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "forward: the client resets amid CONNECT", play: func(s *stage) {
		c := s.client()
		s.say(c, "CONNECT www")
		reset(c)
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "forward: no HTTP", play: func(s *stage) {
		c := s.client()
		s.say(c, "\x05\x01\x00")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "forward: CONNECT without a port", play: func(s *stage) {
		c := s.client()
		s.say(c, "CONNECT www.lab.test HTTP/1.1\r\n\r\n")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "forward: the head of CONNECT is too long", set: narrow, play: func(s *stage) {
		c := s.client()
		s.say(c, "CONNECT www.lab.test:443 HTTP/1.1\r\n"+longField+"\r\n")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "forward: the client is slow amid CONNECT", set: quick, play: func(s *stage) {
		c := s.client()
		s.say(c, "CONNECT www")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseSlow},
	{name: "forward: too many connections", set: func(o *proxy.Options) { o.Limits.Connections = 1 }, play: func(s *stage) {
		s.tunnel()
		s.over(s.client())
	}, leg: px, by: px, cause: proxy.CauseBusy},
	{name: "SOCKS5: the client leaves amid the greeting", set: socks, play: func(s *stage) {
		c := s.client()
		s.say(c, "\x05")
		c.Close()
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "SOCKS5: the client speaks HTTP", set: socks, play: func(s *stage) {
		c := s.client()
		s.say(c, "CONNECT www.lab.test:443 HTTP/1.1\r\n\r\n")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "SOCKS5: the client wants a password", set: socks, play: func(s *stage) {
		c := s.client()
		s.say(c, "\x05\x01\x02")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},

	// The client's hello.
	{name: "TLS: the client leaves amid its hello", play: func(s *stage) {
		c := s.tunnel()
		s.say(c, "\x16\x03\x01\x02\x00\x01")
		c.Close()
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "TLS: the hello is none", play: func(s *stage) {
		c := s.tunnel()
		s.say(c, "\x16\x03\x01\x00\x06\x01\x00\x00\x02ab")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseMalformed},
	{name: "reverse: the client speaks no TLS", set: func(o *proxy.Options) { o.Mode = proxy.Reverse(www, "443") }, play: func(s *stage) {
		c := s.client()
		s.say(c, get)
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseNotTLS},
	{name: "TLS: the client is too old", origin: only1, play: func(s *stage) {
		c := tls.Client(s.tunnel(), &tls.Config{RootCAs: s.pool, ServerName: www, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		_ = c.Handshake()
		s.over(s.below)
	}, leg: cl, by: px, cause: proxy.CauseTooOld},

	// The server is reached, and shakes hands.
	{name: "TLS: nobody is there", set: func(o *proxy.Options) { o.Dial = refusedDial }, play: tries, leg: sv, by: px, cause: proxy.CauseUnreachable},
	{name: "TLS: no such name", set: func(o *proxy.Options) {
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: www, IsNotFound: true}}
		}
	}, play: tries, leg: sv, by: px, cause: proxy.CauseUnreachable},
	{name: "TLS: the server closes amid the handshake", clear: true, play: func(s *stage) {
		against(s, func(c net.Conn, below *net.TCPConn) { s.hears(c, "\x16\x03\x01"); _ = below.CloseWrite(); s.over(c) })
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "TLS: the server resets amid the handshake", clear: true, play: func(s *stage) {
		against(s, func(c net.Conn, below *net.TCPConn) { s.hears(c, "\x16\x03\x01"); reset(below) })
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "TLS: the server speaks HTTP in clear", clear: true, play: func(s *stage) {
		against(s, func(c net.Conn, _ *net.TCPConn) { s.say(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); s.over(c) })
	}, leg: sv, by: px, cause: proxy.CauseNotTLS},
	{name: "TLS: the server refuses with handshake_failure", clear: true, play: func(s *stage) {
		against(s, func(c net.Conn, _ *net.TCPConn) { s.say(c, "\x15\x03\x03\x00\x02\x02\x28"); s.over(c) })
	}, leg: sv, by: sv, cause: proxy.CauseNoCommon},
	{name: "TLS: the server refuses with internal_error", clear: true, play: func(s *stage) {
		against(s, func(c net.Conn, _ *net.TCPConn) { s.say(c, "\x15\x03\x03\x00\x02\x02\x50"); s.over(c) })
	}, leg: sv, by: sv, cause: proxy.CauseRefused},
	{name: "TLS: the server is not believed", set: func(o *proxy.Options) { o.ToServer.Roots = pki.NewTrustStore() }, play: tries, leg: sv, by: px, cause: proxy.CauseUnbelieved},
	{name: "TLS: the server does not shake hands", set: quick, clear: true, play: tries, leg: sv, by: px, cause: proxy.CauseSlow},
	{name: "TLS 1.2: the server wants a certificate", origin: func(c *tls.Config) { wants(c); c.MaxVersion = tls.VersionTLS12 }, play: tries, leg: sv, by: sv, cause: proxy.CauseWantsCertificate},
	{name: "TLS 1.3: the server wants a certificate", origin: func(c *tls.Config) { wants(c); only1(c) }, play: func(s *stage) {
		c := s.shake()
		s.say(c, get)
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseWantsCertificate},

	// The client's handshake.
	{name: "TLS: the client does not believe the forgery", play: func(s *stage) {
		c := tls.Client(s.tunnel(), &tls.Config{RootCAs: x509.NewCertPool(), ServerName: www})
		_ = c.Handshake()
		s.over(s.below)
	}, leg: cl, by: cl, cause: proxy.CauseCertificateRefused},
	{name: "TLS: the client refuses with unknown_ca", play: func(s *stage) {
		c := tls.Client(s.tunnel(), &tls.Config{RootCAs: s.pool, ServerName: www, MaxVersion: tls.VersionTLS12, VerifyConnection: func(tls.ConnectionState) error {
			s.say(s.below, "\x15\x03\x03\x00\x02\x02\x30")
			_ = s.below.CloseWrite()
			return errors.New("done")
		}})
		_ = c.Handshake()
		s.over(s.below)
	}, leg: cl, by: cl, cause: proxy.CauseUntrustedRoot},
	{name: "TLS: the client closes at the sight of the forgery", play: func(s *stage) {
		c := tls.Client(s.tunnel(), &tls.Config{RootCAs: s.pool, ServerName: www, VerifyConnection: func(tls.ConnectionState) error {
			_ = s.below.CloseWrite()
			return errors.New("done")
		}})
		_ = c.Handshake()
		s.over(s.below)
	}, leg: cl, by: cl, cause: proxy.CauseLeftAtCertificate},

	// Both handshakes are complete.
	{name: "TLS: the client closes, and has asked nothing", play: func(s *stage) { c, _, _ := s.both(); c.Close() }, leg: cl, by: cl, cause: proxy.CausePin},
	{name: "TLS: the client resets, and has asked nothing", play: func(s *stage) { s.both(); reset(s.below) }, leg: cl, by: cl, cause: proxy.CausePin},
	{name: "HTTP/2: the client closes, and has asked nothing", play: func(s *stage) { c, _, _ := s.both("h2"); c.Close() }, leg: cl, by: cl, cause: proxy.CausePin},
	{name: "TLS: the server closes before anything was asked", play: func(s *stage) {
		c, srv, _ := s.both()
		srv.Close()
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "TLS: nothing is asked for too long", set: idle, play: func(s *stage) { c, _, _ := s.both(); s.over(c) }, leg: cl, by: px, cause: proxy.CauseIdle},

	// HTTP/1.1 in TLS: the request.
	{name: "HTTP/1.1: the client resets amid the head of a request", play: func(s *stage) {
		c, srv, _ := s.both()
		s.say(c, get)
		s.hears(srv, get)
		s.say(srv, "HTTP/1.1 204 No Content\r\n\r\n")
		s.hears(c, "HTTP/1.1 204 No Content\r\n\r\n")
		s.say(c, "GET /pa")
		reset(s.below)
	}, n: 1, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the client closes amid the head of its first request", play: func(s *stage) {
		c, _, _ := s.both()
		s.say(c, "GET /pa")
		s.must(s.below.CloseWrite())
		s.over(s.below)
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the client is slow amid the head of a request", set: quick, play: func(s *stage) {
		c, _, _ := s.both()
		s.say(c, "GET /pa")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseSlow},
	{name: "HTTP/1.1: a request that two readers could read in two ways", play: func(s *stage) {
		c, _, _ := s.both()
		s.say(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "HTTP/1.1: the head of a request is too long", set: narrow, play: func(s *stage) {
		c, _, _ := s.both()
		s.say(c, "GET / HTTP/1.1\r\nHost: a\r\n"+longField+"\r\n")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "HTTP/1.1: the client closes amid the body of a request", play: func(s *stage) {
		c, srv, _ := s.asked(post)
		s.say(c, "half")
		s.hears(srv, "half")
		c.Close()
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: what stands between the chunks of a request is none", play: func(s *stage) {
		c, _, _ := s.asked("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
		s.say(c, "five\r\n")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "HTTP/1.1: more comes than Content-Length says", play: func(s *stage) {
		c, srv, _ := s.asked("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
		s.say(c, "hi\x01\x02\x03\r\n\r\n")
		s.hears(srv, "hi")
		s.say(srv, "HTTP/1.1 204 No Content\r\n\r\n")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest, n: 1},

	// … and the reply.
	{name: "HTTP/1.1: the client resets, and waits no more", play: func(s *stage) { s.asked(get); reset(s.below) }, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the client closes its half, and then the server", play: func(s *stage) {
		c, srv, _ := s.asked(get)
		s.must(c.(*tls.Conn).CloseWrite())
		s.over(srv)
		srv.Close()
		s.over(c)
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the server closes without a reply", play: func(s *stage) {
		c, srv, _ := s.asked(get)
		srv.Close()
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the server closes without close_notify", play: func(s *stage) {
		c, _, below := s.asked(get)
		s.must(below.CloseWrite())
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the server resets amid the body of a request", play: func(s *stage) {
		c, _, below := s.asked(post)
		reset(below)
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the server closes amid the head of its reply", play: func(s *stage) {
		c, srv, _ := s.asked(get)
		s.say(srv, "HTTP/1.1 200 OK\r\nContent-Le")
		srv.Close()
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the server closes amid the body of its reply", play: func(s *stage) {
		c, srv, _ := s.asked(get)
		s.say(srv, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
		srv.Close()
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: the client resets amid the body of the reply", play: func(s *stage) {
		c, srv, _ := s.asked(get)
		const half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
		s.say(srv, half)
		s.hears(c, half)
		reset(s.below)
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "HTTP/1.1: a reply without a name of a field", play: func(s *stage) {
		c, srv, _ := s.asked(get)
		s.say(srv, "HTTP/1.1 200 OK\r\nno colon\r\n\r\n")
		s.over(c)
	}, leg: sv, by: px, cause: proxy.CauseBadReply},
	{name: "HTTP/1.1: the head of the reply is too long", set: narrow, play: func(s *stage) {
		c, srv, _ := s.asked(get)
		s.say(srv, "HTTP/1.1 200 OK\r\n"+longField+"\r\n")
		s.over(c)
	}, leg: sv, by: px, cause: proxy.CauseBadReply},
	{name: "HTTP/1.1: the server speaks something else", play: func(s *stage) {
		c, srv, _ := s.asked(get)
		s.say(srv, "SSH-2.0-OpenSSH_9.2\r\n")
		s.over(c)
	}, leg: sv, by: px, cause: proxy.CauseBadReply},
	{name: "HTTP/1.1: what is said to be gzip is none", set: rewrites, play: func(s *stage) {
		c, srv, _ := s.asked(get)
		s.say(srv, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\nplain as it can be  ")
		s.over(c)
	}, leg: sv, by: px, cause: proxy.CauseBadReply},
	{name: "HTTP/1.1: no reply for too long", set: idle, play: func(s *stage) { c, _, _ := s.asked(get); s.over(c) }, leg: sv, by: px, cause: proxy.CauseIdle},
	{name: "HTTP/1.1: the proxy is stopped amid a reply", play: func(s *stage) {
		c, srv, _ := s.asked(get)
		const half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
		s.say(srv, half)
		s.hears(c, half)
		s.must(s.proxy.Close())
	}, leg: px, by: px, cause: proxy.CauseShutdown},
	{name: "HTTP/1.1: an early 413", play: func(s *stage) {
		c, srv, _ := s.asked(post)
		s.say(srv, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		srv.Close()
		s.over(c)
	}},
	{name: "HTTP/1.1: a server that got no certificate answers 400", origin: func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert }, play: func(s *stage) {
		c, srv, _ := s.asked(get)
		s.say(srv, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		srv.Close()
		s.over(c)
	}},

	// Plain HTTP by way of the proxy.
	{name: "plain: the server closes without a reply", clear: true, play: func(s *stage) {
		c, srv := s.plain()
		srv.Close()
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "plain: the server answers with an alert of TLS", clear: true, play: func(s *stage) {
		c, srv := s.plain()
		s.say(srv, "\x15\x03\x01\x00\x02\x02\x46")
		s.over(c)
	}, leg: sv, by: px, cause: proxy.CauseSpeaksTLS},
	{name: "plain: the client closes its half, and then the server", clear: true, play: func(s *stage) {
		c, srv := s.plain()
		s.must(c.CloseWrite())
		s.over(srv)
		srv.Close()
		s.over(c)
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "plain: nobody is there", set: func(o *proxy.Options) { o.Dial = refusedDial }, play: func(s *stage) {
		c := s.client()
		s.say(c, "GET http://"+www+"/ HTTP/1.1\r\nHost: a\r\n\r\n")
		s.over(c)
	}, leg: sv, by: px, cause: proxy.CauseUnreachable},
	{name: "plain: the target names no server", play: func(s *stage) {
		c := s.client()
		s.say(c, "GET ftp://"+www+"/ HTTP/1.1\r\nHost: a\r\n\r\n")
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},

	// Bytes.
	{name: "bytes: the client resets", play: func(s *stage) {
		c, srv, _ := s.both()
		s.say(c, "\x00\x01")
		s.hears(srv, "\x00\x01")
		reset(s.below)
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "bytes: the server resets", play: func(s *stage) {
		c, srv, below := s.both()
		s.say(c, "\x00\x01")
		s.hears(srv, "\x00\x01")
		reset(below)
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "bytes: nothing for too long", set: idle, play: func(s *stage) {
		c, srv, _ := s.both()
		s.say(c, "\x00\x01")
		s.hears(srv, "\x00\x01")
		s.over(c)
	}, leg: px, by: px, cause: proxy.CauseIdle},

	// HTTP/2.
	{name: "HTTP/2: the server refuses a stream", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		s.must(srv.WriteRSTStream(1, http2.ErrCodeRefusedStream))
		c.until(http2.FrameRSTStream)
	}, leg: sv, by: sv, cause: proxy.CauseReset},
	{name: "HTTP/2: the server resets a stream", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		srv.head(false, ":status=200")
		s.must(srv.WriteRSTStream(1, http2.ErrCodeInternal))
		c.until(http2.FrameRSTStream)
	}, leg: sv, by: sv, cause: proxy.CauseReset},
	{name: "HTTP/2: the client cancels", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		s.must(c.WriteRSTStream(1, http2.ErrCodeCancel))
		srv.until(http2.FrameRSTStream)
	}, leg: cl, by: cl, cause: proxy.CauseReset},
	{name: "HTTP/2: the server takes no more (GOAWAY)", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		s.must(srv.WriteGoAway(0, http2.ErrCodeNo, nil))
		c.until(http2.FrameGoAway)
	}, leg: sv, by: sv, cause: proxy.CauseReset},
	{name: "HTTP/2: the server ends the connection with an error (GOAWAY)", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		s.must(srv.WriteGoAway(1, http2.ErrCodeEnhanceYourCalm, nil))
		srv.Close()
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "HTTP/2: the client ends the connection with an error (GOAWAY)", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		s.must(c.WriteGoAway(0, http2.ErrCodeCompression, nil))
		c.Close()
		s.over(srv)
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "HTTP/2: the server closes without a reply", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		srv.Close()
		s.over(c)
	}, leg: sv, by: sv, cause: proxy.CauseLeft},
	{name: "HTTP/2: the client resets amid a reply", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		srv.head(false, ":status=200")
		c.until(http2.FrameHeaders)
		reset(s.below)
	}, leg: cl, by: cl, cause: proxy.CauseLeft},
	{name: "HTTP/2: what the client says does not begin so", play: func(s *stage) {
		c, _, _ := s.both("h2")
		s.say(c, get)
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseMalformed},
	{name: "HTTP/2: the client says no frame", play: func(s *stage) {
		c, _, _ := s.asked2(false)
		s.must(c.WriteRawFrame(http2.FrameWindowUpdate, 0, 0, []byte("three")))
		s.over(c)
	}, leg: cl, by: px, cause: proxy.CauseMalformed},
	{name: "HTTP/2: the server says no frame", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		s.must(srv.WriteRawFrame(http2.FrameWindowUpdate, 0, 0, []byte("three")))
		s.over(c)
	}, leg: sv, by: px, cause: proxy.CauseMalformed},
	{name: "HTTP/2: the server's fields cannot be uncompressed", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		s.must(srv.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0x7f}, EndHeaders: true}))
		s.over(c)
	}, leg: sv, by: px, cause: proxy.CauseMalformed},
	{name: "HTTP/2: a malformed field of the server's", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		srv.head(false, ":status=200", "Bad Name=x")
		c.until(http2.FrameData)
		srv.until(http2.FrameRSTStream)
	}, leg: sv, by: px, cause: proxy.CauseBadReply},
	{name: "HTTP/2: a content-length of the server's that is wrong", play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		srv.head(false, ":status=200", "content-length=10")
		s.must(srv.WriteData(1, true, []byte("hello")))
		c.until(http2.FrameRSTStream)
		srv.until(http2.FrameRSTStream)
	}, leg: sv, by: px, cause: proxy.CauseBadReply},
	{name: "HTTP/2: a malformed field of the client's", play: func(s *stage) {
		c, srv, _ := s.both2()
		c.head(true, append(ask2[:4:4], "x=a\r\nEvil: 1")...)
		c.until(http2.FrameData)
		c.id = 3
		c.head(true, ask2...)
		srv.until(http2.FrameHeaders)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "HTTP/2: a second path of the client's", play: func(s *stage) {
		c, _, _ := s.both2()
		c.head(true, append(ask2[:4:4], ":path=/2")...)
		c.until(http2.FrameData)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "HTTP/2: a content-length of the client's that is wrong", play: func(s *stage) {
		c, srv, _ := s.asked2(false, "content-length=10")
		s.must(c.WriteData(1, true, []byte("hello")))
		srv.until(http2.FrameRSTStream)
		c.until(http2.FrameRSTStream)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "HTTP/2: a trailer of the client's that does not end it", play: func(s *stage) {
		c, srv, _ := s.asked2(false)
		c.head(false, "sum=1")
		srv.until(http2.FrameRSTStream)
		c.until(http2.FrameRSTStream)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "HTTP/2: the head of a request is too long", set: narrow, play: func(s *stage) {
		c, _, _ := s.both2()
		c.head(true, append(ask2[:4:4], "x-long="+strings.Repeat("\x01", 40_000))...)
		c.until(http2.FrameData)
	}, leg: cl, by: px, cause: proxy.CauseBadRequest},
	{name: "HTTP/2: the head of a reply is too long", set: narrow, play: func(s *stage) {
		c, srv, _ := s.asked2(true)
		srv.head(true, ":status=200", "x-long="+strings.Repeat("\x01", 40_000))
		c.until(http2.FrameData)
		srv.until(http2.FrameRSTStream)
	}, leg: sv, by: px, cause: proxy.CauseBadReply},
	{name: "HTTP/2: an early 413", play: func(s *stage) {
		c, srv, _ := s.asked2(false, "content-length=2000000")
		s.must(c.WriteData(1, false, make([]byte, 16_000)))
		srv.until(http2.FrameData)
		srv.head(true, ":status=413")
		s.must(srv.WriteRSTStream(1, http2.ErrCodeNo))
		c.until(http2.FrameRSTStream)
	}},
}

// tries has a client try, and ask.
func tries(s *stage) { against(s, nil) }

// against does so while the server does what it does.
func against(s *stage, serve func(c net.Conn, below *net.TCPConn)) {
	s.Helper()
	c := tls.Client(s.tunnel(), &tls.Config{RootCAs: s.pool, ServerName: www, NextProtos: []string{"http/1.1"}})
	done := make(chan bool)
	go func() {
		defer close(done)
		if c.Handshake() == nil {
			_, _ = io.WriteString(c, get)
			_, _ = io.Copy(io.Discard, c)
		}
	}()
	if serve != nil {
		serve(s.serve())
	}
	<-done
}
