package main

import (
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// runFlags are the switches of a lesson, as typed.
type runFlags struct {
	view
	offer
	format, seed         string
	resume, cert, staple string
	mitm, trustMITM      bool
	clientAuth, etm      bool
	plain, untrustedRoot bool
	step, worksheet      bool
	answers              string
	answersTo            io.Writer // that file, open; nil without one
}

func newRun() *cobra.Command {
	r := new(runFlags)
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Play a lesson in this process and explain it",
		Long: `Play a lesson: a CA, a client and a server of our own, in this process, with no
network. Without flags it is the first screen; with flags one annotated transcript.

Where client and server do not come together the status is 1, also where that was the
lesson; an attacker who is refused, as --resume shows one, changes nothing.`,
		Example: `  tlslab run                                 trust, RSA, ECDHE, and who can read a recording
  tlslab run --kx rsa --step                 move by move; Enter goes on
  tlslab run --kx ecdhe --bytes              every byte by its name
  tlslab run --mitm                          a man in the middle, refused
  tlslab run --mitm --trust-mitm             … and believed, since his root is installed
  tlslab run --resume ticket                 an abbreviated handshake, a captured and a stolen session
  tlslab run --cert expired                  what the client checks, and where it stops
  tlslab run --cipher NULL-SHA256            nothing is encrypted: read it off the wire
  tlslab run --kx rsa --seed alice --worksheet --answers alice.json
  tlslab run --format mermaid                a sequence diagram`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd) },
	}
	r.view.flags(cmd)
	r.offer.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&r.mitm, "mitm", false, "a middle box with a forging CA between client and server")
	f.BoolVar(&r.trustMITM, "trust-mitm", false, "the client has the middle box's root installed (implies --mitm)")
	f.StringVar(&r.resume, "resume", "", "resume a session, by id or ticket; then attack it")
	f.BoolVar(&r.clientAuth, "client-auth", false, "the server demands a client certificate")
	f.BoolVar(&r.etm, "etm", false, "encrypt-then-MAC (RFC 7366), with a CBC suite")
	f.BoolVar(&r.plain, "plain", false, "first the same request over bare TCP, as a listener sees it")
	f.BoolVar(&r.untrustedRoot, "untrusted-root", false, "the client does not have the root installed")
	f.StringVar(&r.cert, "cert", "", "a certificate chain of this `kind`: expired, wrong.host, … (tlslab list certs)")
	f.StringVar(&r.staple, "staple", "", "the server staples an OCSP response: good, revoked, stale, unknown; or none, though asked")
	f.StringVar(&r.seed, "seed", "", "fix randomness and clock by this text: two runs are identical")
	f.StringVar(&r.format, "format", "text", "text, json or mermaid")
	f.BoolVar(&r.step, "step", false, "wait for Enter before each move, and say what may legally happen")
	f.BoolVar(&r.worksheet, "worksheet", false, "blank the derived values, for students to compute")
	f.StringVar(&r.answers, "answers", "", "write what belongs into the blanks to this `file`, as JSON (implies --worksheet)")
	complete(cmd, "resume", func() []string { return []string{"id", "ticket"} })
	complete(cmd, "cert", certKinds)
	complete(cmd, "staple", stapleKinds)
	complete(cmd, "format", func() []string { return []string{"text", "json", "mermaid"} })
	return cmd
}

// clientCertMissing is the one kind of --cert that is about the client's end.
const clientCertMissing = "client-cert-missing"

func certKinds() []string {
	var out []string
	for _, k := range pki.Kinds() {
		out = append(out, string(k))
	}
	return append(out, clientCertMissing)
}

func stapleKinds() []string { return []string{"good", "revoked", "stale", "unknown", "none"} }

func (r *runFlags) run(cmd *cobra.Command) (err error) {
	o, err := r.options()
	if err != nil {
		return err
	}
	r.worksheet = r.worksheet || r.answers != ""
	if err := r.checkFormat(); err != nil {
		return err
	}
	out, err := r.view.open(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, out.close()) }()
	log, closeLog, err := r.openKeyLog()
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, closeLog()) }()
	o.KeyLog = log
	if r.answers != "" {
		// Before the lesson, so that a name that cannot be written is not found out after it.
		f, err := os.Create(r.answers)
		if err != nil {
			return err
		}
		defer func() { err = firstError(err, f.Close()) }()
		r.answersTo = f
	}
	return r.play(cmd, o, out)
}

// play runs the lesson and shows it in the form asked for.
func (r *runFlags) play(cmd *cobra.Command, o scenario.Options, out *output) error {
	if r.format == "text" && !r.firstScreen() {
		return r.playText(cmd, o, out)
	}
	var listener handshake.Listener
	if r.step {
		s := newStepper(nil, cmd.InOrStdin(), cmd.ErrOrStderr(), out.options)
		o.BeforeMove, listener = s.beforeMove, s
	}
	t, err := scenario.Run(cmd.Context(), o, listener)
	if err != nil {
		return err
	}
	switch r.format {
	case "json":
		err = render.WriteJSON(out, t)
	case "mermaid":
		err = render.WriteMermaid(out, t, out.options.Lang)
	default:
		err = render.FirstScreen(out, t, out.options)
	}
	if err != nil {
		return err
	}
	if end := t.Outcome(); !end.Done {
		key := narrate.Must(r.lang, narrate.UI, "refused")
		if end.Intended {
			key = narrate.Must(r.lang, narrate.UI, "refused_as_intended")
		}
		return failure("", "%s", key.Title)
	}
	return nil
}

// playText streams the annotated transcript.
func (r *runFlags) playText(cmd *cobra.Command, o scenario.Options, out *output) error {
	out.options.Worksheet = r.worksheet
	term := render.NewTerminal(out, out.options)
	var listener handshake.Listener = term
	if r.step {
		var prompt io.Writer = out
		if r.out != "" {
			prompt = cmd.ErrOrStderr()
		}
		s := newStepper(term, cmd.InOrStdin(), prompt, out.options)
		o.BeforeMove, listener = s.beforeMove, s
	}
	t, err := scenario.Run(cmd.Context(), o, listener)
	if err != nil {
		return firstError(err, term.Flush())
	}
	if err := term.Close(); err != nil {
		return err
	}
	if r.answersTo != nil {
		if err := term.WriteAnswers(r.answersTo); err != nil {
			return err
		}
	}
	if !t.Outcome().Done {
		return errTold
	}
	return nil
}

// checkFormat refuses what has no meaning in the form asked for.
func (r *runFlags) checkFormat() error {
	if !slices.Contains([]string{"text", "json", "mermaid"}, r.format) {
		return misuse("", "--format %s: it is text, json or mermaid", r.format)
	}
	if r.format != "text" {
		for _, f := range []struct {
			name string
			set  bool
		}{{"--worksheet", r.worksheet}, {"--brief", r.brief}, {"--bytes", r.bytes}} {
			if f.set {
				return misuse("Leave one of the two out.", "%s is about text, not --format %s", f.name, r.format)
			}
		}
	}
	return nil
}

// firstScreen reports whether nothing was asked for that a screen has no room for.
func (r *runFlags) firstScreen() bool {
	return !r.chosen() && !r.brief && !r.bytes && !r.step && !r.worksheet
}

// chosen reports whether a flag changes the lesson itself.
func (r *runFlags) chosen() bool {
	return r.kx != "" || r.ciphers != nil || r.groups != nil || r.compress || r.noEMS || r.mitm || r.trustMITM ||
		r.resume != "" || r.clientAuth || r.etm || r.plain || r.untrustedRoot || r.cert != "" || r.staple != ""
}

// options makes a lesson of the flags.
func (r *runFlags) options() (scenario.Options, error) {
	o := scenario.Options{Seed: r.seed, MITM: r.mitm || r.trustMITM, TrustMITM: r.trustMITM, ClientAuth: r.clientAuth,
		EncryptThenMAC: r.etm, NoEMS: r.noEMS, Compress: r.compress, Plain: r.plain, UntrustedRoot: r.untrustedRoot}
	if err := r.checkVersion(); err != nil {
		return o, err
	}
	if err := r.words(&o); err != nil {
		return o, err
	}
	var err error
	if o.Groups, err = r.namedGroups(); err != nil {
		return o, err
	}
	if o.Suites, err = r.suites(); err != nil {
		return o, err
	}
	x, err := r.exchange()
	if err != nil {
		return o, err
	}
	return o, r.settle(&o, x)
}

// words takes over the flags whose values are words out of a list.
func (r *runFlags) words(o *scenario.Options) error {
	switch {
	case r.cert == clientCertMissing:
		o.ClientAuth, o.NoClientCert = true, true
	case r.cert == "" || slices.Contains(certKinds(), r.cert):
		o.Cert = pki.Kind(r.cert)
	default:
		remedy := "There are " + strings.Join(certKinds(), ", ") + "."
		if _, err := os.Stat(r.cert); err == nil {
			remedy = "In run, --cert names a kind; a file is for server and client.\n" + remedy
		}
		return misuse(remedy, "--cert %s: no such kind of certificate", r.cert)
	}
	switch r.resume {
	case "", "id", "ticket":
		o.Resume = scenario.Resume(r.resume)
	case "psk", "0rtt":
		return misuse("Say --resume id or --resume ticket.", "--resume %s belongs to TLS 1.3, which comes with a later release", r.resume)
	default:
		return misuse("Say --resume id or --resume ticket.", "--resume %s: no such way", r.resume)
	}
	if r.staple != "" && !slices.Contains(stapleKinds(), r.staple) {
		return misuse("There are "+strings.Join(stapleKinds(), ", ")+".", "--staple %s: no such response", r.staple)
	}
	o.Staple = r.staple
	return nil
}

// settle finds the key exchange where the flags only imply it: --cipher and --group
// may, and one lesson wants one flow, ECDHE.
func (r *runFlags) settle(o *scenario.Options, x iana.Kx) error {
	uses := func(x iana.Kx) func(*suite.Suite) bool { return func(s *suite.Suite) bool { return s.Kx == x } }
	switch {
	case x != iana.KxNone && o.Suites != nil && !slices.ContainsFunc(o.Suites, uses(x)):
		return misuse("Name a suite of that key exchange, or leave one of the two flags out.",
			"--cipher %s has nothing with --kx %s", strings.Join(r.ciphers, ","), r.kx)
	case x != iana.KxNone:
	case o.Suites != nil:
		x = o.Suites[0].Kx
	case o.Groups != nil:
		x = iana.KxECDHE
		if !slices.ContainsFunc(o.Groups, func(g kx.Group) bool { return kx.Serves(x, g) }) {
			x = iana.KxDHE
		}
	case r.chosen():
		x = iana.KxECDHE
	default:
		return nil // both flows
	}
	o.Kx = []iana.Kx{x}
	if err := r.checkGroups(x, o.Groups); err != nil {
		return err
	}
	if !o.EncryptThenMAC {
		return nil
	}
	cbc := func(s *suite.Suite) bool { return s.Kx == x && s.Cipher.Kind == suite.CBC && s.Auth == iana.AuthRSA }
	switch {
	case o.Suites == nil:
		i := slices.IndexFunc(suite.All(), cbc)
		o.Suites = suite.All()[i : i+1]
	case !slices.ContainsFunc(o.Suites, func(s *suite.Suite) bool { return s.Cipher.Kind == suite.CBC }):
		return misuse("Name a CBC suite, such as ECDHE-RSA-AES128-SHA256, or leave --cipher out.",
			"--etm: encrypt-then-MAC means something for CBC suites only")
	}
	return nil
}

// firstError is the first of errs that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
