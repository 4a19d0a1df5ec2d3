// Command stepbystep turns the crank of a handshake by hand. Its one idea: an
// endpoint has no socket and no goroutine. It is a table of moves, and whoever holds
// it makes each move, carries the bytes, and may ask at any time what may come next.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/pki/lesson"
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	l, err := lesson.New(lesson.Options{}) // a server's chain, and a client's roots
	if err != nil {
		return err
	}
	client, err := handshake.NewClient(&handshake.Config{Roots: l.Roots, ServerName: l.Name})
	if err != nil {
		return err
	}
	server, err := handshake.NewServer(&handshake.Config{
		Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}})
	if err != nil {
		return err
	}
	// One end moves until it has to wait; then its flight goes to the other, whose
	// turn it is. The one who reads the last flight has nothing to answer.
	from, to := client, server
	for {
		if err := turn(w, from); err != nil {
			return err
		}
		if client.Done() && server.Done() {
			fmt.Fprintf(w, "both are there: %v\n", client.Summary().Suite)
			return nil
		}
		flight := from.Output()
		if len(flight) == 0 {
			return fmt.Errorf("the %v waits in %v, and nothing will come", from.Role(), from.State())
		}
		fmt.Fprintf(w, "%v ==> %d bytes ==> %v\n", from.Role(), len(flight), to.Role())
		to.Feed(flight)
		from, to = to, from
	}
}

// turn makes every move that e can make with what it has been fed.
func turn(w io.Writer, e *handshake.Endpoint) error {
	for {
		before, legal := e.State(), e.Legal()
		progress, err := e.Step()
		if err != nil || !progress {
			return err
		}
		if e.State() == before {
			continue // a record was opened; the message in it comes with the next step
		}
		fmt.Fprintf(w, "%v in %v may %s\n       and goes to %v\n", e.Role(), before, choice(legal), e.State())
	}
}

// choice puts the rows of the table into words. Two rows may name one message: where
// it leads then depends on what was negotiated.
func choice(legal []event.Move) string {
	var words []string
	for i, m := range legal {
		if i == 0 || m.Msg != legal[i-1].Msg {
			words = append(words, fmt.Sprintf("%v %v", m.Dir, m.Msg))
		}
	}
	return strings.Join(words, ", or ")
}
