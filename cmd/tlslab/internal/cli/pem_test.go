package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/handshake/narrate"
	"tlslab/pki"
)

// Whatever can be wrong with a PEM text is told in each language, with file, line and
// what to do, and with nothing of the file's own text raw.
func TestPEMTroubleIsTold(t *testing.T) {
	for _, lang := range narrate.Langs() {
		cmd := &cobra.Command{}
		new(View).LangFlag(cmd)
		if err := cmd.Flags().Set("lang", string(lang)); err != nil {
			t.Fatal(err)
		}
		for _, fault := range pki.PEMFaults() {
			for _, got := range []string{"", "\x1b[2J\u202e\u0085"} {
				p := &pki.PEMError{Fault: fault, File: "chain.pem", Line: 23, Begin: 17, Label: "PKCS7", Got: got}
				told := pemTrouble(cmd, p)
				all := told.What + told.Remedy
				if !strings.Contains(told.What, "chain.pem") || !strings.Contains(told.What, "23") || told.Remedy == "" ||
					strings.ContainsAny(all, "{}\x1b\u202e\u0085") || strings.Contains(told.Remedy, "{command}") {
					t.Errorf("%s, %s: %q, %q", lang, fault, told.What, told.Remedy)
				}
				if lang == narrate.Zh && !strings.ContainsAny(told.What, "文第") {
					t.Errorf("%s is not told in Chinese: %q", fault, told.What)
				}
			}
		}
	}
}
