// Tlslab is a TLS handshake with its lid off, at the command line: lessons that run
// in this process (run), the same transcript of live handshakes with any peer (client,
// server), a small certification authority (ca), and a verifier that shows every
// check it makes (verify).
//
// It is no more than flags and files around the packages. Its verbs are listed in verbs.go, and
// live in the rooms of internal: lesson (run, compare, replay), live (client, server), capture
// (proxy), trust (ca, verify) and lists (groups, list). What they share is in internal/cli, how
// they speak and write, and in internal/flags, what a flag means wherever it occurs. Read
// internal/cli/voice.go first.
package main

import (
	"os"

	"tlslab/cmd/tlslab/internal/cli"
)

func main() { os.Exit(cli.Main(newRootOf(cli.Asked(verbs, os.Args[1:])))) }
