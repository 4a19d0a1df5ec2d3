package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"tlslab/handshake/capture"
)

// holdTaken listens at the ports at which Wireshark expects another protocol, as long as
// the test runs: so the system gives them to nobody who asks for any port. A capture moves
// its own ends away from them, but a CONNECT names the server's port in its text, and tshark
// goes by that. Who else tests here meanwhile may hold them as well.
func holdTaken(t *testing.T) {
	t.Helper()
	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return errors.Join(failed, err)
	}}
	for _, port := range capture.Taken() {
		l, err := shared.Listen(context.Background(), "tcp", fmt.Sprint(":", port))
		if err != nil { // somebody has it: then nobody else is given it
			t.Logf("port %d: %v", port, err)
			continue
		}
		t.Cleanup(func() { l.Close() })
	}
}

// TestHoldTaken: who asks for any port is given none that is held, for listening or for a
// connection.
func TestHoldTaken(t *testing.T) {
	holdTaken(t)
	holdTaken(t) // as another process would
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for _, port := range capture.Taken() {
		if l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			l.Close()
			t.Errorf("port %d is free", port)
		}
	}
	for range 2000 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, l)
		if port := uint16(l.Addr().(*net.TCPAddr).Port); slices.Contains(capture.Taken(), port) {
			t.Errorf("port %d was given", port)
		}
	}
}
