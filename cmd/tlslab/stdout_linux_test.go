package main

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
)

// printing is a run of each verb that prints results to standard output. Those that are not
// here say why they are not.
var printing = map[string]func(w *writing, prelude string, flags []string) (said string, status int){
	"tlslab":          once(),
	"tlslab run":      once("run", "--kx", "ecdhe", "--tls", "1.2"),
	"tlslab compare":  once("compare", "--key-alg", "p256", "--stapled=no"),
	"tlslab replay":   once("replay"),
	"tlslab verify":   once("verify", "--CAfile", "ca/ca.pem", "--servername", "localhost", "localhost.pem"),
	"tlslab groups":   once("groups"),
	"tlslab help":     once("help", "run"),
	"tlslab list":     once("list", "suites"),
	"tlslab ca":       once("ca"),
	"tlslab ca init":  nil, // what it says is said on standard error: its results are files
	"tlslab ca issue": once("ca", "issue", "www.lab.test", "--kind", "p256", "--force"),
	"tlslab ca sign":  once("ca", "sign", "www.csr", "--force"),
	"tlslab ca ocsp":  nil,
	"tlslab ca show":  once("ca", "show", "ca/ca.pem"),
	"tlslab client":   (*writing).client,
	"tlslab server": func(w *writing, prelude string, flags []string) (string, int) {
		return w.serving(prelude, slices.Concat([]string{"server", "--accept", "127.0.0.1:0", "--cadir", "ca"}, flags), func(port string) {
			c := clitest.DialServer(w.t, "127.0.0.1:"+port)
			_, err := io.WriteString(c, "hello\n")
			if err = errors.Join(err, c.CloseWrite()); err != nil {
				w.t.Error(err)
			}
			_, _ = io.Copy(io.Discard, c) // it closes when it has printed
		})
	},
	"tlslab proxy":    (*writing).proxy,
	"tlslab explain":  (*writing).explain,
	"tlslab web":      (*writing).web,
	"tlslab proxy ca": once("proxy", "ca", "--confdir", "px"),
}

// TestResultsUnwritten: a verb whose results could not be written has not done what it was
// asked for, and says why. So it is with the help of each.
func TestResultsUnwritten(t *testing.T) {
	const full = "exec >/dev/full;"
	w := beginWriting(t)
	found := 0
	failed := func(w *writing, what, said string, status int) {
		w.t.Helper()
		if status != cli.StatusFailed || strings.Count(said, "no space left on device") != 1 {
			w.t.Errorf("%s: status %d, and it said\n%s", what, status, said)
		}
	}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		found++
		args := strings.Fields(cmd.CommandPath())[1:]
		said, status := w.sh(full, "", append(args, "--help")...)
		failed(w, cmd.CommandPath()+" --help", said, status)
		run, known := printing[cmd.CommandPath()]
		if !known {
			t.Errorf("%s is not in the table", cmd.CommandPath())
		}
		if run != nil {
			t.Run(cmd.CommandPath(), func(t *testing.T) {
				w := &writing{t, w.dir}
				if said, status := run(w, "", nil); status != 0 {
					t.Fatalf("with room it ends with %d: %s", status, said)
				}
				said, status := run(w, full, nil)
				failed(w, cmd.CommandPath(), said, status)
			})
		}
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(newRoot())
	if found != len(printing) {
		t.Errorf("%d verbs, and %d in the table", found, len(printing))
	}
	for _, args := range []string{"--version", "completion bash", "help run", "list groups", "list schemes", "list certs", "groups --format json", "run --format json"} {
		said, status := w.sh(full, "", strings.Fields(args)...)
		failed(w, args, said, status)
	}
}
