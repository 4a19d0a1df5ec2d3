package cli

import (
	"os"

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
	cmd.SuggestionsMinimumDistance = 2
	cmd.SetOut(&Results{Writer: foreign.NewWriter(os.Stdout, false)})
	cmd.SetErr(foreign.NewWriter(os.Stderr, false))
	cmd.SetGlobalNormalizationFunc(alias)
	cmd.AddCommand(verbs...)
	return cmd
}

// Main runs the command line and returns the exit status.
func Main(root *cobra.Command) int {
	cmd, err := root.ExecuteC()
	if r, ok := root.OutOrStdout().(*Results); ok {
		err = FirstError(err, r.Err())
	}
	return Explain(root.ErrOrStderr(), cmd, err)
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
