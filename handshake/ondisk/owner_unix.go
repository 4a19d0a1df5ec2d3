//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ondisk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// noFollow has open refuse a symbolic link.
const noFollow = syscall.O_NOFOLLOW

// owner is a file's, or -1.
func owner(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

func ours(info fs.FileInfo) bool      { return owner(info) == os.Geteuid() }
func sameOwner(a, b fs.FileInfo) bool { return owner(a) == owner(b) }

func cannotSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported)
}

// flock waits until nobody else has f locked.
func flock(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// duplicate is another descriptor of the open file that n is of.
func duplicate(n int, name string) (*os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Dup(n)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), name), nil
}
