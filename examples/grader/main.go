// Command grader marks a run: what tlslab run --format json has written comes on standard
// input. Its one idea: a run is a document, and a demand on it is a function.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"slices"

	t "tlslab/handshake/transcript"
)

func main() {
	if err := run(os.Stdout, os.Stdin); err != nil {
		log.Fatal(err)
	}
}

// run marks each flow by each demand.
func run(w io.Writer, r io.Reader) error {
	d, err := t.Decode(r)
	for _, f := range d.Flows {
		some := func(is func(*t.Event) bool) bool { return slices.ContainsFunc(f.Events, is) }
		passed := func(party, check string) bool {
			return some(func(e *t.Event) bool { return e.Party == party && e.Name == check && e.Passed() })
		}
		fmt.Fprintln(w, f.Name, "fresh keys are exchanged:", some(fresh))
		fmt.Fprintln(w, f.Name, "the server's chain is good:", passed("client", "certificate_chain"))
		fmt.Fprintln(w, f.Name, "each end checks the other's Finished:", passed("client", "finished") && passed("server", "finished"))
		fmt.Fprintln(w, f.Name, "nobody else reads the data, not even later:", some(private))
	}
	return err
}

// fresh reports whether e brings a share of a key that is used once.
func fresh(e *t.Event) bool {
	return e.Name == "server_key_exchange" || slices.ContainsFunc(e.Fields, func(x t.Field) bool { return x.Path == "server_hello.extensions.key_share" })
}

// private reports whether e says what everybody can read, and client and server alone can.
func private(e *t.Event) bool {
	return e.Name == "knowledge" && !slices.ContainsFunc(e.Values, func(v t.Named) bool {
		return v.Name != "client" && v.Name != "server" && v.Value.Get("reads_data").True()
	})
}
