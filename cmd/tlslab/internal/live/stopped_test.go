package live

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render"
	"tlslab/handshake/tls"
	"tlslab/pki/lesson"
)

// stopsAt is a listener whose server is stopped at the moment at which a client first sees the end
// of its connection: the server has an alert of it, and nothing is told yet.
type stopsAt struct {
	net.Listener
	stop func()
}

func (l *stopsAt) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &stopsAtEnd{c, l.stop}, nil
}

type stopsAtEnd struct {
	net.Conn
	stop func()
}

func (c *stopsAtEnd) CloseWrite() error {
	c.stop()
	return net.ErrClosed
}

// TestStoppedServerTells: what a client has said is told, however soon it is after that that the
// server is stopped; of a client that has said nothing, nothing is told.
func TestStoppedServerTells(t *testing.T) {
	l, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		v     iana.Version
		www   bool
		proto []string
		after bool // the alert comes after the handshake
	}{
		{"in the handshake", iana.TLS12, false, nil, false},
		{"in the handshake, --www", iana.TLS12, true, nil, false},
		{"after it", iana.TLS12, false, nil, true},
		{"after it, TLS 1.3", iana.TLS13, false, nil, true},
		{"after it, --www", iana.TLS13, true, nil, true},
		{"after it, HTTP/2", iana.TLS13, true, []string{overHTTP2}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := new(serverFlags)
			s.Lang, s.Format, s.www, s.handshakeTimeout, s.idleTimeout = "en", "text", test.www, clitest.Patience, clitest.Patience
			var log, shown bytes.Buffer
			h := &host{flags: s, log: &log, stdout: io.Discard, conns: map[*liveConn]bool{},
				cfg: &handshake.Config{MaxVersion: test.v, ALPN: test.proto, Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}},
				out: &cli.Output{Writer: &shown, Options: render.TerminalOptions{Lang: "en", Width: 80}}}
			tcp, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			stops := &stopsAt{Listener: tcp, stop: func() { h.stop(tcp) }}
			served := make(chan error, 1)
			go func() { served <- s.serve(t.Context(), h, stops, strings.NewReader("")) }()

			silent, err := net.Dial("tcp", tcp.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer silent.Close()
			raw, err := net.Dial("tcp", tcp.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			cfg := &handshake.Config{ServerName: "localhost", Roots: l.Roots, ALPN: test.proto}
			if test.after {
				c, err := tls.Client(raw, cfg)
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Handshake(); err != nil {
					t.Fatal(err)
				}
				if err := c.Abort(nil); err != nil {
					t.Fatal(err)
				}
			} else {
				e, err := handshake.NewClient(cfg)
				if err != nil {
					t.Fatal(err)
				}
				for e.State() < event.WaitServerHello {
					if _, err := e.Step(); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := raw.Write(append(e.Output(), alertOf(iana.Fatal, iana.InternalError)...)); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case err := <-served:
				if err != nil {
					t.Fatal(err)
				}
			case <-time.After(clitest.Patience):
				t.Fatal("the server has not stopped")
			}
			if n := strings.Count(log.String(), "the client refused"); n != 1 || strings.Count(log.String(), "\n") > 2 {
				t.Errorf("it tells %d times of one alert:\n%s", n, &log)
			}
		})
	}
}
