//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package ondisk

import (
	"errors"
	"io/fs"
	"os"
)

// Where files have no owners that we know of, and directories cannot be locked or synced,
// the rights of the directory decide, as they do for modes.

const noFollow = 0

func ours(fs.FileInfo) bool                   { return true }
func sameOwner(fs.FileInfo, fs.FileInfo) bool { return true }
func cannotSync(error) bool                   { return true }
func flock(*os.File) error                    { return errors.ErrUnsupported }
func duplicate(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }
