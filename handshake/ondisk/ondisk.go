// Package ondisk is how this module writes to disk, in three ways:
//
//   - Write: a whole file, which is as it was before or all new. Session files, roots, the
//     port that a script waits for.
//   - WriteSet: files that belong together, a key and its certificate. All are there, or
//     what was there before is. It is kept aside, and a set that a kill or a power cut
//     left half done is completed by whoever comes next (Settle).
//   - Open: a file that grows while things happen. Transcripts, key logs, captures.
//
// What all three do about a name is decided in place.go: a symbolic link is followed, and
// stays one; what is no regular file (a device, a FIFO, /dev/stdout) was named on purpose,
// and is written to, never replaced.
//
// Write and WriteSet ask the disk to have what they wrote before they return (fsync), so
// that it outlives a power cut. Open does not: of a file that grows, a power cut takes
// what the system had not yet written, which is up to half a minute. A process that is
// killed loses nothing in any of the three.
//
// The package knows nothing of keys or TLS. The engine, which has no files, must not
// import it.
package ondisk

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Existing says what becomes of a regular file that has the name already.
type Existing bool

const (
	Keep    Existing = false // it is left as it is: the error is fs.ErrExist
	Replace Existing = true  // the new one takes its place
)

// step is called before each step that could be the last one. Tests fail it, or end the
// process there.
var step = func(string) error { return nil }

// Write writes text to a file of that name, of that mode less the umask. At every instant
// there is either what was there before or all of text. If it fails, what was there still
// is. A device or a FIFO has no before: text is written to it, and mode and what to do
// with an existing file mean nothing.
func Write(name string, text []byte, mode fs.FileMode, existing Existing) error {
	return WriteFrom(name, mode, existing, whole(text))
}

// whole writes a text that is there.
func whole(text []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
}

// WriteFrom is Write of what text writes, which so is nowhere else than in the file. If text fails, there
// is what was there before; its error is in WriteFrom's.
func WriteFrom(name string, mode fs.FileMode, existing Existing, text func(io.Writer) error) error {
	p, err := find(name)
	if err == nil {
		err = p.write(text, mode, existing)
	}
	return about("write", name, err)
}

// Try reports, before there is anything to write, why Write could not write to name, as far as can be known beforehand.
func Try(name string) error {
	p, err := find(name)
	if err != nil || p.there() && !p.replaceable() {
		if err == nil && p.info.IsDir() {
			err = errIsDirectory
		}
		return about("write", name, err)
	}
	t, err := newTemp(filepath.Dir(p.path), 0o600)
	if err == nil {
		err = errors.Join(t.Close(), os.Remove(t.Name()))
	}
	return about("write", name, err)
}

// Find returns the path of the regular file that name leads to. The file may be there or
// not yet. regular is false if name leads to something else, which is written to as it is,
// and never replaced.
func Find(name string) (path string, regular bool, err error) {
	p, err := find(name)
	if err == nil && p.there() && p.info.IsDir() {
		err = errIsDirectory
	}
	return p.path, !p.there() || p.replaceable(), about("open", name, err)
}

// Laxer are the permissions of the regular file that name leads to, if they let others read
// or write it. If they do not, or if there is no such file, Laxer is 0.
func Laxer(name string) fs.FileMode {
	p, err := find(name)
	if err != nil || !p.there() || !p.replaceable() {
		return 0
	}
	return laxer(p.info)
}

func laxer(info fs.FileInfo) fs.FileMode {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return mode
	}
	return 0
}

func (p place) write(text func(io.Writer) error, mode fs.FileMode, existing Existing) error {
	switch {
	case p.there() && !p.replaceable():
		return p.writeTo(text)
	case p.there() && existing == Keep:
		return fs.ErrExist
	}
	dir := filepath.Dir(p.path)
	t, err := newTemp(dir, mode)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(t.Name()) }() // gone already if all went well
	if err := fill(t, text); err != nil {
		return err
	}
	if err := giveName(t.Name(), p.path, mode, existing); err != nil {
		return err
	}
	return syncDir(dir)
}

// writeTo writes to what is no file of ours to replace.
func (p place) writeTo(text func(io.Writer) error) error {
	f, err := p.openAsIs()
	if err != nil {
		return err
	}
	err = text(f)
	return errors.Join(err, f.Close())
}

// newTemp makes a file in dir under a name that nobody can have foreseen.
func newTemp(dir string, mode fs.FileMode) (*os.File, error) {
	if err := step("create"); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, tempPrefix+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
}

const tempPrefix = ".tlslab-"

// fill writes text, has it on the disk, and closes f.
func fill(f *os.File, text func(io.Writer) error) error {
	err := step("write")
	if err == nil {
		err = text(f)
	}
	if err == nil {
		err = step("sync")
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// giveName gives a finished file its name.
func giveName(temp, path string, mode fs.FileMode, existing Existing) error {
	if err := step("name"); err != nil {
		return err
	}
	if existing == Replace {
		return os.Rename(temp, path)
	}
	// A rename would replace what has come there meanwhile; a link does not.
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// This file system has no links: an empty file holds the name for a moment.
	held, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if err := errors.Join(held.Close(), os.Rename(temp, path)); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// about is err, if any, said of the name that was asked for, and not of a temporary one
// beside it.
func about(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: Cause(err)}
}

// Cause is what the system said, without the names of files around it.
func Cause(err error) error {
	for {
		switch e := err.(type) {
		case *fs.PathError:
			err = e.Err
		case *os.LinkError:
			err = e.Err
		case interface{ Unwrap() []error }:
			list := e.Unwrap()
			if len(list) != 1 {
				return err
			}
			err = list[0]
		default:
			return err
		}
	}
}
