package interop_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// The peers in this file are gnutls-serv and gnutls-cli.

// gnutlsServer starts gnutls-serv, which echoes what it reads, with an RSA and an ECDSA
// certificate, and returns its address.
func gnutlsServer(t testing.TB, priority string, args ...string) (addr string) {
	t.Helper()
	for _, kind := range []string{"rsa", "ecdsa"} {
		id := tlstest.Servers()[kind]
		args = append(args, "--x509certfile", filesOf(id).cert, "--x509keyfile", filesOf(id).key)
	}
	return gnutlsServerOf(t, priority, args...)
}

func gnutlsServerOf(t testing.TB, priority string, args ...string) (addr string) {
	t.Helper()
	args = append([]string{"--echo", "--priority", priority, "--x509cafile", rootsFile()}, args...)
	for {
		port := freePort(t)
		p := start(t, "gnutls-serv", append(args, "--port", port)...)
		if p.waitFor(`IPv4 0\.0\.0\.0 port \d+\.\.\.(done|.*bind)`)[1] == "done" {
			return "127.0.0.1:" + port
		} // somebody took the port in between: another one
	}
}

// echoed shakes hands with gnutls-serv, gets a line back, and ends cleanly.
func echoed(t testing.TB, addr string, cfg *tls.Config) (handshake.Summary, *tlstest.Witness) {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	c, err := dial(t, addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 5 {
		line := fmt.Sprintf("line %d, %s\n", i, strings.Repeat("hello gnutls ", 20*i))
		if _, err := io.WriteString(c, line); err != nil {
			t.Fatal(err)
		}
		if got, err := tlstest.ReadLine(c); err != nil || got != line {
			t.Fatalf("sent %q, got %q, %v", line, got, err)
		}
	}
	if err := tlstest.Goodbye(c); err != nil {
		t.Fatal(err)
	}
	met(theGnuTLS, event.Client, cfg, c.Summary(), w)
	return c.Summary(), w
}

func TestGnuTLSServerResumption(t *testing.T) {
	for _, how := range []string{"ticket", "session ID"} {
		t.Run(how, func(t *testing.T) {
			args := []string{"--disable-client-cert"}
			if how == "session ID" {
				args = append(args, "--noticket")
			}
			addr := gnutlsServer(t, gnutlsAll, args...)
			store := session.NewMemory(0)
			for i := range 3 {
				cfg := tlstest.Verifying()
				cfg.Sessions = store
				if got, _ := echoed(t, addr, cfg); got.Resumed != (i > 0) {
					t.Errorf("connection %d: resumed %v", i, got.Resumed)
				}
			}
		})
	}
}

// gnutlsLine runs one gnutls-cli against a server of ours.
func gnutlsLine(t testing.TB, cfg *tls.Config, priority string, args ...string) (handshake.Summary, *tlstest.Witness) {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	var got handshake.Summary
	port, wait := accept(t, cfg, func(c *tls.Conn) error {
		defer func() { got = c.Summary() }()
		return answerFirst(c)
	})
	p := gnutlsClient(t, port, priority, args...)
	p.say("hello from gnutls")
	p.waitFor("you said 18 bytes: hello from gnutls")
	p.stdin.Close()
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	met(theGnuTLS, event.Server, cfg, got, w)
	return got, w
}

// TestGnuTLSClientResumes makes gnutls-cli's two connections.
func TestGnuTLSClientResumes(t *testing.T) {
	for _, how := range []string{"ticket", "session ID"} {
		t.Run(how, func(t *testing.T) {
			cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
			cfg.Sessions = session.NewMemory(0)
			args := []string{"--resume"}
			if how == "ticket" {
				cfg.Tickets = session.NewTicketKeys(rand.Reader, 0)
			} else {
				args = append(args, "--noticket")
			}
			var resumed []bool
			cfg, w := tlstest.Witnessed(t, cfg)
			port, wait := acceptMany(t, cfg, 2, func(c *tls.Conn) error {
				if err := c.Handshake(); err != nil {
					return err
				}
				met(theGnuTLS, event.Server, cfg, c.Summary(), w)
				if resumed = append(resumed, c.Summary().Resumed); len(resumed) == 2 {
					return answerFirst(c)
				}
				_, err := io.ReadAll(c) // it says goodbye at once
				return err
			})
			p := gnutlsClient(t, port, gnutlsAll, args...)
			p.waitFor(`Connecting again`)
			p.waitFor(`Resume Handshake was completed`)
			p.say("hello again")
			p.waitFor(`you said 12 bytes`)
			p.stdin.Close()
			if err := wait(p); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(resumed) != "[false true]" {
				t.Errorf("resumed: %v", resumed)
			}
		})
	}
}

func gnutlsClient(t testing.TB, port, priority string, args ...string) *program {
	t.Helper()
	return start(t, "gnutls-cli", append([]string{"--port", port, "--priority", priority, "--x509cafile", rootsFile(),
		"--verify-hostname", tlstest.Name, "--sni-hostname", tlstest.Name, "127.0.0.1"}, args...)...)
}
