package tlstest

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"tlslab/handshake/tls"
)

// Accept serves one connection with do, in the background. The returned function waits
// for the outcome, at most until over is done: then a client that has not connected never
// will.
func Accept(t testing.TB, cfg *tls.Config, do func(*tls.Conn) error) (port string, wait func(over context.Context) error) {
	t.Helper()
	return AcceptMany(t, cfg, 1, do)
}

// AcceptMany is Accept for n connections, one after the other, until one fails.
func AcceptMany(t testing.TB, cfg *tls.Config, n int, do func(*tls.Conn) error) (port string, wait func(over context.Context) error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan error, 1)
	go func() {
		for i := range n {
			c, err := l.Accept()
			if err == nil {
				c.SetDeadline(time.Now().Add(Patience))
				err = do(c.(*tls.Conn))
				c.Close()
			}
			if err != nil {
				done <- fmt.Errorf("connection %d of %d: %w", i+1, n, err)
				return
			}
		}
		done <- nil
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, func(over context.Context) error {
		defer context.AfterFunc(over, func() { l.Close() })()
		return <-done // every connection has its deadline
	}
}

// Answer is what our server does with a text client: it reads a line, says it back in
// other words, says goodbye, and demands a goodbye.
func Answer(c *tls.Conn) error {
	if err := Reply(c); err != nil {
		return err
	}
	return Goodbye(c)
}

// Reply is Answer without the goodbyes.
func Reply(c *tls.Conn) error {
	line, err := ReadLine(c)
	if err != nil {
		return fmt.Errorf("reading a line: %w", err)
	}
	_, err = fmt.Fprintf(c, "you said %d bytes: %s", len(line), line)
	return err
}

// Goodbye says it, and demands one.
func Goodbye(c *tls.Conn) error {
	if err := c.CloseWrite(); err != nil {
		return err
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		return fmt.Errorf("after our goodbye came %q, %w", rest, err)
	}
	return nil
}

// ReadLine reads byte by byte: what follows the line stays where it is.
func ReadLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for len(line) == 0 || line[len(line)-1] != '\n' {
		if _, err := io.ReadFull(r, b); err != nil {
			return string(line), err
		}
		line = append(line, b[0])
	}
	return string(line), nil
}

// Pass has a line go from one end to the other.
func Pass(from io.Writer, to io.Reader, line string) error {
	if _, err := io.WriteString(from, line); err != nil {
		return err
	}
	got, err := ReadLine(to)
	if err == nil && got != line {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Rekey changes keys of our end, and asks the peer to, n times: each time a line goes
// there and comes back. It returns when the peer's KeyUpdates are read, too.
func Rekey(t testing.TB, ours, peer io.ReadWriter, update func(bool) error, n int) {
	t.Helper()
	for i := range n {
		for _, step := range []func() error{
			func() error { return update(i%2 == 0) },
			func() error { return Pass(ours, peer, "under new keys\n") },
			func() error { return Pass(peer, ours, "and the answer\n") },
		} {
			if err := step(); err != nil {
				t.Fatalf("update %d: %v", i+1, err)
			}
		}
	}
}
