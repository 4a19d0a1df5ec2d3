package ondisk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// place is where a name leads.
type place struct {
	path   string      // symbolic links followed
	info   fs.FileInfo // nil if nothing is there
	passed bool        // a file that somebody has open, by its descriptor's name: /dev/stdout
	own    int         // one plus that descriptor, if it is this process's; else 0
}

func (p place) there() bool { return p.info != nil }

// replaceable reports whether another file may take its place.
func (p place) replaceable() bool { return p.info.Mode().IsRegular() && !p.passed }

var (
	errIsDirectory = errors.New("is a directory")
	errManyLinks   = errors.New("too many symbolic links")
	errForeignLink = errors.New("is another user's symbolic link, in a directory where everybody may put one")
	errForeignFile = errors.New("is another user's, in a directory where everybody may put one: name another file, or remove it")
)

// maxLinks is how many symbolic links Linux follows for one name.
const maxLinks = 40

// find follows the symbolic links that name is. (Those that lead to its directory are the
// system's to follow.) In a directory like /tmp, a link is followed only if it is ours or
// the directory's owner's: anybody may have put it there, to have us write elsewhere. That
// is Linux's own rule, protected_symlinks, which a rename does not come under.
func find(name string) (place, error) {
	path := name
	for range maxLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return place{}, err
		}
		if strings.HasPrefix(dir, "/proc/") || dir == "/dev/fd" {
			info, err := os.Stat(path)
			return place{path, info, true, own(dir, path)}, err
		}
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return place{path: path}, nil
		case err != nil:
			return place{}, err
		case info.Mode()&fs.ModeSymlink == 0:
			return place{path: path, info: info}, nil
		case !mayFollow(dir, info):
			return place{}, errForeignLink
		}
		target, err := os.Readlink(path)
		if err != nil {
			return place{}, err
		}
		if !filepath.IsAbs(target) {
			target = dir + string(filepath.Separator) + target // Join would take x/.. for nothing, and x may be a link
		}
		path = target
	}
	return place{}, errManyLinks
}

// own is one plus the descriptor that path names, if it is one of this process, or 0.
func own(dir, path string) int {
	if n, err := strconv.Atoi(filepath.Base(path)); err == nil && (dir == "/dev/fd" || dir == "/proc/"+strconv.Itoa(os.Getpid())+"/fd") {
		return n + 1
	}
	return 0
}

// openAsIs opens what is not ours to replace, to be written to. What we have open already
// has a position, which is to go on with whoever else writes there.
func (p place) openAsIs() (*os.File, error) {
	if p.own > 0 {
		return duplicate(p.own-1, p.path)
	}
	if !p.passed && !mayFill(p.path, p.info) { // before, for to open a FIFO may mean to wait for its reader
		return nil, errForeignFile
	}
	f, err := os.OpenFile(p.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil || p.passed {
		return f, err
	}
	return checked(f, p.path)
}

// checked returns f, unless f is a file of another user that has got our name meanwhile.
func checked(f *os.File, path string) (*os.File, error) {
	info, err := f.Stat()
	if err == nil && !mayFill(path, info) {
		err = errForeignFile
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// mayFill reports whether a file or a FIFO that stands at path is from somebody whom we may
// give what we write. In a directory like /tmp anybody may have put it under the name that
// we were about to take, to have our secrets. That, too, is Linux's rule
// (protected_regular, protected_fifos), which a system may have switched off, and which
// does not bind a program that opens without O_CREAT.
func mayFill(path string, info fs.FileInfo) bool { return mayFollow(filepath.Dir(path), info) }

// mayFollow reports whether a link in dir, or what else is there, is from somebody who could
// write there anyway.
func mayFollow(dir string, there fs.FileInfo) bool {
	d, err := os.Stat(dir)
	if err != nil {
		return false
	}
	if d.Mode()&fs.ModeSticky == 0 || d.Mode().Perm()&0o002 == 0 {
		return true
	}
	return ours(there) || sameOwner(there, d)
}

// syncDir has the disk know the names in dir. Not every system and file system can.
func syncDir(dir string) error {
	if err := step("sync directory"); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil // one that we may write to but not read
	}
	if err := d.Sync(); err != nil && !cannotSync(err) {
		return errors.Join(err, d.Close())
	}
	return d.Close()
}
