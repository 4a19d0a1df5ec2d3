package har_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/mitm/har"
)

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

const killed = "TLSLAB_HAR_KILLED" // the file that the child writes

// TestMain is the child of TestKilled, too: it adds entries, and says so of each, until
// it is killed.
func TestMain(m *testing.M) {
	name := os.Getenv(killed)
	if name == "" {
		os.Exit(m.Run())
	}
	w, err := har.Create(name, har.Creator{Name: "tlslab", Version: "0"}, "")
	if err != nil {
		panic(err)
	}
	for n := 1; ; n++ {
		e := &har.Entry{Started: started, Response: har.NoResponse(), Comment: strings.Repeat("x", 20_000)}
		e.Request.URL = fmt.Sprintf("https://www.lab.test/%d", n)
		if err := w.Add(e); err != nil {
			panic(err)
		}
		fmt.Println(n)
	}
}

// TestKilled kills a process that does nothing but add entries of several pages, and so
// is in the middle of it. The file is valid and has every entry that was reported.
func TestKilled(t *testing.T) {
	for i := range 25 {
		name := filepath.Join(t.TempDir(), "c.har")
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
		added := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if added, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if added == 1+i {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("it was not killed")
		}
		entries := load(t, name).Entries
		if len(entries) < added || added == 0 {
			t.Errorf("%d entries of %d", len(entries), added)
		}
		for n, e := range entries {
			if e.Request.URL != fmt.Sprintf("https://www.lab.test/%d", n+1) {
				t.Errorf("entry %d is %s", n, e.Request.URL)
			}
		}
	}
}

// TestConcurrentAdds: many goroutines, one document, every entry once.
func TestConcurrentAdds(t *testing.T) {
	w, name := create(t)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			e := full(t)
			e.Connection = strconv.Itoa(i)
			if err := w.Add(e); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, e := range load(t, name).Entries {
		seen[e.Connection] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d entries of 100", len(seen))
	}
}
