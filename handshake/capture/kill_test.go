package capture_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/capture"
)

const killed = "TLSLAB_PCAPNG_KILLED" // the file that the child writes

// TestMain is the child of TestKilled, too: it writes chunks, and says so of each tenth,
// until it is killed.
func TestMain(m *testing.M) {
	name := os.Getenv(killed)
	if name == "" {
		os.Exit(m.Run())
	}
	if err := writeUntilKilled(name); err != nil {
		panic(err)
	}
}

func writeUntilKilled(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w, err := capture.NewWriter(f, capture.Options{})
	if err != nil {
		return err
	}
	if _, err := w.Interface("", ""); err != nil {
		return err
	}
	st, err := w.Open(0, alice, bob, time.Now())
	if err != nil {
		return err
	}
	b := make([]byte, 40_000)
	for n := 1; ; n++ {
		if err := st.FromServer(time.Now(), b[:(n*7919)%len(b)]); err != nil {
			return err
		}
		if n%10 == 0 {
			fmt.Println(n)
		}
	}
}

// TestKilled kills a process that does nothing but write: it is in the middle of it. The
// file is complete, and has every chunk that was reported.
func TestKilled(t *testing.T) {
	for i := range 25 {
		name := filepath.Join(t.TempDir(), "c.pcapng")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killed+"="+name)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		chunks := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if chunks, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if chunks == 10*(1+i) {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("it was not killed")
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for n := 1; n <= chunks; n++ {
			want += (n * 7919) % 40_000
		}
		if got := len(follow(t, read(t, b).packets()).toClient); got < want || chunks == 0 {
			t.Errorf("%d bytes of %d", got, want)
		}
		if i == 0 && !t.Failed() {
			run(t, "editcap", name, name+".copy")
			if out := run(t, "capinfos", "-M", name); !strings.Contains(out, "Number of packets") {
				t.Errorf("capinfos:\n%s", out)
			}
		}
	}
}
