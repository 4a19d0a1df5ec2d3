package interop_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/internal/tlstest"
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
