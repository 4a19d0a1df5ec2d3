package interop_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
)

// TLS 1.3 with openssl s_client: see openssl13_test.go for what both roles need.

// TestOpenSSL13ClientTickets has s_client keep a ticket of ours and offer it, and one offer a
// key of its own. That a PSK is offered must not disturb a server that takes none.
func TestOpenSSL13ClientTickets(t *testing.T) {
	cfg := tlstest.Serving(tlstest.Servers()["ecdsa"])
	cfg.Tickets = session.NewTicketKeys(rand.Reader, 0)
	kept := filepath.Join(t.TempDir(), "session")
	_, w, p := exchangeLineIn(t, "-tls1_3", cfg, "-sess_out", kept)
	if n := w.Saw(message.KindNewSessionTicket); n != 2 {
		t.Errorf("%d tickets", n)
	}
	p.waitFor(`Post-Handshake New Session Ticket arrived`)
	<-p.over.Done()
	if _, err := os.Stat(kept); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"a ticket": {"-sess_in", kept}, "a key of its own": {"-psk", "00112233445566778899aabbccddeeff"}} {
		t.Run(name, func(t *testing.T) {
			_, w, _ := exchangeLineIn(t, "-tls1_3", cfg, args...)
			if w.Hellos[0].Extensions.Find(iana.ExtPreSharedKey) == nil {
				t.Error("no pre_shared_key was offered")
			}
		})
	}
}
