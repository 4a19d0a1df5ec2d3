// Command owngroup runs a whole TLS 1.3 handshake over a key exchange of your own. Its
// one idea: a key exchange is an offer and an answer (toy.go), and one line in Groups
// lets two ends speak it. main_test.go has the line that tests yours.
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
	o := scenario.Options{Seed: seed, Version: iana.TLS13, Groups: []kx.Group{Toy{}}}
	t, err := scenario.Run(context.Background(), o, page)
	if err = errors.Join(err, page.Close()); err != nil {
		return err
	}
	return t.Outcome().Err
}
