package ondisk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestWriteFailing: whichever step fails, there is the old file or the new one, whole, and
// nothing else.
func TestWriteFailing(t *testing.T) {
	for _, existing := range []Existing{Keep, Replace} {
		begin := func() string {
			dir := t.TempDir()
			if existing == Replace {
				if err := os.WriteFile(filepath.Join(dir, "f"), []byte(long("old")), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return dir
		}
		write := func(dir string) error { return Write(filepath.Join(dir, "f"), []byte(long("new")), 0o600, existing) }
		dir := begin()
		names := steps(t, func() error { return write(dir) })
		for n := range names {
			dir := begin()
			failAt(t, n+1, false, nil)
			if err := write(dir); !errors.Is(err, errStep) || !strings.Contains(err.Error(), dir+"/f") {
				t.Errorf("%s: %v", names[n], err)
			}
			got := look(t, dir)
			if existing == Keep && names[n] != "sync directory" && len(got) > 0 {
				t.Errorf("%s: %v", names[n], got)
			}
			if existing == Replace && (len(got) != 1 || got["f"] == "") {
				t.Errorf("%s: %v", names[n], got)
			}
		}
	}
}

// TestWriteFull: so also where the disk is full at any byte.
func TestWriteFull(t *testing.T) {
	for _, bytes := range []int{0, 1, len(long("new")) - 1} {
		dir := t.TempDir()
		if said, _ := child(t, "write first", dir, limit(bytes)); said != "write "+dir+"/f: file too large" {
			t.Errorf("%d bytes: %q", bytes, said)
		}
		if got := look(t, dir); len(got) > 0 {
			t.Errorf("%d bytes: %v", bytes, got)
		}
		if err := os.WriteFile(dir+"/f", []byte(long("old")), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, _ := child(t, "write", dir, limit(bytes)); said != "write "+dir+"/f: file too large" {
			t.Errorf("%d bytes: %q", bytes, said)
		}
		if got := look(t, dir); !same(got, map[string]string{"f": "old"}) {
			t.Errorf("%d bytes: %v", bytes, got)
		}
	}
}

// TestModes: what is asked for, less the umask, also where an open file is replaced.
func TestModes(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ umask, mode, want fs.FileMode }{
		{0o022, 0o600, 0o600}, {0o022, 0o666, 0o644}, {0o077, 0o644, 0o600}, {0, 0o600, 0o600},
	} {
		syscall.Umask(int(c.umask))
		name := filepath.Join(dir, "f")
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := Write(name, []byte("x"), c.mode, Replace); err != nil {
			t.Fatal(err)
		}
		if got := modeOf(t, name); got != c.want {
			t.Errorf("umask %o, mode %o: it has %o", c.umask, c.mode, got)
		}
	}
	syscall.Umask(0o022)
}

func modeOf(t *testing.T, name string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// toName writes to name in each of the ways.
var toName = map[string]func(name string) error{
	"Write":  func(name string) error { return Write(name, []byte("hello\n"), 0o600, Replace) },
	"Keep":   func(name string) error { return Write(name, []byte("hello\n"), 0o600, Keep) },
	"Anew":   func(name string) error { return live(name, Anew) },
	"Append": func(name string) error { return live(name, Append) },
}

func live(name string, begin Begin) error {
	l, err := Open(name, begin)
	if err != nil {
		return err
	}
	_, err = l.Write([]byte("hello\n"))
	return errors.Join(err, l.Close())
}

// TestDevices: what was named on purpose is written to, and is what it was.
func TestDevices(t *testing.T) {
	for how, write := range toName {
		if os.Geteuid() == 0 { // a device of our own, lest the system's be replaced
			own := filepath.Join(t.TempDir(), "full")
			if err := errors.Join(syscall.Mknod(own, syscall.S_IFCHR, 1<<8|7), os.Chmod(own, 0o666)); err != nil {
				t.Log("root may not make devices here: ", err)
			} else if err := write(own); err == nil {
				t.Errorf("%s to a full device: done", how)
			} else if info, err := os.Lstat(own); err != nil || info.Mode() != fs.ModeDevice|fs.ModeCharDevice|0o666 {
				t.Fatalf("%s: it is %v, %v", how, info.Mode(), err)
			}
		}
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink("/dev/full", link); err != nil {
			t.Fatal(err)
		}
		if err := Try(link); err != nil {
			t.Error(err)
		}
		if err := write(link); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s to a link to /dev/full: %v", how, err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s: the link is %v, %v", how, info.Mode(), err)
		}

		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o644); err != nil {
			t.Fatal(err)
		}
		read := make(chan string)
		go func() {
			b, err := os.ReadFile(fifo)
			if err != nil {
				t.Error(err)
			}
			read <- string(b)
		}()
		if err := write(fifo); err != nil {
			t.Errorf("%s to a FIFO: %v", how, err)
		}
		if got := <-read; got != "hello\n" {
			t.Errorf("%s to a FIFO: %q came out", how, got)
		}
		if info, err := os.Lstat(fifo); err != nil || info.Mode() != fs.ModeNamedPipe|0o644 {
			t.Errorf("%s: the FIFO is %v, %v", how, info.Mode(), err)
		}

		dir := t.TempDir()
		if err := write(dir); !errors.Is(err, syscall.EISDIR) {
			t.Errorf("%s to a directory: %v", how, err)
		}
		if err := write(filepath.Join(dir, "nowhere", "f")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s to nowhere: %v", how, err)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{dir, filepath.Join(dir, "nowhere", "f")} {
		if err := Try(name); err == nil {
			t.Errorf("%s could be written to", name)
		}
	}
	if err := Try(filepath.Join(dir, "f")); err != nil {
		t.Error(err)
	}
	if got := look(t, dir); len(got) != 0 {
		t.Errorf("trying left %v", got)
	}
}

// TestDescriptors: /dev/fd/N and /dev/stdout are what somebody has open: a pipe, or a file
// that has more than our part in it, and whose mode is not for us to change.
func TestDescriptors(t *testing.T) {
	for how, write := range toName {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := write(descriptor(w)); err != nil {
			t.Errorf("%s to a pipe: %v", how, err)
		}
		_ = w.Close()
		if b, err := io.ReadAll(r); err != nil || string(b) != "hello\n" {
			t.Errorf("%s to a pipe: %q, %v", how, b, err)
		}
		_ = r.Close()

		name := filepath.Join(t.TempDir(), "f")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("theirs\n"); err != nil {
			t.Fatal(err)
		}
		if err := write(descriptor(f)); err != nil {
			t.Errorf("%s to an open file: %v", how, err)
		}
		if _, err := f.WriteString("theirs\n"); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		if b, err := os.ReadFile(name); err != nil || string(b) != "theirs\nhello\ntheirs\n" || modeOf(t, name) != 0o644 {
			t.Errorf("%s to an open file: %q, %v", how, b, err)
		}
	}
}

func descriptor(f *os.File) string {
	return "/dev/fd/" + strconv.Itoa(int(f.Fd()))
}

// TestLinks: a symbolic link stays one, and where it leads there is the file.
func TestLinks(t *testing.T) {
	for how, write := range toName {
		for _, there := range []bool{true, false} {
			dir := t.TempDir()
			target, name := filepath.Join(dir, "sub", "f"), filepath.Join(dir, "to", "link")
			if err := errors.Join(os.Mkdir(filepath.Dir(target), 0o700), os.Mkdir(filepath.Dir(name), 0o700),
				os.Symlink("../sub/g", name), os.Symlink("f", filepath.Join(dir, "sub", "g"))); err != nil {
				t.Fatal(err)
			}
			if there {
				if err := os.WriteFile(target, []byte("old\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want := "hello\n"
			err := write(name)
			switch {
			case there && how == "Keep":
				if !errors.Is(err, fs.ErrExist) {
					t.Errorf("%s: %v", how, err)
				}
				continue
			case there && how == "Append":
				want = "old\nhello\n"
			}
			if b, rerr := os.ReadFile(target); err != nil || string(b) != want || modeOf(t, target) != 0o600 {
				t.Errorf("%s, there %t: %q with mode %o, %v", how, there, b, modeOf(t, target), errors.Join(err, rerr))
			}
			if info, err := os.Lstat(name); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("%s: the link is %v, %v", how, info.Mode(), err)
			}
		}
		dir := t.TempDir()
		loop := filepath.Join(dir, "loop")
		if err := os.Symlink("loop", loop); err != nil {
			t.Fatal(err)
		}
		if err := write(loop); !errors.Is(err, errManyLinks) {
			t.Errorf("%s to a loop: %v", how, err)
		}
	}
}

// TestForeignLinks: in a directory that everybody may write to, a link of somebody else is
// not followed, though we are root and could.
func TestForeignLinks(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make another user's link")
	}
	for how, write := range toName {
		dir := t.TempDir()
		target, name := filepath.Join(dir, "target"), filepath.Join(dir, "tmp", "link")
		if err := errors.Join(os.WriteFile(target, []byte("precious"), 0o600), os.Mkdir(filepath.Dir(name), 0o700),
			os.Chmod(filepath.Dir(name), 0o777|fs.ModeSticky), os.Symlink(target, name), os.Lchown(name, 1234, 1234)); err != nil {
			t.Fatal(err)
		}
		if err := write(name); !errors.Is(err, errForeignLink) {
			t.Errorf("%s: %v", how, err)
		}
		if b, err := os.ReadFile(target); string(b) != "precious" {
			t.Errorf("%s: %q, %v", how, b, err)
		}
		if err := errors.Join(os.Lchown(name, 0, 0), os.Chmod(filepath.Dir(name), 0o777|fs.ModeSticky)); err != nil {
			t.Fatal(err)
		}
		if err := write(name); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s to our own link: %v", how, err)
		}
	}
}

// TestForeignFiles: in a directory that everybody may write to, nothing is written into a file
// or a FIFO of somebody else, who would read it. (What is replaced has another file in its
// place, which is ours.)
func TestForeignFiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make another user's file")
	}
	for how, write := range toName {
		dir := filepath.Join(t.TempDir(), "tmp")
		file, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "fifo")
		if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o777|fs.ModeSticky), os.WriteFile(file, []byte("theirs\n"), 0o666),
			syscall.Mkfifo(fifo, 0o666), os.Chown(file, 1234, 1234), os.Chown(fifo, 1234, 1234)); err != nil {
			t.Fatal(err)
		}
		r, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0) // as they would
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{file, fifo} {
			err := write(name)
			if written := err == nil; written && (how != "Write" || name == fifo) || !written && !errors.Is(err, errForeignFile) && !errors.Is(err, fs.ErrExist) {
				t.Errorf("%s to %s: %v", how, filepath.Base(name), err)
			}
		}
		if b, _ := io.ReadAll(r); len(b) > 0 {
			t.Errorf("%s: they got %q", how, b)
		}
		if b, err := io.ReadAll(theirs); string(b) != "theirs\n" {
			t.Errorf("%s: they got %q, %v", how, b, err)
		}
		_, _ = r.Close(), theirs.Close()
	}
}
