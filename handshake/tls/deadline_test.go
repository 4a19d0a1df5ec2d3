package tls_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"tlslab/handshake/internal/tlstest"
)

// Time here is a bubble's: it passes when everybody waits, at once; and where everybody
// would wait for ever the test fails.

// A Write that timed out leaves bytes behind, of the record that was under way and of
// others. Read is not bound by the write deadline, and waits no longer than its own.
func TestReadAfterTimedOutWrite(t *testing.T) {
	tlstest.Issue()
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe() // which takes nothing that is not read at once
		c, s := pairOver(t, a, b)
		defer c.Close()
		defer s.Close()
		read := make(chan error, 1)
		go func() { _, err := io.ReadFull(s, make([]byte, 1<<14)); read <- err }() // one record, and no more
		start := time.Now()
		c.SetWriteDeadline(start.Add(200 * time.Millisecond))
		if n, err := c.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) || n == 1<<20 {
			t.Fatalf("Write of what nobody reads: %d, %v", n, err)
		}
		if err := <-read; err != nil {
			t.Fatal(err)
		}
		go s.Write([]byte("hello"))
		synctest.Wait()
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
			t.Errorf("Read with only the write deadline passed: %q, %v", got, err)
		}
		if d := time.Since(start); d != 200*time.Millisecond {
			t.Errorf("it took %v", d)
		}
		if _, err := c.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read of what never comes: %v", err)
		}
		if d := time.Since(start); d != 5200*time.Millisecond {
			t.Errorf("a read deadline of 5 s is over at %v", d)
		}
	})
}

type noDeadline struct{ net.Conn }

func (noDeadline) SetDeadline(time.Time) error { return errors.New("not supported") }

// A context ends a handshake over a transport that has no deadlines, too.
func TestContextWithoutDeadlines(t *testing.T) {
	tlstest.Issue()
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		c := tlstest.Client(t, noDeadline{a}, tlstest.Verifying())
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := c.HandshakeContext(ctx); err == nil {
			t.Error("a handshake with nobody")
		}
		if d := time.Since(start); d != 100*time.Millisecond {
			t.Errorf("HandshakeContext outlives its context of 100 ms: it ends after %v", d)
		}
	})
}

// Read does not wait for the peer to take what a Write left behind: the peer may be
// waiting for this Read.
func TestNoDeadlockAfterTimedOutWrite(t *testing.T) {
	tlstest.Issue()
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe() // which takes nothing that is not read at once
		c, s := pairOver(t, a, b)
		c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := c.Write([]byte("question")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Write of what nobody reads: %v", err)
		}
		c.SetWriteDeadline(time.Time{})
		wrote := make(chan error, 1)
		go func() { _, err := s.Write([]byte("hello")); wrote <- err }() // waits until c reads
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
			t.Errorf("%q, %v", got, err)
		}
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		go io.Copy(io.Discard, s) // so that Close can say goodbye
		c.Close()
		s.Close()
	})
}
