package lists

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/mermaid"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/handshake/switches"
)

// lists are what flags take by name.
var lists = map[string]func(io.Writer, narrate.Lang) error{
	"suites":  listSuites,
	"groups":  listGroups,
	"schemes": listSchemes,
	"certs":   listCerts,
}

// listFlags are those of the states alone.
type listFlags struct {
	cli.View
	tls, format string
}

// NewList is the verb list.
func NewList() *cobra.Command {
	l := new(listFlags)
	cmd := &cobra.Command{
		Use:   "list suites|groups|schemes|certs|states [client|server]",
		Short: "List what --cipher, --group and --cert can name, and the states of a handshake",
		Long: `List what --cipher, --group and --cert can name. Of states it lists the moves that the
engine's own tables have, for a client or a server: in which state which message may be sent
or received, under which condition, and where that leads. As a diagram: --format mermaid.`,
		Example: `  tlslab list suites
  tlslab list certs
  tlslab list states client --tls 1.3
  tlslab list states server --tls 1.2 --format mermaid`,
		ValidArgs: []string{"suites", "groups", "schemes", "certs", "states"},
		Args:      cli.AtLeast(1, "what to list: suites, groups, schemes, certs or states"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "states" {
				return l.states(cmd.OutOrStdout(), args[1:])
			}
			list, ok := lists[args[0]]
			if !ok {
				return cli.Misuse("There are suites, groups, schemes, certs and states.", "no list is called %q", args[0])
			}
			if len(args) > 1 {
				return cli.Misuse("", "%q is one word too many", args[1])
			}
			if f := flags.FirstSet(flags.Given("--tls", l.tls != ""), flags.Given("--format", l.format != "text")); f != "" {
				return cli.Misuse("Leave it out, or list states.", "%s is for states", f)
			}
			if err := l.CheckLang(); err != nil {
				return err
			}
			return list(cmd.OutOrStdout(), l.Lang)
		},
	}
	l.LangFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&l.tls, "tls", "", "of states: 1.2 or 1.3 (default: both)")
	f.StringVar(&l.format, "format", "text", "of states: text or mermaid")
	cli.Complete(cmd, "tls", func() []string { return []string{"1.2", "1.3"} })
	cli.Complete(cmd, "format", func() []string { return []string{"text", "mermaid"} })
	return cmd
}

// states lists the rows of the engine's tables.
func (l *listFlags) states(w io.Writer, args []string) error {
	role := event.Client
	switch {
	case len(args) > 1:
		return cli.Misuse("", "%q is one word too many", args[1])
	case len(args) == 0, args[0] == event.Client.String():
	case args[0] == event.Server.String():
		role = event.Server
	default:
		return cli.Misuse("It is client or server.", "nobody is called %q", args[0])
	}
	version, ok := map[string]iana.Version{"": 0, "1.2": iana.TLS12, "1.3": iana.TLS13}[l.tls]
	if !ok {
		return cli.Misuse("", "--tls %s: it is 1.2 or 1.3", l.tls)
	}
	if err := l.CheckLang(); err != nil {
		return err
	}
	switch moves := handshake.Moves(role); l.format {
	case "mermaid":
		return mermaid.StateDiagram(w, moves, version)
	case "text":
		return render.StateList(w, role, moves, version, render.TerminalOptions{Lang: l.Lang})
	}
	return cli.Misuse("", "--format %s: it is text or mermaid", l.format)
}

func listSuites(out io.Writer, lang narrate.Lang) error {
	w := columned(out)
	fmt.Fprintf(w, "ID\tIANA\tOPENSSL\t%s\n", cli.Say(lang, "list_note"))
	for _, s := range suite.All() {
		note := ""
		if s.Weak {
			note = cli.Say(lang, "list_null")
		}
		fmt.Fprintf(w, "0x%04x\t%v\t%s\t%s\n", uint16(s.ID), s, s.ID.OpenSSL(), note)
	}
	return w.Flush()
}

func listSchemes(out io.Writer, lang narrate.Lang) error {
	w := columned(out)
	fmt.Fprintf(w, "ID\t%s\n", cli.Say(lang, "groups_name"))
	for _, s := range sig.Defaults() {
		fmt.Fprintf(w, "0x%04x\t%s\n", uint16(s.ID), s.Name())
	}
	return w.Flush()
}

func listCerts(w io.Writer, _ narrate.Lang) error {
	_, err := fmt.Fprintln(w, strings.Join(switches.CertKinds(), "\n"))
	return err
}

func columned(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 8, 2, ' ', 0) }
