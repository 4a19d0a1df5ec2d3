package interop_test

import (
	"testing"

	"tlslab/handshake/internal/tlstest"
)

// TLS 1.3 with gnutls-serv and gnutls-cli.

func gnutlsServer13(t testing.TB, kind, priority string, args ...string) (addr string) {
	t.Helper()
	id := tlstest.Servers()[kind]
	return gnutlsServerOf(t, priority, append([]string{"--x509certfile", filesOf(id).cert, "--x509keyfile", filesOf(id).key}, args...)...)
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
