package ondisk

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestLiveModes: for its owner alone, and it is known if it was not.
func TestLiveModes(t *testing.T) {
	for _, begin := range []Begin{Anew, Append} {
		for was, laxer := range map[os.FileMode]os.FileMode{0: 0, 0o644: 0o644, 0o620: 0o620, 0o600: 0, 0o700: 0} {
			name := filepath.Join(t.TempDir(), "f")
			if was != 0 {
				if err := errors.Join(os.WriteFile(name, []byte("old\n"), was), os.Chmod(name, was)); err != nil {
					t.Fatal(err)
				}
			}
			l, err := Open(name, begin)
			if err != nil {
				t.Fatal(err)
			}
			if l.Laxer != laxer || modeOf(t, name)&0o077 != 0 {
				t.Errorf("of mode %o: it has %o, and is said to have had %o", was, modeOf(t, name), l.Laxer)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(name)
			if want := was != 0 && begin == Append; err != nil || want != (string(b) == "old\n") {
				t.Errorf("it holds %q, %v", b, err)
			}
		}
	}
}

// TestTornLine: a disk that is full at any byte of a line leaves part of it; whoever
// appends next, this process or another, begins a line of its own.
func TestTornLine(t *testing.T) {
	const one, two = "line one\n", "line two\n"
	for n := range len(two) {
		dir := t.TempDir()
		name := filepath.Join(dir, "f")
		if err := os.WriteFile(name, []byte(one), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, _ := child(t, "append", dir, limit(len(one)+n)); !strings.Contains(said, "file too large") {
			t.Errorf("%d bytes: %q", n, said)
		}
		if said, _ := child(t, "append", dir); said != "" {
			t.Errorf("%d bytes: %q", n, said)
		}
		torn := two[:n]
		if n > 0 {
			torn += "\n"
		}
		if b, err := os.ReadFile(name); err != nil || string(b) != one+torn+two {
			t.Errorf("%d bytes: %q, %v", n, b, err)
		}
	}
}

// TestTornHere: so within a process, whose disk is full for a while.
func TestTornHere(t *testing.T) {
	dir := t.TempDir()
	if said, _ := child(t, "append, append", dir, limit(len("line two\nline"))); !strings.Contains(said, "file too large") {
		t.Errorf("%q", said)
	}
	if b, err := os.ReadFile(dir + "/f"); err != nil || string(b) != "line two\nline\nline two\n" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestLiveFull: of a file that was begun anew, nothing stays of what did not go in whole.
func TestLiveFull(t *testing.T) {
	for n := range 3 * len("line\n") {
		dir := t.TempDir()
		if said, _ := child(t, "anew", dir, limit(n)); !strings.Contains(said, "file too large") {
			t.Errorf("%d bytes: %q", n, said)
		}
		if b, err := os.ReadFile(dir + "/f"); err != nil || string(b) != strings.Repeat("line\n", n/len("line\n")) {
			t.Errorf("%d bytes: %q, %v", n, b, err)
		}
	}
}

// TestLiveTogether: many write, and each Write is whole.
func TestLiveTogether(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	var wg sync.WaitGroup
	for i := range 4 {
		l, err := Open(name, Append)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		for range 4 {
			wg.Go(func() {
				for range 50 {
					if _, err := l.Write([]byte(strings.Repeat(strconv.Itoa(i), 99) + "\n")); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(b)) {
		if lines++; line != strings.Repeat(line[:1], 99)+"\n" {
			t.Fatalf("a mixture: %q", line)
		}
	}
	if lines != 800 {
		t.Errorf("%d lines", lines)
	}
}
