package interop_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/internal/tlstest"
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

func gnutlsClient(t testing.TB, port, priority string, args ...string) *program {
	t.Helper()
	return start(t, "gnutls-cli", append([]string{"--port", port, "--priority", priority, "--x509cafile", rootsFile(),
		"--verify-hostname", tlstest.Name, "--sni-hostname", tlstest.Name, "127.0.0.1"}, args...)...)
}
