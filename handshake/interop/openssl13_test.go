package interop_test

import (
	"testing"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/tls"
)

// TLS 1.3 with openssl s_server and s_client.

func revServer13(t testing.TB, id *tlstest.Identity, args ...string) (addr string) {
	t.Helper()
	_, addr = sServer(t, append(append(show(id), "-rev", "-tls1_3", "-ciphersuites", allSuites13), args...)...)
	return addr
}

func typedServer13(t testing.TB, id *tlstest.Identity, args ...string) (p *program, addr string) {
	t.Helper()
	return sServer(t, append(append(show(id), "-tls1_3"), args...)...)
}

func typed(t testing.TB, p *program, addr string, cfg *tls.Config) (*tls.Conn, *tlstest.Witness) {
	o := opensslServer{program: p, addr: addr}.typed(t, cfg)
	return o.conn, o.w
}
