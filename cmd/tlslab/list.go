package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
)

// lists are what flags take by name.
var lists = map[string]func(io.Writer){
	"suites":  listSuites,
	"groups":  listGroups,
	"schemes": listSchemes,
	"certs": func(w io.Writer) {
		for _, k := range certKinds() {
			fmt.Fprintln(w, k)
		}
	},
}

func newList() *cobra.Command {
	return &cobra.Command{
		Use:       "list suites|groups|schemes|certs",
		Short:     "List what --cipher, --group and --cert can name",
		Example:   "  tlslab list suites\n  tlslab list certs",
		ValidArgs: []string{"suites", "groups", "schemes", "certs"},
		Args:      exactly(1, "what to list: suites, groups, schemes or certs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, ok := lists[args[0]]
			if !ok {
				return misuse("There are suites, groups, schemes and certs.", "no list is called %q", args[0])
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			list(w)
			return w.Flush()
		},
	}
}

func listSuites(w io.Writer) {
	fmt.Fprintln(w, "ID\tIANA\tOPENSSL\tNOTE")
	for _, s := range suite.All() {
		note := ""
		if s.Weak {
			note = "encrypts nothing: only if named"
		}
		fmt.Fprintf(w, "0x%04x\t%v\t%s\t%s\n", uint16(s.ID), s, s.ID.OpenSSL(), note)
	}
}

func listGroups(w io.Writer) {
	fmt.Fprintln(w, "ID\tNAME\tKEY EXCHANGE")
	for _, g := range kx.Defaults12() {
		x := iana.KxECDHE
		if !kx.Serves(x, g) {
			x = iana.KxDHE
		}
		fmt.Fprintf(w, "0x%04x\t%s\t%v\n", uint16(g.ID()), g.Name(), x)
	}
}

func listSchemes(w io.Writer) {
	fmt.Fprintln(w, "ID\tNAME")
	for _, s := range sig.Defaults() {
		fmt.Fprintf(w, "0x%04x\t%s\n", uint16(s.ID), s.Name())
	}
}
