package interop_test

import (
	"crypto/rand"
	"io"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// Early data of TLS 1.3. (crypto/tls has it over QUIC alone.)

const (
	accepted = handshake.EarlyDataAccepted
	rejected = handshake.EarlyDataRejected
)

// protocols is a change of a client's Config.
func protocols(p ...string) func(*tls.Config) { return func(c *tls.Config) { c.ALPN = p } }

// TestEarlyDataSent13 sends a server early data, hears what became of it, and goes on. (After a
// HelloRetryRequest GnuTLS 3.7 does not pass over early data, but refuses it with
// bad_record_mac.)
func TestEarlyDataSent13(t *testing.T) {
	opensslTakes, gnutlsTakes := []string{"-early_data", "-max_early_data", "1000"}, []string{"--earlydata", "--maxearlydata", "1000"}
	for _, k := range []struct {
		name          string
		peer          *peer
		words         []string
		first, second func(*tls.Config) // change the connection that gets the ticket, and the one that sends early data
		elsewhere     bool              // the second goes to another server, which knows nothing of the ticket
		want          handshake.EarlyDataStatus
		resumed       bool
	}{
		{"accepted", openssl, opensslTakes, nil, nil, false, accepted, true},
		{"accepted, no disguise", openssl, opensslTakes, nil, func(c *tls.Config) { c.NoCompatibilityMode = true }, false, accepted, true},
		{"accepted, under a protocol", openssl, append(opensslTakes, "-alpn", "lab/1"), protocols("lab/1"), protocols("lab/1"), false, accepted, true},
		{"rejected, another protocol", openssl, append(opensslTakes, "-alpn", "lab/1,lab/2"), protocols("lab/2"), protocols("lab/2", "lab/1"), false, rejected, true},
		// Its defence against replay has used the ticket up when the second ClientHello comes.
		{"rejected, retried", openssl, append(opensslTakes, "-groups", "P-256:P-384"), nil, func(c *tls.Config) {
			c.Groups, c.KeyShares = []kx.Group{kx.X25519, kx.P384}, []iana.Group{iana.X25519}
		}, false, rejected, false},
		{"accepted", gnutls, gnutlsTakes, nil, nil, false, accepted, true},
		{"rejected, another server", gnutls, gnutlsTakes, nil, nil, true, rejected, false},
	} {
		t.Run(k.peer.name+"/"+k.name, func(t *testing.T) {
			m := meeting{k.peer, iana.TLS13, event.Client}
			store := session.NewMemory(0)
			with := func(change func(*tls.Config)) deal {
				return deal{words: k.words, typed: true, ours: func(cfg *tls.Config) {
					m.only(cfg)
					if cfg.Sessions, cfg.EarlyData = store, true; change != nil {
						change(cfg)
					}
				}}
			}
			h := m.host(t, with(nil))
			if got := m.meet(t, h, with(k.first)); got.Resumed {
				t.Fatal("resumed what has not been")
			}
			if k.elsewhere {
				h = m.host(t, with(nil))
			}
			cfg, w := tlstest.Witnessed(t, m.config(with(k.second)))
			c := early(t, h, cfg, "early bird\n")
			got := c.Summary()
			if got.EarlyData != k.want || got.Resumed != k.resumed {
				t.Errorf("early data %v, resumed %v", got.EarlyData, got.Resumed)
			}
			if n := w.Saw(message.KindEndOfEarlyData); n > 0 != (k.want == accepted) {
				t.Errorf("messages %v", w.Kinds)
			}
			switch s := h.(type) {
			case opensslServer:
				if k.want == accepted {
					s.waitFor(`early bird`) // it goes another way than what it says about it
					s.waitFor(`End of early data`)
				} else {
					s.waitFor(`(?s)(Early data was rejected|No early data received)`)
				}
				if _, err := io.WriteString(c, "on time\n"); err != nil {
					t.Fatal(err)
				}
				s.waitFor("on time")
				s.say("see you")
				if line, err := tlstest.ReadLine(c); err != nil || line != "see you\n" {
					t.Errorf("%q, %v", line, err)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			case gnutlsEcho:
				if err := tlstest.Pass(c, c, "on time\n"); err != nil {
					t.Error(err)
				}
				if err := tlstest.Goodbye(c); err != nil {
					t.Error(err)
				}
			}
			met(m.name, m.role, cfg, got, w)
		})
	}
}

// early connects to a server, writes a line early, and shakes hands.
func early(t testing.TB, h host, cfg *tls.Config, line string) *tls.Conn {
	t.Helper()
	addr := ""
	switch s := h.(type) {
	case opensslServer:
		addr = s.addr
	case gnutlsEcho:
		addr = s.addr
	}
	raw, err := net.DialTimeout("tcp", addr, tlstest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(tlstest.Patience))
	c := tlstest.Client(t, raw, cfg)
	if n, err := c.WriteEarly([]byte(line)); n != len(line) || err != nil {
		t.Fatal(n, err)
	}
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestReplay13 sends one ticket twice: s_server takes it once.
func TestReplay13(t *testing.T) {
	m := meeting{openssl, iana.TLS13, event.Client}
	store := &keeper{Store: session.NewMemory(0)}
	d := deal{typed: true, words: []string{"-early_data", "-max_early_data", "1000"}, ours: func(cfg *tls.Config) { m.only(cfg); cfg.Sessions = store }}
	h := m.host(t, d)
	m.meet(t, h, d)
	store.closed = true
	for i, want := range []handshake.EarlyDataStatus{accepted, rejected} {
		cfg := m.config(d)
		cfg.EarlyData = true
		c := early(t, h, cfg, "once\n")
		if got := c.Summary(); got.EarlyData != want || got.Resumed != (i == 0) {
			t.Errorf("time %d: early data %v, resumed %v", i, got.EarlyData, got.Resumed)
		}
		c.Close()
	}
}

// keeper is a client's store that lets no ticket be used up, and takes no new ones once
// it is closed: each connection offers the same.
type keeper struct {
	session.Store
	closed bool
}

func (k *keeper) Put(key string, value []byte, expires time.Time) error {
	if k.closed {
		return nil
	}
	return k.Store.Put(key, value, expires)
}

func (k *keeper) Take(key string, now time.Time) ([]byte, error) { return k.Store.Get(key, now) }

// TestEarlyDataTaken13 has a client send a file early. Our server reads it before it has the
// client's Finished, and to s_client it answers as early.
func TestEarlyDataTaken13(t *testing.T) {
	file := filepath.Join(t.TempDir(), "early")
	mustWrite(file, []byte("early bird\n"))
	for _, k := range []struct {
		name   string
		peers  []*peer
		change func(*tls.Config) // before the second connection; nil: there is one change for both
		want   handshake.EarlyDataStatus
	}{
		{"accepted", []*peer{openssl, gnutls}, func(*tls.Config) {}, accepted},
		{"refused", []*peer{openssl, gnutls}, func(c *tls.Config) {
			c.AcceptEarlyData = func(handshake.EarlyDataInput) event.Why { return event.WhyEarlyDataOff }
		}, rejected},
		{"off", []*peer{openssl}, func(c *tls.Config) { c.MaxEarlyData = 0 }, rejected},
		{"unreadable", []*peer{openssl}, func(c *tls.Config) { c.Tickets = session.NewTicketKeys(rand.Reader, 0) }, rejected},
		{"retried", []*peer{openssl}, func(c *tls.Config) { c.RetryWithCookie = true }, rejected},
		// A client that is told of none, and sends none.
		{"none", []*peer{gnutls}, func(c *tls.Config) { c.MaxEarlyData = 0 }, handshake.NoEarlyData},
	} {
		for _, p := range k.peers {
			t.Run(p.name+"/"+k.name, func(t *testing.T) {
				m := meeting{p, iana.TLS13, event.Server}
				cfg := m.config(deal{ours: m.only})
				cfg.Tickets, cfg.MaxEarlyData = session.NewTicketKeys(rand.Reader, 0), 1000
				if p == openssl {
					takesFromOpenSSL(t, m, cfg, k.change, file, k.want)
					return
				}
				k.change(cfg)
				takesFromGnuTLS(t, m, cfg, file, k.want)
			})
		}
	}
}

// takesFromOpenSSL has one s_client get a ticket, and another come with it.
func takesFromOpenSSL(t *testing.T, m meeting, cfg *tls.Config, change func(*tls.Config), file string, want handshake.EarlyDataStatus) {
	kept := filepath.Join(t.TempDir(), "session")
	first := m.visit(t, m, deal{words: []string{"-sess_out", kept}}, cfg)
	if first.Resumed {
		t.Fatal("resumed what has not been")
	}
	first.prog.waitFor(`Post-Handshake New Session Ticket arrived`)
	<-first.prog.over.Done()
	change(cfg)
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
	p := m.client(t, port, m, deal{words: []string{"-sess_in", kept, "-early_data", file}})
	if want == accepted {
		p.waitFor(`the worm`)
	}
	p.say("on time")
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	p.waitFor("you said 8 bytes: on time")
	p.waitFor(`Early data was ` + want.String())
	if got.EarlyData != want || (string(read) == "early bird\n") != (want == accepted) {
		t.Errorf("early data %v, read %q", got.EarlyData, read)
	}
	if n := w.Saw(message.KindEndOfEarlyData); n > 0 != (want == accepted) {
		t.Errorf("messages %v", w.Kinds)
	}
	met(m.name, m.role, cfg, got, w)
}

// takesFromGnuTLS has a gnutls-cli come twice.
func takesFromGnuTLS(t *testing.T, m meeting, cfg *tls.Config, file string, want handshake.EarlyDataStatus) {
	cfg, w := tlstest.Witnessed(t, cfg)
	var got []handshake.Summary
	var read []byte
	port, wait := acceptMany(t, cfg, 2, func(c *tls.Conn) error {
		p := make([]byte, 100)
		n, err := c.ReadEarly(p)
		if err != nil && err != io.EOF {
			return err
		}
		read = p[:n]
		if err := c.Handshake(); err != nil {
			return err
		}
		if got = append(got, c.Summary()); len(got) == 2 {
			return answerFirst(c)
		}
		_, err = io.ReadAll(c) // it says goodbye at once
		return err
	})
	words := []string{"--resume", "--waitresumption"}
	if want != handshake.NoEarlyData {
		words = slices.Concat(words, []string{"--earlydata", file})
	}
	p := m.client(t, port, m, deal{words: words})
	p.waitFor(`Connecting again`)
	p.waitFor(`Resume Handshake was completed`)
	p.say("hello again")
	p.waitFor(`you said 12 bytes`)
	p.stdin.Close()
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	if got[0].Resumed || !got[1].Resumed || got[1].EarlyData != want {
		t.Errorf("resumed %v and %v; early data %v", got[0].Resumed, got[1].Resumed, got[1].EarlyData)
	}
	if (string(read) == "early bird\n") != (want == accepted) {
		t.Errorf("read %q", read)
	}
	met(m.name, m.role, cfg, got[1], w)
}
