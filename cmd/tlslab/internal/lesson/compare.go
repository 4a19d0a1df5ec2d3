package lesson

import (
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

type compareFlags struct {
	cli.View
	rtt          time.Duration
	keyAlgs      []string
	groups       []string
	stapled      string
	format, seed string
}

// NewCompare is the verb compare.
func NewCompare() *cobra.Command {
	c := new(compareFlags)
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Count what each way to a reply takes: messages, bytes, signatures, round trips",
		Long: `Play RSA, ECDHE, ECDHE with False Start, resumption by session ID and by ticket, TLS 1.3,
its PSK and its 0-RTT, over a simulated path, and set side by side what they took: full
and resumed, with each kind of chain, with and without a stapled status, and the time to
the first byte of the reply, TCP's round trip included.

The clock is simulated: nothing waits, and what endpoints compute takes no time.`,
		Example: `  tlslab compare
  tlslab compare --rtt 180ms --key-alg p256 --stapled
  tlslab compare --group X25519MLKEM768,X25519 --key-alg rsa --stapled=no
  tlslab compare --format json --seed 1
  tlslab compare --format html --out ways.html`,
		Args: cli.None(""),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd, cmd.OutOrStdout()) },
	}
	c.LangFlag(cmd)
	f := cmd.Flags()
	f.DurationVar(&c.rtt, "rtt", 50*time.Millisecond, "`time` there and back on the simulated path: 50ms, 1s")
	f.StringSliceVar(&c.keyAlgs, "key-alg", []string{"rsa", "p256"}, "kinds of chain: "+strings.Join(switches.KeyNames(), ", "))
	f.StringSliceVar(&c.groups, "group", nil, "groups, most preferred first (default: X25519; also --groups)")
	f.StringVar(&c.stapled, "stapled", "both", "with an OCSP status stapled: yes, no or both; alone it says yes")
	f.Lookup("stapled").NoOptDefVal = "yes"
	cli.FormatFlag(cmd, &c.format, compareFormats...)
	f.StringVar(&c.seed, "seed", "", "fix all randomness and the clock: the same seed, the same bytes")
	f.StringVar(&c.Color, "color", "auto", "auto, always or never; NO_COLOR is heeded")
	f.StringVar(&c.Out, "out", "", "write to this `file`")
	cli.Complete(cmd, "key-alg", switches.KeyNames)
	cli.Complete(cmd, "group", func() []string { return append(switches.GroupNames(), switches.UnlistedNames()...) })
	cli.Complete(cmd, "stapled", func() []string { return []string{"yes", "no", "both"} })
	cli.Complete(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
	return cmd
}

var compareFormats = []string{cli.Text, cli.JSON, cli.HTML}

func (c *compareFlags) run(cmd *cobra.Command, to io.Writer) (err error) {
	o, err := c.options()
	if err != nil {
		return err
	}
	out, err := c.Open(to, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer func() {
		if cerr := out.Close(); err == nil {
			err = cerr
		}
	}()
	ways, err := scenario.Compare(cmd.Context(), o)
	if err != nil {
		return err
	}
	switch c.format {
	case cli.JSON:
		return lesson.WriteComparisonJSON(out, o.Seed, ways)
	case cli.HTML:
		return page.Write(out, narrate.Must(c.Lang, narrate.UI, "page.compared").Title, c.PageOptions(), func(to render.TerminalOptions) error {
			return lesson.WriteComparison(io.Discard, ways, to)
		})
	}
	return lesson.WriteComparison(out, ways, out.Options)
}

func (c *compareFlags) options() (o scenario.CompareOptions, err error) {
	o = scenario.CompareOptions{RTT: c.rtt, Seed: c.seed}
	if c.rtt <= 0 {
		return o, cli.Misuse("Say for instance --rtt 50ms.", "--rtt %v: no reply arrives before its request", c.rtt)
	}
	if err := cli.CheckFormat(c.format, compareFormats...); err != nil {
		return o, err
	}
	switch c.stapled {
	case "both":
	case "yes":
		o.Stapled = []bool{true}
	case "no":
		o.Stapled = []bool{false}
	default:
		return o, cli.Misuse("", "--stapled=%s: it is yes, no or both", c.stapled)
	}
	for _, name := range c.keyAlgs {
		alg, ok := switches.KeyAlg(name)
		if !ok {
			return o, cli.Misuse(reason.Usagef("There are %v.", reason.Names(switches.KeyNames())), "--key-alg %s: no such kind of key", name)
		}
		o.KeyAlgs = append(o.KeyAlgs, alg)
	}
	o.Groups, err = switches.Groups("--group", c.groups)
	return o, err
}
