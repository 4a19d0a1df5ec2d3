package lesson

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
)

// boxFlags are the switches of the lesson with an interceptor, and of what a client sets
// against one.
type boxFlags struct {
	mitm, trustMITM, stolenCA, passthrough bool
	rewrite                                string
	clickThrough, pin                      bool
	all                                    bool
}

func (b *boxFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&b.mitm, "mitm", false, "an interceptor with a forging CA between client and server (a man in the middle)")
	f.BoolVar(&b.trustMITM, "trust-mitm", false, "the client has the interceptor's root installed (implies --mitm)")
	f.BoolVar(&b.stolenCA, "mitm-stolen-ca", false, "the interceptor signs with the key of a CA that the client trusts (implies --mitm)")
	f.BoolVar(&b.passthrough, "mitm-passthrough", false, "the interceptor forwards the bytes as they are (implies --mitm)")
	f.StringVar(&b.rewrite, "mitm-rewrite", "", "the interceptor changes `OLD=NEW` in what it relays, both ways (implies --mitm)")
	f.BoolVar(&b.clickThrough, "click-through", false, "the user goes on where the client warns of a certificate")
	f.BoolVar(&b.pin, "pin", false, "the client pins the server's key")
	f.BoolVar(&b.all, "all", false, "with --mitm: play every combination of its switches, and print the table")
}

// besideAll are the flags that have a meaning beside --all.
var besideAll = []string{"all", "mitm", "seed", "format", "lang", "color", "width", "out", "no-pager"}

// runAll plays every combination, and prints the table. Its status is 0: what is refused
// there was asked for.
func (r *runFlags) runAll(cmd *cobra.Command) (err error) {
	if !r.mitm {
		return cli.Misuse("Say: tlslab run --mitm --all", "--all is about the interceptor's switches")
	}
	other := ""
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if other == "" && !slices.Contains(besideAll, f.Name) {
			other = f.Name
		}
	})
	switch {
	case other != "":
		return cli.Misuse("Leave one of the two out.", "--all plays every combination, in TLS 1.2 and in TLS 1.3: it takes no --%s", other)
	case r.format == cli.Mermaid || cli.CheckFormat(r.format, runFormats...) != nil:
		return cli.Misuse("", "--format %s: of the table it is text, json or html", r.format)
	}
	r.NoPager = r.NoPager || r.format != cli.Text
	out, err := r.View.Open(cmd.OutOrStdout(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, out.Close()) }()
	verdicts, err := scenario.MITMMatrix(cmd.Context(), r.seed)
	if err != nil {
		return err
	}
	switch r.format {
	case cli.JSON:
		return lesson.WriteMITMMatrixJSON(out, verdicts, r.seed)
	case cli.HTML:
		return lesson.WriteMITMMatrixPage(out, verdicts, r.PageOptions())
	}
	return lesson.WriteMITMMatrix(out, verdicts, out.Options)
}
