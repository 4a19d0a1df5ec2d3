package interop_test

import (
	"io"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// TestDistrust has each client refuse the server's certificate, and both ends know why.
func TestDistrust(t *testing.T) {
	bothVersions(t, "distrust", func(t *testing.T, m meeting) {
		d := deal{server: []string{"rsa"}}
		if m.role == event.Client {
			d.ours = func(cfg *tls.Config) { cfg.ServerName = "www.other.test" }
			alert, _ := reason.Alert(reason.CertificateWrongName)
			if err := m.refuse(t, nil, d, alert); reason.Of(err) != reason.CertificateWrongName {
				t.Errorf("client: %v", err)
			}
			return
		}
		d.distrusts = true
		if got := tlstest.PeerAlert(m.refuse(t, nil, d, noAlert)); got != iana.UnknownCA && (m.peer == openssl || got != iana.BadCertificate) {
			t.Errorf("server: alert %v", got)
		}
	})
}

// TestRenegotiation has openssl ask for a second handshake, which it does when R is typed. We
// refuse by a warning; OpenSSL takes that for the end.
func TestRenegotiation(t *testing.T) {
	refused := func(t *testing.T, w *tlstest.Witness, k message.Kind, n int) {
		t.Helper()
		if w.Saw(k) != n || len(w.Alerts) == 0 || w.Alerts[0].Description != iana.NoRenegotiation {
			t.Errorf("messages %v, alerts %v", w.Kinds, w.Alerts)
		}
	}
	d := deal{server: []string{"rsa"}, typed: true}
	t.Run("our client", func(t *testing.T) {
		m := meeting{openssl, iana.TLS12, event.Client}
		s := m.host(t, d).(opensslServer)
		cfg, w := tlstest.Witnessed(t, m.config(d))
		c, err := dial(t, s.addr, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "hello\n"); err != nil {
			t.Fatal(err)
		}
		s.waitFor("hello")
		s.say("R")
		_, err = c.Read(make([]byte, 1))
		if tlstest.PeerAlert(err) != iana.HandshakeFailure {
			t.Errorf("read: %v", err)
		}
		refused(t, w, message.KindHelloRequest, 1)
		if len(w.Alerts) > 0 && reason.Of(w.Alerts[0].Err) != reason.RenegotiationRefused {
			t.Errorf("because of %v", w.Alerts[0].Err)
		}
	})
	t.Run("our server", func(t *testing.T) {
		m := meeting{openssl, iana.TLS12, event.Server}
		cfg, w := tlstest.Witnessed(t, m.config(d))
		port, wait := accept(t, cfg, func(c *tls.Conn) error {
			if _, err := tlstest.ReadLine(c); err != nil {
				return err
			}
			if _, err := c.Write([]byte("type R now\n")); err != nil {
				return err
			}
			_, err := c.Read(make([]byte, 1))
			return err
		})
		p := m.client(t, port, m, d)
		p.say("hello")
		p.waitFor("type R now")
		p.say("R")
		if err := wait(p); err == nil {
			t.Error("the connection went on as if nothing had been asked")
		}
		p.waitFor(`no renegotiation`)
		refused(t, w, message.KindClientHello, 2)
	})
}
