package tls_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// TestNetConn holds Conn to what any net.Conn promises.
func TestNetConn(t *testing.T) {
	for _, first := range []string{"client", "server"} {
		t.Run(first+" first", func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b := socketPair(t)
				c, s := tlstest.Client(t, a, tlstest.Verifying()), tlstest.Server(t, b, tlstest.Serving(tlstest.Servers()["ecdsa"]))
				if cerr, serr := tlstest.Shake(c, s); cerr != nil || serr != nil {
					return nil, nil, nil, errors.Join(cerr, serr)
				}
				c1, c2 = c, s
				if first == "server" {
					c1, c2 = s, c
				}
				return c1, c2, func() { c.Close(); s.Close() }, nil
			})
		})
	}
}

// socketPair is two ends of a TCP connection.
func socketPair(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

var began = time.Now()

// pair is two ends of ours over memory, handshake done.
func pair(t testing.TB) (c, s *tls.Conn, a, b net.Conn) {
	t.Helper()
	a, b = tlstest.Pipe()
	c, s = pairOver(t, a, b)
	return c, s, a, b
}

// pairOver is that over any transport.
func pairOver(t testing.TB, a, b net.Conn) (c, s *tls.Conn) {
	t.Helper()
	cfg := tlstest.Verifying()
	cfg.Time = func() time.Time { return began } // in a bubble it is the year 2000
	c, s = tlstest.Client(t, a, cfg), tlstest.Server(t, b, tlstest.Serving(tlstest.Servers()["ecdsa"]))
	if cerr, serr := tlstest.Shake(c, s); cerr != nil || serr != nil {
		t.Fatal(cerr, serr)
	}
	return c, s
}

// TestReadStartsHandshakeWriteJoins has Read run the handshake and then wait,
// while a Write wants its handshake too: it must not wait for the Read.
func TestReadStartsHandshakeWriteJoins(t *testing.T) {
	for range 100 { // who is first is chance
		a, b := tlstest.Pipe()
		c, s := tlstest.Client(t, a, tlstest.Verifying()), tlstest.Server(t, b, tlstest.Serving(tlstest.Servers()["ecdsa"]))
		var wg sync.WaitGroup
		for _, end := range []*tls.Conn{c, s} {
			wg.Go(func() {
				if _, err := io.ReadFull(end, make([]byte, 5)); err != nil {
					t.Error("read: ", err)
				}
			})
			wg.Go(func() {
				if _, err := io.WriteString(end, "hello"); err != nil {
					t.Error("write: ", err)
				}
			})
		}
		wg.Wait()
		c.Close()
		s.Close()
	}
}

func TestHalfClose(t *testing.T) {
	c, s, _, _ := pair(t)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("server reads %v", err)
	}
	if _, err := c.Write([]byte("x")); err == nil {
		t.Error("a Write after CloseWrite succeeded")
	}
	want := tlstest.Noise(100_000, 3) // the other way still works
	go func() {
		if _, err := s.Write(want); err != nil {
			t.Error(err)
		}
		s.Close()
	}()
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestCloseWriteBeforeHandshake(t *testing.T) {
	a, _ := tlstest.Pipe()
	if err := tlstest.Client(t, a, tlstest.Verifying()).CloseWrite(); err == nil {
		t.Error("said goodbye before hello")
	}
}

func TestHandshakeContextEnds(t *testing.T) {
	a, b := tlstest.Pipe()
	c := tlstest.Client(t, a, tlstest.Verifying())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = b.Read(make([]byte, 1)) // ClientHello is on its way: now the client waits
		cancel()
	}()
	if err := c.HandshakeContext(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Write([]byte("x")); err == nil {
		t.Error("the connection still works")
	}
}

// TestTruncation cuts the transport between records, inside one, and amid the
// handshake: none may look like a clean end.
func TestTruncation(t *testing.T) {
	for _, cut := range []string{"between records", "inside a record", "inside a header"} {
		t.Run(cut, func(t *testing.T) {
			c, s, _, b := pair(t)
			if _, err := s.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			switch cut {
			case "inside a record":
				b.Write([]byte{23, 3, 3, 0, 100, 1, 2, 3})
			case "inside a header":
				b.Write([]byte{23, 3, 3})
			}
			b.Close()
			got, err := io.ReadAll(c)
			if string(got) != "hello" || reason.Of(err) != reason.TruncatedStream {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
	t.Run("amid the handshake", func(t *testing.T) {
		a, b := tlstest.Pipe()
		go func() {
			_, _ = b.Read(make([]byte, 1))
			b.Close()
		}()
		if err := tlstest.Client(t, a, tlstest.Verifying()).Handshake(); reason.Of(err) != reason.TruncatedStream {
			t.Errorf("got %v", err)
		}
	})
}

func TestGarbage(t *testing.T) {
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x00\x00\x00\x00\x00\x00"} {
		for _, role := range []string{"client", "server"} {
			a, b := tlstest.Pipe()
			end := tlstest.Server(t, a, tlstest.Serving(tlstest.Servers()["rsa"]))
			if role == "client" {
				end = tlstest.Client(t, a, tlstest.Verifying())
			}
			if _, err := io.WriteString(b, text); err != nil {
				t.Fatal(err)
			}
			if err := end.Handshake(); reason.Of(err) != reason.NotTLS {
				t.Errorf("%s, given %q: %v", role, text, err)
			}
			if _, err := end.Read(make([]byte, 1)); reason.Of(err) != reason.NotTLS {
				t.Errorf("%s: Read after it: %v", role, err)
			}
			end.Close()
			if sent, _ := io.ReadAll(b); !bytes.HasSuffix(sent, []byte{0, 2, 2, byte(alertFor(t, reason.NotTLS))}) {
				t.Errorf("%s sent %x", role, sent)
			}
		}
	}
}

func alertFor(t testing.TB, r reason.Reason) iana.AlertDescription {
	t.Helper()
	d, ok := reason.Alert(r)
	if !ok {
		t.Fatalf("no alert for %v", r)
	}
	return d
}

func TestPeerAlert(t *testing.T) {
	a, b := tlstest.Pipe()
	c := tlstest.Client(t, a, tlstest.Verifying())
	if _, err := b.Write([]byte{21, 3, 3, 0, 2, 2, byte(iana.HandshakeFailure)}); err != nil {
		t.Fatal(err)
	}
	if err := c.Handshake(); tlstest.PeerAlert(err) != iana.HandshakeFailure {
		t.Errorf("Handshake: %v", err)
	}
	if _, err := c.Write([]byte("x")); tlstest.PeerAlert(err) != iana.HandshakeFailure {
		t.Errorf("Write: %v", err)
	}
}

// TestRefusalReaches sends something forged under a handshake that is done: the
// reader gets the reason, and its peer the alert.
func TestRefusalReaches(t *testing.T) {
	c, s, _, b := pair(t)
	b.Write(append([]byte{23, 3, 3, 0, 40}, make([]byte, 40)...))
	if _, err := c.Read(make([]byte, 1)); reason.Of(err) != reason.BadRecordMAC {
		t.Errorf("client: %v", err)
	}
	if _, err := s.Read(make([]byte, 1)); tlstest.PeerAlert(err) != iana.BadRecordMAC {
		t.Errorf("server: %v", err)
	}
}

func TestClose(t *testing.T) {
	c, s, _, _ := pair(t)
	if err := c.Close(); err != nil {
		t.Errorf("first Close: %v", err)
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the peer reads %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close after the peer's: %v", err)
	}
}

// TestCloseUnblocks closes under a Read that waits and a Write that nobody takes.
// In the bubble's time Close must not have waited for the peer.
func TestCloseUnblocks(t *testing.T) {
	tlstest.Issue()
	synctest.Test(t, func(t *testing.T) {
		c, s, _, _ := pair(t)
		ended := make(chan error, 2)
		go func() {
			_, err := c.Read(make([]byte, 1))
			ended <- err
		}()
		go func() {
			_, err := c.Write(make([]byte, 8*tlstest.PipeLimit))
			ended <- err
		}()
		synctest.Wait() // both hang
		start := time.Now()
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		for range 2 {
			if err := <-ended; err == nil {
				t.Error("it ended well")
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("Close waited %v", d)
		}
		s.Close()
	})
}

// TestNoGoroutineStays: a bubble fails if a goroutine outlives it.
func TestNoGoroutineStays(t *testing.T) {
	tlstest.Issue()
	synctest.Test(t, func(t *testing.T) {
		c, s, _, _ := pair(t)
		c.Close()
		s.Close()
		a, b := tlstest.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := tlstest.Client(t, a, tlstest.Verifying()).HandshakeContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a silent peer: %v", err)
		}
		b.Close()
	})
}

// TestWriteAfterTimeout counts: what a Write that timed out says it sent arrives,
// once, in order, and nothing else.
func TestWriteAfterTimeout(t *testing.T) {
	a, b := socketPair(t)
	c, s := tlstest.Client(t, a, tlstest.Verifying()), tlstest.Server(t, b, tlstest.Serving(tlstest.Servers()["ecdsa"]))
	if cerr, serr := tlstest.Shake(c, s); cerr != nil || serr != nil {
		t.Fatal(cerr, serr)
	}
	c.SetWriteDeadline(time.Unix(1, 0))
	if n, err := c.Write([]byte("never")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("past its deadline a Write sent %d, %v", n, err)
	}
	data := tlstest.Noise(1<<24, 9) // more than the sockets' buffers
	c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	n, err := c.Write(data)
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == len(data) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	c.SetWriteDeadline(time.Time{})
	go func() {
		if _, err := c.Write(data[n:]); err != nil {
			t.Error(err)
		}
		c.Close()
	}()
	s.SetReadDeadline(time.Now().Add(tlstest.Patience))
	if got, err := io.ReadAll(s); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes of %d, %v", len(got), len(data), err)
	}
}

func TestReadAfterTimeout(t *testing.T) {
	c, s, _, b := pair(t)
	if _, err := s.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	b.Write([]byte{23, 3}) // the beginning of a record that never comes
	got := make([]byte, 5)
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Unix(1, 0))
	for range 2 {
		if _, err := c.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
}

// TestManyReadersAndWriters is for the race detector.
func TestManyReadersAndWriters(t *testing.T) {
	c, s, _, _ := pair(t)
	const writers, each = 4, 50
	block := bytes.Repeat([]byte("0123456789abcdef"), 100)
	var wg sync.WaitGroup
	for _, end := range []*tls.Conn{c, s} {
		for range writers {
			wg.Go(func() {
				for range each {
					if _, err := end.Write(block); err != nil {
						t.Error(err)
					}
				}
			})
		}
		var mu sync.Mutex
		left := writers * each * len(block)
		for range 2 {
			wg.Go(func() {
				buf := make([]byte, 3000)
				for {
					mu.Lock()
					want := min(left, len(buf))
					left -= want
					mu.Unlock()
					if want == 0 {
						return
					}
					if _, err := io.ReadFull(end, buf[:want]); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Go(func() { _ = end.Summary() })
	}
	wg.Wait()
}

func TestDialAndListen(t *testing.T) {
	port, wait := tlstest.Accept(t, tlstest.Serving(tlstest.Servers()["rsa"]), tlstest.Answer)
	cfg := tlstest.Verifying()
	c, err := tls.Dial("tcp", "127.0.0.1:"+port, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != nil || string(got) != "you said 6 bytes: hello\n" {
		t.Errorf("%q, %v", got, err)
	}
	c.Close()
	if err := wait(t.Context()); err != nil {
		t.Error(err)
	}
	// The address is the name where the Config has none, and no certificate here is for it.
	port, _ = tlstest.Accept(t, tlstest.Serving(tlstest.Servers()["rsa"]), (*tls.Conn).Handshake)
	if _, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{Roots: tlstest.Roots()}); reason.Of(err) != reason.CertificateWrongName {
		t.Errorf("Dial without ServerName: %v", err)
	}
}
