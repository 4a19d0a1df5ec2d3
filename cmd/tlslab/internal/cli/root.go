package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tlslab/handshake/foreign"
)

// started marks a command whose line was understood: errors from then on are not
// about usage unless they say so.
const started = "started"

// Root gives a command its verbs, and what all of them share. What a verb prints goes through
// a net that escapes what a peer could do to a terminal (package foreign). A verb that must
// write past it asks for Unfiltered: for a transcript, which has a net of its own that knows
// whether colours are on, or for application data.
func Root(cmd *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	cmd.Version = Version()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.Args = NoVerb
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		cmd.Annotations = map[string]string{started: "yes"}
	}
	cmd.SetHelpFunc(help)
	cmd.SetOut(&Results{Writer: foreign.NewWriter(os.Stdout, false)})
	cmd.SetErr(NewNotes(os.Stderr, os.Stderr))
	cmd.SetGlobalNormalizationFunc(alias)
	cmd.AddCommand(verbs...)
	helpVerb(cmd)
	helpLang(cmd)
	return cmd
}

// helpVerb is cobra's verb help, which of a verb that there is not says nothing but the help of all.
func helpVerb(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, verb := range root.Commands() {
		if verb.Name() != "help" {
			continue
		}
		verb.Run = nil
		verb.RunE = func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				if about.HasSubCommands() {
					return NoVerb(about, rest)
				}
				return None("")(about, rest)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		}
	}
}

// Main runs the command line and returns the exit status.
func Main(root *cobra.Command) int {
	Arguments(root, os.Args[1:])
	cmd, err := root.ExecuteC()
	if r, ok := root.OutOrStdout().(*Results); ok {
		err = FirstError(err, r.Err())
	}
	return Explain(root.ErrOrStderr(), cmd, err)
}

// asked is the annotation that holds the --lang of a command line that was not understood.
const asked = "lang"

// Arguments are those with which the command runs. What is wrong with them is said in the language
// that they ask for, also where it stands behind what is wrong.
func Arguments(root *cobra.Command, args []string) {
	root.SetArgs(args)
	root.Annotations = map[string]string{typed: strings.Join(args, "\n")}
	if len(args) > 0 {
		root.Annotations[begins] = args[0]
	}
	for i, a := range args {
		v, ok := strings.CutPrefix(a, "--lang=")
		switch {
		case a == "--":
			return
		case ok:
			root.Annotations[asked] = v
		case a == "--lang" && i+1 < len(args):
			root.Annotations[asked] = args[i+1]
		}
	}
}

// alias lets a flag go by two names: one group or several, one ticket or several.
func alias(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "groups":
		name = "group"
	case "no-tickets":
		name = "no-ticket"
	}
	return pflag.NormalizedName(name)
}
