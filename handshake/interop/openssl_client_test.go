package interop_test

import (
	"crypto/rand"
	"fmt"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
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

// TestOpenSSLClientReconnects makes s_client's six connections: one whole
// handshake, five that resume it.
func TestOpenSSLClientReconnects(t *testing.T) {
	for _, how := range []string{"ticket", "session ID"} {
		for _, id := range []iana.CipherSuite{0xc02f, 0xc02b, 0x009e, 0x009d, 0xc014} {
			t.Run(how+" "+id.String(), func(t *testing.T) {
				t.Parallel()
				s := suite.ByID(id)
				cfg := tlstest.Serving(serverFor(s))
				cfg.Suites, cfg.Sessions, cfg.EncryptThenMAC = []*suite.Suite{s}, session.NewMemory(0), true
				args := []string{"-tls1_2", "-reconnect"}
				if how == "ticket" {
					cfg.Tickets = session.NewTicketKeys(rand.Reader, 0)
				} else {
					args = append(args, "-no_ticket")
				}
				cfg, w := tlstest.Witnessed(t, cfg)
				var resumed []bool
				port, wait := acceptMany(t, cfg, 6, func(c *tls.Conn) error {
					if err := c.Handshake(); err != nil {
						return err
					}
					met(theOpenSSL, event.Server, cfg, c.Summary(), w)
					if resumed = append(resumed, c.Summary().Resumed); len(resumed) < 6 {
						return nil
					}
					return tlstest.Answer(c)
				})
				p := sClient(t, port, append(args, "-CAfile", rootsFile())...)
				p.say("hello, at last")
				if err := wait(p); err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(resumed) != "[false true true true true true]" {
					t.Errorf("resumed: %v", resumed)
				}
				if gave := w.Saw(message.KindNewSessionTicket); gave > 0 != (how == "ticket") {
					t.Errorf("%d tickets", gave)
				}
				p.waitFor(`you said 15 bytes`)
			})
		}
	}
}
