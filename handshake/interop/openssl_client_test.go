package interop_test

import (
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/tls"
)

// openssl s_client against our server: one process per connection. It verifies us,
// sends a line, and must get our answer and a clean end.

// exchangeLine runs one s_client against a server of ours.
func exchangeLine(t testing.TB, cfg *tls.Config, args ...string) (handshake.Summary, *tlstest.Witness, *program) {
	t.Helper()
	return exchangeLineIn(t, "-tls1_2", cfg, args...)
}

func exchangeLineIn(t testing.TB, version string, cfg *tls.Config, args ...string) (handshake.Summary, *tlstest.Witness, *program) {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	var got handshake.Summary
	port, wait := accept(t, cfg, func(c *tls.Conn) error {
		defer func() { got = c.Summary() }()
		return tlstest.Answer(c)
	})
	p := sClient(t, port, append([]string{"-CAfile", rootsFile(), version}, args...)...)
	p.say("hello from openssl")
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	p.waitFor("you said 19 bytes: hello from openssl")
	met(theOpenSSL, event.Server, cfg, got, w)
	return got, w, p
}
