package tls_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// A Write that timed out leaves bytes behind. Read is not bound by the write deadline.
func TestReadAfterTimedOutWrite(t *testing.T) {
	a, b := socketPair(t)
	c, s := client(t, a, verifying()), server(t, b, serving(servers()["ecdsa"]))
	if cerr, serr := shake(c, s); cerr != nil || serr != nil {
		t.Fatal(cerr, serr)
	}
	c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := c.Write(make([]byte, 64<<20)); err == nil {
		t.Fatal("no timeout")
	}
	if _, err := s.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := c.Read(make([]byte, 10))
	if err != nil {
		t.Errorf("Read with only the write deadline passed: %d, %v", n, err)
	}
}

type noDeadline struct{ net.Conn }

func (noDeadline) SetDeadline(time.Time) error { return errors.New("not supported") }

// A context ends a handshake over a transport that has no deadlines, too.
func TestContextWithoutDeadlines(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	c := client(t, noDeadline{a}, verifying())
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.HandshakeContext(ctx) }()
	select {
	case err := <-done:
		t.Log(err)
	case <-time.After(2 * time.Second):
		t.Error("HandshakeContext outlives its context")
		a.Close()
	}
}

// Read does not wait for the peer to take what a Write left behind: the peer may be
// waiting for this Read.
func TestNoDeadlockAfterTimedOutWrite(t *testing.T) {
	a, b := net.Pipe()
	c, s := client(t, a, verifying()), server(t, b, serving(servers()["ecdsa"]))
	if cerr, serr := shake(c, s); cerr != nil || serr != nil {
		t.Fatal(cerr, serr)
	}
	c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := c.Write([]byte("question")); err == nil {
		t.Fatal("no timeout")
	}
	c.SetWriteDeadline(time.Time{})
	go s.Write([]byte("hello")) // waits until c reads
	got := make(chan error, 1)
	go func() { _, err := io.ReadFull(c, make([]byte, 5)); got <- err }()
	select {
	case err := <-got:
		t.Log(err)
	case <-time.After(2 * time.Second):
		t.Error("both ends write, nobody reads: Read flushes what a Write left before it reads")
		a.Close()
	}
}
