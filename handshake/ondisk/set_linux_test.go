package ondisk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A set in these tests is a key, a certificate and perhaps the issuers: k.pem, i.pem and
// c.pem, which say of which generation they are. Sets without issuers follow such with them.

func long(text string) string { return strings.Repeat(text+" ", 40) }

func pair(generation string) []Part {
	return []Part{{"k.pem", []byte(long(generation)), 0o600}, {"i.pem", nil, 0o644}, {"c.pem", []byte(long(generation)), 0o644}}
}

// oldSet is a directory with a set that has issuers.
func oldSet(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	parts := pair("old")
	parts[1].Text = []byte(long("old"))
	if _, err := WriteSet(dir, parts, Keep); err != nil {
		t.Fatal(err)
	}
	return dir
}

// look is what is in dir: each file's name and generation. Directories are named.
func look(t *testing.T, dir string) map[string]string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range list {
		if e.IsDir() {
			out[e.Name()] = "directory"
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		generation, _, _ := strings.Cut(string(b), " ")
		if string(b) != long(generation) {
			t.Errorf("%s is not whole: %q", e.Name(), b)
		}
		out[e.Name()] = generation
	}
	return out
}

func same(got, want map[string]string) bool {
	if len(got) != len(want) {
		return false
	}
	for k, v := range want {
		if got[k] != v {
			return false
		}
	}
	return true
}

var (
	isOld = map[string]string{"k.pem": "old", "i.pem": "old", "c.pem": "old"}
	isNew = map[string]string{"k.pem": "new", "c.pem": "new", "k.pem.old": "old", "i.pem.old": "old", "c.pem.old": "old"}
	first = map[string]string{"k.pem": "new", "c.pem": "new"}
	empty = map[string]string{}
)

// steps counts the steps of work.
func steps(t *testing.T, work func() error) (names []string) {
	t.Helper()
	failAt(t, 0, false, &names)
	if err := work(); err != nil {
		t.Fatal(err)
	}
	step = func(string) error { return nil }
	return names
}

var errStep = errors.New("this step fails")

// failAt has step n fail, from 1, and those after it too if all.
func failAt(t *testing.T, n int, all bool, names *[]string) {
	i := 0
	step = func(name string) error {
		if names != nil {
			*names = append(*names, name)
		}
		if i++; i == n || all && n > 0 && i > n {
			return errStep
		}
		return nil
	}
	t.Cleanup(func() { step = func(string) error { return nil } })
}

// TestSetFailing: whichever step fails, the set is the old one or the new one, whole, and
// nothing else lies about. If all that follows fails as well, the taking back too, then it
// is so when somebody next looks.
func TestSetFailing(t *testing.T) {
	for _, c := range []struct {
		name          string
		begin         func(*testing.T) string
		existing      Existing
		before, after map[string]string
	}{
		{"replace", oldSet, Replace, isOld, isNew},
		{"first", func(t *testing.T) string { return t.TempDir() }, Keep, empty, first},
	} {
		dir := c.begin(t)
		names := steps(t, func() error { _, err := WriteSet(dir, pair("new"), c.existing); return err })
		if len(names) < 12 {
			t.Fatalf("%s: only the steps %v", c.name, names)
		}
		done := 0
		for n := range names {
			for _, all := range []bool{false, true} {
				dir := c.begin(t)
				failAt(t, n+1, all, nil)
				_, err := WriteSet(dir, pair("new"), c.existing)
				if cleared := names[n] == "remove"; errors.Is(err, errStep) == cleared {
					t.Errorf("%s, step %d (%s): %v", c.name, n, names[n], err)
				}
				step = func(string) error { return nil }
				got := look(t, dir)
				if all || names[n] == "remove" {
					coherent(t, got)
					if err := Settle(dir, "c.pem", nil); err != nil {
						t.Fatal(err)
					}
					got = look(t, dir)
				}
				switch {
				case same(got, c.after):
					done++
				case !same(got, c.before):
					t.Errorf("%s, step %d (%s), all %t: %v", c.name, n, names[n], all, got)
				}
			}
		}
		if done == 0 || done == 2*len(names) {
			t.Errorf("%s: %d of %d were done", c.name, done, 2*len(names))
		}
	}
}

// coherent: where the last file is, the others are its own.
func coherent(t *testing.T, got map[string]string) {
	t.Helper()
	if c := got["c.pem"]; c != "" && (got["k.pem"] != c || (got["i.pem"] == "old") != (c == "old")) {
		t.Errorf("of two sets: %v", got)
	}
}

// TestSetKilled kills the process before each step. What is there then is no mixture, the
// old key is not lost, and whoever next looks finds all of the old set or all of the new
// one, also if that is killed in turn.
func TestSetKilled(t *testing.T) {
	for _, c := range []struct {
		does          string
		begin         func(*testing.T) string
		before, after map[string]string
	}{
		{"replace set", oldSet, isOld, isNew},
		{"first set", func(t *testing.T) string { return t.TempDir() }, empty, first},
	} {
		for n := 1; ; n++ {
			dir := c.begin(t)
			_, killed := child(t, c.does, dir, killBefore(n))
			if !killed {
				if n < 12 {
					t.Errorf("%s: it had %d steps", c.does, n-1)
				}
				break
			}
			got := look(t, dir)
			coherent(t, got)
			if c.before["k.pem"] != "" && got["k.pem"] != "old" && got["k.pem.old"] != "old" {
				t.Errorf("%s, step %d: the old key is lost: %v", c.does, n, got)
			}
			child(t, "settle", dir, killBefore(1+n%4))
			coherent(t, look(t, dir))
			if err := Settle(dir, "c.pem", nil); err != nil {
				t.Fatal(err)
			}
			got = look(t, dir)
			for name := range got { // of one that was killed before its set was to be
				if strings.HasPrefix(name, setPrefix) {
					delete(got, name)
				}
			}
			if !same(got, c.before) && !same(got, c.after) {
				t.Errorf("%s, step %d: %v", c.does, n, got)
			}
			if _, err := WriteSet(dir, pair("newest"), Replace); err != nil {
				t.Fatal(err)
			}
			got = look(t, dir)
			coherent(t, got)
			for name := range got {
				if strings.HasPrefix(name, ".") {
					t.Errorf("%s, step %d: %s still lies about", c.does, n, name)
				}
			}
		}
	}
}

// TestSetFull: a disk that is full at any byte leaves the old set or none, and it is said.
func TestSetFull(t *testing.T) {
	for _, bytes := range []int{0, 1, len(long("new")) - 1} {
		dir := oldSet(t)
		if said, _ := child(t, "replace set", dir, limit(bytes)); !strings.Contains(said, "file too large") || !strings.Contains(said, "c.pem") {
			t.Errorf("%d bytes: %q", bytes, said)
		}
		if got := look(t, dir); !same(got, isOld) {
			t.Errorf("%d bytes: %v", bytes, got)
		}
		dir = t.TempDir()
		if said, _ := child(t, "first set", dir, limit(bytes)); !strings.Contains(said, "file too large") {
			t.Errorf("%d bytes: %q", bytes, said)
		}
		if got := look(t, dir); !same(got, empty) {
			t.Errorf("%d bytes: %v", bytes, got)
		}
	}
}

// TestSetExisting: a set is kept unless asked otherwise; what is unfinished is replaced, and
// set aside; what is no regular file is left alone.
func TestSetExisting(t *testing.T) {
	dir := oldSet(t)
	if _, err := WriteSet(dir, pair("new"), Keep); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "c.pem") {
		t.Errorf("a set that is there: %v", err)
	}
	if got := look(t, dir); !same(got, isOld) {
		t.Error(got)
	}
	for _, existing := range []Existing{Keep, Replace} {
		dir = t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "k.pem"), []byte(long("mine")), 0o600); err != nil {
			t.Fatal(err)
		}
		aside, err := WriteSet(dir, pair("new"), existing)
		if err != nil || !slices.Equal(aside, []string{"k.pem.old"}) {
			t.Errorf("an unfinished set: %v, %v", aside, err)
		}
		if got := look(t, dir); !same(got, map[string]string{"k.pem": "new", "c.pem": "new", "k.pem.old": "mine"}) {
			t.Error(got)
		}
	}
	dir = t.TempDir()
	for _, name := range []string{"k.pem", "c.pem"} {
		if err := os.Symlink(os.DevNull, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := WriteSet(dir, pair("new"), Replace); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("a link: %v", err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatalf("it was replaced: %v", err)
		}
	}
}

// TestSetForeign: what another user has put there to be completed is not.
func TestSetForeign(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make another user's directory")
	}
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(pending(dir, "c.pem"), 0o700), os.Chown(pending(dir, "c.pem"), 1234, 1234),
		os.WriteFile(filepath.Join(pending(dir, "c.pem"), "c.pem"), []byte("theirs"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := Settle(dir, "c.pem", nil); err == nil || !strings.Contains(err.Error(), "not from us") {
		t.Errorf("it was completed: %v", err)
	}
	if _, err := WriteSet(dir, pair("new"), Replace); err == nil {
		t.Error("it was completed")
	}
}

// TestSetRace: of many who write a first set, one does, and the others are told.
func TestSetRace(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	var mu sync.Mutex
	wrote := 0
	for range 20 {
		wg.Go(func() {
			_, err := WriteSet(dir, pair("new"), Keep)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				wrote++
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := look(t, dir); wrote != 1 || !same(got, first) {
		t.Errorf("%d wrote it: %v", wrote, got)
	}
}

// TestSetLocked: another program that has the directory locked, and may be waiting for us,
// does not have us wait for ever. What is there can be read.
func TestSetLocked(t *testing.T) {
	dir := oldSet(t)
	theirs, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	was := lockPatience
	lockPatience = 0
	defer func() { lockPatience = was }()
	if _, err := WriteSet(dir, pair("new"), Replace); !errors.Is(err, errLocked) {
		t.Errorf("locked by somebody else: %v", err)
	}
	read := false
	if err := Settle(dir, "c.pem", func() error { read = true; return nil }); err != nil || !read {
		t.Errorf("read: %t, %v", read, err)
	}
	if err := os.Mkdir(pending(dir, "c.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Settle(dir, "c.pem", nil); !errors.Is(err, errLocked) {
		t.Errorf("somebody is at it: %v", err)
	}
	theirs()
	lockPatience = was
	if err := Settle(dir, "c.pem", nil); err != nil {
		t.Error(err)
	}
	if got := look(t, dir); !same(got, isOld) {
		t.Error(got)
	}
}

// TestSetAsideStays: no key is lost, however often a set is replaced, or if what is replaced
// was never one. What is kept of one time has one suffix.
func TestSetAsideStays(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "k.pem"), []byte(long("mine")), 0o600); err != nil {
		t.Fatal(err)
	}
	for n, want := range [][]string{{"k.pem.old"}, {"k.pem.old2", "c.pem.old2"}, {"k.pem.old3", "c.pem.old3"}} {
		aside, err := WriteSet(dir, pair([]string{"first", "second", "third"}[n]), Replace)
		if err != nil || !slices.Equal(aside, want) {
			t.Errorf("time %d: kept as %v, %v", n+1, aside, err)
		}
	}
	if got, want := look(t, dir), (map[string]string{"k.pem": "third", "c.pem": "third", "k.pem.old": "mine",
		"k.pem.old2": "first", "c.pem.old2": "first", "k.pem.old3": "second", "c.pem.old3": "second"}); !same(got, want) {
		t.Error(got)
	}
}

// TestSetAsideKilled: who completes a set that was killed keeps the old one under the names
// that were meant for it, all of it under one suffix, and nothing in place of what is kept already.
func TestSetAsideKilled(t *testing.T) {
	before := map[string]string{"k.pem": "old", "i.pem": "old", "c.pem": "old", "c.pem.old": "older"}
	after := map[string]string{"k.pem": "new", "c.pem": "new", "c.pem.old": "older", "k.pem.old2": "old", "i.pem.old2": "old", "c.pem.old2": "old"}
	completed := 0
	for n := 1; ; n++ {
		dir := oldSet(t)
		if err := os.WriteFile(filepath.Join(dir, "c.pem.old"), []byte(long("older")), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, killed := child(t, "replace set", dir, killBefore(n)); !killed {
			break
		}
		pended := false
		if _, err := os.Lstat(pending(dir, "c.pem")); err == nil {
			pended = true
		}
		if err := Settle(dir, "c.pem", nil); err != nil {
			t.Fatal(err)
		}
		got := look(t, dir)
		for name := range got { // of one that was killed before its set was to be
			if strings.HasPrefix(name, setPrefix) {
				delete(got, name)
			}
		}
		if same(got, after) && pended {
			completed++
		} else if !same(got, before) && !same(got, after) {
			t.Errorf("step %d: %v", n, got)
		}
	}
	if completed < 5 {
		t.Errorf("completed %d times only", completed)
	}
}

// TestSetFaultsNameTheDirectory: what cannot be looked into is said of what was asked for,
// not of a file of our own that would be in it.
func TestSetFaultsNameTheDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, werr := WriteSet(file, pair("new"), Replace)
	for what, err := range map[string]error{"written": werr, "read": Settle(file, "c.pem", nil)} {
		if err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), filepath.Base(pending(file, "c.pem"))) {
			t.Errorf("no directory, %s: %v", what, err)
		}
	}
}

// TestMakeDir: what was made for a set that is not written goes again, and nothing else.
func TestMakeDir(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "a", "b")
	remove, err := MakeDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatal(info, err)
	}
	other := filepath.Join(base, "a", "other")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	remove()
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it stays: %v", err)
	}
	if _, err := os.Lstat(other); err != nil {
		t.Error(err)
	}
	if remove, err = MakeDir(filepath.Join(base, "a")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	remove()
	if _, err := os.Lstat(filepath.Join(base, "a")); err != nil {
		t.Errorf("one that was there is gone: %v", err)
	}
	if _, err := MakeDir(filepath.Join(base, "a", "x", strings.Repeat("n", 300))); err == nil {
		t.Error("a name that no file can have")
	}
	if _, err := os.Lstat(filepath.Join(base, "a", "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half of the way stays: %v", err)
	}
}
