package trust

import (
	"fmt"
	"io"
	"strings"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/wire"
	"tlslab/pki/der"
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

// bundle writes a message of PKCS #7 around its certificates and its revocation lists, which are written by themselves.
func (d *dump) bundle(b []byte) error {
	fields, _ := der.WalkContentInfo(b)
	for i := range fields {
		if name := fields[i].Name; strings.HasSuffix(name, der.FieldBundled) || strings.HasSuffix(name, der.FieldBundledList) {
			fields[i].Value = wire.Group{} // whose bytes are not here
		}
	}
	return d.Write(b, fields)
}

// headed is write with a sentence above.
func (d *dump) headed(said string, walk func([]byte) ([]wire.Field, error), b []byte) error {
	if err := d.say(said); err != nil {
		return err
	}
	return d.write(walk, b)
}

func (d *dump) say(sentence string) error {
	_, err := fmt.Fprintf(d.w, "\n%s\n", sentence)
	return err
}

// pem says of a file that is PEM where the bytes are which it does not show.
func (d *dump) pem(lang narrate.Lang, is bool) error {
	if !is {
		return nil
	}
	return d.say(cli.Say(lang, "der_pem"))
}
