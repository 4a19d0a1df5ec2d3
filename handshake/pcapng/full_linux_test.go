package pcapng_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlslab/handshake/ondisk"
	"tlslab/handshake/pcapng"
)

// alone runs the test again in a process of its own, and reports whether this is that one.
// A limit on the size of files holds for the whole process, and go test keeps a file in
// which it notes what a test has opened: over the limit, the run fails at its end.
func alone(t *testing.T) bool {
	t.Helper()
	const mark = "TLSLAB_TEST_ALONE"
	if os.Getenv(mark) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// TestFullDisk: where the disk is full at any byte, the file has whole blocks, and all that
// was written before.
func TestFullDisk(t *testing.T) {
	if !alone(t) {
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limit := func(n uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: was.Max}); err != nil {
			t.Fatal(err)
		}
	}
	defer limit(was.Cur)
	grew := 0
	for n := uint64(400); n < 20_000; n += 131 {
		name := filepath.Join(t.TempDir(), "c.pcapng")
		f, err := ondisk.Open(name, ondisk.Anew)
		if err != nil {
			t.Fatal(err)
		}
		w, err := pcapng.NewWriter(f, pcapng.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Interface("", "")
		st, oerr := w.Open(0, alice, bob, time.Unix(0, 0))
		if err := errors.Join(err, oerr); err != nil {
			t.Fatal(err)
		}
		limit(n)
		said := 0
		for {
			if err := st.FromServer(time.Unix(0, 0), make([]byte, 700)); err != nil {
				if !errors.Is(err, syscall.EFBIG) || w.Err() == nil {
					t.Fatal(err)
				}
				break
			}
			said += 700
		}
		limit(was.Cur)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		if packets := read(t, b).packets(); said > 0 {
			got = len(follow(t, packets).toClient)
			grew++
		}
		if got != said || len(b) > int(n) {
			t.Errorf("full at %d bytes: it has %d, and %d of the connection's %d", n, len(b), got, said)
		}
	}
	if grew < 100 {
		t.Errorf("%d files grew", grew)
	}
}
