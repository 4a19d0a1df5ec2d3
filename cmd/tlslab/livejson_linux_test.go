package main

import (
	"bytes"
	"context"
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/tls"
	document "tlslab/handshake/transcript"
	"tlslab/pki"
)

// sends is a server of crypto/tls that sends n bytes to whoever comes, and waits for him to
// go.
func sends(t *testing.T, n int) (addr, roots string) {
	t.Helper()
	lab, err := pki.NewLesson(pki.LessonOptions{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	roots = filepath.Join(t.TempDir(), "roots.pem")
	if err := pki.WriteCerts(roots, lab.Roots.All(), pki.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	l, err := stdtls.Listen("tcp", "127.0.0.1:0", &stdtls.Config{Certificates: []stdtls.Certificate{{Certificate: lab.Chain, PrivateKey: lab.Key}}})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				piece := make([]byte, 1<<16)
				for left := n; left > 0; left -= len(piece) {
					if _, err := c.Write(piece[:min(left, len(piece))]); err != nil {
						break
					}
				}
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			})
		}
	})
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port, roots
}

// tellingClient runs a client that writes a document, until n bytes have come out of it.
func tellingClient(t *testing.T, addr, roots, out string, n int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "client", "--connect", addr, "--CAfile", roots, "--format", "json", "--out", out)
	cmd.Args[0], cmd.Env = "tlslab", append(os.Environ(), "LC_ALL=C", "GORACE=atexit_sleep_ms=0")
	var said bytes.Buffer
	cmd.Stderr = &said
	stdin, err := cmd.StdinPipe() // it stays open
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if _, err := io.CopyN(io.Discard, stdout, int64(n)); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	return cmd
}

// received reads a document through, event by event, and counts the data received.
func received(t *testing.T, file string) (n int, err error) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := document.NewDecoder(f)
	for _, e := range d.Events() {
		if e.Kind == document.KindData && e.Dir == "recv" {
			n += len(e.Bytes)
		}
	}
	if d.Err() == nil && d.More() {
		t.Error("a second document")
	}
	return n, d.Err()
}

// However a client ends, its document has every event up to then. Who asks it to end gets a
// document with its end.
func TestClientDocumentEnds(t *testing.T) {
	const n = 1 << 20
	addr, roots := sends(t, n)
	for sig, want := range map[syscall.Signal]error{syscall.SIGINT: nil, syscall.SIGTERM: nil, syscall.SIGKILL: document.ErrCutOff} {
		out := filepath.Join(t.TempDir(), "t.json")
		cmd := tellingClient(t, addr, roots, out, n)
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); (err != nil) != (want != nil) {
			t.Errorf("%v: %v", sig, err)
		}
		if got, err := received(t, out); got != n || !errors.Is(err, want) {
			t.Errorf("%v: %d bytes, %v", sig, got, err)
		}
	}
}

// documentPeak is what a client or server with --format json may hold, in MiB, however much
// passes.
const documentPeak = 40

// What a client holds does not grow with what passes, nor does what reads its document.
// With -soak it is 128 MiB that pass, and the peak within 2 MiB of that over 16.
func TestClientDocumentPeak(t *testing.T) {
	little, much := 1<<20, 8<<20
	if *soak {
		little, much = 16<<20, 128<<20
	}
	var peaks []int
	for _, n := range []int{little, much} {
		addr, roots := sends(t, n)
		out := filepath.Join(t.TempDir(), "t.json")
		cmd := tellingClient(t, addr, roots, out, n)
		peaks = append(peaks, peakOf(t, cmd.Process.Pid))
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			t.Fatal(err)
		}
		if got, err := received(t, out); got != n || err != nil {
			t.Errorf("%d bytes of %d, %v", got, n, err)
		}
	}
	t.Logf("over %d MiB: %d MiB at the most; over %d MiB: %d MiB", little>>20, peaks[0], much>>20, peaks[1])
	if raceEnabled { // what finds races holds much more
		return
	}
	if peaks[1] > documentPeak || peaks[1] > peaks[0]+2 && *soak {
		t.Errorf("%d and %d MiB at the most, while %d and %d passed", peaks[0], peaks[1], little>>20, much>>20)
	}
}

// A server writes a document for each connection, whole, whatever goes on at the same time
// and however long it is; and holds none of it.
func TestServerDocuments(t *testing.T) {
	n, conns := 2<<20, 4
	if *soak {
		n = 32 << 20 // each takes thirteen times as much on the disk, twice
	}
	dir := t.TempDir()
	port, root, out := filepath.Join(dir, "port"), filepath.Join(dir, "root.pem"), filepath.Join(dir, "t.json")
	cmd := exec.Command(os.Args[0], "server", "--accept", "127.0.0.1:0", "--port-file", port, "--write-root", root, "--format", "json", "--out", out)
	cmd.Args[0], cmd.Env = "tlslab", append(os.Environ(), "LC_ALL=C", "GORACE=atexit_sleep_ms=0", "TMPDIR="+dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	var number string
	if err := eventually(clitest.Patience, func() error {
		b, err := os.ReadFile(port)
		number = string(bytes.TrimSpace(b))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	roots, err := pki.ReadCerts(root)
	if err != nil {
		t.Fatal(err)
	}
	var talking sync.WaitGroup
	for range conns {
		c, err := tls.DialContext(context.Background(), "tcp", "127.0.0.1:"+number, &tls.Config{Roots: pki.NewTrustStore(roots...), ServerName: "localhost"})
		if err != nil {
			t.Fatal(err)
		}
		talking.Go(func() {
			piece := make([]byte, 1<<14)
			for left := n; left > 0; left -= len(piece) {
				if _, err := c.Write(piece); err != nil {
					t.Error(err)
					return
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := io.CopyN(io.Discard, stdout, int64(n*conns)); err != nil {
		t.Fatal(err)
	}
	talking.Wait()
	peak := peakOf(t, cmd.Process.Pid)
	if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := document.NewDecoder(f)
	documents := 0
	for d.More() {
		got, conn := 0, map[int]bool{}
		for _, e := range d.Events() {
			conn[e.Conn] = true
			if e.Kind == document.KindData && e.Dir == "recv" {
				got += len(e.Bytes)
			}
		}
		if documents++; got != n || d.Err() != nil || len(conn) != 1 {
			t.Errorf("document %d: %d bytes of %d, of %d connections, %v", documents, got, n, len(conn), d.Err())
		}
	}
	if documents != conns {
		t.Errorf("%d documents of %d connections", documents, conns)
	}
	t.Logf("over %d times %d MiB: %d MiB at the most", conns, n>>20, peak)
	if peak > 2*documentPeak && !raceEnabled {
		t.Errorf("%d MiB at the most", peak)
	}
	left, err := filepath.Glob(filepath.Join(dir, "tlslab-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
