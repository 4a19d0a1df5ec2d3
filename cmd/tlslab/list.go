package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
)

// lists are what flags take by name.
var lists = map[string]func(io.Writer) error{
	"suites":  listSuites,
	"groups":  listGroups,
	"schemes": listSchemes,
	"certs":   listCerts,
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
			return list(cmd.OutOrStdout())
		},
	}
}

func listSuites(out io.Writer) error {
	w := columned(out)
	fmt.Fprintln(w, "ID\tIANA\tOPENSSL\tNOTE")
	for _, s := range suite.All() {
		note := ""
		if s.Weak {
			note = "encrypts nothing: only if named"
		}
		fmt.Fprintf(w, "0x%04x\t%v\t%s\t%s\n", uint16(s.ID), s, s.ID.OpenSSL(), note)
	}
	return w.Flush()
}

func listSchemes(out io.Writer) error {
	w := columned(out)
	fmt.Fprintln(w, "ID\tNAME")
	for _, s := range sig.Defaults() {
		fmt.Fprintf(w, "0x%04x\t%s\n", uint16(s.ID), s.Name())
	}
	return w.Flush()
}

func listCerts(w io.Writer) error {
	_, err := fmt.Fprintln(w, strings.Join(certKinds(), "\n"))
	return err
}

func columned(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 8, 2, ' ', 0) }
