package tls_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/tls"
	"tlslab/handshake/wire"
)

// witness is a Listener that holds every handshake message of a run to the
// promise of package wire: each byte is named exactly once, and what was read
// writes again as it was.
type witness struct {
	t  testing.TB
	mu sync.Mutex

	kinds  []message.Kind // of the messages, in order
	sent   []bool         // whether we said it
	hellos []*message.ClientHello
	alerts []*event.Alert
}

func (w *witness) Event(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case *event.Alert:
		w.alerts = append(w.alerts, e)
	case *event.Message:
		w.kinds, w.sent = append(w.kinds, e.Kind), append(w.sent, e.Dir == event.Send)
		if hello, ok := e.Msg.(*message.ClientHello); ok {
			w.hellos = append(w.hellos, hello)
		}
		if err := wire.Covered(e.Fields, len(e.Raw)); err != nil {
			w.t.Errorf("%v %v: %v", e.Dir, e.Kind, err)
		}
		again, err := message.Marshal(e.Msg, nil)
		if err != nil || !bytes.Equal(again, e.Raw) {
			w.t.Errorf("%v %v does not write as it was read (%v)\nread  %x\nwrote %x", e.Dir, e.Kind, err, e.Raw, again)
		}
	}
}

// saw tells how often a kind of message travelled.
func (w *witness) saw(k message.Kind) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, have := range w.kinds {
		if have == k {
			n++
		}
	}
	return n
}

// witnessed returns a copy of cfg with a witness, who also sees secrets made: the
// code that shows them runs too.
func witnessed(t testing.TB, cfg *tls.Config) (*tls.Config, *witness) {
	w := &witness{t: t}
	own := *cfg
	own.Listener, own.ShowSecrets = w, true
	return &own, w
}

// patience is how long a test waits for what must come. It is no measure of
// speed: a test that meets it has hung.
const patience = time.Minute

// conn is what both libraries' connections can do.
type conn interface {
	net.Conn
	HandshakeContext(context.Context) error
	CloseWrite() error
}

// client and server make our ends. A bad Config is the test's mistake.
func client(t testing.TB, raw net.Conn, cfg *tls.Config) *tls.Conn {
	t.Helper()
	c, err := tls.Client(raw, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func server(t testing.TB, raw net.Conn, cfg *tls.Config) *tls.Conn {
	t.Helper()
	s, err := tls.Server(raw, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shake runs the two handshakes and returns their errors. An end that fails is
// closed, or the other would wait for it.
func shake(c, s conn) (clientErr, serverErr error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := s.HandshakeContext(ctx)
		if err != nil {
			s.Close()
		}
		done <- err
	}()
	if clientErr = c.HandshakeContext(ctx); clientErr != nil {
		c.Close()
	}
	return clientErr, <-done
}

// converse shakes hands, sends n bytes each way at once, and says goodbye one way
// after the other: each end must see a clean end.
func converse(t testing.TB, c, s conn, n int) {
	t.Helper()
	defer c.Close()
	defer s.Close()
	if cerr, serr := shake(c, s); cerr != nil || serr != nil {
		t.Fatalf("handshake: client: %v; server: %v", cerr, serr)
	}
	deadline := time.Now().Add(patience)
	c.SetDeadline(deadline)
	s.SetDeadline(deadline)
	up, down := noise(n, 1), noise(n, 2)
	var wg sync.WaitGroup
	for _, way := range []struct {
		name     string
		from, to conn
		data     []byte
	}{{"client to server", c, s, up}, {"server to client", s, c, down}} {
		wg.Go(func() {
			if _, err := way.from.Write(way.data); err != nil {
				t.Errorf("%s: write: %v", way.name, err)
			}
		})
		wg.Go(func() {
			got := make([]byte, len(way.data))
			if m, err := io.ReadFull(way.to, got); err != nil {
				t.Errorf("%s: read: %v after %d of %d bytes", way.name, err, m, n)
			} else if !bytes.Equal(got, way.data) {
				t.Errorf("%s: %d bytes came, but others", way.name, n)
			}
		})
	}
	wg.Wait()
	for _, way := range []struct {
		name     string
		from, to conn
	}{{"client's", c, s}, {"server's", s, c}} {
		if err := way.from.CloseWrite(); err != nil {
			t.Errorf("%s goodbye: %v", way.name, err)
		}
		if n, err := way.to.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("%s goodbye read as %d bytes, %v", way.name, n, err)
		}
	}
}

// noise is n bytes, each five times over: DEFLATE finds something to do.
func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	x := uint32(seed)
	for i := range b {
		if i%5 == 0 {
			x = x*1664525 + 1013904223
		}
		b[i] = byte(x >> 24)
	}
	return b
}
