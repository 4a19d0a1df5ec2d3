package main

import (
	"io"
	"os"
	"runtime/debug"
	"sync"

	"tlslab/handshake/foreign"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// started marks a command whose line was understood: errors from then on are not
// about usage unless they say so.
const started = "started"

// root gives a command its verbs, and what all of them share. What a verb prints goes through
// a net that escapes what a peer could do to a terminal (package foreign). A verb that must
// write past it asks for unfiltered: for a transcript, which has a net of its own that knows
// whether colours are on, or for application data.
func root(cmd *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	cmd.Version = version()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.Args = noVerb
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		cmd.Annotations = map[string]string{started: "yes"}
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.SetOut(&results{Writer: foreign.NewWriter(os.Stdout, false)})
	cmd.SetErr(foreign.NewWriter(os.Stderr, false))
	cmd.SetGlobalNormalizationFunc(alias)
	cmd.AddCommand(verbs...)
	return cmd
}

// perform runs the command line and returns the exit status.
func perform(root *cobra.Command) int {
	cmd, err := root.ExecuteC()
	if r, ok := root.OutOrStdout().(*results); ok {
		err = firstError(err, r.err())
	}
	return explain(root.ErrOrStderr(), cmd, err)
}

// unfiltered is what w writes to, below the net.
func unfiltered(w io.Writer) io.Writer {
	if net, ok := w.(interface{ Unwrap() io.Writer }); ok {
		return net.Unwrap()
	}
	return w
}

// results is standard output, and remembers what went wrong there: a verb that prints line by
// line need not look after each, and cobra, which prints the help, does not.
type results struct {
	*foreign.Writer
	mu     sync.Mutex
	failed error
}

func (r *results) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.Writer.Write(p)
	if r.failed == nil {
		r.failed = err
	}
	return n, err
}

// err is the first error of a Write.
func (r *results) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
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

// noVerb refuses an unknown verb, and says what it may have meant.
func noVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	remedy := "The verbs are listed by: " + cmd.CommandPath() + " --help"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		remedy = "Did you mean: " + cmd.CommandPath() + " " + near[0]
	}
	return misuse(remedy, "there is no verb %q", args[0])
}

// version is the module's, as the go command stamped it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version + " (" + info.GoVersion + ")"
	}
	return "(devel)"
}
