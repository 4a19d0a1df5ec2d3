package interop_test

import (
	"crypto/rand"
	stdtls "crypto/tls"
	"net"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// Resumption in TLS 1.3 with crypto/tls, in this process: by ticket, each way. (In TLS 1.2
// see TestStdlibResumption.) crypto/tls speaks psk_dhe_ke alone, and early data over QUIC
// alone.

// TestStdlib13Resumption has each end come back three times, with every suite, and each
// time on the tickets of the time before.
func TestStdlib13Resumption(t *testing.T) {
	check := func(t *testing.T, got settled, i int) {
		t.Helper()
		if got.ours.Resumed != (i > 0) || got.std.DidResume != (i > 0) || got.ours.PSK != (i > 0) {
			t.Errorf("connection %d: resumed %v, and %v by crypto/tls", i, got.ours.Resumed, got.std.DidResume)
		}
		if got.ours.Group == 0 {
			t.Errorf("connection %d: no key exchange", i)
		}
		if n := got.w.Saw(message.KindCertificate); n != 1 && i == 0 || n != 0 && i > 0 {
			t.Errorf("connection %d: messages %v", i, got.w.Kinds)
		}
	}
	for _, s := range stdSuites13() {
		t.Run("our client "+s.String(), func(t *testing.T) {
			store := session.NewMemory(0)
			k := in13(tlstest.Servers()["ecdsa"], s).also(func(c *tls.Config, o *stdtls.Config) {
				c.Sessions = store
				o.SetSessionTicketKeys([][32]byte{{1}}) // each connection has a Config of its own
			})
			for i := range 4 {
				check(t, k.ourClient(t, 100), i)
			}
		})
		t.Run("our server "+s.String(), func(t *testing.T) {
			tickets, cache := session.NewTicketKeys(rand.Reader, 0), stdtls.NewLRUClientSessionCache(1)
			k := in13(tlstest.Servers()["ecdsa"], s).also(func(s *tls.Config, c *stdtls.Config) { s.Tickets, c.ClientSessionCache = tickets, cache })
			for i := range 4 {
				check(t, k.ourServer(t, 100), i)
			}
		})
	}
}

// TestStdlib13ResumptionRetried has the server want another group on the second time: the
// binder then covers two ClientHellos and a HelloRetryRequest.
func TestStdlib13ResumptionRetried(t *testing.T) {
	check := func(t *testing.T, got settled, i int) {
		t.Helper()
		if got.ours.Resumed != (i > 0) || got.std.DidResume != (i > 0) || !got.ours.Retried {
			t.Errorf("connection %d: resumed %v, retried %v", i, got.ours.Resumed, got.ours.Retried)
		}
	}
	t.Run("our client", func(t *testing.T) {
		store := session.NewMemory(0)
		k := in13(tlstest.Servers()["ecdsa"], nil).also(func(c *tls.Config, o *stdtls.Config) {
			c.Sessions, c.Groups, c.KeyShares = store, []kx.Group{kx.X25519, kx.P384}, []iana.Group{iana.X25519}
			o.CurvePreferences = []stdtls.CurveID{stdtls.CurveP384}
			o.SetSessionTicketKeys([][32]byte{{1}})
		})
		for i := range 3 {
			check(t, k.ourClient(t, 100), i)
		}
	})
	t.Run("our server", func(t *testing.T) {
		tickets, cache := session.NewTicketKeys(rand.Reader, 0), stdtls.NewLRUClientSessionCache(1)
		k := in13(tlstest.Servers()["ecdsa"], nil).also(func(s *tls.Config, c *stdtls.Config) {
			s.Tickets, c.ClientSessionCache, s.RetryWithCookie = tickets, cache, true
			s.Groups, c.CurvePreferences = []kx.Group{kx.P384}, []stdtls.CurveID{stdtls.X25519, stdtls.CurveP384}
		})
		for i := range 3 {
			check(t, k.ourServer(t, 100), i)
		}
	})
}

// TestStdlib13ResumesClients: who the client is both remember.
func TestStdlib13ResumesClients(t *testing.T) {
	for _, side := range []string{"our client", "our server"} {
		t.Run(side, func(t *testing.T) {
			store, tickets, cache := session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0), stdtls.NewLRUClientSessionCache(1)
			k := in13(tlstest.Servers()["ecdsa"], nil)
			k.clientID, k.auth, k.stdAuth = tlstest.Clients()["ecdsa"], handshake.RequireClientCert, stdtls.RequireAndVerifyClientCert
			k = k.also(func(c *tls.Config, o *stdtls.Config) {
				c.Sessions, c.Tickets, o.ClientSessionCache = store, tickets, cache
				o.SetSessionTicketKeys([][32]byte{{1}})
			})
			run := k.ourClient
			if side == "our server" {
				run = k.ourServer
			}
			for i := range 2 {
				got := run(t, 100)
				if got.ours.Resumed != (i > 0) || got.std.DidResume != (i > 0) || len(got.ours.PeerChain) == 0 || len(got.std.PeerCertificates) == 0 {
					t.Errorf("connection %d: resumed %v; chains of %d and %d", i, got.ours.Resumed, len(got.ours.PeerChain), len(got.std.PeerCertificates))
				}
			}
		})
	}
}

// TestStdlib13ResumptionOtherSuite offers a ticket under another suite of its hash, which
// resumes, and of another hash, which does not.
func TestStdlib13ResumptionOtherSuite(t *testing.T) {
	tickets, cache := session.NewTicketKeys(rand.Reader, 0), stdtls.NewLRUClientSessionCache(1)
	for _, step := range []struct {
		suite   iana.CipherSuite
		resumed bool
	}{{0x1301, false}, {0x1303, true}, {0x1302, false}} {
		k := in13(tlstest.Servers()["ecdsa"], suite.ByID(step.suite)).also(func(s *tls.Config, c *stdtls.Config) {
			s.Tickets, c.ClientSessionCache = tickets, cache
		})
		if got := k.ourServer(t, 100); got.ours.Resumed != step.resumed || got.std.DidResume != step.resumed {
			t.Errorf("%v: resumed %v", step.suite, got.ours.Resumed)
		}
	}
}

// connectTo is a socket to a peer's server, with a deadline.
func connectTo(t testing.TB, addr string) net.Conn {
	t.Helper()
	raw, err := net.DialTimeout("tcp", addr, tlstest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(tlstest.Patience))
	return raw
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
