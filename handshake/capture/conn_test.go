package capture_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/capture"
)

// TestCapture: a connection of this machine, with its true addresses, of either end.
func TestCapture(t *testing.T) {
	for _, weAreServer := range []bool{false, true} {
		w, out := begun(t)
		near, far := loopback(t)
		mine, other := near, far
		if weAreServer {
			mine, other = far, near
		}
		c, err := w.Capture(0, mine, weAreServer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "from us"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(other, "from them"); err != nil {
			t.Fatal(err)
		}
		if err := other.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err != nil || string(b) != "from them" {
			t.Fatalf("%q, %v", b, err)
		}
		if err := c.CloseWrite(); err != nil { // the transport can
			t.Fatal(err)
		}
		if b, err := io.ReadAll(other); err != nil || string(b) != "from us" {
			t.Fatalf("%q, %v", b, err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		got := follow(t, read(t, out.Bytes()).packets())
		toServer, toClient, ends := "from us", "from them", "SsfF" // they closed first
		if weAreServer {
			toServer, toClient, ends = toClient, toServer, "SsFf"
		}
		if got.client.String() != near.LocalAddr().String() || got.server.String() != far.LocalAddr().String() ||
			string(got.toServer) != toServer || string(got.toClient) != toClient || got.story != ends {
			t.Errorf("we are the server: %v; %v to %v, %q and %q, %s", weAreServer, got.client, got.server, got.toServer, got.toClient, got.story)
		}
		other.Close()
	}
	w, _ := begun(t)
	near, _ := net.Pipe()
	if _, err := w.Capture(0, near, false); err == nil || !strings.Contains(err.Error(), "pipe") {
		t.Errorf("a pipe has addresses of TCP: %v", err)
	}
	if err := capture.NewConn(near, nil).CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a pipe was half closed: %v", err)
	}
}

// TestReadWaitsForNothing: while we wait for more, what was read stands in the file
// already.
func TestReadWaitsForNothing(t *testing.T) {
	w, out := begun(t)
	near, far := net.Pipe()
	st, err := w.Open(0, alice, bob, noon)
	if err != nil {
		t.Fatal(err)
	}
	had := []string{}
	c := capture.NewConn(waiting{far, func() { had = append(had, story(t, out.Bytes())) }}, capture.NewTap(st, true))
	go func() {
		io.WriteString(near, "one")
		near.Close()
	}()
	if b, err := io.ReadAll(c); err != nil || string(b) != "one" {
		t.Fatalf("%q, %v", b, err)
	}
	if len(had) != 2 || had[0] != "" || had[1] != ">one" {
		t.Errorf("at each read the file had %q", had)
	}
}

// waiting is told when somebody reads.
type waiting struct {
	net.Conn
	reads func()
}

func (w waiting) Read(p []byte) (int, error) {
	w.reads()
	return w.Conn.Read(p)
}

// stuck takes n bytes of each Write, and then the deadline is over.
type stuck struct {
	net.Conn
	n   int
	got []byte
}

func (s *stuck) Write(p []byte) (int, error) {
	n := min(len(p), s.n)
	s.got = append(s.got, p[:n]...)
	if n < len(p) {
		return n, os.ErrDeadlineExceeded
	}
	return n, nil
}

// TestWriteAgain: what a deadline stopped is in the file once, though it is written in
// pieces, and more behind it.
func TestWriteAgain(t *testing.T) {
	w, out := begun(t)
	st, err := w.Open(0, alice, bob, noon)
	if err != nil {
		t.Fatal(err)
	}
	s := &stuck{n: 3}
	c := capture.NewConn(s, capture.NewTap(st, false))
	for rest := []byte("0123456789"); len(rest) > 0; {
		n, err := c.Write(rest)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		rest = rest[n:]
		if n == 3 && len(rest) == 7 {
			s.n = 2
			rest = append(rest, "abc"...) // the next record
		}
	}
	if got := follow(t, read(t, out.Bytes()).packets()); string(got.toServer) != "0123456789abc" || string(s.got) != "0123456789abc" {
		t.Errorf("the file has %q, the wire %q", got.toServer, s.got)
	}
}

// TestBrokenOff: a peer that breaks the connection off is seen to do so.
func TestBrokenOff(t *testing.T) {
	w, out := begun(t)
	near, far := loopback(t)
	c, err := w.Capture(0, far, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := near.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatal("there was something to read")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := follow(t, read(t, out.Bytes()).packets()).story; got != "SsR" {
		t.Errorf("%s", got)
	}
}

// BenchmarkBulk is what a chunk of 16 KiB costs in a file.
func BenchmarkBulk(b *testing.B) {
	f, err := os.Create(b.TempDir() + "/c.pcapng")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w, err := capture.NewWriter(f, capture.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Interface("", ""); err != nil {
		b.Fatal(err)
	}
	st, err := w.Open(0, alice, bob, noon)
	if err != nil {
		b.Fatal(err)
	}
	tap := capture.NewTap(st, true)
	io.WriteString(tap.KeyLog(), "CLIENT_RANDOM 00 00\n")
	chunk := make([]byte, 1<<14)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		if err := tap.Read(noon, chunk); err != nil {
			b.Fatal(err)
		}
	}
}
