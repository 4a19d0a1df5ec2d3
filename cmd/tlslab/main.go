// Tlslab is a TLS handshake with its lid off, at the command line: lessons that run
// in this process (run), the same transcript of live handshakes with any peer (client,
// server), a small certification authority (ca), and a verifier that shows every
// check it makes (verify).
//
// It is no more than flags and files around the packages: what a verb does is in the
// file that bears its name, what all verbs share is in flags.go, output.go and voice.go.
package main

import (
	"os"

	"tlslab/cmd/tlslab/internal/cli"
)

func main() { os.Exit(cli.Main(newRoot())) }
