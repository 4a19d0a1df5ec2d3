package tls_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/kxtest"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// What a Listener does must not be felt by the peer (RFC 5246 §7.4.7.1): it is told of
// nothing that hangs on a secret between the bytes that were read and the answer to them.

// clocked is an end's transport, and its Listener too: it knows whether a peer waits.
type clocked struct {
	net.Conn

	mu     sync.Mutex
	waits  bool // bytes of the peer have been read, and nothing was written since
	ended  bool // our half of the stream is closed: who waits for its end has it
	events []event.Event

	suspects []string // faults, unless the peer turns out to know all that is told of
	faults   []string
}

func (c *clocked) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = c.waits || n > 0
	return n, err
}

func (c *clocked) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.waits, c.faults, c.suspects = false, append(c.faults, c.suspects...), nil
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *clocked) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	return nil // a pipe has no halves
}

func (c *clocked) Event(e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
	if c.waits && hangsOnSecret(e) {
		c.suspects = append(c.suspects, "before the answer: "+outline(e))
	}
	if check, ok := e.(*event.Check); ok && check.What == event.CheckFinished && check.OK {
		c.waits, c.suspects = false, nil // a peer that has the secrets learns nothing
	}
	if a, ok := e.(*event.Alert); ok && a.Dir == event.Send && a.Level == iana.Fatal && !c.ended {
		c.faults = append(c.faults, "before the end of the stream: "+outline(e))
	}
}

// hangsOnSecret reports whether what is made of an event may depend on what only the two
// ends know. Of an open connection that is the data; tickets have no answer.
func hangsOnSecret(e event.Event) bool {
	if d, ok := e.(*event.Data); ok {
		return d.Dir == event.Receive
	}
	if e.Head().State == event.Connected {
		return false
	}
	switch e := e.(type) {
	case *event.Secret:
		return true
	case *event.Check:
		return e.What == event.CheckFinished || e.What == event.CheckPSKBinder
	case *event.Record:
		return e.Dir == event.Receive && e.Protected
	}
	return false
}

// outline is an event without its bytes: how much there is to render.
func outline(e event.Event) string {
	switch e := e.(type) {
	case *event.Secret:
		s := fmt.Sprintf("%s %s %d", e.Label, e.Method, len(e.Value))
		for _, v := range e.Inputs {
			s += fmt.Sprintf(" %s:%d", v.Name, len(v.Bytes))
		}
		return s
	case *event.Record:
		return fmt.Sprintf("record %v %v %d", e.Dir, e.Type, len(e.Wire))
	case *event.Alert:
		return fmt.Sprintf("alert %v %v %v", e.Dir, e.Level, e.Description)
	case *event.Message:
		return fmt.Sprintf("message %v %v %d", e.Dir, e.Kind, len(e.Raw))
	}
	return reflect.TypeOf(e).String()
}

// byRecord gives out no more than a record at a time: its reader is back at its socket
// between two.
type byRecord struct {
	net.Conn
	rest []byte
}

func (b *byRecord) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		header := make([]byte, 5)
		if _, err := io.ReadFull(b.Conn, header); err != nil {
			return 0, err
		}
		body := make([]byte, int(header[3])<<8|int(header[4]))
		if _, err := io.ReadFull(b.Conn, body); err != nil {
			return 0, err
		}
		b.rest = append(header, body...)
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// overheard are two ends over a pipe, each with a Listener that knows who waits.
func overheard(t *testing.T, cc, sc tls.Config, split bool) (c, s *tls.Conn, client, server *clocked) {
	t.Helper()
	a, b := tlstest.Pipe()
	if split {
		a, b = &byRecord{Conn: a}, &byRecord{Conn: b}
	}
	client, server = &clocked{Conn: a}, &clocked{Conn: b}
	cc.Listener, sc.Listener, cc.ShowSecrets, sc.ShowSecrets = client, server, true, true
	var err error
	if c, err = tls.Client(client, &cc); err == nil {
		s, err = tls.Server(server, &sc)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, s, client, server
}

// mustBeUnfelt asks both ends.
func mustBeUnfelt(t *testing.T, ends ...*clocked) {
	t.Helper()
	for _, e := range ends {
		if len(e.events) == 0 {
			t.Error("an end was told of nothing")
		}
		for _, f := range append(e.faults, e.suspects...) {
			t.Error("told", f)
		}
	}
}

func named(t testing.TB, names ...string) (s []*suite.Suite) {
	t.Helper()
	for _, n := range names {
		one, err := suite.ByName(n)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, one)
	}
	return s
}

// answerOne reads once, and writes that back.
func answerOne(rw io.ReadWriter) error {
	buf := make([]byte, 100)
	n, err := rw.Read(buf)
	if err == nil {
		_, err = rw.Write(buf[:n])
	}
	return err
}

// askAndAnswer has the client ask, and the server answer what it asked, and both say goodbye.
func askAndAnswer(t *testing.T, c, s *tls.Conn, answer func() error, ask func([]byte) (int, error)) {
	t.Helper()
	answered := make(chan error, 1)
	go func() { answered <- answer() }()
	if _, err := ask([]byte("question")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "question" {
		t.Fatalf("%q, %v", got, err)
	}
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	var taken sync.WaitGroup
	taken.Go(func() { _, _ = io.Copy(io.Discard, s) }) // close_notify
	c.Close()
	taken.Wait()
	s.Close()
}

// TestListenerIsUnfelt has two ends shake hands in every way, and ask and answer, with
// whole flights and with a record at a time.
func TestListenerIsUnfelt(t *testing.T) {
	psk := []handshake.PSK{{Identity: []byte("lab"), Key: make([]byte, 32)}}
	for _, test := range []struct {
		name string
		set  func(cc, sc *tls.Config)
	}{
		{"TLS 1.3", func(cc, _ *tls.Config) { cc.MinVersion = iana.TLS13 }},
		{"TLS 1.3 retried", func(cc, _ *tls.Config) { cc.KeyShares = []iana.Group{} }},
		{"TLS 1.3 both certified", func(cc, sc *tls.Config) {
			cc.Certificates, sc.ClientAuth, sc.Roots = tlstest.Clients()["ecdsa"].Ours(), handshake.RequireClientCert, tlstest.Roots()
		}},
		{"PSK", func(cc, sc *tls.Config) { cc.PSKs, sc.PSKs = psk, psk }},
		{"RSA", func(cc, _ *tls.Config) { cc.Suites = named(t, "AES128-GCM-SHA256") }},
		{"RSA both certified", func(cc, sc *tls.Config) {
			cc.Suites = named(t, "AES128-GCM-SHA256")
			cc.Certificates, sc.ClientAuth, sc.Roots = tlstest.Clients()["ecdsa"].Ours(), handshake.RequireClientCert, tlstest.Roots()
		}},
		{"CBC", func(cc, _ *tls.Config) { cc.Suites = named(t, "ECDHE-RSA-AES128-SHA256") }},
		{"DHE", func(cc, _ *tls.Config) { cc.Suites = named(t, "DHE-RSA-AES128-GCM-SHA256") }},
	} {
		for _, split := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s split %v", test.name, split), func(t *testing.T) {
				cc, sc := *tlstest.Verifying(), *tlstest.Serving(tlstest.Servers()["rsa"])
				// So that a server of TLS 1.3 has an answer to Finished, too: tickets.
				cc.Sessions, sc.Tickets = session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0)
				test.set(&cc, &sc)
				c, s, client, server := overheard(t, cc, sc, split)
				askAndAnswer(t, c, s, func() error { return answerOne(s) }, c.Write)
				mustBeUnfelt(t, client, server)
			})
		}
	}
}

// TestEarlyDataIsUnfelt: the request that came before the handshake is over, too, is told
// of only once it is answered.
func TestEarlyDataIsUnfelt(t *testing.T) {
	cc, sc := resuming(t, 1000)
	c, s, client, server := overheard(t, *cc, *sc, false)
	answer := func() error { return errors.Join(answerOne(early{s}), s.Handshake()) }
	askAndAnswer(t, c, s, answer, c.WriteEarly)
	mustBeUnfelt(t, client, server)
}

// TestPaddingIsUnfelt: whether the padding was good, a server with a transcript works
// alike up to the alert, and tells of nothing before it is written and the stream is
// closed. The events, which are built before, are the same but for their bytes.
func TestPaddingIsUnfelt(t *testing.T) {
	for _, split := range []bool{false, true} {
		var outlines [2][]string
		for i, padded := range []bool{false, true} {
			cc, sc := *tlstest.Verifying(), *tlstest.Serving(tlstest.Servers()["rsa"])
			cc.Suites, cc.Exchanges = named(t, "AES128-SHA"), []kx.Exchange{kxtest.Guess(padded)}
			c, s, _, server := overheard(t, cc, sc, split)
			refused := make(chan error, 1)
			go func() { refused <- s.Handshake() }()
			if err := c.Handshake(); reason.Of(err) != reason.PeerAlert {
				t.Fatal(err)
			}
			if err := <-refused; reason.Of(err) != reason.BadRecordMAC {
				t.Fatal(err)
			}
			mustBeUnfelt(t, server)
			for _, e := range server.events {
				outlines[i] = append(outlines[i], outline(e))
			}
			c.Close()
			s.Close()
		}
		if !slices.Equal(outlines[0], outlines[1]) {
			t.Errorf("split %v: with bad padding\n%q\nwith good\n%q", split, outlines[0], outlines[1])
		}
		if !slices.ContainsFunc(outlines[0], func(s string) bool { return s == "alert send fatal bad_record_mac" }) {
			t.Errorf("no alert: %q", outlines[0])
		}
	}
}

// TestBinderIsUnfelt: a server tells of a binder that does not fit after it has said so.
func TestBinderIsUnfelt(t *testing.T) {
	cc, sc := *tlstest.Verifying(), *tlstest.Serving(tlstest.Servers()["rsa"])
	cc.PSKs = []handshake.PSK{{Identity: []byte("lab"), Key: make([]byte, 32)}}
	sc.PSKs = []handshake.PSK{{Identity: []byte("lab"), Key: make([]byte, 48)}}
	c, s, _, server := overheard(t, cc, sc, false)
	refused := make(chan error, 1)
	go func() { refused <- s.Handshake() }()
	if err := c.Handshake(); reason.Of(err) != reason.PeerAlert {
		t.Fatal(err)
	}
	if err := <-refused; err == nil {
		t.Fatal("a binder under another key passes")
	}
	c.Close()
	s.Close()
	if !slices.ContainsFunc(server.events, hangsOnSecret) {
		t.Error("no event hung on the binder")
	}
	mustBeUnfelt(t, server)
}
