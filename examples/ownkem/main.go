// Command ownkem runs a whole TLS 1.3 handshake over a KEM of your own. Its one idea:
// a KEM is an offer and an answer too (frodo.go). The offer is a public key, the answer
// a secret sealed under it, and nothing else in the handshake has to know.
//
// It wraps circl's kem.Scheme by hand, to show how; kx.FromKEM does it in a line.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
)

func main() {
	if err := run(os.Stdout, ""); err != nil {
		log.Fatal(err)
	}
}

// run writes the handshake's transcript to w; the same seed gives the same one.
func run(w io.Writer, seed string) error {
	page := lesson.NewTerminal(w, render.TerminalOptions{})
	o := scenario.Options{Seed: seed, Version: iana.TLS13, Groups: []kx.Group{Frodo{}}}
	t, err := scenario.Run(context.Background(), o, page)
	if err = errors.Join(err, page.Close()); err != nil {
		return err
	}
	return t.Outcome().Err
}
