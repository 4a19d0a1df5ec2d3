package interop_test

import (
	"crypto/rand"
	"io"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
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
