// Command firsthandshake prints a whole TLS handshake, each step explained. Its one
// idea: a lesson is a value, and what writes it down is a listener.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"

	"tlslab/handshake/iana"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
)

func main() {
	if err := run(os.Stdout, scenario.Options{Kx: []iana.Kx{iana.KxECDHE}}); err != nil {
		log.Fatal(err)
	}
}

// run plays the lesson that o describes and writes its transcript to w.
func run(w io.Writer, o scenario.Options) error {
	page := lesson.NewTerminal(w, render.TerminalOptions{})
	_, err := scenario.Run(context.Background(), o, page)
	return errors.Join(err, page.Close())
}
