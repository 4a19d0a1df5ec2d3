package trust

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/clitest"
)

// A character of the report is one wherever the report is cut into pieces on its way out: at each of these
// widths the pieces end elsewhere.
func TestReportCutsNoCharacter(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) string { t.Helper(); return printed(t, args...) }
	ca, leaf := filepath.Join(dir, "ca"), filepath.Join(dir, "leaf.pem")
	run("ca", "init", ca)
	run("ca", "issue", "www.lab.test", "--cadir", ca, "--prefix", strings.TrimSuffix(leaf, ".pem"))
	for _, width := range strings.Fields("40 44 48 52 56 60 64 68 72 76 80 84 88 92 96 100") {
		out := run("verify", "--CAfile", filepath.Join(ca, "ca.pem"), "--servername", "www.lab.test", "--bytes", "--lang", "zh", "--width", width, leaf)
		if at := strings.Index(out, `\x`); at >= 0 || len(out) < 10<<10 {
			t.Errorf("%s columns, %d bytes: …%s", width, len(out), out[max(0, at-60):min(len(out), max(0, at)+60)])
		}
	}
}

// printed is what ca or verify prints, with status 0.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	root := &cobra.Command{Use: "tlslab"}
	root.AddCommand(NewCA(), NewVerify())
	var out, said bytes.Buffer
	if status := clitest.Command(root, t.Context(), strings.NewReader(""), &out, &said, args...); status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, &said)
	}
	return out.String()
}
