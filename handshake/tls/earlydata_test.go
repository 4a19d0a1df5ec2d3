package tls_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// resuming makes two ends of ours whose client has a ticket that allows so much early data.
func resuming(t testing.TB, most uint32) (cc, sc *tls.Config) {
	t.Helper()
	cc, sc = tlstest.Verifying13(), tlstest.Serving13(tlstest.Servers()["ecdsa"])
	cc.Sessions, sc.Tickets = session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0)
	cc.EarlyData, sc.MaxEarlyData = true, most
	a, b := tlstest.Pipe()
	c, s := tlstest.Client(t, a, cc), tlstest.Server(t, b, sc)
	tlstest.Converse(t, c, s, 10)
	if c.Summary().EarlyData != handshake.NoEarlyData {
		t.Fatal("early data without a ticket")
	}
	return cc, sc
}

// TestEarlyDataAnswered is what early data is for: question and answer before either end
// has seen the other's Finished.
func TestEarlyDataAnswered(t *testing.T) {
	cc, sc := resuming(t, 1<<14)
	a, b := tlstest.Pipe()
	a.SetDeadline(time.Now().Add(tlstest.Patience))
	b.SetDeadline(time.Now().Add(tlstest.Patience))
	c, s := tlstest.Client(t, a, cc), tlstest.Server(t, b, sc)
	defer c.Close()
	defer s.Close()
	if n, err := io.WriteString(early{c}, "GET /\n"); n != 6 || err != nil {
		t.Fatal(n, err)
	}
	if line, err := tlstest.ReadLine(early{s}); err != nil || line != "GET /\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if n, err := io.WriteString(early{s}, "200 OK\n"); n != 7 || err != nil { // the client has said nothing since
		t.Fatal(n, err)
	}
	if line, err := tlstest.ReadLine(c); err != nil || line != "200 OK\n" {
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
	if err := tlstest.Pass(c, s, "late\n"); err != nil {
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
	a, b := tlstest.Pipe()
	c, s := tlstest.Client(t, a, cc), tlstest.Server(t, b, sc)
	defer c.Close()
	defer s.Close()
	data := tlstest.Noise(most, 1)
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
	s.SetDeadline(time.Now().Add(tlstest.Patience))
	if line, err := tlstest.ReadLine(s); err != nil || line != "safe\n" {
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
			a, b := tlstest.Pipe()
			c, s := tlstest.Client(t, a, cc), tlstest.Server(t, b, sc)
			if n, err := c.WriteEarly(tlstest.Noise(10_000, 1)); n != 10_000 || err != nil {
				t.Fatal(n, err)
			}
			go c.Handshake()
			s.SetDeadline(time.Now().Add(tlstest.Patience))
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
			tlstest.Converse(t, c, s, 1000)
		})
	}
}

// TestEarlyDataOff: where none can be sent WriteEarly says so, having sent ClientHello.
func TestEarlyDataOff(t *testing.T) {
	cc, sc := resuming(t, 0)
	a, b := tlstest.Pipe()
	c, s := tlstest.Client(t, a, cc), tlstest.Server(t, b, sc)
	if n, err := c.WriteEarly([]byte("x")); n != 0 || err != tls.ErrEarlyDataOver {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := s.WriteEarly([]byte("x")); n != 0 || err != tls.ErrEarlyDataOver {
		t.Errorf("%d, %v", n, err)
	}
	tlstest.Converse(t, c, s, 1000)
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
			a, b := tlstest.Pipe()
			c, s := tlstest.Client(t, a, cc), tlstest.Server(t, b, sc)
			data := tlstest.Noise(10_000, 1)
			if n, err := c.WriteEarly(data); n != len(data) || err != nil {
				t.Fatal(n, err)
			}
			done := make(chan error, 1)
			go func() { done <- c.Handshake() }()
			s.SetDeadline(time.Now().Add(tlstest.Patience))
			if got, err := io.ReadAll(early{s}); err != nil || string(got) != string(data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			tlstest.Converse(t, c, s, 5000)
		})
	}
}
