package interop_test

import (
	"crypto/rand"
	stdtls "crypto/tls"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// Resumption, by ticket and by session ID in TLS 1.2, and by ticket in TLS 1.3.

// series makes connections one after the other, of which the later ones may resume: our
// client comes back to a server, started here if h is nil, or the peer's client to ours. The
// one who comes back brings what the time before gave it. How often is the peer's matter: a
// process of gnutls-cli comes twice, one of s_client in TLS 1.2 six times.
func (m meeting) series(t testing.TB, h host, d deal) (got []outcome) {
	t.Helper()
	store, tickets, change := session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0), d.ours
	d.ours = func(cfg *tls.Config) {
		if m.role == event.Client || m.version == iana.TLS12 {
			cfg.Sessions = store
		}
		if m.role == event.Server && !d.noTickets {
			cfg.Tickets = tickets
		}
		if change != nil {
			change(cfg)
		}
	}
	if m.role == event.Server {
		d.stdCache = stdtls.NewLRUClientSessionCache(1)
		return m.revisit(t, m, d)
	}
	d.stdTickets = [32]byte{1}
	if h == nil {
		h = m.host(t, d)
	}
	for range 4 {
		got = append(got, m.meet(t, h, d))
	}
	return got
}

// stdRevisit has crypto/tls's client come four times.
func stdRevisit(t testing.TB, m meeting, d deal) (got []outcome) {
	t.Helper()
	for range 4 {
		got = append(got, m.meet(t, nil, d))
	}
	return got
}

// opensslRevisit has an s_client make six connections in TLS 1.2, and in TLS 1.3 three keep
// what they get in a file.
func opensslRevisit(t testing.TB, m meeting, d deal) (got []outcome) {
	t.Helper()
	if m.version == iana.TLS12 {
		d.words = append(slices.Clone(d.words), "-reconnect")
		return processRevisits(t, m, d, 6, tlstest.Answer)
	}
	file := filepath.Join(t.TempDir(), "session")
	for i := range 3 {
		d := d
		d.words = append(slices.Clone(d.words), "-sess_out", file)
		if i > 0 {
			d.words = append(d.words, "-sess_in", file)
		}
		o := m.meet(t, nil, d)
		o.prog.waitFor(`Post-Handshake New Session Ticket arrived`)
		<-o.prog.over.Done()
		got = append(got, o)
	}
	return got
}

// gnutlsRevisit has a gnutls-cli make two connections.
func gnutlsRevisit(t testing.TB, m meeting, d deal) []outcome {
	t.Helper()
	d.words = append(slices.Clone(d.words), "--resume")
	if m.version == iana.TLS13 {
		d.words = append(d.words, "--waitresumption")
	}
	got := processRevisits(t, m, d, 2, answerFirst)
	got[1].prog.waitFor(`Connecting again`)
	got[1].prog.waitFor(`Resume Handshake was completed`)
	return got
}

// processRevisits has a client make n connections in one process, and talk in the last. They
// have one witness, who stands with the first.
func processRevisits(t testing.TB, m meeting, d deal, n int, answer func(*tls.Conn) error) (got []outcome) {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, m.config(d))
	port, wait := acceptMany(t, cfg, n, func(c *tls.Conn) error {
		if err := c.Handshake(); err != nil {
			return err
		}
		met(m.name, m.role, cfg, c.Summary(), w)
		if got = append(got, outcome{Summary: c.Summary(), conn: c}); len(got) == n {
			return answer(c)
		}
		if !m.leaves {
			return nil
		}
		_, err := io.ReadAll(c) // it says goodbye at once
		return err
	})
	p := m.client(t, port, m, d)
	if m.leaves {
		p.waitFor(`Connecting again`)
	}
	p.say("hello, at last")
	p.waitFor(`you said 15 bytes`)
	if m.leaves {
		p.stdin.Close()
	}
	if err := wait(p); err != nil {
		t.Fatal(err)
	}
	got[0].w, got[n-1].prog = w, p
	return got
}

// mustResume demands that all connections but the first resume.
func mustResume(t testing.TB, got []outcome) {
	t.Helper()
	var resumed, want []bool
	for i, o := range got {
		resumed, want = append(resumed, o.Resumed), append(want, i > 0)
	}
	if !slices.Equal(resumed, want) {
		t.Errorf("resumed: %v", resumed)
	}
}

// TestResumption12 comes back with each kind of suite, by ticket and by session ID.
func TestResumption12(t *testing.T) {
	meetings(t, "resumption", iana.TLS12, func(t *testing.T, m meeting) {
		for _, how := range []string{"ticket", "session ID"} {
			if m.why("resumption by "+how, m.version, m.role) != "" {
				continue
			}
			d := deal{noTickets: how == "session ID", ours: func(cfg *tls.Config) { cfg.EncryptThenMAC = true }}
			h := m.host(t, d)
			for _, id := range []iana.CipherSuite{0xc02f, 0xc02b, 0x009e, 0x009d, 0xc014} {
				s := suite.ByID(id)
				if !slices.Contains(m.suites(m.version), s) {
					continue
				}
				t.Run(how+" "+id.String(), func(t *testing.T) {
					t.Parallel()
					d := d
					d.suite = s
					got := m.series(t, h, d)
					mustResume(t, got)
					if gave := got[0].w.Saw(message.KindNewSessionTicket); gave > 0 != (how == "ticket") {
						t.Errorf("%d tickets", gave)
					}
				})
			}
			t.Run(how, func(t *testing.T) { mustResume(t, m.series(t, h, d)) }) // the suite as both please
		}
	})
}

// TestResumption13 comes back with each suite, each time on the tickets of the time before.
// An s_server that is told -no_ticket gives tickets all the same, and keeps the session.
func TestResumption13(t *testing.T) {
	meetings(t, "resumption", iana.TLS13, func(t *testing.T, m meeting) {
		variants := [][]string{nil}
		if m.peer == openssl && m.role == event.Client {
			variants = append(variants, []string{"-no_ticket"}, []string{"-num_tickets", "1"}, []string{"-num_tickets", "7"})
		}
		for _, words := range variants {
			d := deal{server: []string{"ecdsa"}, words: words, ours: m.only}
			h := m.host(t, d)
			for _, s := range m.suites(m.version) {
				t.Run(strings.TrimSpace(s.String()+" "+strings.Join(words, " ")), func(t *testing.T) {
					t.Parallel()
					d := d
					d.suite = s
					got := m.series(t, h, d)
					mustResume(t, got)
					for i, o := range got {
						if o.PSK != o.Resumed || o.Suite != s || o.Group == 0 || m.role == event.Client && len(o.PeerChain) == 0 {
							t.Errorf("connection %d: %+v", i, o.Summary)
						}
						if o.w == nil {
							continue // it was seen by the first's
						}
						if n := o.w.Saw(message.KindCertificate); n > 0 != (i == 0) || n > 1 {
							t.Errorf("connection %d: messages %v", i, o.w.Kinds)
						}
						if n := o.w.Saw(message.KindNewSessionTicket); n == 0 || len(words) == 2 && i == 0 && fmt.Sprint(n) != words[1] {
							t.Errorf("connection %d: %d tickets", i, n)
						}
					}
				})
			}
		}
	})
}

// TestTickets13 has both ends be as they come: two tickets are what our server gives, and who
// has one offers it.
func TestTickets13(t *testing.T) {
	meetings(t, "resumption", iana.TLS13, func(t *testing.T, m meeting) {
		got := m.series(t, nil, deal{server: []string{"ecdsa"}})
		mustResume(t, got)
		if n := got[0].w.Saw(message.KindNewSessionTicket); n == 0 || m.role == event.Server && n != 2*sharers(got) {
			t.Errorf("%d tickets", n)
		}
		var offers []bool
		for _, o := range got {
			if o.w != nil {
				for _, hello := range o.w.Hellos {
					offers = append(offers, hello.Extensions.Find(iana.ExtPreSharedKey) != nil)
				}
			}
		}
		if len(offers) != len(got) || offers[0] || slices.Contains(offers[1:], false) {
			t.Errorf("offer a ticket: %v", offers)
		}
	})
}

// sharers is for how many connections the first's witness stands.
func sharers(got []outcome) int {
	return len(filter(got, func(o outcome) bool { return o.w == nil })) + 1
}

// TestHowManyTickets13 has our server give five, and none; and gnutls-serv give none.
func TestHowManyTickets13(t *testing.T) {
	give := func(tickets *session.TicketKeys, n int) {
		got := meeting{openssl, iana.TLS13, event.Server}.meet(t, nil, deal{ours: func(cfg *tls.Config) { cfg.Tickets, cfg.SessionTickets = tickets, n }})
		if tickets == nil {
			n = 0
		}
		if got.w.Saw(message.KindNewSessionTicket) != n {
			t.Errorf("messages %v", got.w.Kinds)
		}
	}
	give(session.NewTicketKeys(rand.Reader, 0), 5)
	give(nil, 5)
	m := meeting{gnutls, iana.TLS13, event.Client}
	for _, got := range m.series(t, nil, deal{noTickets: true, words: []string{"--nodb"}, ours: m.only}) {
		if got.Resumed || got.w.Saw(message.KindNewSessionTicket) != 0 {
			t.Errorf("resumed %v; messages %v", got.Resumed, got.w.Kinds)
		}
	}
}

// TestResumptionRetried13 has the server want another group, each time: the binder then covers
// two ClientHellos and a HelloRetryRequest.
func TestResumptionRetried13(t *testing.T) {
	meetings(t, "resumption retried", iana.TLS13, func(t *testing.T, m meeting) {
		got := m.series(t, nil, deal{server: []string{"ecdsa"}, offers: []kx.Group{kx.X25519, kx.P384}, takes: []kx.Group{kx.P384}, ours: func(cfg *tls.Config) {
			m.only(cfg)
			if cfg.RetryWithCookie = m.role == event.Server; m.role == event.Client {
				cfg.KeyShares = []iana.Group{iana.X25519}
			}
		}})
		mustResume(t, got)
		for i, o := range got {
			if !o.Retried || o.Group != iana.P384 {
				t.Errorf("connection %d: %+v", i, o.Summary)
			}
		}
	})
}

// TestResumptionWithoutExchange13 resumes on a ticket's key alone (psk_ke).
func TestResumptionWithoutExchange13(t *testing.T) {
	meetings(t, "psk_ke", iana.TLS13, func(t *testing.T, m meeting) {
		got := m.series(t, nil, deal{words: []string{"-allow_no_dhe_kex"}, ours: func(cfg *tls.Config) {
			m.only(cfg)
			cfg.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}
		}})
		mustResume(t, got)
		for i, o := range got {
			if (o.Group == 0) != o.Resumed {
				t.Errorf("connection %d: resumed %v, group %v", i, o.Resumed, o.Group)
			}
		}
	})
}

// TestResumesClients: who the client is both ends remember.
func TestResumesClients(t *testing.T) {
	bothVersions(t, "resumption of clients", func(t *testing.T, m meeting) {
		server := map[iana.Version]string{iana.TLS12: "rsa", iana.TLS13: "ecdsa"}[m.version]
		got := m.series(t, nil, deal{server: []string{server}, client: "ecdsa", auth: handshake.RequireClientCert})
		mustResume(t, got)
		for i, o := range got {
			if len(o.PeerChain) == 0 { // of crypto/tls, see stdAgrees
				t.Errorf("connection %d: our end forgot the peer's chain", i)
			}
		}
	})
}

// TestForeignTicket offers each server a ticket that it never made: each has a new key.
func TestForeignTicket(t *testing.T) {
	for _, role := range []event.Role{event.Client, event.Server} {
		t.Run("our "+role.String(), func(t *testing.T) {
			m := meeting{stdlib, iana.TLS12, role}
			store := session.NewMemory(0)
			d := deal{server: []string{"ecdsa"}, stdCache: stdtls.NewLRUClientSessionCache(1), ours: func(cfg *tls.Config) {
				if cfg.Sessions = store; role == event.Server {
					cfg.Sessions, cfg.Tickets = nil, session.NewTicketKeys(rand.Reader, 0)
				}
			}}
			for i := range 2 {
				if got := m.meet(t, nil, d); got.Resumed || got.w.Saw(message.KindNewSessionTicket) != 1 {
					t.Errorf("connection %d: resumed %v, messages %v", i, got.Resumed, got.w.Kinds)
				}
			}
		})
	}
}

// TestResumptionOtherSuite13 offers a ticket under another suite of its hash, which resumes,
// and of another hash, which does not.
func TestResumptionOtherSuite13(t *testing.T) {
	m := meeting{stdlib, iana.TLS13, event.Server}
	tickets, cache := session.NewTicketKeys(rand.Reader, 0), stdtls.NewLRUClientSessionCache(1)
	for _, step := range []struct {
		suite   iana.CipherSuite
		resumed bool
	}{{0x1301, false}, {0x1303, true}, {0x1302, false}} {
		got := m.meet(t, nil, deal{server: []string{"ecdsa"}, suite: suite.ByID(step.suite), stdCache: cache, ours: func(cfg *tls.Config) { cfg.Tickets = tickets }})
		if got.Resumed != step.resumed {
			t.Errorf("%v: resumed %v", step.suite, got.Resumed)
		}
	}
}

// TestNoNameOnResumption has s_client say which extensions our server answers: that it took
// the name, in a full handshake and in no other (RFC 6066 §3).
func TestNoNameOnResumption(t *testing.T) {
	const answered = `TLS server extension "server name"`
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		m := meeting{openssl, v, event.Server}
		tickets := session.NewTicketKeys(rand.Reader, 0)
		file := filepath.Join(t.TempDir(), "session")
		for i, use := range []string{"-sess_out", "-sess_in"} {
			got := m.meet(t, nil, deal{server: []string{"ecdsa"}, words: []string{"-tlsextdebug", use, file}, ours: func(cfg *tls.Config) {
				m.only(cfg)
				cfg.Tickets = tickets
			}})
			<-got.prog.over.Done()
			if said := strings.Contains(got.prog.said.String(), answered); got.Resumed != (i > 0) || said != (i == 0) {
				t.Errorf("%v, connection %d: resumed %v, and %q is said: %v", v, i, got.Resumed, answered, said)
			}
		}
	}
}
