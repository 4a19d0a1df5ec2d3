package explain

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
)

// run is the verb with those arguments.
func run(t *testing.T, args ...string) (said string, err error) {
	t.Helper()
	var b bytes.Buffer
	cmd := New()
	if args = append(args, "--no-pager"); !slices.Contains(args, "--CAfile") {
		args = append(args, "--CAfile", "../../../../handshake/explain/testdata/rsa.pem")
	}
	cmd.SetArgs(args)
	cmd.SetOut(&b)
	cmd.SetErr(&b)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return b.String(), err
}

// What was told of a file up to where it is broken is in --out, and of one of which nothing could be told --out
// knows nothing: it is as it was.
func TestOutWholeOrNot(t *testing.T) {
	file, err := os.ReadFile("../../../../handshake/explain/testdata/tls13.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const old = "what was there before"
	whole, cut, none := put("whole", file), put("cut", file[:len(file)-50]), put("none", []byte("no capture at all"))
	for _, row := range []struct {
		name   string
		args   []string
		fails  bool
		writes string // what --out must have; "": what it had
	}{
		{"whole", []string{whole}, false, "More: --show N"},
		{"cut", []string{cut}, true, "More: --show N"},
		{"no capture", []string{none}, true, ""},
		{"not there", []string{filepath.Join(dir, "nowhere")}, true, ""},
		{"no such connection", []string{whole, "--show", "99"}, true, ""},
		{"a document", []string{whole, "--show", "1", "--format", "json"}, false, `"recording"`},
		{"a document of one that is cut", []string{cut, "--show", "1", "--format", "json"}, true, `"recording"`},
		{"a list as JSON", []string{cut, "--format", "json"}, true, `"n":1`},
	} {
		out := put("out", []byte(old))
		said, err := run(t, append(row.args, "--out", out)...)
		got, _ := os.ReadFile(out)
		switch {
		case (err != nil) != row.fails:
			t.Errorf("%s: %v", row.name, err)
		case row.writes == "" && string(got) != old:
			t.Errorf("%s: --out has become %q", row.name, got)
		case !strings.Contains(string(got), row.writes):
			t.Errorf("%s: --out is %q", row.name, got)
		case err != nil && strings.Contains(said, "There is no TLS"):
			t.Errorf("%s: %q is said of what could not be read", row.name, said)
		}
	}
}

// A list is in order of numbers, but waits for none that does not end, whatever the file.
func TestListWaits(t *testing.T) {
	var b bytes.Buffer
	l := &list{out: &cli.Output{Writer: &b}, json: true, ordered: true}
	end := func(n int) { l.add(&explain.Connection{Number: n, TLS: n%2 == 0, Version: iana.TLS13}) }
	for _, n := range []int{3, 2, 4, 1} {
		end(n)
	}
	l.flush()
	if got := b.String(); !strings.Contains(got, `"n":2,`) || strings.Index(got, `"n":4,`) < strings.Index(got, `"n":2,`) {
		t.Errorf("2 and 4 are told as %s", got)
	}
	for n := 7; n < 7+3*maxWaiting; n++ { // 5 and 6 last
		if end(n); len(l.waiting) > maxWaiting+1 {
			t.Fatalf("%d wait for one that does not end", len(l.waiting))
		}
	}
	end(6)
	l.flush()
	if lines := strings.Count(b.String(), "\n"); lines != 3*maxWaiting/2+3 || !strings.Contains(b.String(), `"n":6,`) {
		t.Errorf("%d connections are told, 6 among them: %t", lines, strings.Contains(b.String(), `"n":6,`))
	}
}
