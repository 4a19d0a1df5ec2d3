package har

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// add adds an entry whose comment is its number.
func add(w *Writer, n int) error {
	return w.Add(&Entry{Started: time.Unix(0, 0), Response: NoResponse(), Comment: fmt.Sprint(n)})
}

// holds fails the test unless the file is a document with just these entries.
func holds(t *testing.T, name string, want ...int) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var d Document
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	got := []int{}
	for _, e := range d.Log.Entries {
		n := 0
		fmt.Sscan(e.Comment, &n)
		got = append(got, n)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the file has entries %v, not %v", got, want)
	}
}

func begin(t *testing.T) (*Writer, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "c.har")
	w, err := Create(name, Creator{}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w, name
}

// TestFailedAdd: an entry that cannot be written is not in the document, and those that
// can are, before and after it.
func TestFailedAdd(t *testing.T) {
	w, name := begin(t)
	if err := add(w, 1); err != nil {
		t.Fatal(err)
	}
	good := w.lacks.f
	bad, err := os.Open(os.DevNull) // cannot be written to
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	w.lacks.f = bad
	if err := add(w, 2); err == nil {
		t.Fatal("an entry went into a file that is not open for writing")
	}
	holds(t, name, 1)
	w.lacks.f = good
	// And now the name cannot be given.
	shadow := w.lacks.name
	if err := os.Rename(shadow, shadow+".away"); err != nil {
		t.Fatal(err)
	}
	if err := add(w, 3); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a name was given to nothing: %v", err)
	}
	holds(t, name, 1)
	if err := os.Rename(shadow+".away", shadow); err != nil {
		t.Fatal(err)
	}
	for n := 4; n < 8; n++ {
		if err := add(w, n); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, name, 1, 4, 5, 6, 7)
}

// TestByLink: swapped by hard links, as on other systems, it is all the same.
func TestByLink(t *testing.T) {
	exchange = swapByLink
	t.Cleanup(func() { exchange = swapNames })
	w, name := begin(t)
	for n := 1; n < 5; n++ {
		if err := add(w, n); err != nil {
			t.Fatal(err)
		}
	}
	if w.alone {
		t.Error("there is one file only")
	}
	holds(t, name, 1, 2, 3, 4)
	holds(t, name+".twin", 1, 2, 3)
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 2 {
		t.Errorf("beside it there are %v, %v", left, err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := add(w, 5); err != nil {
		t.Fatal(err)
	}
	holds(t, name, 1, 2, 3, 4, 5)
}

// TestNoExchange: a file system that cannot swap gets one file, which holds the same.
func TestNoExchange(t *testing.T) {
	exchange = func(string, string) error { return errors.ErrUnsupported }
	t.Cleanup(func() { exchange = swapNames })
	w, name := begin(t)
	holds(t, name)
	for n := 1; n < 5; n++ {
		if err := add(w, n); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, name, 1, 2, 3, 4)
	if !w.alone {
		t.Error("there are two files")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
		t.Errorf("Close left %v, %v", left, err)
	}
}

// TestTakenAway: whoever removes the file, or puts another in its place, gets it back
// with all entries, and their own file is not written to.
func TestTakenAway(t *testing.T) {
	for _, replaced := range []bool{false, true} {
		w, name := begin(t)
		if err := errors.Join(add(w, 1), add(w, 2)); err != nil {
			t.Fatal(err)
		}
		moved := name + ".moved"
		if err := os.Rename(name, moved); err != nil {
			t.Fatal(err)
		}
		if replaced {
			if err := os.WriteFile(name, []byte("theirs"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for n := 3; n < 6; n++ {
			if err := add(w, n); err != nil {
				t.Fatal(err)
			}
			if n == 3 {
				holds(t, name, 1, 2, 3)
			}
		}
		holds(t, name, 1, 2, 3, 4, 5)
		holds(t, moved, 1, 2)
	}
}

// TestWhatCannotBeAFile is refused, and left as it was.
func TestWhatCannotBeAFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{dir, filepath.Join(dir, "nowhere", "c.har"), "/dev/full"} {
		if w, err := Create(name, Creator{}, ""); err == nil {
			w.Close()
			t.Errorf("%s became a document", name)
		}
	}
	// A link stays one, and leads to the document.
	target, name := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
	w, err := Create(name, Creator{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(add(w, 1), w.Close()); err != nil {
		t.Fatal(err)
	}
	holds(t, target, 1)
	if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}
