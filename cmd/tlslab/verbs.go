package main

import (
	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/capture"
	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/explain"
	"tlslab/cmd/tlslab/internal/lesson"
	"tlslab/cmd/tlslab/internal/lists"
	"tlslab/cmd/tlslab/internal/live"
	"tlslab/cmd/tlslab/internal/trust"
	"tlslab/cmd/tlslab/internal/web"
)

// verbs are the command's, in the order in which its help lists them.
var verbs = []cli.Verb{
	{Name: "run", New: lesson.NewRun},
	{Name: "compare", New: lesson.NewCompare},
	{Name: "replay", New: lesson.NewReplay},
	{Name: "web", New: func() *cobra.Command { return web.New(lesson.Replays()) }},
	{Name: "client", New: live.NewClient},
	{Name: "server", New: live.NewServer},
	{Name: "proxy", New: capture.NewProxy},
	{Name: "explain", New: explain.New},
	{Name: "ca", New: trust.NewCA},
	{Name: "verify", New: trust.NewVerify},
	{Name: "groups", New: lists.NewGroups},
	{Name: "list", New: lists.NewList},
}

// newRoot is the whole command.
func newRoot() *cobra.Command { return newRootOf(verbs) }

// newRootOf is the command with some of its verbs.
func newRootOf(verbs []cli.Verb) *cobra.Command {
	return cli.Root(&cobra.Command{
		Use:   "tlslab",
		Short: "A TLS handshake with its lid off",
		Long: `tlslab shows a TLS handshake move by move: who sends what and why, every field
by its name, every secret and what it was made from.

Begin with:  tlslab run`,
		Example: `  tlslab run                        the first lesson, on one screen
  tlslab run --kx ecdhe             one handshake, explained from the CA to the last byte
  tlslab run --tls 1.3              the same in TLS 1.3
  tlslab run --mitm --trust-mitm    a capture tool at work, and what made it possible
  tlslab server --accept :8443 --www --write-root root.pem
  tlslab client --connect localhost:8443 --CAfile root.pem`,
	}, cli.Built(verbs)...)
}
