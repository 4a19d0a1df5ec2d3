package cli

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNobodyReads: a server that waits for somebody to read its port can be stopped.
func TestNobodyReads(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WritePort(ctx, "en", fifo, l); err == nil || !strings.Contains(err.Error(), "before --port-file "+fifo+" was written") {
		t.Errorf("it ended with %v", err)
	}
	if b, err := os.ReadFile(fifo); err != nil || len(b) == 0 { // lets the writer go
		t.Errorf("%q, %v", b, err)
	}
}
