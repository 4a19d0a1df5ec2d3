//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// Columns is the width of a terminal; 0 if it does not tell.
func Columns(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// Rows is the height of a terminal; 0 if it does not tell.
func Rows(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Row)
}
