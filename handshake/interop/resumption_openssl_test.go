package interop_test

import (
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// Resumption, external keys and early data of TLS 1.3 with openssl s_server and s_client.
// (In TLS 1.2 see TestOpenSSLServerResumption and TestOpenSSLClientReconnects.)

// firstSession has s_client connect, and returns the file in which it keeps our ticket.
func firstSession(t testing.TB, cfg *tls.Config, args ...string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "session")
	got, _, p := exchangeLineIn(t, "-tls1_3", cfg, append([]string{"-ciphersuites", allSuites13, "-sess_out", file}, args...)...)
	if got.Resumed {
		t.Fatal("resumed what has not been")
	}
	p.waitFor(`Post-Handshake New Session Ticket arrived`)
	<-p.over.Done()
	return file
}

// The key of the tests with external PSKs.
const pskHex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// external is it, under a name and with a hash.
func external(t testing.TB, identity string, h crypto.Hash) []handshake.PSK {
	t.Helper()
	key, err := hex.DecodeString(pskHex)
	if err != nil {
		t.Fatal(err)
	}
	return []handshake.PSK{{Identity: []byte(identity), Key: key, Hash: h}}
}

// TestOpenSSL13ExternalPSK: a key that both ends were given. OpenSSL's command line goes
// with SHA-256 alone.
func TestOpenSSL13ExternalPSK(t *testing.T) {
	for _, id := range []iana.CipherSuite{0x1301, 0x1303} {
		s := suite.ByID(id)
		t.Run("our client "+s.String(), func(t *testing.T) {
			_, addr := sServer(t, "-nocert", "-rev", "-tls1_3", "-ciphersuites", s.String(), "-psk", pskHex, "-psk_identity", "lab")
			cfg := tlstest.Verifying13()
			cfg.PSKs = append([]handshake.PSK{{Identity: []byte("unknown"), Key: []byte("1234567890123456")}}, external(t, "lab", 0)...)
			c, _ := reversed(t, addr, cfg)
			if got := c.Summary(); !got.PSK || got.Resumed || got.Suite != s || len(got.PeerChain) != 0 {
				t.Errorf("%+v", got)
			}
		})
		t.Run("our server "+s.String(), func(t *testing.T) {
			cfg := tlstest.Serving13(tlstest.Servers()["ecdsa"])
			cfg.PSKs, cfg.Suites = external(t, "lab", 0), []*suite.Suite{s}
			got, w, _ := exchangeLineIn(t, "-tls1_3", cfg, "-psk", pskHex, "-psk_identity", "lab")
			if !got.PSK || got.Resumed || w.Saw(message.KindCertificate) != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
	t.Run("unknown to our server", func(t *testing.T) {
		cfg := tlstest.Serving13(tlstest.Servers()["ecdsa"])
		cfg.PSKs = external(t, "lab", 0)
		if got, _, _ := exchangeLineIn(t, "-tls1_3", cfg, "-psk", pskHex, "-psk_identity", "another"); got.PSK {
			t.Errorf("%+v", got)
		}
	})
	t.Run("another key at our server", func(t *testing.T) {
		cfg := tlstest.Serving13(tlstest.Servers()["ecdsa"])
		cfg.PSKs = external(t, "lab", 0)
		port, wait := accept(t, cfg, (*tls.Conn).Handshake)
		if err := wait(sClient(t, port, "-CAfile", rootsFile(), "-tls1_3", "-psk", "ff"+pskHex[2:], "-psk_identity", "lab")); reason.Of(err) != reason.BadBinder {
			t.Errorf("server: %v", err)
		}
	})
	t.Run("another key at our client", func(t *testing.T) {
		_, addr := sServer(t, "-nocert", "-tls1_3", "-psk", "ff"+pskHex[2:], "-psk_identity", "lab")
		cfg := tlstest.Verifying13()
		cfg.PSKs = external(t, "lab", 0)
		if _, err := dial(t, addr, cfg); tlstest.PeerAlert(err) == 0 {
			t.Errorf("client: %v", err)
		}
	})
	t.Run("with SHA-384", func(t *testing.T) { // to OpenSSL's command line every key is of SHA-256
		cfg := tlstest.Verifying13()
		addr := revServer13(t, tlstest.Servers()["ecdsa"], "-psk", pskHex, "-psk_identity", "lab")
		cfg.PSKs = external(t, "lab", crypto.SHA384)
		if _, err := dial(t, addr, cfg); tlstest.PeerAlert(err) != iana.DecodeError {
			t.Errorf("client: %v", err)
		}
	})
}

// TestOpenSSL13ServerEarlyData sends s_server early data, which it prints, takes its
// answer, and goes on.
func TestOpenSSL13ServerEarlyData(t *testing.T) {
	for _, k := range []struct {
		name   string
		args   []string
		first  func(*tls.Config) // changes the connection that gets the ticket
		second func(*tls.Config) // changes the one that sends early data
		want   handshake.EarlyDataStatus
		psk    bool
	}{
		{"accepted", nil, nil, nil, handshake.EarlyDataAccepted, true},
		{"accepted, no disguise", nil, nil, func(c *tls.Config) { c.NoCompatibilityMode = true }, handshake.EarlyDataAccepted, true},
		{"accepted, under a protocol", []string{"-alpn", "lab/1"}, func(c *tls.Config) { c.ALPN = []string{"lab/1"} },
			func(c *tls.Config) { c.ALPN = []string{"lab/1"} }, handshake.EarlyDataAccepted, true},
		{"rejected, another protocol", []string{"-alpn", "lab/1,lab/2"}, func(c *tls.Config) { c.ALPN = []string{"lab/2"} },
			func(c *tls.Config) { c.ALPN = []string{"lab/2", "lab/1"} }, handshake.EarlyDataRejected, true},
		// Its defence against replay has used the ticket up when the second ClientHello comes.
		{"rejected, retried", []string{"-groups", "P-256:P-384"}, nil, func(c *tls.Config) {
			c.Groups, c.KeyShares = []kx.Group{kx.X25519, kx.P384}, []iana.Group{iana.X25519}
		}, handshake.EarlyDataRejected, false},
	} {
		t.Run(k.name, func(t *testing.T) {
			p, addr := typedServer13(t, tlstest.Servers()["ecdsa"], append([]string{"-early_data", "-max_early_data", "1000"}, k.args...)...)
			store := session.NewMemory(0)
			cfg := tlstest.Verifying13()
			cfg.Sessions, cfg.EarlyData = store, true
			if k.first != nil {
				k.first(cfg)
			}
			typed(t, p, addr, cfg)
			cfg, w := tlstest.Witnessed(t, tlstest.Verifying13())
			cfg.Sessions, cfg.EarlyData = store, true
			if k.second != nil {
				k.second(cfg)
			}
			raw := connectTo(t, addr)
			c := tlstest.Client(t, raw, cfg)
			if n, err := c.WriteEarly([]byte("early bird\n")); n != 11 || err != nil {
				t.Fatal(n, err)
			}
			if err := c.Handshake(); err != nil {
				t.Fatal(err)
			}
			got := c.Summary()
			if got.EarlyData != k.want || got.Resumed != k.psk {
				t.Errorf("early data %v, resumed %v", got.EarlyData, got.Resumed)
			}
			if n := w.Saw(message.KindEndOfEarlyData); n > 0 != (k.want == handshake.EarlyDataAccepted) {
				t.Errorf("messages %v", w.Kinds)
			}
			if k.want == handshake.EarlyDataAccepted {
				p.waitFor(`early bird`) // it goes another way than what it says about it
				p.waitFor(`End of early data`)
			} else {
				p.waitFor(`(?s)(Early data was rejected|No early data received)`)
			}
			if _, err := io.WriteString(c, "on time\n"); err != nil {
				t.Fatal(err)
			}
			p.waitFor("on time")
			p.say("see you")
			if line, err := tlstest.ReadLine(c); err != nil || line != "see you\n" {
				t.Errorf("%q, %v", line, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			met(theOpenSSL, event.Client, cfg, got, w)
		})
	}
}

// TestOpenSSL13ServerReplay sends one ticket twice: s_server takes it once.
func TestOpenSSL13ServerReplay(t *testing.T) {
	p, addr := typedServer13(t, tlstest.Servers()["ecdsa"], "-early_data", "-max_early_data", "1000")
	store := &keeper{Store: session.NewMemory(0)}
	first := tlstest.Verifying13()
	first.Sessions = store
	typed(t, p, addr, first)
	store.closed = true
	for i, want := range []handshake.EarlyDataStatus{handshake.EarlyDataAccepted, handshake.EarlyDataRejected} {
		cfg := tlstest.Verifying13()
		cfg.Sessions, cfg.EarlyData = store, true
		c := tlstest.Client(t, connectTo(t, addr), cfg)
		if n, err := c.WriteEarly([]byte("once\n")); n != 5 || err != nil {
			t.Fatal(n, err)
		}
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		if got := c.Summary(); got.EarlyData != want || got.Resumed != (i == 0) {
			t.Errorf("time %d: early data %v, resumed %v", i, got.EarlyData, got.Resumed)
		}
		c.Close()
	}
}

// TestOpenSSL13ClientEarlyData has s_client send a file early; our server answers at once.
func TestOpenSSL13ClientEarlyData(t *testing.T) {
	for _, k := range []struct {
		name   string
		change func(*tls.Config)
		want   handshake.EarlyDataStatus
	}{
		{"accepted", func(*tls.Config) {}, handshake.EarlyDataAccepted},
		{"refused", func(c *tls.Config) {
			c.AcceptEarlyData = func(handshake.EarlyDataInput) event.Why { return event.WhyEarlyDataOff }
		}, handshake.EarlyDataRejected},
		{"off", func(c *tls.Config) { c.MaxEarlyData = 0 }, handshake.EarlyDataRejected},
		{"unreadable", func(c *tls.Config) { c.Tickets = session.NewTicketKeys(rand.Reader, 0) }, handshake.EarlyDataRejected},
		{"retried", func(c *tls.Config) { c.RetryWithCookie = true }, handshake.EarlyDataRejected},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg := tlstest.Serving13(tlstest.Servers()["ecdsa"])
			cfg.Tickets, cfg.MaxEarlyData = session.NewTicketKeys(rand.Reader, 0), 1000
			file := firstSession(t, cfg)
			early := filepath.Join(t.TempDir(), "early")
			if err := os.WriteFile(early, []byte("early bird\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			k.change(cfg)
			cfg, w := tlstest.Witnessed(t, cfg)
			var got handshake.Summary
			var read []byte
			port, wait := accept(t, cfg, func(c *tls.Conn) (err error) {
				p := make([]byte, 100)
				n, err := c.ReadEarly(p)
				if read = p[:n]; err == nil {
					if _, err = c.WriteEarly([]byte("the worm\n")); err != nil {
						return err
					}
				}
				if err != nil && err != io.EOF {
					return err
				}
				defer func() { got = c.Summary() }()
				return tlstest.Answer(c)
			})
			p := sClient(t, port, "-CAfile", rootsFile(), "-tls1_3", "-sess_in", file, "-early_data", early)
			if k.want == handshake.EarlyDataAccepted {
				p.waitFor(`the worm`)
			}
			p.say("on time")
			if err := wait(p); err != nil {
				t.Fatal(err)
			}
			p.waitFor("you said 8 bytes: on time")
			p.waitFor(`Early data was ` + k.want.String())
			if got.EarlyData != k.want || (string(read) == "early bird\n") != (k.want == handshake.EarlyDataAccepted) {
				t.Errorf("early data %v, read %q", got.EarlyData, read)
			}
			if n := w.Saw(message.KindEndOfEarlyData); n > 0 != (k.want == handshake.EarlyDataAccepted) {
				t.Errorf("messages %v", w.Kinds)
			}
			met(theOpenSSL, event.Server, cfg, got, w)
		})
	}
}
