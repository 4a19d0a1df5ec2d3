package main

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/pki"
)

// pemBlocks reads the blocks of a PEM file, or of standard input for "-". Of a file that
// has none, it may be DER, the text comes back as it is.
func pemBlocks(name string) (blocks []pki.PEMBlock, text []byte, err error) {
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
func pemTrouble(cmd *cobra.Command, p *pki.PEMError) *trouble {
	file := fileName(langOf(cmd), p.File)
	where := file
	if p.Line > 0 {
		where = say(langOf(cmd), "pem_where", "file", file, "line", strconv.Itoa(p.Line))
	}
	key := "pem_" + string(p.Fault)
	if p.Fault == pki.PEMNothing && p.Got != "" {
		key = "pem_only"
	}
	what, how := sayBoth(langOf(cmd), key,
		"where", where, "file", file,
		"label", `"`+foreign.Quote(p.Label)+`"`, "wanted", p.Label, "begin", strconv.Itoa(p.Begin), "got", p.Quoted(), "command", pki.Conversion(p.Label))
	return &trouble{statusFailed, what, how, p}
}

// certificateTrouble says which certificate of a file cannot be read, what is wrong with it,
// and what to do.
func certificateTrouble(cmd *cobra.Command, c *pki.CertificateError) *trouble {
	lang := langOf(cmd)
	where := fileName(lang, c.File)
	if c.Line > 0 {
		where = say(lang, "pem_where", "file", where, "line", strconv.Itoa(c.Line))
	}
	why := narrate.Must(lang, narrate.Reason, narrate.ReasonKey(c.Err))
	what := say(lang, "cert_unreadable", "where", where, "n", strconv.Itoa(c.N), "why", why.Title, "error", narrate.Fault(lang, c.Err))
	return &trouble{statusFailed, what, why.Text, c}
}

// fileName is what a file is called; standard input has no name.
func fileName(lang narrate.Lang, file string) string {
	if file == "" || file == "-" {
		return say(lang, "pem_stdin")
	}
	return file
}

// langOf is the reader's language, as the command's --lang says or the environment. A
// --lang that is none has been refused before anything was read.
func langOf(cmd *cobra.Command) narrate.Lang {
	var v view
	if f := cmd.Flags().Lookup("lang"); f != nil {
		v.langName = f.Value.String()
	}
	if v.checkLang() != nil {
		return narrate.En
	}
	return v.lang
}
