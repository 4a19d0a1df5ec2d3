package cli

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/reason"
	"tlslab/handshake/switches"
)

// A file that the command line names, and that cannot be used, is like anything else that was typed and makes no
// sense: nothing was done, and the status is 2. So whoever asks with verify or client whether a peer is to be believed
// can tell a no from a name that was mistyped. A disk that is full is not the command line's doing: that is 1.

// Unusable is a file, named by a flag or an argument, that is not what it should be; remedy and format are as of a Misuse.
func Unusable[R string | reason.Usage](remedy R, format string, args ...any) error {
	return ofFile(misuse(reason.Usagef(format, args...), switches.Remedy(remedy)))
}

// ToldUnusable is Told of such a file.
func ToldUnusable(l narrate.Lang, cause error, key string, pairs ...string) error {
	what, remedy := SayBoth(l, key, pairs...)
	return ofFile(&Trouble{What: what, Remedy: remedy, Cause: cause})
}

// ofFile makes t trouble with a file.
func ofFile(t *Trouble) *Trouble {
	t.Status, t.file = statusUsage, true
	return t
}

// Unwritten names the file that was asked for, not a temporary one beside it.
func Unwritten(flag, file string, err error) error {
	if errors.Is(err, ErrTold) {
		return err
	}
	cause := ondisk.Cause(err)
	if aboutName(cause) {
		return Unusable("", "%s %s: %w", flag, file, cause)
	}
	return Failure("", "%s %s: %w", flag, file, cause)
}

// Unbegun is Unwritten of a file that is opened, or tried, before anything else is done.
func Unbegun(flag, file string, err error) error {
	cause := ondisk.Cause(err)
	if errors.As(cause, new(syscall.Errno)) {
		return Unwritten(flag, file, err)
	}
	return Unusable("", "%s %s: %w", flag, file, cause) // such a name is not written to, as package ondisk has decided
}

// Try refuses a file that could not be written, while there is nothing yet to write: better now than when all is done.
// It knows no more than can be known beforehand. No file, "", is not refused.
func Try(flag, file string) error {
	if file == "" {
		return nil
	}
	if err := ondisk.Try(file); err != nil {
		return Unbegun(flag, file, err)
	}
	return nil
}

// aboutNames are the system's errors about what a name leads to. Its others are about a disk, or about a reader.
var aboutNames = []error{
	fs.ErrNotExist, fs.ErrPermission, fs.ErrExist, fs.ErrInvalid, syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EROFS, syscall.ENXIO,
}

func aboutName(err error) bool {
	return slices.ContainsFunc(aboutNames, func(of error) bool { return errors.Is(err, of) })
}

// opening reports whether f is about opening or reading a file, and not about writing what there is to say.
func opening(f *fs.PathError) bool {
	return slices.Contains([]string{"open", "read", "stat", "lstat", "look into", "mkdir"}, f.Op)
}

// fileTrouble says that a file cannot be read, and which flag named it.
func fileTrouble(cmd *cobra.Command, f *fs.PathError) *Trouble {
	lang, file := langOf(cmd), flagged(cmd, f.Path)
	var what, how string
	switch {
	case errors.Is(f.Err, fs.ErrNotExist):
		what, how = SayBoth(lang, "file_missing", "file", file)
	case errors.Is(f.Err, fs.ErrPermission):
		what, how = SayBoth(lang, "file_closed", "file", file)
	case errors.Is(f.Err, syscall.EISDIR):
		what, how = SayBoth(lang, "file_directory", "file", file)
	case f.Op == "mkdir":
		what = file + ColonOf(lang) + narrate.Fault(lang, f.Err)
	default:
		what = Say(lang, "file_unread", "file", file, "error", narrate.Fault(lang, f.Err))
	}
	return ofFile(&Trouble{What: what, Remedy: how, Cause: f})
}

// flagged is a file under the flag that named it, alone or behind a pattern, PATTERN=FILE. If several named it, nobody
// can say which of them is meant.
func flagged(cmd *cobra.Command, file string) string {
	var by []string
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			if v == file || strings.HasSuffix(v, "="+file) {
				by = append(by, "--"+flag.Name+" "+v)
			}
		}
	})
	if len(by) == 1 {
		return by[0]
	}
	return file
}
