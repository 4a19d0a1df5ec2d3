package handshake_test

import (
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// toFinished runs a handshake until the client waits behind its Finished, whose flight is
// not yet on its way.
func toFinished(t *testing.T, cc, sc *handshake.Config) (c, s *handshake.Endpoint) {
	t.Helper()
	c, err := handshake.NewClient(cc)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = handshake.NewServer(sc); err != nil {
		t.Fatal(err)
	}
	steps(t, c)
	s.Feed(c.Output())
	steps(t, s)
	c.Feed(s.Output())
	steps(t, c)
	return c, s
}

// steps moves an end until it waits.
func steps(t *testing.T, e *handshake.Endpoint) {
	t.Helper()
	for {
		progress, err := e.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !progress {
			return
		}
	}
}

// Data goes out in one flight with Finished, and the server has it before its own
// Finished is on its way: with a ticket to come, and without.
func TestFalseStart(t *testing.T) {
	for _, tickets := range []bool{false, true} {
		cc, sc := pairFor(ecdheECDSA)
		cc.FalseStart = true
		waits := event.WaitChangeCipherSpec
		if tickets {
			cc.Sessions, sc.Tickets = session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0)
			waits = event.WaitNewSessionTicket
		}
		c, s := toFinished(t, cc, sc)
		if c.State() != waits || c.Done() || c.MayWrite() != event.ApplicationData {
			t.Fatalf("the client is in %v and may write %v", c.State(), c.MayWrite())
		}
		if s.MayWrite() != event.NoData {
			t.Error("the server may write before it has a Finished")
		}
		say(t, c, s, "question")
		if c.Done() || !s.Done() {
			t.Errorf("client %v, server %v", c.State(), s.State())
		}
		say(t, s, c, "answer")
		if !c.Done() {
			t.Errorf("the client stays in %v", c.State())
		}
		say(t, c, s, "and on")
	}
}

// Whoever has not asked for it, and whoever is not safe with it, waits.
func TestNoFalseStart(t *testing.T) {
	for name, test := range map[string]struct {
		suite iana.CipherSuite
		set   bool
	}{
		"not asked for": {ecdheECDSA, false},
		"RSA":           {0x009c, true},
		"DHE":           {0x009e, true},
		"CBC":           {0xc027, true},
	} {
		t.Run(name, func(t *testing.T) {
			cc, sc := pairFor(test.suite)
			cc.FalseStart, sc.FalseStart = test.set, test.set
			c, s := toFinished(t, cc, sc)
			if n, err := c.Write([]byte("question")); n != 0 || err == nil || c.MayWrite() != event.NoData {
				t.Errorf("wrote %d bytes, %v", n, err)
			}
			pump(c, s)
			say(t, c, s, "question")
		})
	}
}

// In a resumed handshake the client's Finished is the last message: nothing is early.
func TestNoFalseStartWhenResuming(t *testing.T) {
	cc, sc := pairFor(ecdheECDSA)
	cc.FalseStart, cc.Sessions, sc.Tickets = true, session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0)
	mustShake(t, cc, sc)
	c, _ := toFinished(t, cc, sc)
	if !c.Summary().Resumed || !c.Done() {
		t.Fatalf("%v: %+v", c.State(), c.Summary())
	}
}

// What False Start costs: the data is gone by the time the client sees that its peer did
// not read what it sent.
func TestFalseStartBeforeBadFinished(t *testing.T) {
	cc, sc := pairFor(ecdheECDSA)
	cc.FalseStart = true
	c, s := toFinished(t, cc, sc)
	if _, err := c.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	s.Feed(c.Output())
	steps(t, s)
	answer := append([]byte(nil), s.Output()...)
	answer[len(answer)-1] ^= 1
	c.Feed(answer)
	pump(c, s)
	if reason.Of(c.Err()) != reason.BadRecordMAC || c.MayWrite() != event.NoData {
		t.Errorf("%v, may write %v", c.Err(), c.MayWrite())
	}
	if _, err := c.Write([]byte("more")); err == nil {
		t.Error("more was written")
	}
}

// The server of crypto/tls need not know.
func TestFalseStartToCryptoTLS(t *testing.T) {
	l := world("ecdsa")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	heard := make(chan error, 1)
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			heard <- err
			return
		}
		defer raw.Close()
		conn := tls.Server(raw, &tls.Config{MaxVersion: tls.VersionTLS12, Time: clock,
			Certificates: []tls.Certificate{{Certificate: l.Chain, PrivateKey: l.Key}}})
		b := make([]byte, 8)
		if _, err = io.ReadFull(conn, b); err == nil {
			_, err = conn.Write(b)
		}
		heard <- err
	}()
	conn, err := net.DialTimeout("tcp", listener.Addr().String(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	cc, _ := pairFor(ecdheECDSA)
	cc.FalseStart = true
	c, err := handshake.NewClient(cc)
	if err != nil {
		t.Fatal(err)
	}
	early, n, got := false, 0, make([]byte, 100)
	for n == 0 {
		steps(t, c)
		if !early && c.MayWrite() == event.ApplicationData {
			if early = !c.Done(); !early {
				t.Fatal("the handshake was complete first")
			}
			if _, err := c.Write([]byte("question")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := conn.Write(c.Output()); err != nil {
			t.Fatal(err)
		}
		k, err := conn.Read(c.Space(1))
		if err != nil {
			t.Fatal(err)
		}
		c.Fed(k)
		if n, err = c.Read(got); err != nil {
			t.Fatal(err)
		}
	}
	if string(got[:n]) != "question" || !early || !c.Done() {
		t.Errorf("%q came back", got[:n])
	}
	if err := <-heard; err != nil {
		t.Error(err)
	}
}
