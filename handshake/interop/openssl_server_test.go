package interop_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// Our client against openssl s_server. One server process takes many connections,
// one after the other; with -rev it sends each line back reversed, and ends the
// connection when told CLOSE.

// revServer is an s_server of TLS 1.2 that has an RSA and an ECDSA certificate.
func revServer(t testing.TB, args ...string) (addr string) {
	t.Helper()
	ec := tlstest.Servers()["ecdsa"]
	_, addr = sServer(t, append(append([]string{"-rev", "-tls1_2", "-dcert", filesOf(ec).cert, "-dkey", filesOf(ec).key, "-dcert_chain", filesOf(ec).chain},
		show(tlstest.Servers()["rsa"])...), args...)...)
	return addr
}

// reversed shakes hands with a server in -rev, sends it lines, wants them back,
// and ends cleanly.
func reversed(t testing.TB, addr string, cfg *tls.Config) (*tls.Conn, *tlstest.Witness) {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	c, err := dial(t, addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var sent, want strings.Builder
	for i := range 40 {
		line := fmt.Appendf(nil, "%03d %s", i, strings.Repeat("ab", i*4))
		fmt.Fprintf(&sent, "%s\n", line)
		for j := range line {
			want.WriteByte(line[len(line)-1-j])
		}
		want.WriteByte('\n')
	}
	if _, err := io.WriteString(c, sent.String()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want.String() {
		t.Fatalf("%v; came %q", err, got)
	}
	if _, err := io.WriteString(c, "CLOSE\n"); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Fatalf("instead of a clean end: %q, %v", rest, err)
	}
	met(theOpenSSL, event.Client, cfg, c.Summary(), w)
	return c, w
}

func TestOpenSSLServerStapleALPNAndFragments(t *testing.T) {
	id := tlstest.Servers()["rsa"]
	_, addr := sServer(t, append(show(id), "-rev", "-tls1_2", "-status_file", filesOf(id).ocsp, "-alpn", "lab/2,http/1.1")...)
	t.Run("staple", func(t *testing.T) {
		cfg := tlstest.Verifying()
		cfg.Stapling = true
		if c, _ := reversed(t, addr, cfg); !bytes.Equal(c.Summary().Staple, id.Staple) {
			t.Errorf("a staple of %d bytes, of %d sent", len(c.Summary().Staple), len(id.Staple))
		}
	})
	t.Run("alpn", func(t *testing.T) {
		cfg := tlstest.Verifying()
		cfg.ALPN = []string{"http/1.1"}
		if c, _ := reversed(t, addr, cfg); c.Summary().Protocol != "http/1.1" {
			t.Errorf("protocol %q", c.Summary().Protocol)
		}
	})
	for code := iana.MaxFragmentLength(1); code <= 4; code++ {
		t.Run("max_fragment_length "+code.String(), func(t *testing.T) {
			cfg := tlstest.Verifying()
			cfg.MaxFragmentLength = code
			if c, _ := reversed(t, addr, cfg); c.Summary().MaxFragmentLength != code {
				t.Errorf("settled %v", c.Summary().MaxFragmentLength)
			}
		})
	}
}

func TestOpenSSLServerResumption(t *testing.T) {
	for _, how := range []string{"ticket", "session ID"} {
		t.Run(how, func(t *testing.T) {
			var args []string
			if how == "session ID" {
				args = append(args, "-no_ticket")
			}
			addr := revServer(t, args...)
			for _, s := range []iana.CipherSuite{0xc02f, 0xc02b, 0x009e, 0x009d, 0xc014} {
				store := session.NewMemory(0)
				for i := range 3 {
					cfg := tlstest.Verifying()
					cfg.Suites, cfg.Sessions, cfg.EncryptThenMAC = []*suite.Suite{suite.ByID(s)}, store, true
					c, w := reversed(t, addr, cfg)
					if got := c.Summary().Resumed; got != (i > 0) {
						t.Errorf("%v, connection %d: resumed %v", s, i, got)
					}
					if gave := w.Saw(message.KindNewSessionTicket) > 0; i == 0 && gave != (how == "ticket") {
						t.Errorf("%v: a ticket was given: %v", s, gave)
					}
				}
			}
		})
	}
}

// TestOpenSSLServerFallback retries at TLS 1.2, marked as a retry, a server that
// could have done TLS 1.3, and one that could not.
func TestOpenSSLServerFallback(t *testing.T) {
	cfg := tlstest.Verifying()
	cfg.Fallback, cfg.MaxVersion = true, iana.TLS12
	_, modern := sServer(t, append(show(tlstest.Servers()["rsa"]), "-rev")...)
	if _, err := dial(t, modern, cfg); tlstest.PeerAlert(err) != iana.InappropriateFallback {
		t.Errorf("from a server with TLS 1.3: %v", err)
	}
	reversed(t, modern, tlstest.Verifying()) // not marked, it is welcome
	reversed(t, revServer(t), cfg)
}

func TestOpenSSLServerWithoutExtendedMasterSecret(t *testing.T) {
	addr := revServer(t)
	cfg := tlstest.Verifying()
	cfg.Weak.NoExtendedMasterSecret = true
	if c, _ := reversed(t, addr, cfg); c.Summary().ExtendedMasterSecret {
		t.Error("extended master secret all the same")
	}
}

// TestOpenSSLServerRenegotiates has the server ask for a second handshake. We
// refuse by a warning; OpenSSL takes that for the end.
func TestOpenSSLServerRenegotiates(t *testing.T) {
	p, addr := sServer(t, append(show(tlstest.Servers()["rsa"]), "-tls1_2")...)
	cfg, w := tlstest.Witnessed(t, tlstest.Verifying())
	c, err := dial(t, addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		t.Fatal(err)
	}
	p.waitFor("hello")
	p.say("R")
	_, err = c.Read(make([]byte, 1))
	if tlstest.PeerAlert(err) != iana.HandshakeFailure {
		t.Errorf("read: %v", err)
	}
	if w.Saw(message.KindHelloRequest) != 1 || len(w.Alerts) == 0 || w.Alerts[0].Description != iana.NoRenegotiation ||
		reason.Of(w.Alerts[0].Err) != reason.RenegotiationRefused {
		t.Errorf("messages %v, alerts %v", w.Kinds, w.Alerts)
	}
}

func sendBulk(t testing.TB, addr string, cfg *tls.Config) {
	t.Helper()
	c, err := dial(t, addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	line := append(bytes.Repeat([]byte("x"), 1023), '\n') // its own reverse
	data := bytes.Repeat(line, 1024)
	wrote := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		wrote <- err
	}()
	got := make([]byte, len(data))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%v after %d bytes", err, n)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}
