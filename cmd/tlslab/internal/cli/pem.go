package cli

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// PEMBlocks reads the blocks of a PEM file, or of standard input for "-". If the file has
// no blocks, it may be DER, and the text comes back as it is.
func PEMBlocks(name string) (blocks []pki.PEMBlock, text []byte, err error) {
	if text, err = readFile(name); err != nil {
		return nil, nil, err
	}
	blocks, err = pki.ReadPEM(text)
	var p *pki.PEMError
	if errors.As(err, &p) {
		p.File = name
	}
	return blocks, text, err
}

// pemTrouble says in the reader's language what is wrong with a PEM file, on which
// line, and what to do.
func pemTrouble(cmd *cobra.Command, p *pki.PEMError) *Trouble {
	file := fileName(cmd, p.File)
	where := file
	if p.Line > 0 {
		where = Say(langOf(cmd), "pem_where", "file", file, "line", strconv.Itoa(p.Line))
	}
	key := "pem_" + string(p.Fault)
	if p.Fault == pki.PEMNothing && p.Got != "" {
		key = "pem_only"
	}
	if cause := pki.ContentCause(p.Got); key == "pem_only" && (p.Label == "CERTIFICATE" && cause != "" || cause == pki.CauseIsPKCS12) {
		e := narrate.Must(langOf(cmd), narrate.Reason, reason.CertificateMalformed.String()+"+"+cause)
		return ofFile(&Trouble{What: Say(langOf(cmd), "pem_only", "where", where, "wanted", p.Label, "got", p.Quoted()), Remedy: e.Text, Cause: p})
	}
	what, how := SayBoth(langOf(cmd), key,
		"where", where, "file", file,
		"label", `"`+foreign.Quote(p.Label)+`"`, "wanted", p.Label, "begin", strconv.Itoa(p.Begin), "got", p.Quoted(), "command", pki.Conversion(p.Label))
	return ofFile(&Trouble{What: what, Remedy: how, Cause: p})
}

// certificateTrouble says which certificate of a file cannot be read, what is wrong with it,
// and what to do.
func certificateTrouble(cmd *cobra.Command, c *pki.CertificateError) *Trouble {
	lang := langOf(cmd)
	where := fileName(cmd, c.File)
	if c.Line > 0 {
		where = Say(lang, "pem_where", "file", where, "line", strconv.Itoa(c.Line))
	}
	why := narrate.Must(lang, narrate.Reason, narrate.ReasonKey(c.Err))
	what := Say(lang, "file_unreadable", "where", where, "why", why.Title, "error", narrate.Fault(lang, c.Err))
	if c.N > 0 {
		what = Say(lang, "cert_unreadable", "where", where, "n", strconv.Itoa(c.N), "why", why.Title, "error", narrate.Fault(lang, c.Err))
	}
	return ofFile(&Trouble{What: what, Remedy: why.Text, Cause: c})
}

// leafTrouble says that a bundle's leaf cannot be told, and which certificates it may be.
func leafTrouble(cmd *cobra.Command, l *pki.LeafError) *Trouble {
	lang := langOf(cmd)
	if len(l.Candidates) == 0 {
		what, how := SayBoth(lang, "bundle_no_leaf", "file", fileName(cmd, l.File))
		return ofFile(&Trouble{What: what, Remedy: how, Cause: l})
	}
	const most = 5
	var names []string
	for _, c := range l.Candidates[:min(len(l.Candidates), most)] {
		names = append(names, `"`+foreign.Quote(c.Subject.String())+`"`)
	}
	if len(l.Candidates) > most {
		names = append(names, "…")
	}
	what, how := SayBoth(lang, "bundle_leaves", "file", fileName(cmd, l.File), "n", strconv.Itoa(len(l.Candidates)), "names", strings.Join(names, ", "))
	return ofFile(&Trouble{What: what, Remedy: how, Cause: l})
}

// fileName is what a file is called; standard input has no name.
func fileName(cmd *cobra.Command, file string) string {
	if file == "" || file == "-" {
		return Say(langOf(cmd), "pem_stdin")
	}
	return flagged(cmd, file)
}

// langOf is the reader's language, as the command's --lang says, also of a line that was not
// understood up to there, or the environment. A
// --lang that we do not speak has been refused before anything was read.
func langOf(cmd *cobra.Command) narrate.Lang {
	var v View
	if f := cmd.Flags().Lookup("lang"); f != nil {
		v.LangName = f.Value.String()
	}
	if cmd.Annotations[started] == "" && v.LangName == "" {
		v.LangName = cmd.Root().Annotations[asked]
	}
	if v.CheckLang() != nil {
		return narrate.En
	}
	return v.Lang
}

// readFile reads a file, or standard input for "-".
func readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}
