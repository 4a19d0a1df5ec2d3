package trust

import (
	"fmt"
	"io"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/render"
	"tlslab/handshake/wire"
)

// dump writes documents in DER byte by byte, for --bytes.
type dump struct {
	w io.Writer
	*render.Dump
	o render.TerminalOptions
}

func newDump(w io.Writer, o render.TerminalOptions) *dump { return &dump{w, render.NewDump(w, o), o} }

// write writes b as walk divides it. Of what is no DER it divides what it can.
func (d *dump) write(walk func([]byte) ([]wire.Field, error), b []byte) error {
	fields, _ := walk(b)
	return d.Write(b, fields)
}

// headed is write with one of the command's sentences above.
func (d *dump) headed(key, name string, walk func([]byte) ([]wire.Field, error), b []byte) error {
	if _, err := fmt.Fprintf(d.w, "\n%s\n", cli.Say(d.o.Lang, key, "name", name)); err != nil {
		return err
	}
	return d.write(walk, b)
}
