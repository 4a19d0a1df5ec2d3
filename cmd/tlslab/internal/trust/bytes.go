package trust

import (
	"fmt"
	"io"

	"tlslab/handshake/render"
	"tlslab/handshake/wire"
)

// dump writes documents in DER byte by byte, for --bytes.
type dump struct {
	w io.Writer
	*render.Dump
}

func newDump(w io.Writer, o render.TerminalOptions) *dump { return &dump{w, render.NewDump(w, o)} }

// write writes b as walk divides it. Of what is no DER it divides what it can.
func (d *dump) write(walk func([]byte) ([]wire.Field, error), b []byte) error {
	fields, _ := walk(b)
	return d.Write(b, fields)
}

// headed is write with a sentence above.
func (d *dump) headed(said string, walk func([]byte) ([]wire.Field, error), b []byte) error {
	if _, err := fmt.Fprintf(d.w, "\n%s\n", said); err != nil {
		return err
	}
	return d.write(walk, b)
}
