package proxy_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/mitm/proxy"
)

// What is not HTTP goes on as bytes, whoever speaks first.
var dialogues = []struct {
	name           string
	lines          []line
	sent, received int64
}{
	{"client first", []line{
		{client, "\x00\x01binary", ""},
		{server, "\xff\xfe\r\n", ""},
		{client, "lower case\r\n", ""},
	}, 20, 4},
	{"like a preface of HTTP/2", []line{
		{client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""},
		{server, "\x00\x00\x00\x04\x00\x00\x00\x00\x00", ""},
	}, 24, 9},
	{"server first", []line{
		{server, "220 mail.lab.test ESMTP\r\n", ""},
		{client, "EHLO me\r\n", ""}, // which looks like a request
		{server, "250 mail.lab.test\r\n", ""},
		{client, "GET / HTTP/1.1\r\n\r\n", ""}, // and so does this
		{server, "500 what?\r\n", ""},
	}, 27, 55},
}

// TestBytes: inside of TLS, without ALPN and with one that we know nothing of; and in
// clear through a CONNECT.
func TestBytes(t *testing.T) {
	t.Parallel()
	for _, d := range dialogues {
		for _, way := range []string{"tls", "alpn", "clear"} {
			t.Run(d.name+", "+way, func(t *testing.T) {
				o := newScripted(t, func(c *tls.Config) *tls.Config {
					switch way {
					case "clear":
						return nil
					case "alpn":
						c.NextProtos = []string{"tlslab/1"}
					}
					return c
				})
				u := start(t, o.origin, nil)
				c := u.connect(t, wwwName+":2525")
				lines := d.lines
				var s net.Conn
				switch way {
				case "clear":
					if lines[0].who == client { // the server is connected to when it is known what the client speaks
						if _, err := c.Write([]byte(lines[0].say)); err != nil {
							t.Fatal(err)
						}
						s = o.next(t)
						if err := hears(s, lines[0].say); err != nil {
							t.Fatal(err)
						}
						lines = lines[1:]
					} else {
						s = o.next(t)
					}
				default:
					cfg := &tls.Config{RootCAs: u.pool, ServerName: wwwName}
					if way == "alpn" {
						cfg.NextProtos = []string{"h2", "tlslab/1"}
					}
					over := tls.Client(c, cfg)
					if err := over.Handshake(); err != nil {
						t.Fatal(err)
					}
					if got := over.ConnectionState().NegotiatedProtocol; way == "alpn" && got != "tlslab/1" {
						t.Errorf("ALPN %q", got)
					}
					c, s = over, o.next(t)
				}
				if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				play(t, c, s, lines)
				play(t, c, s, []line{{server, bye, ""}})
				c.Close()
				e := u.total(t, 1)[0]
				sound(t, e)
				if e.Kind != proxy.Bytes || e.Sent != d.sent || e.Received != d.received {
					t.Errorf("a %s: %d sent, %d received; want %d, %d", e.Kind, e.Sent, e.Received, d.sent, d.received)
				}
				if scheme := map[bool]string{true: "", false: "https"}[way == "clear"]; e.Scheme != scheme {
					t.Errorf("scheme %q", e.Scheme)
				}
			})
		}
	}
}

// TestHalfClosed: a client that has said everything still hears the answer.
func TestHalfClosed(t *testing.T) {
	o := newScripted(t, nil)
	u := start(t, o.origin, nil)
	c := u.tunnel(t)
	s := o.next(t)
	play(t, c, s, []line{{client, "\x00all", ""}})
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	play(t, c, s, []line{{server, "\x01answer", ""}, {server, bye, ""}})
	e := u.total(t, 1)[0]
	sound(t, e)
	if e.Sent != 4 || e.Received != 7 {
		t.Errorf("%d sent, %d received", e.Sent, e.Received)
	}
}

// TestSlowToSpeakTLS: a client that waits before its hello is no client of a server that
// speaks first.
func TestSlowToSpeakTLS(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = nil })
	dialled := make(chan bool, 2)
	u := start(t, o, func(p *proxy.Options) {
		p.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialled <- true
			return o.dial(ctx, network, addr)
		}
	})
	c := u.connect(t, wwwName+":443")
	<-dialled // the proxy has lost patience, and looks whether the server speaks
	over := tls.Client(c, &tls.Config{RootCAs: u.pool, ServerName: wwwName})
	_, body := asks(t, over, "GET /slow HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
	if !strings.Contains(body, "GET /slow") {
		t.Error(body)
	}
	e := u.total(t, 1)[0]
	sound(t, e)
	if e.ToClient == nil || e.ToServer == nil || len(dialled) > 0 {
		t.Errorf("%+v", e)
	}
}
