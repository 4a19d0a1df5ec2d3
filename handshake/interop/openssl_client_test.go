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
	"tlslab/handshake/reason"
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
	p := sClient(t, port, append([]string{version}, args...)...)
	p.say("hello from openssl")
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	p.waitFor("you said 19 bytes: hello from openssl")
	met(theOpenSSL, event.Server, cfg, got, w)
	return got, w, p
}

func TestOpenSSLClientStapleALPNAndName(t *testing.T) {
	for _, kind := range tlstest.Kinds {
		t.Run(kind, func(t *testing.T) {
			cfg := tlstest.Serving(tlstest.Servers()[kind])
			cfg.ALPN = []string{"lab/2"}
			got, _, p := exchangeLine(t, cfg, "-status", "-alpn", "http/1.1,lab/2")
			if got.Protocol != "lab/2" || got.ServerName != tlstest.Name {
				t.Errorf("protocol %q, name %q", got.Protocol, got.ServerName)
			}
			p.waitFor(`OCSP Response Status: successful`)
			p.waitFor(`Cert Status: good`)
			p.waitFor(`ALPN protocol: lab/2`)
		})
	}
}

func TestOpenSSLClientFragments(t *testing.T) {
	for code := iana.MaxFragmentLength(1); code <= 4; code++ {
		t.Run(code.String(), func(t *testing.T) {
			got, w, _ := exchangeLine(t, tlstest.Serving(tlstest.Servers()["rsa"]), "-maxfraglen", fmt.Sprint(code.Bytes()))
			if got.MaxFragmentLength != code || w.Saw(message.KindCertificate) != 1 {
				t.Errorf("settled %v, messages %v", got.MaxFragmentLength, w.Kinds)
			}
		})
	}
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
				p := sClient(t, port, args...)
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

// TestOpenSSLClientFallback: a client marks a retry at TLS 1.2, and is welcome only
// where that is the best there is (RFC 7507).
func TestOpenSSLClientFallback(t *testing.T) {
	t.Run("to the best there is", func(t *testing.T) {
		best := tlstest.Serving(tlstest.Servers()["rsa"])
		best.MaxVersion = iana.TLS12
		exchangeLine(t, best, "-fallback_scsv")
	})
	better := tlstest.Serving(tlstest.Servers()["rsa"])
	t.Run("below it", func(t *testing.T) {
		port, wait := accept(t, better, (*tls.Conn).Handshake)
		p := sClient(t, port, "-tls1_2", "-fallback_scsv")
		if err := wait(p); reason.Of(err) != reason.InappropriateFallback {
			t.Errorf("server: %v", err)
		}
		p.waitFor(`alert inappropriate fallback`)
	})
}

func TestOpenSSLClientWithoutExtendedMasterSecret(t *testing.T) {
	cfg := tlstest.Serving(tlstest.Servers()["rsa"])
	cfg.Weak.NoExtendedMasterSecret = true
	got, _, p := exchangeLine(t, cfg)
	if got.ExtendedMasterSecret {
		t.Error("extended master secret all the same")
	}
	p.waitFor(`Extended master secret: no`)
}

// TestOpenSSLClientRenegotiates types R at s_client: it asks for a second
// handshake, we refuse, and it gives up.
func TestOpenSSLClientRenegotiates(t *testing.T) {
	cfg, w := tlstest.Witnessed(t, tlstest.Serving(tlstest.Servers()["rsa"]))
	port, wait := accept(t, cfg, func(c *tls.Conn) error {
		if _, err := tlstest.ReadLine(c); err != nil {
			return err
		}
		_, err := c.Write([]byte("type R now\n"))
		if err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1))
		return err
	})
	p := sClient(t, port, "-tls1_2")
	p.say("hello")
	p.waitFor("type R now")
	p.say("R")
	if err := wait(p); err == nil {
		t.Error("the connection went on as if nothing had been asked")
	}
	p.waitFor(`no renegotiation`)
	if w.Saw(message.KindClientHello) != 2 || len(w.Alerts) == 0 || w.Alerts[0].Description != iana.NoRenegotiation {
		t.Errorf("messages %v, alerts %v", w.Kinds, w.Alerts)
	}
}

// TestOpenSSLClientDistrusts has s_client refuse us, and us know why.
func TestOpenSSLClientDistrusts(t *testing.T) {
	port, wait := accept(t, tlstest.Serving(tlstest.Servers()["rsa"]), (*tls.Conn).Handshake)
	p := start(t, "openssl", "s_client", "-connect", "127.0.0.1:"+port, "-tls1_2", "-no-CAfile", "-no-CApath", "-verify_return_error")
	if err := wait(p); tlstest.PeerAlert(err) != iana.UnknownCA {
		t.Errorf("server: %v", err)
	}
}
