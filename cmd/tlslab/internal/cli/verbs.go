package cli

import (
	"slices"

	"github.com/spf13/cobra"
)

// A Verb is one of a command's: its name, and what builds it with all its flags.
type Verb struct {
	Name string
	New  func() *cobra.Command
}

// Built builds each of them.
func Built(verbs []Verb) (all []*cobra.Command) {
	for _, v := range verbs {
		all = append(all, v.New())
	}
	return all
}

// Asked are the verbs that a command line can need. All of them have some 400 flags between them, and those cost a
// start more than everything else that the command does before its work: so a line that begins with a verb gets
// that one, and --version alone gets none. Any other line (help, completion, a verb that there is not) speaks of all.
func Asked(verbs []Verb, args []string) []Verb {
	if len(args) == 1 && args[0] == "--version" {
		return nil
	}
	if len(args) > 0 {
		if i := slices.IndexFunc(verbs, func(v Verb) bool { return v.Name == args[0] }); i >= 0 {
			return verbs[i : i+1]
		}
	}
	return verbs
}
