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

// newRoot is the whole command. What its verbs print goes through a net that escapes
// what a peer could do to a terminal (package foreign); who writes to something else asks
// for it with unfiltered, and that is a transcript, which has a net of its own that knows
// whether colours are on, or application data.
func newRoot() *cobra.Command {
	root := &cobra.Command{
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
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noVerb,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			cmd.Annotations = map[string]string{started: "yes"}
		},
		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(&results{Writer: foreign.NewWriter(os.Stdout, false)})
	root.SetErr(foreign.NewWriter(os.Stderr, false))
	root.SetGlobalNormalizationFunc(alias)
	root.AddCommand(newRun(), newCompare(), newReplay(), newClient(), newServer(), newProxy(), newCA(), newVerify(), newGroups(), newList())
	return root
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
