package ondisk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The test program is its own child: one that is killed before a step, or whose files may
// not grow beyond some bytes, which is a disk that is full at that very byte.
const (
	childDoes  = "ONDISK_CHILD"       // which of childWork
	childDir   = "ONDISK_CHILD_DIR"   // where
	childKill  = "ONDISK_CHILD_KILL"  // before which step, from 1
	childLimit = "ONDISK_CHILD_LIMIT" // bytes
)

var childWork = map[string]func(dir string) error{
	"replace set": func(dir string) error { _, err := WriteSet(dir, pair("new"), Replace); return err },
	"first set":   func(dir string) error { _, err := WriteSet(dir, pair("new"), Keep); return err },
	"settle":      func(dir string) error { return Settle(dir, "c.pem", nil) },
	"write":       func(dir string) error { return Write(dir+"/f", []byte(long("new")), 0o600, Replace) },
	"write first": func(dir string) error { return Write(dir+"/f", []byte(long("new")), 0o600, Keep) },
	"append": func(dir string) error {
		l, err := Open(dir+"/f", Append)
		if err != nil {
			return err
		}
		_, err = l.Write([]byte("line two\n"))
		return errors.Join(err, l.Close())
	},
	"append, append": func(dir string) error {
		l, err := Open(dir+"/f", Append)
		if err != nil {
			return err
		}
		if _, err := l.Write([]byte("line two\n")); err != nil {
			return err
		}
		if _, err := l.Write([]byte("line two\n")); err == nil {
			return errors.New("there was no limit")
		}
		// The limit is soft, as a full disk is: there is room again.
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
			return err
		}
		_, err = l.Write([]byte("line two\n"))
		return errors.Join(l.Err(), err, l.Close())
	},
	"anew": func(dir string) error {
		l, err := Open(dir+"/f", Anew)
		if err != nil {
			return err
		}
		for range 3 {
			if _, err = l.Write([]byte("line\n")); err != nil {
				break
			}
		}
		return errors.Join(err, l.Close())
	},
}

func TestMain(m *testing.M) {
	syscall.Umask(0o022)
	work := childWork[os.Getenv(childDoes)]
	if work == nil {
		os.Exit(m.Run())
	}
	if n, err := strconv.ParseUint(os.Getenv(childLimit), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: 1 << 20}); err != nil {
			panic(err)
		}
	}
	if n, err := strconv.Atoi(os.Getenv(childKill)); err == nil {
		step = func(string) error {
			if n--; n == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		}
	}
	if err := work(os.Getenv(childDir)); err != nil {
		fmt.Fprint(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child runs one of childWork. It returns what it said, and whether it was killed.
func child(t *testing.T, does, dir string, env ...string) (said string, killed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childDoes+"="+does, childDir+"="+dir), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err := cmd.Run()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		if s.Signal() != syscall.SIGKILL {
			t.Fatalf("%s: %v", does, err)
		}
		return "", true
	}
	if (err == nil) != (stderr.Len() == 0) {
		t.Fatalf("%s: %v: %s", does, err, stderr.String())
	}
	return stderr.String(), false
}

func killBefore(n int) string { return childKill + "=" + strconv.Itoa(n) }
func limit(n int) string      { return childLimit + "=" + strconv.Itoa(n) }
