package har

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlslab/handshake/ondisk/ondisktest"
)

// TestFullDisk: full at any byte of an entry, the document is what it was, and grows again
// when there is room. So also where it is but one file.
func TestFullDisk(t *testing.T) {
	if !ondisktest.Alone(t) {
		return
	}
	for _, swap := range []func(a, b string) error{swapNames, func(string, string) error { return errors.ErrUnsupported }} {
		exchange = swap
		t.Cleanup(func() { exchange = swapNames })
		w, name := begin(t)
		want := []int{}
		for n := 1; n < 200; n += 2 {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			room := ondisktest.Full(t, info.Size()+int64(n)-1)
			err = add(w, n)
			room()
			if err == nil {
				t.Fatal("there was no limit")
			}
			if !errors.Is(err, syscall.EFBIG) {
				t.Fatal(err)
			}
			holds(t, name, want...)
			if err := add(w, n+1); err != nil {
				t.Fatal(err)
			}
			want = append(want, n+1)
			holds(t, name, want...)
		}
	}
}

// TestFullFromTheStart: an archive that cannot be begun leaves what had its name.
func TestFullFromTheStart(t *testing.T) {
	if !ondisktest.Alone(t) {
		return
	}
	w, name := begin(t)
	if err := errors.Join(add(w, 1), w.Close()); err != nil {
		t.Fatal(err)
	}
	for _, bytes := range []int64{0, 1, 20} {
		room := ondisktest.Full(t, bytes)
		_, err := Create(name, Creator{}, "")
		room()
		if !errors.Is(err, syscall.EFBIG) {
			t.Fatal(err)
		}
		holds(t, name, 1)
		if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
			t.Errorf("beside it there are %v, %v", left, err)
		}
	}
}

// TestLimit: what would make it too long is left out, and said; it is never longer.
func TestLimit(t *testing.T) {
	w, name := begin(t)
	w.Limit = 2000
	added := []int{}
	for n := range 20 {
		switch err := add(w, n); {
		case err == nil:
			added = append(added, n)
		case !errors.Is(err, ErrLimit):
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() > w.Limit || info.Size() != w.size {
		t.Errorf("it has %d bytes, and counted %d: %v", info.Size(), w.size, err)
	}
	if len(added) < 2 || len(added) == 20 {
		t.Errorf("%d were added", len(added))
	}
	holds(t, name, added...)
}

// TestLimitIsSaidInTheFile: whoever is given an archive that lacks entries is told so by the
// archive, at every instant from the first that was left out on, and only then.
func TestLimitIsSaidInTheFile(t *testing.T) {
	for _, comment := range []string{"", "as \"seen\""} {
		name := filepath.Join(t.TempDir(), "c.har")
		w, err := Create(name, Creator{Name: "test"}, comment)
		if err != nil {
			t.Fatal(err)
		}
		w.Limit = 2000
		said := func() string {
			b, err := os.ReadFile(name)
			var d Document
			if err := errors.Join(err, json.Unmarshal(b, &d)); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(b), "longer than its limit"); n > 1 {
				t.Errorf("it is said %d times", n)
			}
			return d.Log.Comment
		}
		for n, left := 0, 0; left < 3; n++ {
			err := add(w, n)
			if err != nil && !errors.Is(err, ErrLimit) {
				t.Fatal(err)
			}
			if err != nil {
				left++
			}
			want := comment
			if left > 0 {
				want = strings.TrimPrefix(comment+"; "+beyondLimit, "; ")
			}
			if got := said(); got != want {
				t.Fatalf("with %d left out the comment is %q", left, got)
			}
		}
		if err := w.Close(); err != nil || !strings.HasSuffix(said(), beyondLimit) {
			t.Errorf("closed: %v, %q", err, said())
		}
	}
}

// TestFIFO: what was named on purpose gets the document as it comes, and stays what it is.
func TestFIFO(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o644); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		read <- b
	}()
	w, err := Create(name, Creator{Name: "test", Version: "0"}, "")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if err := w.Add(&Entry{Started: time.Unix(0, 0), Response: NoResponse(), Comment: "one"}); err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := <-read
	var d Document
	if err := json.Unmarshal(b, &d); err != nil || len(d.Log.Entries) != 3 {
		t.Errorf("%v in %s", err, b)
	}
	if info, err := os.Lstat(name); err != nil || info.Mode() != os.ModeNamedPipe|0o644 {
		t.Errorf("it is %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
		t.Errorf("beside it there are %v, %v", left, err)
	}
}
