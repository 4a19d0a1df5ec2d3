package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tlslab/handshake/reason"
)

// What somebody may have meant who typed what there is not. Whoever comes from openssl writes -connect, or
// s_client -connect; whoever comes from curl, a host alone.

// meant says which flag was meant on a line that pflag did not understand; nothing if there is none like it.
func meant(cmd *cobra.Command, err error) reason.Usage {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return reason.Usage{}
	}
	name := unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" { // a name behind one dash, and perhaps its value
		name, _, _ = strings.Cut(short, "=")
		if len(name) == 1 {
			return reason.Usage{}
		}
	}
	if !cmd.HasParent() { // a flag of a verb, in front of it, or with none
		if cmd = verbFor(cmd, name); cmd == nil {
			return reason.Usage{}
		}
	}
	if flag := nearest(cmd, name); flag != "" {
		return didYouMean(cmd, "--"+flag)
	}
	return reason.Usage{}
}

func didYouMean(cmd *cobra.Command, what string) reason.Usage {
	return reason.Usagef("Did you mean: %s %s", cmd.CommandPath(), what)
}

// typed is the annotation that holds the words of the command line, one a line.
const typed = "typed"

// verbFor is the verb on a line that begins with a flag, or the first that has this flag; nil if none has.
func verbFor(root *cobra.Command, flag string) *cobra.Command {
	var has *cobra.Command
	for _, verb := range root.Commands() {
		if verb.Flags().Lookup(flag) == nil {
			continue
		}
		if strings.Contains("\n"+root.Annotations[typed]+"\n", "\n"+verb.Name()+"\n") {
			return verb
		}
		if has == nil || verb.Name() == "run" { // where one begins
			has = verb
		}
	}
	return has
}

// nearest is the flag of cmd that is spelled most like name, or "". Letters' case does not count, and a long name may
// be shortened.
func nearest(cmd *cobra.Command, name string) string {
	near := &cobra.Command{SuggestionsMinimumDistance: 1} // which compares names as it does those of verbs
	if len(name) > 5 {
		near.SuggestionsMinimumDistance = 2
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		near.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	all := near.SuggestionsFor(name)
	for _, flag := range all {
		if strings.EqualFold(flag, name) {
			return flag
		}
	}
	if len(all) == 0 || len(name) < 3 {
		return ""
	}
	return all[0]
}

// noSuchVerb refuses a line that begins with a word that is no verb, and goes on with flags, which nobody can know.
func noSuchVerb(root *cobra.Command) error {
	first := root.Annotations[begins]
	if first == "" || strings.HasPrefix(first, "-") {
		return nil
	}
	return NoVerb(root, []string{first})
}

// begins is the annotation that holds the first word of the command line.
const begins = "begins"
