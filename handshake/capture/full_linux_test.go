package capture_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tlslab/handshake/capture"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/ondisk/ondisktest"
)

// TestFullDisk: where the disk is full at any byte, the file has whole blocks, and all that
// was written before.
func TestFullDisk(t *testing.T) {
	if !ondisktest.Alone(t) {
		return
	}
	grew := 0
	for n := uint64(400); n < 20_000; n += 131 {
		name := filepath.Join(t.TempDir(), "c.pcapng")
		f, err := ondisk.Open(name, ondisk.Anew)
		if err != nil {
			t.Fatal(err)
		}
		w, err := capture.NewWriter(f, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Interface("", "")
		st, oerr := w.Open(0, alice, bob, time.Unix(0, 0))
		if err := errors.Join(err, oerr); err != nil {
			t.Fatal(err)
		}
		room := ondisktest.Full(t, int64(n))
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
		room()
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
