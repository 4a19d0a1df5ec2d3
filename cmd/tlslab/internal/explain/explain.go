package explain

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/narrate"
	"tlslab/handshake/observe"
	"tlslab/handshake/reason"
	"tlslab/pki/authority"
)

type explainFlags struct {
	cli.View
	format         string
	show           int
	logs           []string
	rsaKey, caFile string
	psks           []string
	write          string
	noSecrets      bool
	whoReads       bool
	worksheet      bool
	answers        string

	told bool // all was told that is in the file, up to where it is broken
}

// New is the verb explain.
func New() *cobra.Command {
	e := new(explainFlags)
	cmd := &cobra.Command{
		Use:   "explain FILE",
		Short: "Tell what is in a capture file: who spoke, how it ended, what opens it",
		Long: `Read a capture file, pcap or pcapng, and list its TLS connections: who, which version
and key exchange, how it ended, by whose doing and why most likely, how much of it opens
with the keys at hand, and what would open the rest. TLS is found by what was said, at any
port, also behind HTTP CONNECT, SOCKS and STARTTLS, and in QUIC: there the hellos open
without any key, and the rest is not opened. Keys that stand in the file are used.
--show N tells connection N as a transcript.

With - for FILE it reads standard input as it comes; then keys that stand in the file behind the
packets that they open come too late.

The status is 0 if the file was read to its end, whatever is in it; 1 if it ends too early or is
damaged, and what came before that place is told all the same; 2 if it is no capture file or
cannot be read, or if what was asked makes no sense. --out has all that was told, or else is left as it was; what comes on
standard input it is given as it comes.`,
		Example: `  tlslab explain capture.pcapng                    a list of its connections
  tlslab explain capture.pcapng --show 3           connection 3 as a transcript
  tlslab explain capture.pcapng --who-reads --rsa-key server.key
  tlslab explain day.pcap --keylogfile keys.log --rsa-key server.key
  tlslab explain capture.pcapng --show 3 --format html --out three.html
  tlslab explain capture.pcapng --show 3 --worksheet --answers three.json
  tcpdump -w - port 443 | tlslab explain -
  tlslab explain capture.pcapng --write-keylogfile keys.log`,
		Args: cli.Exactly(1, "the capture file: tlslab explain capture.pcapng"),
		RunE: func(cmd *cobra.Command, args []string) error { return e.run(cmd, args[0]) },
	}
	e.View.Flags(cmd)
	e.View.TellingFlags(cmd)
	e.View.PagerFlag(cmd)
	f := cmd.Flags()
	f.IntVar(&e.show, "show", 0, "tell connection `N` of the list as a transcript")
	f.BoolVar(&e.whoReads, "who-reads", false, "what a listener reads of each connection, a thief of the server's key, the reader of a key log: all tried")
	f.StringArrayVar(&e.logs, "keylogfile", nil, "read secrets from this NSS key log `file` (may be given again)")
	f.StringVar(&e.rsaKey, "rsa-key", "", "the private key of a server's certificate, PEM `file`: it opens RSA key transport and the sessions\nthat began with it, and nothing else")
	f.StringArrayVar(&e.psks, "psk", nil, "a pre-shared key of TLS 1.3, in `hex` (may be given again)")
	f.StringVar(&e.caFile, "CAfile", "", "judge servers' certificates by the roots in this PEM `file` (default: this machine's)")
	f.StringVar(&e.write, "write-keylogfile", "", "write the secrets that stand in the capture file to this `file` (mode 0600)")
	f.BoolVar(&e.noSecrets, "no-secrets", false, "leave secrets out of a page or document, so that it can be shared")
	f.BoolVar(&e.worksheet, "worksheet", false, "blank what can be computed of a connection, for students to compute")
	f.StringVar(&e.answers, "answers", "", "write what belongs in the blanks to this `file`, as JSON (mode 0600; implies --worksheet)")
	cli.FormatFlag(cmd, &e.format, cli.Text, cli.JSON, cli.HTML, cli.Mermaid)
	return cmd
}

func (e *explainFlags) run(cmd *cobra.Command, name string) error {
	if err := cli.FirstError(e.check(cmd, name), e.CheckLang()); err != nil {
		return err
	}
	e.worksheet = e.worksheet || e.answers != ""
	e.Full = e.Full || e.worksheet && !e.Brief
	e.NoPager = e.NoPager || e.format != cli.Text || name == "-"
	file := e.Out
	if file == "" || name == "-" { // what comes as it comes is written so
		return e.tell(cmd, name, cmd.OutOrStdout())
	}
	e.Out = ""
	var told error
	err := cli.WriteSecretFrom("--out", file, e.Lang, cmd.ErrOrStderr(), func(w io.Writer) error {
		to := &place{Writer: w}
		if told = e.tell(cmd, name, to); to.err != nil {
			told = nil
			return to.err
		} else if e.told {
			return nil // what came before it broke is worth its place
		}
		return told
	})
	return cli.FirstError(told, err)
}

// place is where it is told, and what went wrong there.
type place struct {
	io.Writer
	err error
}

func (p *place) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	p.err = cli.FirstError(p.err, err)
	return n, err
}

// tell tells of the file.
func (e *explainFlags) tell(cmd *cobra.Command, name string, to io.Writer) (err error) {
	out, err := e.View.Open(to, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, out.Close()) }()
	if err := cli.Try("--answers", e.answers); err != nil { // a name that cannot be written is not found out at the end
		return err
	}
	o, err := e.options(cmd)
	if err != nil {
		return err
	}
	in := io.Reader(os.Stdin)
	if name != "-" {
		o.Name = filepath.Base(name)
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		// A key may stand behind what it opens, so the file is gone through for keys first.
		lines, err := explain.Secrets(f)
		var broken *dissect.Error
		if err != nil && !errors.As(err, &broken) {
			return err
		}
		if err := o.Keys.Logged.Read(bytes.NewReader(lines)); err != nil {
			fmt.Fprintln(out.Log, cli.Say(e.Lang, "explain_keys_in_file", "err", narrate.Fault(e.Lang, err)))
		}
		if e.write != "" {
			if err := e.writeSecrets(out, name, lines); err != nil {
				return err
			}
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return cli.Unusable("Say - and give the file on standard input.", "%w", err)
		}
		in = f
	}
	return e.read(cmd.Context(), in, name, o, out)
}

// check refuses what makes no sense.
func (e *explainFlags) check(cmd *cobra.Command, name string) error {
	if err := cli.CheckFormat(e.format, cli.Text, cli.JSON, cli.HTML, cli.Mermaid); err != nil {
		return err
	}
	given := cmd.Flags().Changed
	switch {
	case given("show") && e.show < 1:
		return cli.Misuse("They are numbered from 1, in the list.", "--show %d is no number of a connection", e.show)
	case e.show > 0 && e.whoReads:
		return cli.Misuse("Leave one of the two out: --show N ends with who can read connection N.", "--who-reads is about all connections, and --show about one")
	case e.show == 0 && (e.format == cli.HTML && !e.whoReads || e.format == cli.Mermaid):
		return cli.Misuse("Say --show N with the number of one connection.", "--format %s is of one connection", e.format)
	case e.write != "" && name == "-":
		return cli.Misuse("Give the file by its name.", "--write-keylogfile goes through a file twice, and standard input can be read once")
	case e.noSecrets && e.show == 0:
		return cli.Misuse("Add --show N, or leave it out.", "--no-secrets is about a connection, and the list has no secrets")
	}
	if e.noSecrets && (e.worksheet || e.answers != "") {
		return cli.Misuse("Leave one of the two out.", "--no-secrets leaves out what a worksheet blanks")
	}
	if e.show == 0 {
		for _, flag := range []string{"worksheet", "answers", "full", "message", "secrets", "checks", "myths", "brief", "bytes"} {
			if given(flag) {
				return cli.Misuse("Add --show N, the number of a connection.", "--%s is about one connection", flag)
			}
		}
	}
	var heeded []string
	if e.format == cli.HTML { // a worksheet to hand out
		heeded = []string{"worksheet", "answers"}
	}
	return cli.TextOnly(cmd, e.format, heeded...)
}

// options are the keys and the roots.
func (e *explainFlags) options(cmd *cobra.Command) (o explain.Options, err error) {
	o.Keys.Logged = new(observe.KeyLog)
	for _, name := range e.logs {
		f, err := os.Open(name)
		if err != nil {
			return o, err
		}
		before := o.Keys.Logged.Len()
		err = o.Keys.Logged.Read(f)
		_ = f.Close()
		if errors.As(err, new(*fs.PathError)) {
			return o, err
		}
		if err == nil && o.Keys.Logged.Len() == before {
			return o, cli.Misuse("Each line of one is a label, a client random and a secret (RFC 9850).", "--keylogfile %s: there is no secret of TLS in it", name)
		}
		if err != nil { // the last line of a log that is still written may not be whole
			fmt.Fprintln(cmd.ErrOrStderr(), cli.Say(e.Lang, "explain_keys_in_file", "err", narrate.Fault(e.Lang, err)))
		}
	}
	if e.rsaKey != "" {
		key, err := authority.ReadKey(e.rsaKey)
		if err != nil {
			return o, err
		}
		rsaKey, ok := key.(*rsa.PrivateKey)
		if !ok {
			return o, cli.Misuse("Leave it out: a key that only signs opens nothing.", "--rsa-key %s: this is no RSA key", e.rsaKey)
		}
		o.Keys.RSA = rsaKey
	}
	for _, s := range e.psks {
		key, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
		if err != nil || len(key) == 0 {
			return o, cli.Misuse("Write the key's bytes, two digits each.", "--psk %s: it is not hex", s)
		}
		o.Keys.PSKs = append(o.Keys.PSKs, key)
	}
	o.Compressions = []*certcompress.Method{brotli.Method, zstd.Method}
	if e.caFile != "" {
		o.Roots, err = flags.RootsFrom(e.caFile)
	} else {
		o.Roots, err = authority.SystemStore()
	}
	return o, err
}

func (e *explainFlags) writeSecrets(out *cli.Output, name string, lines []byte) error {
	if len(lines) == 0 {
		return cli.Unusable("Many programs write theirs to a file that SSLKEYLOGFILE names; tlslab's --pcap puts them in.", "%s: no secrets stand in this file", name)
	}
	if err := cli.WriteSecret("--write-keylogfile", e.write, lines, e.Lang, out.Log); err != nil {
		return err
	}
	fmt.Fprintln(out.Log, cli.Say(e.Lang, "wrote", "file", e.write))
	return nil
}

// read goes through the file, which the user calls name: - is standard input, of which nothing is read twice.
func (e *explainFlags) read(ctx context.Context, in io.Reader, name string, o explain.Options, out *cli.Output) error {
	ordered := name != "-"
	o.Show, o.ShowSecrets = e.show, !e.noSecrets
	if e.show == 0 {
		return e.list(ctx, in, ordered, o, out)
	}
	var shown *explain.Connection
	o.Each = func(c *explain.Connection) {
		if c.Number == e.show {
			shown = c
		}
	}
	again := func(l event.Listener) error { // what has been read to its end, or to where it is broken
		o.Listener, o.Each = l, nil
		_, err := in.(io.Seeker).Seek(0, io.SeekStart)
		if err == nil {
			_, err = explain.Read(ctx, in, o)
		}
		if isBroken(err) {
			return nil // told already
		}
		return err
	}
	if !ordered {
		again = nil
	}
	to, end, answers := e.face(out, again)
	o.Listener = to
	l := &list{out: out, lang: e.Lang, given: e.caFile != "", shown: true}
	totals, err := explain.Read(ctx, in, o)
	switch {
	case shown == nil:
		return cli.FirstError(e.broken(err), cli.Misuse(reason.Usagef("tlslab explain %s lists them.", name), "--show %d: the file has no such connection (of %d)", e.show, totals.Connections))
	case !shown.TLS:
		return cli.FirstError(e.broken(err), cli.Misuse(reason.Usagef("tlslab explain %s lists those that are.", name), "--show %d: this connection is not TLS", e.show))
	}
	if e.worksheet {
		if none := e.nothing(shown); none != nil {
			return cli.FirstError(e.broken(err), none)
		}
	}
	var held bytes.Buffer // one message's: without a message of that number nothing is shown
	whole := out.Writer
	if e.Alone.Message != 0 && e.format == cli.Text {
		out.Writer = &held
	}
	if e.format == cli.Text {
		l.connection(shown)
		l.flush()
	}
	ended := cli.FirstError(end(), l.err)
	if out.Writer = whole; ended == nil {
		_, ended = held.WriteTo(out)
	}
	e.told = ended == nil && (err == nil || isBroken(err))
	if e.told && e.answers != "" {
		var b bytes.Buffer
		ended = cli.FirstError(answers(&b), cli.WriteSecret("--answers", e.answers, b.Bytes(), e.Lang, out.Log))
	}
	return cli.FirstError(ended, e.broken(err))
}

// nothing is why a connection has nothing that could be computed; nil if it has.
func (e *explainFlags) nothing(c *explain.Connection) error {
	switch r := c.Read; {
	case r.Handshake, r.Data, r.Initial:
		return nil
	case r.Sealed == 0 && r.Closed == "":
		return cli.Misuse("Choose one on which something was encrypted.", "--worksheet: on connection %d nothing was encrypted, so there is nothing to compute", e.show)
	case slices.Contains(r.Needs, explain.NeedWhole), slices.Contains(r.Needs, explain.NeedSuite), c.QUIC != nil:
		return cli.Misuse("Choose another one: no key helps here.", "--worksheet: nothing of connection %d opens, so there is nothing to compute", e.show)
	}
	return cli.Misuse("Give what opens it: --keylogfile, --rsa-key, --psk.", "--worksheet: nothing of connection %d opens, so there is nothing to compute", e.show)
}

// isBroken reports whether a file ended too early, or could not be read on: then it has been told up to there.
func isBroken(err error) bool {
	var b *dissect.Error
	return errors.As(err, &b) && b.Trouble != dissect.NoCapture
}

// broken says in the reader's language what is wrong with the file.
func (e *explainFlags) broken(err error) error {
	var b *dissect.Error
	if !errors.As(err, &b) {
		return err
	}
	n := strconv.Itoa(b.Packets)
	switch b.Trouble {
	case dissect.NoCapture:
		return cli.ToldUnusable(e.Lang, err, "explain_no_capture")
	case dissect.Truncated:
		return cli.Told(e.Lang, err, "explain_truncated", "n", n)
	}
	return cli.Told(e.Lang, err, "explain_corrupt", "n", n, "err", b.Err.Error())
}
