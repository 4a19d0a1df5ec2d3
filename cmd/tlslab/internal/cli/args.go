package cli

import (
	"github.com/spf13/cobra"

	"tlslab/handshake/reason"
)

// None is cobra's NoArgs in our voice. A word that stands alone may have been meant for a flag, if the verb has one
// without which it does nothing.
func None(flag string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		var remedy reason.Usage
		if flag != "" && len(args) == 1 && !cmd.Flags().Changed(flag) {
			remedy = didYouMean(cmd, "--"+flag+" "+args[0])
		}
		return Misuse(remedy, "%q is one word too many", args[0])
	}
}

// Exactly is cobra's ExactArgs in our voice: what names the arguments that are missing.
func Exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return Misuse("", "missing: %s", reason.Usage{Format: what})
		case len(args) > n:
			return Misuse("", "%q is one word too many", args[n])
		}
		return nil
	}
}

// AtLeast is cobra's MinimumNArgs in our voice.
func AtLeast(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < n {
			return Misuse("", "missing: %s", reason.Usage{Format: what})
		}
		return nil
	}
}

// Complete offers values for a flag in the shell.
func Complete(cmd *cobra.Command, flag string, values func() []string) {
	complete(cmd, flag, values, cobra.ShellCompDirectiveNoFileComp)
}

// Begin does so with what a value begins with: the shell leaves no space behind it.
func Begin(cmd *cobra.Command, flag string, beginnings ...string) {
	complete(cmd, flag, func() []string { return beginnings }, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
}

func complete(cmd *cobra.Command, flag string, values func() []string, how cobra.ShellCompDirective) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values(), how
	})
	if err != nil {
		panic(err) // the flag's name is written a few lines above each call
	}
}

// NoVerb refuses an unknown verb, and says what it may have meant.
func NoVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	remedy := reason.Usagef("The verbs are listed by: %s --help", cmd.CommandPath())
	if cmd.SuggestionsMinimumDistance = 1; len(args[0]) > 3 { // of what is shorter, two letters are most
		cmd.SuggestionsMinimumDistance = 2
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		remedy = didYouMean(cmd, near[0])
	}
	return Misuse(remedy, "there is no verb %q", args[0])
}
