package interop_test

import (
	"crypto"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// Resumption, external keys and early data of TLS 1.3 with gnutls-serv and gnutls-cli. (In
// TLS 1.2 see TestGnuTLSServerResumption and TestGnuTLSClientResumes.)

// TestGnuTLS13ClientResumption makes gnutls-cli's two connections, the second with early
// data, taken and not, or without any.
func TestGnuTLS13ClientResumption(t *testing.T) {
	file := filepath.Join(t.TempDir(), "early")
	if err := os.WriteFile(file, []byte("early bird\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		name string
		args []string
		most uint32
		want handshake.EarlyDataStatus
	}{
		{"no early data", nil, 0, handshake.NoEarlyData},
		{"early data", []string{"--earlydata", file}, 1000, handshake.EarlyDataAccepted},
		{"early data rejected", []string{"--earlydata", file}, 1000, handshake.EarlyDataRejected},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg, w := tlstest.Witnessed(t, tlstest.Serving13(tlstest.Servers()["ecdsa"]))
			cfg.Tickets, cfg.MaxEarlyData = session.NewTicketKeys(rand.Reader, 0), k.most
			if k.want == handshake.EarlyDataRejected {
				cfg.AcceptEarlyData = func(handshake.EarlyDataInput) event.Why { return event.WhyEarlyDataOff }
			}
			var got []handshake.Summary
			var early []byte
			port, wait := acceptMany(t, cfg, 2, func(c *tls.Conn) error {
				p := make([]byte, 100)
				n, err := c.ReadEarly(p)
				if err != nil && err != io.EOF {
					return err
				}
				early = p[:n]
				if err := c.Handshake(); err != nil {
					return err
				}
				if got = append(got, c.Summary()); len(got) == 2 {
					return answerFirst(c)
				}
				_, err = io.ReadAll(c) // it says goodbye at once
				return err
			})
			p := gnutlsClient(t, port, gnutlsAll13, append([]string{"--resume", "--waitresumption"}, k.args...)...)
			p.waitFor(`Connecting again`)
			p.waitFor(`Resume Handshake was completed`)
			p.say("hello again")
			p.waitFor(`you said 12 bytes`)
			p.stdin.Close()
			if err := wait(p); err != nil {
				t.Fatal(err)
			}
			if got[0].Resumed || !got[1].Resumed || got[1].EarlyData != k.want {
				t.Errorf("resumed %v and %v; early data %v", got[0].Resumed, got[1].Resumed, got[1].EarlyData)
			}
			if want := k.want == handshake.EarlyDataAccepted; (string(early) == "early bird\n") != want {
				t.Errorf("read %q", early)
			}
			met(theGnuTLS, event.Server, cfg, got[1], w)
		})
	}
}

// TestGnuTLS13ServerEarlyData sends gnutls-serv a line early, which it sends back; and one
// to another server, which knows nothing of the ticket. (After a HelloRetryRequest GnuTLS
// 3.7 does not pass over early data, but refuses it with bad_record_mac.)
func TestGnuTLS13ServerEarlyData(t *testing.T) {
	for _, want := range []handshake.EarlyDataStatus{handshake.EarlyDataAccepted, handshake.EarlyDataRejected} {
		t.Run(want.String(), func(t *testing.T) {
			args := []string{"--disable-client-cert", "--earlydata", "--maxearlydata", "1000"}
			addr := gnutlsServer13(t, "ecdsa", gnutlsAll13, args...)
			cfg, w := tlstest.Witnessed(t, tlstest.Verifying13())
			cfg.Sessions, cfg.EarlyData = session.NewMemory(0), true
			if got, _ := echoed(t, addr, cfg); got.Resumed {
				t.Fatal("resumed what has not been")
			}
			if want == handshake.EarlyDataRejected {
				addr = gnutlsServer13(t, "ecdsa", gnutlsAll13, args...)
			}
			c := tlstest.Client(t, connectTo(t, addr), cfg)
			if n, err := c.WriteEarly([]byte("early bird\n")); n != 11 || err != nil {
				t.Fatal(n, err)
			}
			if err := c.Handshake(); err != nil {
				t.Fatal(err)
			}
			got := c.Summary()
			if got.EarlyData != want || got.Resumed != (want == handshake.EarlyDataAccepted) {
				t.Errorf("early data %v, resumed %v", got.EarlyData, got.Resumed)
			}
			if err := tlstest.Pass(c, c, "on time\n"); err != nil {
				t.Error(err)
			}
			if err := tlstest.Goodbye(c); err != nil {
				t.Error(err)
			}
			met(theGnuTLS, event.Client, cfg, got, w)
		})
	}
}

// TestGnuTLS13ExternalPSK: a key that both ends were given, with and without a key
// exchange.
func TestGnuTLS13ExternalPSK(t *testing.T) {
	file := filepath.Join(t.TempDir(), "psk")
	if err := os.WriteFile(file, fmt.Appendf(nil, "lab:%s\n", pskHex), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		words string
		modes []iana.PSKKeyExchangeMode
	}{{":+DHE-PSK", nil}, {":+PSK", []iana.PSKKeyExchangeMode{iana.PSKOnly}}} {
		check := func(t *testing.T, got handshake.Summary) {
			if !got.PSK || got.Resumed || (got.Group == 0) != (k.modes != nil) {
				t.Errorf("%+v", got)
			}
		}
		t.Run("our client"+k.words, func(t *testing.T) {
			addr := gnutlsServer13(t, "ecdsa", gnutlsAll13+":-DHE-PSK:-PSK"+k.words, "--disable-client-cert", "--pskpasswd", file)
			cfg := tlstest.Verifying13()
			cfg.PSKs, cfg.PSKModes = external(t, "lab", crypto.SHA256), k.modes
			got, _ := echoed(t, addr, cfg)
			check(t, got)
		})
		t.Run("our server"+k.words, func(t *testing.T) {
			cfg := tlstest.Serving13(tlstest.Servers()["ecdsa"])
			cfg.PSKs, cfg.PSKModes = external(t, "lab", 0), k.modes
			got, _ := gnutlsLine(t, cfg, gnutlsAll13+":-DHE-PSK:-PSK"+k.words, "--pskusername", "lab", "--pskkey", pskHex)
			check(t, got)
		})
	}
}
