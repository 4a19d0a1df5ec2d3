package interop_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// TLS 1.3 with gnutls-serv and gnutls-cli.

func gnutlsServer13(t testing.TB, kind, priority string, args ...string) (addr string) {
	t.Helper()
	id := tlstest.Servers()[kind]
	return gnutlsServerOf(t, priority, append([]string{"--x509certfile", filesOf(id).cert, "--x509keyfile", filesOf(id).key}, args...)...)
}

func TestGnuTLS13ServerRetry(t *testing.T) {
	addr := gnutlsServer13(t, "ecdsa", gnutlsAll13+":-GROUP-ALL:+GROUP-SECP384R1", "--disable-client-cert")
	for name, shares := range map[string][]iana.Group{"another group": {iana.X25519}, "no share": {}} {
		t.Run(name, func(t *testing.T) {
			cfg := tlstest.Verifying()
			cfg.KeyShares = shares
			if got, w := echoed(t, addr, cfg); !got.Retried || got.Group != iana.P384 || w.Saw(message.KindClientHello) != 2 {
				t.Errorf("settled %v, messages %v", got.Group, w.Kinds)
			}
		})
	}
}

func TestGnuTLS13ClientRetry(t *testing.T) {
	// A HelloRetryRequest with a cookie and no group it refuses, RFC 9846 §4.2.4 or not.
	for _, cookie := range []bool{false, true} {
		t.Run(fmt.Sprintf("cookie %v", cookie), func(t *testing.T) {
			cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
			cfg.Groups, cfg.RetryWithCookie = []kx.Group{kx.P521}, cookie
			// It sends shares of one curve of each sort, the first.
			got, w := gnutlsLine(t, cfg, gnutlsAll13+":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP521R1")
			if !got.Retried || w.Saw(message.KindClientHello) != 2 || got.Group != iana.P521 {
				t.Errorf("settled %v, messages %v", got.Group, w.Kinds)
			}
		})
	}
}

// TestGnuTLS13ServerKeyUpdate updates our keys, then has gnutls-serv update its own: its
// word for a new handshake does that in TLS 1.3.
func TestGnuTLS13ServerKeyUpdate(t *testing.T) {
	addr := gnutlsServer13(t, "ecdsa", gnutlsAll13, "--disable-client-cert")
	cfg, w := tlstest.Witnessed(t, tlstest.Verifying())
	c, err := dial(t, addr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	echo := func(line string) {
		t.Helper()
		if _, err := io.WriteString(c, line); err != nil {
			t.Fatal(err)
		}
		if got, err := tlstest.ReadLine(c); err != nil || got != line {
			t.Fatalf("sent %q, got %q, %v", line, got, err)
		}
	}
	echo("before\n")
	for _, request := range []bool{false, true, true} {
		if err := c.UpdateKeys(request); err != nil {
			t.Fatal(err)
		}
		echo("under new keys\n")
	}
	if n := w.Saw(message.KindKeyUpdate); n != 3+2 {
		t.Errorf("%d KeyUpdates", n)
	}
	if _, err := io.WriteString(c, "**REHANDSHAKE**\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := tlstest.ReadLine(c); err != nil || !strings.HasPrefix(got, "Successfully executed") {
		t.Fatalf("%q, %v", got, err)
	}
	echo("under its new keys\n")
	if n := w.Saw(message.KindKeyUpdate); n != 3+2+2 {
		t.Errorf("%d KeyUpdates", n)
	}
	if err := tlstest.Goodbye(c); err != nil {
		t.Fatal(err)
	}
	met(theGnuTLS, event.Client, cfg, c.Summary(), w)
}

// TestGnuTLS13ClientKeyUpdate has both ends update; gnutls-cli is told to by a command
// between the lines.
func TestGnuTLS13ClientKeyUpdate(t *testing.T) {
	cfg, w := tlstest.Witnessed(t, tlstest.Serving(tlstest.Servers()["ecdsa"]))
	port, wait := accept(t, cfg, func(c *tls.Conn) error {
		for i := range 3 {
			line, err := tlstest.ReadLine(c)
			if err != nil {
				return err
			}
			// Before the reply: who has read that has the KeyUpdate too, and answers it with the next
			// line. Behind it, the answer may be put off until the rekeying, and the two be one.
			if err := c.UpdateKeys(i%2 == 0); err != nil {
				return err
			}
			if _, err := fmt.Fprintf(c, "you said %d bytes: %s", len(line), line); err != nil {
				return err
			}
		}
		if err := answerFirst(c); err != nil {
			return err
		}
		met(theGnuTLS, event.Server, cfg, c.Summary(), w)
		return nil
	})
	p := gnutlsClient(t, port, gnutlsAll13, "--inline-commands")
	for i := range 4 {
		if i == 2 {
			p.say("^rekey^")
			p.waitFor("(?i)rekey|key update")
		}
		line := fmt.Sprintf("line %d", i)
		p.say(line)
		p.waitFor("you said 7 bytes: " + line)
	}
	p.stdin.Close()
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	if n := w.Saw(message.KindKeyUpdate); n != 3+2+2 {
		t.Errorf("%d KeyUpdates", n)
	}
}

func TestGnuTLS13ServerTickets(t *testing.T) {
	addr := gnutlsServer13(t, "ecdsa", gnutlsAll13, "--disable-client-cert")
	store := session.NewMemory(0)
	for range 2 {
		cfg := tlstest.Verifying()
		cfg.Sessions = store
		if _, w := echoed(t, addr, cfg); w.Saw(message.KindNewSessionTicket) == 0 {
			t.Errorf("messages %v", w.Kinds)
		}
	}
}

// TestGnuTLS13ClientTickets has gnutls-cli come back with a ticket of ours, and offer a key
// of its own: a server that takes neither must not be disturbed.
func TestGnuTLS13ClientTickets(t *testing.T) {
	t.Run("a ticket", func(t *testing.T) {
		cfg, w := tlstest.Witnessed(t, tlstest.Serving(tlstest.Servers()["ecdsa"]))
		cfg.Tickets = session.NewTicketKeys(rand.Reader, 0)
		n := 0
		port, wait := acceptMany(t, cfg, 2, func(c *tls.Conn) error {
			if err := c.Handshake(); err != nil {
				return err
			}
			if n++; n == 2 {
				met(theGnuTLS, event.Server, cfg, c.Summary(), w)
				return answerFirst(c)
			}
			_, err := io.ReadAll(c) // it says goodbye at once
			return err
		})
		p := gnutlsClient(t, port, gnutlsAll13, "--resume", "--waitresumption")
		p.waitFor(`Connecting again`)
		p.say("hello again")
		p.waitFor(`you said 12 bytes`)
		p.stdin.Close()
		if err := wait(p); err != nil {
			t.Fatal(err)
		}
		if len(w.Hellos) != 2 || w.Hellos[1].Extensions.Find(iana.ExtPreSharedKey) == nil {
			t.Errorf("no ticket was offered; messages %v", w.Kinds)
		}
	})
	t.Run("a key of its own", func(t *testing.T) {
		_, w := gnutlsLine(t, tlstest.Serving(tlstest.Servers()["ecdsa"]), gnutlsAll13+":+DHE-PSK:+PSK", "--pskusername", "student", "--pskkey", "00112233445566778899aabbccddeeff")
		if w.Hellos[0].Extensions.Find(iana.ExtPreSharedKey) == nil {
			t.Error("no pre_shared_key was offered")
		}
	})
}

func TestGnuTLS13ClientExporter(t *testing.T) {
	cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
	var got []byte
	port, wait := accept(t, cfg, func(c *tls.Conn) (err error) {
		if err = answerFirst(c); err == nil {
			got, err = c.Export(exportLabel, nil, 48)
		}
		return err
	})
	p := gnutlsClient(t, port, gnutlsAll13, "--keymatexport", exportLabel, "--keymatexportsize", "48")
	m := p.waitFor(`Key material: ([0-9a-f]+)`)
	p.say("hello")
	p.waitFor("you said 6 bytes")
	p.stdin.Close()
	if err := wait(p); err != nil || fmt.Sprintf("%x", got) != m[1] {
		t.Errorf("%x, %v; gnutls has %s", got, err, m[1])
	}
}

// gnutlsTalk has gnutls-cli say hello to answerFirst, and returns all that it printed.
func gnutlsTalk(t testing.TB, port string, wait func(*program) error, args ...string) string {
	t.Helper()
	p := gnutlsClient(t, port, gnutlsAll13, args...)
	p.say("hello")
	p.waitFor("you said 6 bytes")
	p.stdin.Close()
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	<-p.over.Done()
	return p.said.String()
}
