package interop_test

import (
	"testing"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// TLS 1.3 with openssl s_server and s_client.

func revServer13(t testing.TB, id *tlstest.Identity, args ...string) (addr string) {
	t.Helper()
	_, addr = sServer(t, append(append(show(id), "-rev", "-tls1_3", "-ciphersuites", allSuites13), args...)...)
	return addr
}

// TestOpenSSL13ServerTickets gets two tickets, and comes back.
func TestOpenSSL13ServerTickets(t *testing.T) {
	addr := revServer13(t, tlstest.Servers()["ecdsa"])
	store := session.NewMemory(0)
	for range 2 {
		cfg := tlstest.Verifying()
		cfg.Sessions = store
		if _, w := reversed(t, addr, cfg); w.Saw(message.KindNewSessionTicket) == 0 {
			t.Errorf("messages %v", w.Kinds)
		}
	}
}

func typedServer13(t testing.TB, id *tlstest.Identity, args ...string) (p *program, addr string) {
	t.Helper()
	return sServer(t, append(append(show(id), "-tls1_3"), args...)...)
}

func typed(t testing.TB, p *program, addr string, cfg *tls.Config) (*tls.Conn, *tlstest.Witness) {
	o := opensslServer{program: p, addr: addr}.typed(t, cfg)
	return o.conn, o.w
}
