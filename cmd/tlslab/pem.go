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
	file := p.File
	if file == "" || file == "-" {
		file = say(langOf(cmd), "pem_stdin")
	}
	where := file
	if p.Line > 0 {
		where = say(langOf(cmd), "pem_where", "file", file, "line", strconv.Itoa(p.Line))
	}
	key := "pem_" + string(p.Fault)
	if p.Fault == pki.PEMNothing && p.Got != "" {
		key = "pem_only"
	}
	what, how := sayBoth(langOf(cmd), key, "where", where, "file", file,
		"label", `"`+foreign.Quote(p.Label)+`"`, "wanted", p.Label, "begin", strconv.Itoa(p.Begin), "got", p.Quoted(), "command", pki.Conversion(p.Label))
	return &trouble{statusFailed, what, how, p}
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
