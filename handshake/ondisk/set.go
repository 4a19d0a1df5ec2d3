package ondisk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Part is one file of a set.
type Part struct {
	Name string      // in the set's directory
	Text []byte      // nil: this set has no such file, and the file of an earlier set must not stand in for it
	Mode fs.FileMode // less the umask
}

// Aside is the ending that the name of a replaced file gets: .old the first time a set was
// replaced; then .old2, .old3, …
const Aside = ".old"

// No system can name several files in one step. So a set becomes complete like this:
//
//  1. All its files are written into a fresh directory, and are on the disk.
//  2. That directory gets the name .LAST.new, LAST being the last file's. From here on it
//     will be done, by this process or by another.
//  3. The old LAST is set aside, then for each other file the old one, and the new one
//     gets its name; last of all LAST gets its.
//
// Hence LAST, which is the certificate, is there only if all that belongs to it is, and
// what stands there without LAST is unfinished. Step 3 is a matter of looking at what is
// still in .LAST.new, and may be done again from anywhere in it. If it fails rather than
// ends, what it did is undone.

// MakeDir makes a directory for a set, of mode 0700, and those above it that are missing. If
// the set is then not written, remove takes away those of them that are still empty.
func MakeDir(dir string) (remove func(), err error) {
	var made []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Lstat(d); !errors.Is(err, fs.ErrNotExist) || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	remove = func() {
		for _, d := range made {
			_ = os.Remove(d) // one that has something in it stays
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// WriteSet writes files that belong together into dir. They become there all or none, also
// if the process is killed, once Settle or another WriteSet has looked. The last part is
// the one that makes a set of them: where it is missing, what is there is unfinished, and
// is replaced. Where it is there, existing says what is done about it; with Keep the error
// is fs.ErrExist. What is replaced is kept aside. Its name gets the first ending that no
// file of the set has yet: Aside, or Aside and a number from 2. aside are the names that
// were given so. What was kept there earlier stays: a key cannot be had again.
//
// What is no regular file is neither replaced nor written to: a set cannot be half a device.
// Two processes that write into one directory do it one after the other.
func WriteSet(dir string, parts []Part, existing Existing) (aside []string, err error) {
	last := parts[len(parts)-1].Name
	unlock, err := lock(dir)
	if err != nil {
		return nil, about("write", filepath.Join(dir, last), err)
	}
	defer unlock()
	if err := settle(dir, last); err != nil {
		return nil, err
	}
	if err := sweep(dir); err != nil {
		return nil, err
	}
	for _, p := range parts {
		switch info, err := os.Lstat(filepath.Join(dir, p.Name)); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		case p.Name == last && existing == Keep:
			return nil, about("write", filepath.Join(dir, last), fs.ErrExist)
		case !info.Mode().IsRegular():
			return nil, about("write", filepath.Join(dir, p.Name), errNotRegular)
		}
		aside = append(aside, p.Name)
	}
	suffix, err := unused(dir, parts)
	if err != nil {
		return nil, about("write", filepath.Join(dir, last), err)
	}
	for i := range aside {
		aside[i] += suffix
	}
	// Whoever completes this set must not look for a suffix anew: by then some of the old
	// files have the name.
	staged, err := stage(dir, append([]Part{{Name: suffixFile, Text: []byte(suffix), Mode: 0o600}}, parts...))
	if err != nil {
		return nil, about("write", filepath.Join(dir, last), err)
	}
	if err := rename(staged, pending(dir, last)); err != nil {
		return nil, about("write", filepath.Join(dir, last), errors.Join(err, os.RemoveAll(staged)))
	}
	m := &moves{dir: dir, from: pending(dir, last)}
	err = syncDir(dir)
	if err == nil {
		err = m.all(last)
	}
	if err != nil {
		if uerr := m.undo(); uerr != nil {
			err = fmt.Errorf("%w (%w)", Cause(err), uerr)
		}
		return nil, about("write", filepath.Join(dir, last), err)
	}
	m.end()
	return aside, nil
}

var errNotRegular = errors.New("is not a regular file")

// Settle completes what a WriteSet in dir, whose last file is last, left half done when it
// was killed, and waits for one that is at it. Then it calls read, while nobody writes a set
// into dir, and returns its error. A nil read reads nothing.
func Settle(dir, last string, read func() error) error {
	unlock, err := lock(dir)
	defer unlock()
	if _, perr := os.Lstat(pending(dir, last)); err != nil && perr == nil {
		return about("complete", filepath.Join(dir, last), err)
	}
	// Where another program has the lock, and nothing is pending, nobody writes a set now.
	if err := settle(dir, last); err != nil || read == nil {
		return err
	}
	return read()
}

func settle(dir, last string) error {
	info, err := os.Lstat(pending(dir, last))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return about("look into", dir, err)
	}
	d, err := os.Stat(dir)
	if err != nil {
		return err
	}
	// Anybody may make directories in /tmp, and would give us a key of theirs.
	if !info.IsDir() || !ours(info) && !sameOwner(info, d) {
		return about("complete", pending(dir, last), errors.New("is not from us: remove it"))
	}
	// What the other process has done cannot be undone from here: if this fails, the set
	// stays pending.
	m := &moves{dir: dir, from: pending(dir, last)}
	if err := m.all(last); err != nil {
		return about("complete", filepath.Join(dir, last), err)
	}
	m.end()
	return nil
}

// suffixFile is a file of the pending set. It says under which names the old files are
// kept.
const suffixFile = ".aside"

// unused is the first suffix under which nothing of the set is kept yet.
func unused(dir string, parts []Part) (suffix string, err error) {
next:
	for n := 1; ; n++ {
		if suffix = Aside; n > 1 {
			suffix += strconv.Itoa(n)
		}
		for _, p := range parts {
			switch _, err := os.Lstat(filepath.Join(dir, p.Name+suffix)); {
			case err == nil:
				continue next
			case !errors.Is(err, fs.ErrNotExist):
				return "", err
			}
		}
		return suffix, nil
	}
}

// pending is the directory of a set that is still to be completed.
func pending(dir, last string) string { return filepath.Join(dir, "."+last+".new") }

// stage writes all parts into a fresh directory in dir.
func stage(dir string, parts []Part) (_ string, err error) {
	staged := filepath.Join(dir, setPrefix+rand.Text())
	if err := step("make directory"); err != nil {
		return "", err
	}
	if err := os.Mkdir(staged, 0o700); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(staged))
		}
	}()
	for _, p := range parts {
		if err := step("create"); err != nil {
			return "", err
		}
		f, err := os.OpenFile(filepath.Join(staged, p.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, p.Mode)
		if err != nil {
			return "", err
		}
		if err := fill(f, whole(p.Text)); err != nil { // an empty file stands for no file
			return "", err
		}
	}
	return staged, syncDir(staged)
}

const setPrefix = tempPrefix + "set-"

// sweep removes what is left of processes that were killed before their set was pending.
// The lock shows that none of them is still at work.
func sweep(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil // one that we may write to but not read
	}
	for _, e := range list {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), setPrefix) {
			continue
		}
		if info, err := e.Info(); err == nil && ours(info) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// moves are the renames that make what is pending a set, and can be undone.
type moves struct {
	dir, from string // from is where the new files are
	suffix    string // of the names of the old ones
	done      [][2]string
}

// all makes them, from wherever somebody else has left off.
func (m *moves) all(last string) error {
	list, err := os.ReadDir(m.from)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(m.from, last)); errors.Is(err, fs.ErrNotExist) {
		return nil // all has been done
	}
	switch suffix, err := os.ReadFile(filepath.Join(m.from, suffixFile)); {
	case errors.Is(err, fs.ErrNotExist):
		m.suffix = Aside // begun by an earlier version, which knew no other
	case err != nil:
		return err
	default:
		m.suffix = string(suffix)
	}
	if err := m.setAside(last); err != nil {
		return err
	}
	for _, e := range list {
		if e.Name() == last || e.Name() == suffixFile {
			continue
		}
		if err := m.setAside(e.Name()); err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Size() == 0 {
			continue // there is to be none
		}
		if err := m.move(filepath.Join(m.from, e.Name()), filepath.Join(m.dir, e.Name())); err != nil {
			return err
		}
	}
	if err := syncDir(m.dir); err != nil { // a power cut must not leave the last one alone
		return err
	}
	if err := m.move(filepath.Join(m.from, last), filepath.Join(m.dir, last)); err != nil {
		return err
	}
	return syncDir(m.dir)
}

// end clears up after all. If that fails the set is there all the same, and whoever next
// looks clears up.
func (m *moves) end() {
	if step("remove") == nil {
		_ = os.RemoveAll(m.from)
	}
}

// setAside moves the file with this name away, if there is one. While the new file is still
// pending, the file with the name is the old one.
func (m *moves) setAside(name string) error {
	path := filepath.Join(m.dir, name)
	if _, err := os.Lstat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return m.move(path, path+m.suffix)
}

func (m *moves) move(from, to string) error {
	if err := rename(from, to); err != nil {
		return err
	}
	m.done = append(m.done, [2]string{from, to})
	return nil
}

// undo takes everything back, and then the set is no longer pending. If a rename of undo
// fails, the set stays pending.
func (m *moves) undo() error {
	for i := len(m.done) - 1; i >= 0; i-- {
		if err := rename(m.done[i][1], m.done[i][0]); err != nil {
			return fmt.Errorf("half done, and to be completed by the next that looks: %w", err)
		}
	}
	// Under this name nobody takes what is left of it for a set.
	gone := filepath.Join(m.dir, setPrefix+rand.Text())
	if err := rename(m.from, gone); err != nil {
		return fmt.Errorf("to be done by the next that looks: %w", err)
	}
	return os.RemoveAll(gone)
}

func rename(from, to string) error {
	if err := step("rename"); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// lockPatience is how long a set waits for its directory: far longer than any set takes. If
// it is locked for longer, then by another program, perhaps the one that started us (flock
// DIR tlslab …).
var lockPatience = 10 * time.Second

var errLocked = errors.New("another program has the directory locked (flock), and does not let go of it")

// lock makes others wait that lock the same directory, if the file system can do that.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return func() {}, nil // it is not there, or we may write to it but not read
	}
	locked := make(chan error, 1)
	go func() { locked <- flock(d) }()
	select {
	case <-locked: // if not, it cannot be locked at all: not every file system can
		return func() { _ = d.Close() }, nil
	case <-time.After(lockPatience):
		go func() {
			<-locked
			_ = d.Close()
		}()
		return func() {}, errLocked
	}
}
