package live

import (
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// stalling is a server's end of a pipe, which knows when the server waits for more than has come, or
// for somebody to read.
type stalling struct {
	net.Conn

	mu      sync.Mutex
	changed *sync.Cond
	read    int // bytes
	reading int // bytes that had come when the server began to read last
	writing bool
}

func newStalling(c net.Conn) *stalling {
	s := &stalling{Conn: c, reading: -1}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stalling) Read(p []byte) (int, error) {
	s.mu.Lock()
	s.reading = s.read
	s.changed.Broadcast()
	s.mu.Unlock()
	n, err := s.Conn.Read(p)
	s.mu.Lock()
	s.read += n
	s.mu.Unlock()
	return n, err
}

func (s *stalling) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.writing = true
	s.changed.Broadcast()
	s.mu.Unlock()
	n, err := s.Conn.Write(p)
	s.mu.Lock()
	s.writing = false
	s.mu.Unlock()
	return n, err
}

// stalls waits until the server waits, for a reader or for more than n bytes.
func (s *stalling) stalls(n int, forReader bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !(forReader && s.writing || !forReader && s.reading >= n) {
		s.changed.Wait()
	}
}

// slowClient is a client that goes as far as it is told and then says nothing more.
type slowClient struct {
	t    *testing.T
	conn net.Conn
	e    *handshake.Endpoint
	sent int
}

func (c *slowClient) say(b []byte) {
	c.t.Helper()
	if len(b) == 0 {
		return
	}
	n, err := c.conn.Write(b)
	if err != nil {
		c.t.Fatal(err)
	}
	c.sent += n
}

// until goes on until the client's endpoint stands in a state, and sends what it has made up to there.
func (c *slowClient) until(states ...event.State) {
	c.t.Helper()
	buf := make([]byte, 1<<15)
	for {
		for _, s := range states {
			if c.e.State() == s {
				c.say(c.e.Output())
				return
			}
		}
		progress, err := c.e.Step()
		if err != nil {
			c.t.Fatal(err)
		}
		if progress {
			continue
		}
		c.say(c.e.Output())
		n, err := c.conn.Read(buf)
		if err != nil {
			c.t.Fatal(err)
		}
		c.e.Feed(buf[:n])
	}
}

// slowServer is a server whose time limits are over when the test says so.
type slowServer struct {
	host *host
	said *heard
	over chan func()
	meet func(net.Conn)
}

func newSlowServer(t *testing.T, www, quiet bool, format string, cfg *handshake.Config, keys *session.TicketKeys) *slowServer {
	t.Helper()
	s := new(serverFlags)
	s.Lang, s.Format, s.quiet, s.www = narrate.En, format, quiet, www
	s.handshakeTimeout, s.idleTimeout = 7*time.Second, clitest.Patience
	slow := &slowServer{said: newHeard(), over: make(chan func(), 1)}
	slow.host = &host{flags: s, cfg: cfg, store: &serverStore{store: session.NewMemory(0), keys: keys}, log: slow.said, stdout: io.Discard, conns: map[*liveConn]bool{},
		out: &cli.Output{Writer: io.Discard, Options: render.TerminalOptions{Lang: narrate.En, Width: 80}}}
	slow.host.after = func(d time.Duration, f func()) (stop func() bool) {
		if d != s.handshakeTimeout {
			t.Errorf("a limit of %v", d)
		}
		slow.over <- f
		return func() bool { return true }
	}
	slow.host.arrived = sync.NewCond(&slow.host.mu)
	l := newHandedOver(&net.TCPAddr{})
	ended := make(chan error, 1)
	go func() {
		if www {
			ended <- slow.host.serveHTTP(l)
		} else {
			ended <- slow.host.serve(l)
		}
	}()
	slow.meet = l.hand
	t.Cleanup(func() {
		slow.host.stop(l)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		slow.host.handlers.Wait()
	})
	return slow
}

// A client that says nothing more, wherever in its handshake, is cut off when its time is over, in each mode,
// and the server says where it stood. The time is the test's: it is over when the server waits.
func TestTooSlow(t *testing.T) {
	root, err := authority.NewRoot(authority.Options{CommonName: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	cert := func(client bool, name string) handshake.Certificate {
		key, err := authority.GenerateKey(authority.P256, nil)
		if err != nil {
			t.Fatal(err)
		}
		csr, err := authority.NewRequest(key, authority.Request{CommonName: name, DNSNames: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		issued, err := root.Sign(csr, authority.LeafOptions{Client: client})
		if err != nil {
			t.Fatal(err)
		}
		return handshake.Certificate{Chain: issued.Chain, Key: key}
	}
	server, alice := cert(false, "localhost"), cert(true, "alice")
	within := "within 7s (--handshake-timeout), and was cut off"
	stood := func(state event.State) string {
		return "had not completed its handshake " + within + "; where this end stood: " + state.String() + ", " + narrate.Must(narrate.En, narrate.State, state.String()).Title
	}
	asks := func(cfg *handshake.Config) {
		cfg.ClientAuth, cfg.Roots = handshake.RequireClientCert, pki.NewTrustStore(root.Cert)
	}
	shows := func(cfg *handshake.Config) { cfg.Certificates = []handshake.Certificate{alice} }
	all := []iana.Version{iana.TLS12, iana.TLS13}
	for _, test := range []struct {
		name         string
		versions     []iana.Version
		resumes      bool
		ours, theirs func(*handshake.Config)
		goes         func(*slowClient)
		reads        bool // it does; else the server waits for it to
		says         map[iana.Version]string
	}{
		{"says nothing", all, false, nil, nil, func(*slowClient) {}, true,
			map[iana.Version]string{0: "sent nothing for 7s (--handshake-timeout), and was cut off"}},
		{"half a ClientHello", all, false, nil, nil, func(c *slowClient) {
			for progress := true; progress; {
				progress, _ = c.e.Step()
			}
			c.say(c.e.Output()[:99])
		}, true, map[iana.Version]string{0: "had sent 99 bytes and no whole ClientHello " + within}},
		{"reads nothing", all, false, nil, nil, func(c *slowClient) {
			for progress := true; progress; {
				progress, _ = c.e.Step()
			}
			c.say(c.e.Output())
		}, false, map[iana.Version]string{0: "had not read what was sent to it " + within + " in the middle of the handshake"}},
		{"a flight", all, false, nil, nil, func(c *slowClient) { c.until(event.SendClientKeyExchange, event.SendFinished) }, true,
			map[iana.Version]string{iana.TLS12: stood(event.WaitClientKeyExchange), iana.TLS13: stood(event.WaitFinished)}},
		{"half its second flight", all, false, nil, nil, func(c *slowClient) { c.until(event.SendFinished) }, true,
			map[iana.Version]string{iana.TLS12: stood(event.WaitFinished), iana.TLS13: stood(event.WaitFinished)}},
		{"a certificate and no signature", all, false, asks, shows, func(c *slowClient) { c.until(event.SendCertificateVerify) }, true,
			map[iana.Version]string{0: stood(event.WaitCertificateVerify)}},
		{"sent back", []iana.Version{iana.TLS13}, false, func(cfg *handshake.Config) { cfg.RetryWithCookie = true }, nil, func(c *slowClient) { c.until(event.SendSecondClientHello) }, true,
			map[iana.Version]string{0: stood(event.WaitSecondClientHello)}},
		{"resumption", all, true, nil, nil, func(c *slowClient) { c.until(event.SendChangeCipherSpec, event.SendFinished) }, true,
			map[iana.Version]string{iana.TLS12: stood(event.WaitChangeCipherSpec), iana.TLS13: stood(event.WaitFinished)}},
		{"early data", []iana.Version{iana.TLS13}, true, nil, func(cfg *handshake.Config) { cfg.EarlyData = true }, func(c *slowClient) {
			for progress := true; progress; {
				progress, _ = c.e.Step()
			}
			if n, err := c.e.WriteEarly([]byte("GET / HT")); n != 8 || err != nil {
				c.t.Fatal(n, err)
			}
			c.until(event.SendEndOfEarlyData)
		}, true, map[iana.Version]string{0: stood(event.WaitEndOfEarlyData)}},
	} {
		for _, v := range test.versions {
			for _, mode := range []struct {
				name       string
				www, quiet bool
				format     string
			}{{"plain", false, false, cli.Text}, {"--quiet", false, true, cli.Text}, {"--www", true, false, cli.Text}, {"--www --quiet --format json", true, true, cli.JSON}} {
				t.Run(test.name+", "+v.String()+", "+mode.name, func(t *testing.T) {
					theirs := &handshake.Config{ServerName: "localhost", Roots: pki.NewTrustStore(root.Cert), MinVersion: v, MaxVersion: v, Sessions: session.NewMemory(0)}
					keys := session.NewTicketKeys(rand.Reader, 0)
					ours := &handshake.Config{Certificates: []handshake.Certificate{server}, Tickets: keys, MaxEarlyData: 1000, AcceptEarlyData: func(handshake.EarlyDataInput) event.Why { return "" }}
					for _, change := range []struct {
						how func(*handshake.Config)
						cfg *handshake.Config
					}{{test.ours, ours}, {test.theirs, theirs}} {
						if change.how != nil {
							change.how(change.cfg)
						}
					}
					s := newSlowServer(t, mode.www, mode.quiet, mode.format, ours, keys)
					if test.resumes {
						s.sessionFor(t, theirs)
					}
					near, far := net.Pipe()
					defer near.Close()
					stalls := newStalling(far)
					s.meet(stalls)
					limit := <-s.over
					e, err := handshake.NewClient(theirs)
					if err != nil {
						t.Fatal(err)
					}
					c := &slowClient{t: t, conn: near, e: e}
					test.goes(c)
					stalls.stalls(c.sent, !test.reads)
					limit()
					s.said.await(t, "--handshake-timeout")
					want := test.says[0]
					if want == "" {
						want = test.says[v]
					}
					if said := s.said.String(); !strings.Contains(said, want+"\n") {
						t.Errorf("it says %q, want %q", said, want)
					}
					if _, err := near.Read(make([]byte, 1<<15)); err == nil && test.reads {
						t.Error("the connection is not cut off")
					}
				})
			}
		}
	}
}

// sessionFor has a client connect, and keep what it needs to resume.
func (s *slowServer) sessionFor(t *testing.T, cfg *handshake.Config) {
	t.Helper()
	own := *cfg
	own.EarlyData = false
	near, far := net.Pipe()
	s.meet(far)
	<-s.over
	c, err := tls.Client(near, &own)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	said := make(chan error, 1)
	go func() { said <- c.CloseWrite() }() // a pipe has no room: the server says its tickets meanwhile
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-said, c.Close()); err != nil {
		t.Fatal(err)
	}
}
