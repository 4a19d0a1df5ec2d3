// Command ownrsa runs a whole TLS 1.2 handshake over RSA key transport of your own. Its one idea: a
// server that says what is wrong with a ciphertext decrypts for whoever asks often enough
// (transport.go). main_test.go has the line that tests yours.
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
	t, err := scenario.Run(context.Background(), options(seed), page)
	if err = errors.Join(err, page.Close()); err != nil {
		return err
	}
	return t.Outcome().Err
}

// options has Transport take the place of ours in the RSA suites.
func options(seed string) scenario.Options {
	return scenario.Options{Seed: seed, Kx: []iana.Kx{iana.KxRSA}, Exchanges: []kx.Exchange{Transport{}}}
}
