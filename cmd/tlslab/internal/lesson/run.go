package lesson

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// runFlags are the switches of a lesson, as typed.
type runFlags struct {
	cli.View
	flags.Offer
	flags.WhatIf
	flags.PreShared
	flags.CaptureFile
	format, seed, keyAlg string
	helloRetry           bool
	resume, cert, staple string
	boxFlags
	predictFlags
	clientAuth, etm      bool
	plain, untrustedRoot bool
	step, worksheet      bool
	answers              string
	alpn                 []string
}

// NewRun is the verb run.
func NewRun() *cobra.Command { return newRun(new(runFlags)) }

func newRun(r *runFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Play a lesson in this process and explain it",
		Long: `Play a lesson: a CA, a client and a server of our own, in this process, with no
network. Without flags it is three handshakes on a screen: RSA, ECDHE, TLS 1.3. A flag that
chooses a lesson, such as --tls 1.3, plays one, told flight by flight: --full tells
everything, and --message, --secrets, --checks, --myths and --ca one thing throughout.
Without a lesson chosen, these, --brief, --bytes, --step and --worksheet tell of all three.

Which version a flag plays: --tls 1.3, --hello-retry, --cookie, --key-update,
--padding, --compress-cert, --no-compat, --psk, and --resume psk or 0rtt are about TLS 1.3 and
play it; --group, --key-alg, --grease and --record-size-limit do so unless another flag asks for TLS
1.2; --cipher plays its suite's. All others that choose a lesson play ECDHE in TLS 1.2, or what --kx
names: add --tls 1.3 for the same there, if it has it.

Where client and server do not come together the status is 1, also where that was the
lesson; an attacker who is refused, as --resume shows one, changes nothing. A page that came from
the interceptor is a page; and the table of --mitm --all was asked for: both are 0.`,
		Example: `  tlslab run                                 trust, RSA, ECDHE, TLS 1.3, and who can read a recording
  tlslab run --kx rsa --step                 move by move; Enter goes on, ? says what else
  tlslab run --kx ecdhe --bytes              every byte under the name of its field
  tlslab run --tls 1.3                       TLS 1.3, flight by flight, and who can read it
  tlslab run --tls 1.3 --full                … each protected record as on the wire and opened
  tlslab run --tls 1.3 --message 5           … one message alone, every byte of it
  tlslab run --group X448                    TLS 1.3 over another group (tlslab groups)
  tlslab run --hello-retry --cookie          the server sends the client back
  tlslab run --key-update --padding 100      new keys after the handshake; records that hide their length
  tlslab run --tls 1.3 --predict             … asks before it tells: what comes, who reads it, is it believed
  tlslab run --mitm                          an interceptor (man in the middle), refused
  tlslab run --mitm --trust-mitm             … and believed, since its root is installed
  tlslab run --trust-mitm --mitm-rewrite hello=howdy    … and changing what passes
  tlslab run --trust-mitm --client-auth --tls 1.3       a server that demands a client certificate
  tlslab run --mitm --all                    every combination of the interceptor's switches
  tlslab run --resume ticket                 an abbreviated handshake, a captured and a stolen session
  tlslab run --resume psk                    the same in TLS 1.3, and what a stolen ticket's key opens
  tlslab run --resume 0rtt                   the request goes at once, and can be replayed
  tlslab run --psk 0102…1f20 --psk-ke        a key that both ends were given, and no forward secrecy
  tlslab run --alpn h2 --tls 1.3 --full      ALPN, and the request in HTTP/2, frame by frame
  tlslab run --cert expired                  what the client checks, and where it stops
  tlslab run --cipher NULL-SHA256            nothing is encrypted: read it off the wire
  tlslab run --cipher TLS_SHA256_SHA256      the same in TLS 1.3 (RFC 9150)
  tlslab run --kx rsa --seed alice --worksheet --answers alice.json
  tlslab run --tls 1.3 --format html --out tls13.html    a page: open it in a browser
  tlslab run --format mermaid                a sequence diagram`,
		Args: cli.None(""),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd) },
	}
	r.View.Flags(cmd)
	r.View.TellingFlags(cmd)
	r.View.CAFlag(cmd)
	r.View.PagerFlag(cmd)
	r.Offer.Flags(cmd)
	r.WhatIf.Flags(cmd)
	r.PreShared.Flags(cmd)
	r.CaptureFile.Flags(cmd, false)
	r.ClientFlags(cmd)
	r.ServerFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&r.helloRetry, "hello-retry", false, "the client sends no key share, so the server asks for one (TLS 1.3)")
	f.StringSliceVar(&r.alpn, "alpn", nil, "what both ends speak after the handshake, best first: h2,http/1.1; h2 is HTTP/2")
	f.StringVar(&r.keyAlg, "key-alg", "", "certificates with keys of this `kind`: "+strings.Join(switches.KeyNames(), ", "))
	r.boxFlags.flags(cmd)
	f.StringVar(&r.resume, "resume", "", "resume a session, then attack it: by id or ticket (TLS 1.2), psk or 0rtt (TLS 1.3)")
	f.BoolVar(&r.clientAuth, "client-auth", false, "the server demands a client certificate")
	f.BoolVar(&r.etm, "etm", false, "encrypt-then-MAC (RFC 7366), with a CBC suite (TLS 1.2)")
	f.BoolVar(&r.plain, "plain", false, "first the same request over bare TCP, as a listener sees it")
	f.BoolVar(&r.untrustedRoot, "untrusted-root", false, "the client does not have the root installed")
	f.StringVar(&r.cert, "cert", "", "a certificate chain of this `kind`: expired, wrong.host, … (tlslab list certs)")
	f.StringVar(&r.staple, "staple", "", "the server staples an OCSP response: good, revoked, stale, unknown; or none, though asked")
	f.StringVar(&r.seed, "seed", "", "fix randomness and clock by this text: two runs are identical")
	cli.FormatFlag(cmd, &r.format, runFormats...)
	f.BoolVar(&r.step, "step", false, "wait before each move, and say what may legally happen; Enter goes on, ? lists the other keys")
	f.BoolVar(&r.worksheet, "worksheet", false, "blank the derived values, for students to compute")
	f.StringVar(&r.answers, "answers", "", "write what belongs in the blanks to this `file`, as JSON (mode 0600; implies --worksheet)")
	r.predictFlags.flags(cmd)
	cli.Complete(cmd, "alpn", scenario.Protocols)
	cli.Complete(cmd, "resume", switches.Resumptions)
	cli.Complete(cmd, "cert", switches.CertKinds)
	cli.Complete(cmd, "key-alg", switches.KeyNames)
	cli.Complete(cmd, "staple", switches.StapleKinds)
	return cmd
}

var runFormats = []string{cli.Text, cli.JSON, cli.HTML, cli.Mermaid}

func (r *runFlags) run(cmd *cobra.Command) (err error) {
	if r.all {
		return r.runAll(cmd)
	}
	if err := cli.FirstError(r.checkFormat(cmd), r.checkPredict()); err != nil { // before one flag implies another
		return err
	}
	o, err := r.options()
	if err != nil {
		return err
	}
	r.worksheet = r.worksheet || r.answers != ""
	r.Full = r.Full || (r.step || r.worksheet) && !r.Brief
	r.NoPager = r.NoPager || r.step || r.predict || r.format != cli.Text || r.firstScreen() // which is one screen
	out, err := r.View.Open(cmd.OutOrStdout(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, out.Close()) }()
	log, closeLog, err := cli.OpenKeyLog(r.KeyLog, false, r.Lang, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, closeLog()) }()
	o.KeyLog = log
	if err := r.CaptureFile.Open(flags.MadeUp, r.Lang, cmd.ErrOrStderr()); err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, r.CaptureFile.Close()) }()
	if err := cli.Try("--answers", r.answers); err != nil { // a name that cannot be written is not found out at the end
		return err
	}
	return r.play(cmd, o, out)
}

// play runs the lesson and shows it in the form asked for.
func (r *runFlags) play(cmd *cobra.Command, o scenario.Options, out *cli.Output) error {
	if r.format == cli.Text && !r.firstScreen() {
		return r.playText(cmd, o, out)
	}
	var listener event.Listener
	var s *stepper
	if r.step {
		s = newStepper(nil, cmd.InOrStdin(), cli.Unfiltered(cmd.ErrOrStderr()), out.Options)
		o.BeforeMove, listener = s.beforeMove, s
	}
	t, err := r.Perform(cmd.Context(), o, listener)
	if s != nil && errors.Is(s.err, errQuit) {
		return s.ended() // which its reader has asked for
	}
	if err != nil {
		return err
	}
	switch r.format {
	case cli.JSON:
		err = lesson.WriteJSON(out, t)
	case cli.Mermaid:
		err = lesson.WriteMermaid(out, t, out.Options.Lang)
	case cli.HTML:
		err = r.writePage(cmd, out, t)
	default:
		err = lesson.FirstScreen(out, t, out.Options)
	}
	if err != nil {
		return err
	}
	if end := t.Outcome(); !end.Done {
		key := narrate.Must(r.Lang, narrate.UI, "refused")
		if end.Intended {
			key = narrate.Must(r.Lang, narrate.UI, "refused_as_intended")
		}
		return cli.Failure("", "%s", key.Title)
	}
	return nil
}

// writePage writes the lesson as a page, or as a handout whose answers stay apart.
func (r *runFlags) writePage(cmd *cobra.Command, out *cli.Output, t *scenario.Transcript) error {
	if err := r.messageIn(t); err != nil { // and no page is written
		return err
	}
	o := r.PageOptions()
	o.Worksheet = r.worksheet
	if r.predict {
		z, err := r.quiz(cmd, t)
		if err != nil {
			return err
		}
		o.Predict = &z
	}
	var answers bytes.Buffer
	if err := lesson.WritePage(out, t, o, &answers); err != nil || r.answers == "" {
		return err
	}
	return r.writeAnswers(cmd, answers.Bytes())
}

// messageIn refuses a --message that no flow of a lesson has, in a form that shows it among others.
func (r *runFlags) messageIn(t *scenario.Transcript) error {
	if r.Alone.Message == 0 {
		return nil
	}
	term := lesson.NewTerminal(io.Discard, render.TerminalOptions{Only: render.Only{Message: r.Alone.Message}})
	for _, e := range t.Events() {
		term.Event(e)
	}
	if err := term.Close(); err != nil {
		return err
	}
	return r.MessageFound(term.Found())
}

func (r *runFlags) writeAnswers(cmd *cobra.Command, answers []byte) error {
	return cli.WriteSecret("--answers", r.answers, answers, r.Lang, cmd.ErrOrStderr())
}

// playText streams the annotated transcript.
func (r *runFlags) playText(cmd *cobra.Command, o scenario.Options, out *cli.Output) error {
	out.Options.Worksheet = r.worksheet
	var prompt io.Writer = out
	if r.Out != "" {
		prompt = cli.Unfiltered(cmd.ErrOrStderr())
	}
	if r.predict {
		return r.playPredicting(cmd, o, out, prompt)
	}
	to := io.Writer(out)
	var held bytes.Buffer // one message's: without a message of that number nothing is shown
	if r.Alone.Message != 0 && !r.step {
		to = &held
	}
	steps := newStepper(to, cmd.InOrStdin(), prompt, out.Options)
	term := lesson.NewTerminal(steps, out.Options)
	var listener event.Listener = term
	if r.step {
		steps.show(term, lesson.NewTerminal)
		o.BeforeMove, listener = steps.beforeMove, steps
	}
	t, err := r.Perform(cmd.Context(), o, listener)
	if errors.Is(steps.err, errQuit) {
		return steps.ended() // which its reader has asked for
	}
	if err != nil {
		unflushed := term.Flush()
		_, unwritten := held.WriteTo(out)
		return cli.FirstError(err, unflushed, unwritten)
	}
	if err := cli.FirstError(term.Close(), steps.ended(), r.MessageFound(term.Found())); err != nil {
		return err
	}
	if _, err := held.WriteTo(out); err != nil {
		return err
	}
	return r.ends(cmd, t, term)
}

// ends writes what a transcript leaves to be written, and says whether the two came together.
func (r *runFlags) ends(cmd *cobra.Command, t *scenario.Transcript, term *render.Terminal) error {
	if err := r.MessageFound(term.Found()); err != nil {
		return err
	}
	if r.answers != "" {
		var b bytes.Buffer
		if err := cli.FirstError(term.WriteAnswers(&b), r.writeAnswers(cmd, b.Bytes())); err != nil {
			return err
		}
	}
	if !t.Outcome().Done {
		return cli.ErrTold
	}
	return nil
}

// checkFormat refuses what has no meaning in the form asked for.
func (r *runFlags) checkFormat(cmd *cobra.Command) error {
	var heeded []string
	if r.format == cli.HTML { // a worksheet to hand out
		heeded = []string{"worksheet", "answers", "predict", "score"}
	}
	return cli.FirstError(cli.CheckFormat(r.format, runFormats...), cli.TextOnly(cmd, r.format, heeded...))
}

// firstScreen reports whether the run fits on one screen: no flag asks for more.
func (r *runFlags) firstScreen() bool {
	return !r.lesson().Chosen() && !r.Full && !r.Alone.Any() && !r.Brief && !r.Bytes && !r.step && !r.worksheet && !r.predict
}

// lesson is the flags that are switches of the lesson.
func (r *runFlags) lesson() *switches.Lesson {
	return &switches.Lesson{
		TLS: r.TLS, Kx: r.Kx, Group: r.Groups, Cipher: r.Ciphers, KeyAlg: r.keyAlg, ALPN: r.alpn,
		Compress: r.Compress, NoEMS: r.NoEMS, ETM: r.etm, Grease: r.Grease, RecordSizeLimit: r.RecordSize,
		Cert: r.cert, Staple: r.staple, UntrustedRoot: r.untrustedRoot, ClientAuth: r.clientAuth, Pin: r.pin, ClickThrough: r.clickThrough,
		MITM: r.mitm, TrustMITM: r.trustMITM, StolenCA: r.stolenCA, Passthrough: r.passthrough, Rewrite: r.rewrite, Plain: r.plain,
		Resume: r.resume, PSK: r.Key, PSKIdentity: r.Identity, PSKKe: r.Only, AllowNoDHE: r.Either,
		HelloRetry: r.helloRetry, Cookie: r.Cookie, KeyUpdate: r.KeyUpdate, NoCompat: r.NoCompat, Padding: r.Padding, CompressCert: r.CompressCert,
		Seed: r.seed,
	}
}

// options makes a lesson of the flags.
func (r *runFlags) options() (scenario.Options, error) {
	o, err := r.lesson().Options()
	if e := (*switches.Error)(nil); errors.As(err, &e) && slices.Equal(e.Switches, []string{"cert"}) {
		if _, none := os.Stat(r.cert); none == nil {
			e.Remedy = reason.Usagef("%v\n%v", reason.Usagef("In run, --cert names a kind; a file is for server and client."), e.Remedy)
		}
	}
	return o, err
}
