package ondisk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
)

// Begin says where a file begins that is written to while things happen.
type Begin int

const (
	Anew   Begin = iota // what it held is gone
	Append              // behind what it holds, which others may append to as well: lines
)

// Live is a file for its owner alone (mode 0600) that grows while things happen. Each Write
// is there when it returns, also for those who read meanwhile. Many may write at a time.
type Live struct {
	// Laxer are the permissions that the file had if they let others read or write it, 0 if
	// they did not. It no longer has them, but a program that had the file open then can
	// still read it.
	Laxer fs.FileMode
	// Waits says that it is no regular file but a FIFO, a terminal, a device: there a Write
	// may wait for whoever reads at the other end, and for ever.
	Waits bool

	mu    sync.Mutex
	f     *os.File
	begin Begin
	cut   bool // it is ours to cut: a regular file that we began
	torn  bool // its last line has no end

	errMu sync.Mutex // not mu: a Write that waits for a reader has that
	err   error      // the first of Write
}

// Open opens name, and makes it if it is not there.
func Open(name string, begin Begin) (*Live, error) {
	p, err := find(name)
	if err != nil {
		return nil, about("open", name, err)
	}
	l := &Live{begin: begin}
	if err := l.open(p); err != nil {
		if l.f != nil {
			err = errors.Join(err, l.f.Close())
		}
		return nil, about("open", name, err)
	}
	return l, nil
}

func (l *Live) open(p place) (err error) {
	if p.there() && !p.replaceable() {
		// Somebody's pipe, or what the shell has opened for us.
		l.f, err = p.openAsIs()
		l.Waits = !p.info.Mode().IsRegular()
		return err
	}
	flags := os.O_WRONLY | os.O_CREATE | noFollow
	if l.begin == Append {
		flags |= os.O_APPEND
	}
	if l.f, err = os.OpenFile(p.path, flags, 0o600); err != nil {
		return err
	}
	if l.f, err = checked(l.f, p.path); err != nil {
		return err
	}
	info, err := l.f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if l.Laxer = laxer(info); l.Laxer != 0 {
		if err := l.f.Chmod(0o600); err != nil {
			return err
		}
	}
	if l.begin == Append {
		l.torn = info.Size() > 0 && !endsLine(p.path, info.Size())
		return nil
	}
	l.cut = true
	return l.f.Truncate(0)
}

// endsLine reports whether the last byte is a line's end. If it cannot be read, there may
// be none, and an empty line does no harm.
func endsLine(path string, size int64) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], size-1)
	return err == nil && b[0] == '\n'
}

// Write writes p whole or says why not. If p cannot be written whole, nothing of it stays
// in a file that was begun anew. If others append to the file too, the written part stays,
// as a line that has no end, and the next Write begins a new line. Later Writes are tried
// again: there may be room then.
func (l *Live) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.write(p)
	l.errMu.Lock()
	defer l.errMu.Unlock()
	if err != nil && l.err == nil {
		l.err = err
	}
	return n, err
}

func (l *Live) write(p []byte) (int, error) {
	if l.begin == Append {
		return l.appendTo(p)
	}
	n, err := l.f.Write(p)
	if err != nil && l.cut && n > 0 {
		if end, serr := l.f.Seek(int64(-n), io.SeekCurrent); serr == nil && l.f.Truncate(end) == nil {
			n = 0
		}
	}
	return n, err
}

func (l *Live) appendTo(p []byte) (int, error) {
	added := 0
	if l.torn {
		p = append([]byte{'\n'}, p...)
		added = 1
	}
	n, err := l.f.Write(p)
	if n > 0 {
		l.torn = err != nil && p[n-1] != '\n'
	}
	return max(0, n-added), err
}

// Err is the first error of a Write that has returned.
func (l *Live) Err() error {
	l.errMu.Lock()
	defer l.errMu.Unlock()
	return l.err
}

// Close closes the file, and does not wait for a Write. Its error is about closing alone.
func (l *Live) Close() error { return l.f.Close() }
