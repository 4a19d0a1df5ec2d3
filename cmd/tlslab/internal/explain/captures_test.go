package explain

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake/explain"
	"tlslab/handshake/narrate"
	"tlslab/handshake/observe"
	"tlslab/handshake/render"
)

var update = flag.Bool("update", false, "write testdata/failures.txt anew")

// What the list says of each capture in which something went wrong, in both languages: real software's, from
// handshake/explain/testdata, with the key log that is kept of it.
func TestFailures(t *testing.T) {
	const at = "../../../../handshake/explain/testdata/"
	names, err := filepath.Glob(at + "*.pcapng")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	roots, err := flags.RootsFrom(at + "root.pem")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString("What the list says of each capture in which something went wrong; -update writes it anew.\n")
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		o := explain.Options{Roots: roots, Keys: explain.Keys{Logged: new(observe.KeyLog)}}
		if log, err := os.ReadFile(strings.TrimSuffix(name, ".pcapng") + ".log"); err == nil {
			if err := o.Keys.Logged.Read(bytes.NewReader(log)); err != nil {
				t.Fatal(err)
			}
		}
		var all []*explain.Connection
		o.Each = func(c *explain.Connection) {
			if c.TLS && (c.Outcome.Cause != "" || c.Read.Cut) {
				all = append(all, c)
			}
		}
		if _, err := explain.Read(context.Background(), bytes.NewReader(file), o); err != nil {
			t.Fatal(err)
		}
		for i, c := range all {
			if i == 0 {
				fmt.Fprintf(&out, "\n# %s\n", strings.TrimSuffix(filepath.Base(name), ".pcapng"))
			}
			for _, lang := range narrate.Langs() {
				var b bytes.Buffer
				l := &list{out: &cli.Output{Writer: &b, Options: render.TerminalOptions{Lang: lang, Width: 80}}, lang: lang, given: true, headed: true}
				l.add(c)
				l.flush()
				out.Write(b.Bytes())
			}
		}
	}
	const golden = "testdata/failures.txt"
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(out.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("the list says otherwise than %s (-update writes it anew):\n%s", golden, out.String())
	}
}
