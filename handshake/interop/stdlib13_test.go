package interop_test

import (
	"bytes"
	"crypto/rand"
	stdtls "crypto/tls"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// TLS 1.3 with crypto/tls, in this process.

// stdGroups13 are the groups that both have. Of ours crypto/tls lacks X448, the finite
// fields and bare ML-KEM.
var stdGroups13 = []kx.Group{kx.X25519MLKEM768, kx.SecP256r1MLKEM768, kx.SecP384r1MLKEM1024, kx.X25519, kx.P256, kx.P384, kx.P521}

// stdSuites13 are the suites that both have.
func stdSuites13() (common []*suite.Suite) {
	for _, s := range suite.Of(iana.TLS13) {
		for _, c := range stdtls.CipherSuites() {
			if c.ID == uint16(s.ID) {
				common = append(common, s)
			}
		}
	}
	return common
}

// in13 is a case of TLS 1.3 and nothing else; our end's suite is one, for crypto/tls
// cannot be told which to use.
func in13(id *tlstest.Identity, s *suite.Suite, groups ...kx.Group) stdCase {
	k := stdCase{version: iana.TLS13, id: id, groups: groups}
	if s != nil {
		k.suites = []*suite.Suite{s}
	}
	only := func(c *tls.Config, o *stdtls.Config) { c.MinVersion, o.MinVersion = iana.TLS13, stdtls.VersionTLS13 }
	k.ours, k.std = only, only
	return k
}

// also makes another change to both configurations, whoever is the client.
func (k stdCase) also(change func(*tls.Config, *stdtls.Config)) stdCase {
	ours, std := k.ours, k.std
	k.ours = func(c *tls.Config, o *stdtls.Config) { ours(c, o); change(c, o) }
	k.std = func(c *tls.Config, o *stdtls.Config) { std(c, o); change(c, o) }
	return k
}

// TestStdlib13Retry has the server want the group of which no share comes.
func TestStdlib13Retry(t *testing.T) {
	check := func(t *testing.T, got settled) {
		if !got.ours.Retried || !got.std.HelloRetryRequest || got.ours.Group != iana.P384 || got.w.Saw(message.KindClientHello) != 2 {
			t.Errorf("settled %v, messages %v", got.ours.Group, got.w.Kinds)
		}
	}
	k := in13(tlstest.Servers()["ecdsa"], nil)
	// Both clients have the two groups, and send a share of the first.
	both := []kx.Group{kx.X25519, kx.P384}
	bothIDs := []stdtls.CurveID{stdtls.X25519, stdtls.CurveP384}
	t.Run("our client", func(t *testing.T) {
		check(t, k.also(func(c *tls.Config, o *stdtls.Config) {
			c.Groups, o.CurvePreferences = both, bothIDs[1:]
		}).ourClient(t, 100))
	})
	t.Run("our client, without a share", func(t *testing.T) {
		check(t, k.also(func(c *tls.Config, o *stdtls.Config) {
			c.Groups, c.KeyShares, o.CurvePreferences = both, []iana.Group{}, bothIDs[1:]
		}).ourClient(t, 100))
	})
	server := k.also(func(c *tls.Config, o *stdtls.Config) { c.Groups, o.CurvePreferences = both[1:], bothIDs })
	t.Run("our server", func(t *testing.T) { check(t, server.ourServer(t, 100)) })
	cookie := func(c *tls.Config, _ *stdtls.Config) { c.RetryWithCookie = true }
	t.Run("our server, with a cookie", func(t *testing.T) { check(t, server.also(cookie).ourServer(t, 100)) })
	t.Run("our server, a cookie alone", func(t *testing.T) {
		got := k.also(cookie).ourServer(t, 100)
		if !got.ours.Retried || !got.std.HelloRetryRequest || got.ours.Group != iana.X25519MLKEM768 {
			t.Errorf("settled %v, messages %v", got.ours.Group, got.w.Kinds)
		}
	})
}

func TestStdlib13KeyUpdate(t *testing.T) {
	const updates = 5 // three of them ask for the peer's
	for _, s := range stdSuites13() {
		k := in13(tlstest.Servers()["ecdsa"], s)
		check := func(t *testing.T, ours *tls.Conn, std *stdtls.Conn, c, srv tlstest.Conn, role event.Role, cfg *tls.Config, w *tlstest.Witness) {
			if cerr, serr := tlstest.Shake(c, srv); cerr != nil || serr != nil {
				t.Fatal(cerr, serr)
			}
			deadline := time.Now().Add(tlstest.Patience)
			ours.SetDeadline(deadline)
			std.SetDeadline(deadline)
			tlstest.Rekey(t, ours, std, ours.UpdateKeys, updates)
			if n := w.Saw(message.KindKeyUpdate); n != updates+3 {
				t.Errorf("%d KeyUpdates", n)
			}
			met(theStdlib, role, cfg, ours.Summary(), w)
			ours.Close()
			std.Close()
		}
		t.Run("our client "+s.String(), func(t *testing.T) {
			cc, w := tlstest.Witnessed(t, k.ourEnd())
			sc := k.stdEnd()
			sc.Certificates = k.id.Std()
			a, b := tlstest.Pipe()
			c, srv := tlstest.Client(t, a, cc), stdtls.Server(b, sc)
			check(t, c, srv, c, srv, event.Client, cc, w)
		})
		t.Run("our server "+s.String(), func(t *testing.T) {
			sc, w := tlstest.Witnessed(t, k.ourEnd())
			sc.Certificates = k.id.Ours()
			a, b := tlstest.Pipe()
			c, srv := stdtls.Client(a, k.stdEnd()), tlstest.Server(t, b, sc)
			check(t, srv, c, c, srv, event.Server, sc, w)
		})
	}
}

// TestStdlib13Tickets gives each end tickets, and has each come back with what it was
// given.
func TestStdlib13Tickets(t *testing.T) {
	k := in13(tlstest.Servers()["ecdsa"], nil)
	t.Run("our client", func(t *testing.T) {
		store := session.NewMemory(0)
		k := k.also(func(c *tls.Config, _ *stdtls.Config) { c.Sessions = store })
		for range 2 {
			if got := k.ourClient(t, 100); got.w.Saw(message.KindNewSessionTicket) == 0 {
				t.Errorf("messages %v", got.w.Kinds)
			}
		}
	})
	t.Run("our server", func(t *testing.T) {
		tickets, cache := session.NewTicketKeys(rand.Reader, 0), stdtls.NewLRUClientSessionCache(1)
		k := k.also(func(s *tls.Config, c *stdtls.Config) { s.Tickets, c.ClientSessionCache = tickets, cache })
		for i := range 2 {
			got := k.ourServer(t, 100)
			if n := got.w.Saw(message.KindNewSessionTicket); n != 2 {
				t.Errorf("%d tickets", n)
			}
			if offers := got.w.Hellos[0].Extensions.Find(iana.ExtPreSharedKey) != nil; offers != (i == 1) {
				t.Errorf("connection %d: offers a ticket: %v", i, offers)
			}
		}
	})
}

// TestStdlib13Exporter derives the same at both ends.
func TestStdlib13Exporter(t *testing.T) {
	for _, s := range stdSuites13() {
		t.Run(s.String(), func(t *testing.T) {
			k := in13(tlstest.Servers()["ecdsa"], s)
			sc := k.stdEnd()
			sc.Certificates = k.id.Std()
			a, b := tlstest.Pipe()
			c, srv := tlstest.Client(t, a, k.ourEnd()), stdtls.Server(b, sc)
			if cerr, serr := tlstest.Shake(c, srv); cerr != nil || serr != nil {
				t.Fatal(cerr, serr)
			}
			state := srv.ConnectionState()
			for _, context := range [][]byte{nil, {}, []byte("a context")} {
				got, err := c.Export("EXPORTER-lab", context, 77)
				want, err2 := state.ExportKeyingMaterial("EXPORTER-lab", context, 77)
				if err != nil || err2 != nil || !bytes.Equal(got, want) {
					t.Errorf("context %q: %x, %v; crypto/tls has %x, %v", context, got, err, want, err2)
				}
			}
		})
	}
}
