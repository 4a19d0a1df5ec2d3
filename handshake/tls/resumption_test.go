package tls_test

import (
	"crypto/rand"
	stdtls "crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
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
		if n := got.w.saw(message.KindCertificate); n != 1 && i == 0 || n != 0 && i > 0 {
			t.Errorf("connection %d: messages %v", i, got.w.kinds)
		}
	}
	for _, s := range stdSuites13() {
		t.Run("our client "+s.String(), func(t *testing.T) {
			store := session.NewMemory(0)
			k := in13(servers()["ecdsa"], s).also(func(c *tls.Config, o *stdtls.Config) {
				c.Sessions = store
				o.SetSessionTicketKeys([][32]byte{{1}}) // each connection has a Config of its own
			})
			for i := range 4 {
				check(t, k.ourClient(t, 100), i)
			}
		})
		t.Run("our server "+s.String(), func(t *testing.T) {
			tickets, cache := session.NewTicketKeys(rand.Reader, 0), stdtls.NewLRUClientSessionCache(1)
			k := in13(servers()["ecdsa"], s).also(func(s *tls.Config, c *stdtls.Config) { s.Tickets, c.ClientSessionCache = tickets, cache })
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
		k := in13(servers()["ecdsa"], nil).also(func(c *tls.Config, o *stdtls.Config) {
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
		k := in13(servers()["ecdsa"], nil).also(func(s *tls.Config, c *stdtls.Config) {
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
			k := in13(servers()["ecdsa"], nil)
			k.clientID, k.auth, k.stdAuth = clients()["ecdsa"], handshake.RequireClientCert, stdtls.RequireAndVerifyClientCert
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
		k := in13(servers()["ecdsa"], suite.ByID(step.suite)).also(func(s *tls.Config, c *stdtls.Config) {
			s.Tickets, c.ClientSessionCache = tickets, cache
		})
		if got := k.ourServer(t, 100); got.ours.Resumed != step.resumed || got.std.DidResume != step.resumed {
			t.Errorf("%v: resumed %v", step.suite, got.ours.Resumed)
		}
	}
}

// resuming makes two ends of ours whose client has a ticket that allows so much early data.
func resuming(t testing.TB, most uint32) (cc, sc *tls.Config) {
	t.Helper()
	cc, sc = verifying13(), serving13(servers()["ecdsa"])
	cc.Sessions, sc.Tickets = session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0)
	cc.EarlyData, sc.MaxEarlyData = true, most
	a, b := memoryPipe()
	c, s := client(t, a, cc), server(t, b, sc)
	converse(t, c, s, 10)
	if c.Summary().EarlyData != handshake.NoEarlyData {
		t.Fatal("early data without a ticket")
	}
	return cc, sc
}

// TestEarlyDataAnswered is what early data is for: question and answer before either end
// has seen the other's Finished.
func TestEarlyDataAnswered(t *testing.T) {
	cc, sc := resuming(t, 1<<14)
	a, b := memoryPipe()
	a.SetDeadline(time.Now().Add(patience))
	b.SetDeadline(time.Now().Add(patience))
	c, s := client(t, a, cc), server(t, b, sc)
	defer c.Close()
	defer s.Close()
	if n, err := io.WriteString(early{c}, "GET /\n"); n != 6 || err != nil {
		t.Fatal(n, err)
	}
	if line, err := readLine(early{s}); err != nil || line != "GET /\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if n, err := io.WriteString(early{s}, "200 OK\n"); n != 7 || err != nil { // the client has said nothing since
		t.Fatal(n, err)
	}
	if line, err := readLine(c); err != nil || line != "200 OK\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if n, err := s.ReadEarly(make([]byte, 9)); n != 0 || err != io.EOF {
		t.Errorf("behind early data: %d, %v", n, err)
	}
	for _, got := range []handshake.Summary{c.Summary(), s.Summary()} {
		if got.EarlyData != handshake.EarlyDataAccepted || !got.Resumed {
			t.Errorf("%+v", got)
		}
	}
	for _, end := range []early{{c}, {s}} {
		if n, err := io.WriteString(end, "late"); n != 0 || err != tls.ErrEarlyDataOver {
			t.Errorf("after the handshake WriteEarly took %d, %v", n, err)
		}
	}
	if err := pass(c, s, "late\n"); err != nil {
		t.Error(err)
	}
}

// early is a Conn of which only early data is seen.
type early struct{ *tls.Conn }

func (e early) Read(p []byte) (int, error)  { return e.ReadEarly(p) }
func (e early) Write(p []byte) (int, error) { return e.WriteEarly(p) }

// TestEarlyDataIsNotRead: a server that does not ask for early data gets none of it from
// Read, and is not held up by it either.
func TestEarlyDataIsNotRead(t *testing.T) {
	const most = 300_000 // more than any buffer between
	cc, sc := resuming(t, most)
	a, b := memoryPipe()
	c, s := client(t, a, cc), server(t, b, sc)
	defer c.Close()
	defer s.Close()
	data := noise(most, 1)
	wrote := make(chan error, 1)
	go func() {
		n, err := c.WriteEarly(append(data, "too much"...))
		if n != most || err != tls.ErrEarlyDataOver {
			err = fmt.Errorf("%d, %v", n, err)
		} else {
			err = c.Handshake()
		}
		wrote <- err
		c.Write([]byte("safe\n"))
	}()
	s.SetDeadline(time.Now().Add(patience))
	if line, err := readLine(s); err != nil || line != "safe\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(early{s})
	if err != nil || string(got) != string(data) {
		t.Errorf("kept %d bytes of %d, %v", len(got), most, err)
	}
}

// TestEarlyDataRejected: nothing of it arrives, whatever the reason, and the connection
// goes on.
func TestEarlyDataRejected(t *testing.T) {
	for name, change := range map[string]func(cc, sc *tls.Config){
		"off": func(_, sc *tls.Config) { sc.MaxEarlyData = 0 },
		"refused": func(_, sc *tls.Config) {
			sc.AcceptEarlyData = func(handshake.EarlyDataInput) event.Why { return event.WhyEarlyDataOff }
		},
		"no ticket keys": func(_, sc *tls.Config) { sc.Tickets = nil },
		"retried":        func(_, sc *tls.Config) { sc.RetryWithCookie = true },
		"short records":  func(cc, sc *tls.Config) { sc.MaxEarlyData, cc.RecordSizeLimit, sc.RecordSizeLimit = 0, 100, 100 },
	} {
		t.Run(name, func(t *testing.T) {
			cc, sc := resuming(t, 1<<14)
			change(cc, sc)
			a, b := memoryPipe()
			c, s := client(t, a, cc), server(t, b, sc)
			if n, err := c.WriteEarly(noise(10_000, 1)); n != 10_000 || err != nil {
				t.Fatal(n, err)
			}
			go c.Handshake()
			s.SetDeadline(time.Now().Add(patience))
			if n, err := s.ReadEarly(make([]byte, 9)); n != 0 || err != io.EOF {
				t.Fatal(n, err)
			}
			if err := c.Handshake(); err != nil {
				t.Fatal(err)
			}
			for _, end := range []*tls.Conn{c, s} {
				if got := end.Summary().EarlyData; got != handshake.EarlyDataRejected {
					t.Errorf("it was %v", got)
				}
			}
			converse(t, c, s, 1000)
		})
	}
}

// TestEarlyDataOff: where none can be sent WriteEarly says so, having sent ClientHello.
func TestEarlyDataOff(t *testing.T) {
	cc, sc := resuming(t, 0)
	a, b := memoryPipe()
	c, s := client(t, a, cc), server(t, b, sc)
	if n, err := c.WriteEarly([]byte("x")); n != 0 || err != tls.ErrEarlyDataOver {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := s.WriteEarly([]byte("x")); n != 0 || err != tls.ErrEarlyDataOver {
		t.Errorf("%d, %v", n, err)
	}
	converse(t, c, s, 1000)
	if n, err := s.ReadEarly(make([]byte, 9)); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
}

// TestEarlyDataShortRecords: a limit on records that the server only now tells of does not
// count for what was sent before.
func TestEarlyDataShortRecords(t *testing.T) {
	for name, change := range map[string]func(cc, sc *tls.Config){
		"record_size_limit":   func(cc, sc *tls.Config) { cc.RecordSizeLimit, sc.RecordSizeLimit = 100, 100 },
		"max_fragment_length": func(cc, sc *tls.Config) { cc.MaxFragmentLength = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			cc, sc := resuming(t, 1<<14)
			change(cc, sc)
			a, b := memoryPipe()
			c, s := client(t, a, cc), server(t, b, sc)
			data := noise(10_000, 1)
			if n, err := c.WriteEarly(data); n != len(data) || err != nil {
				t.Fatal(n, err)
			}
			done := make(chan error, 1)
			go func() { done <- c.Handshake() }()
			s.SetDeadline(time.Now().Add(patience))
			if got, err := io.ReadAll(early{s}); err != nil || string(got) != string(data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			converse(t, c, s, 5000)
		})
	}
}

// connectTo is a socket to a peer's server, with a deadline.
func connectTo(t testing.TB, addr string) net.Conn {
	t.Helper()
	raw, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(patience))
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
