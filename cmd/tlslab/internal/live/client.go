package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/starttls"
	"tlslab/handshake/switches"
	"tlslab/pki"
	"tlslab/pki/authority"
)

type clientFlags struct {
	LiveFlags
	connect, serverName string // connect is shown to the user, once it is read as it is dialled
	address             string // connect, as it is dialled
	asksIn              string // --starttls
	startTLS            starttls.Protocol
	timeout             time.Duration
	insecure, closeSend bool
	timestamps          bool // --ct
	caFile              string
	sessIn, sessOut     string
	earlyData           string
	reconnect           int
	keyShares           []string
}

// NewClient is the verb client.
func NewClient() *cobra.Command {
	c := new(clientFlags)
	cmd := &cobra.Command{
		Use:   "client --connect HOST[:PORT]",
		Short: "Shake hands with any TLS server and explain it",
		Long: `Connect to a server, explain the handshake on standard error (or in --out), send
what comes on standard input, and print what comes back until the server closes.

--connect is HOST, HOST:PORT or a URL: https://HOST/, imaps://HOST, …; of a URL the host
and the port are taken, and nothing is asked for. --starttls first asks the server for
TLS in its own protocol, in the clear, and shows what was said; a server that does not
offer it is left, and nothing goes on without TLS.

--handshake-timeout is for all of it together: connecting, asking, shaking hands.

The end of the input does not end the connection: many servers hang up at once when
a client says close_notify. --close-write says it all the same.

The server is verified against --CAfile, or else the roots of this machine.

--sess-out keeps the session of TLS 1.2 and all tickets of TLS 1.3, in a file for its
owner alone; --sess-in offers the newest that fits. A used ticket stays in its file
unless --sess-out writes that anew.

--early-data sends a file before the handshake is over, if the session allows. Whoever
sees it go by can send it again. What the server rejects is sent again by ourselves, as
ordinary data, only if it is a request that changes nothing: GET, HEAD, OPTIONS, TRACE.`,
		Example: `  tlslab client --connect https://www.example.org/ </dev/null
  tlslab client --connect mail.example.org:587 --starttls smtp </dev/null
  tlslab client --connect db.example.org --starttls postgres --CAfile root.pem </dev/null
  printf 'GET / HTTP/1.0\r\n\r\n' | tlslab client --connect localhost:8443 --CAfile root.pem
  tlslab client --connect localhost:8443 --CAfile root.pem --kx rsa --bytes
  tlslab client --connect localhost:8443 --CAfile root.pem --sess-out s.sess
  tlslab client --connect localhost:8443 --CAfile root.pem --sess-in s.sess     resumes it
  tlslab client --connect localhost:8443 --CAfile root.pem --sess-in s.sess --early-data get.txt
  tlslab client --connect localhost:8443 --CAfile root.pem --key-share none      a HelloRetryRequest
  tlslab client --connect localhost:8443 --insecure --cert me.pem --key me-key.pem
  tlslab client --connect www.example.org:443 --format html --out page.html </dev/null`,
		Args: cli.None("connect"),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	c.flags(cmd)
	c.ClientFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&c.timestamps, "ct", false, "ask for signed certificate timestamps (certificate transparency, RFC 6962): they are shown, and judged by nobody")
	f.StringVar(&c.connect, "connect", "", "`HOST:PORT` of the server, or a URL; without a port 443, or --starttls's")
	f.StringVar(&c.asksIn, "starttls", "", "ask for TLS in this `protocol` first: "+strings.Join(protocolNames(), ", "))
	f.DurationVar(&c.timeout, "handshake-timeout", 30*time.Second, "give a server up that takes longer to answer and to shake hands")
	cli.Complete(cmd, "starttls", protocolNames)
	f.StringVar(&c.serverName, "servername", "", "whom to ask for, and to demand of the certificate (default: the host)")
	f.StringVar(&c.caFile, "CAfile", "", "trust the roots in this `file`, PEM or DER, and no others")
	f.BoolVar(&c.insecure, "insecure", false, "believe any certificate; it is still reported on")
	f.BoolVar(&c.closeSend, "close-write", false, "send close_notify when the input ends")
	f.StringVar(&c.sessOut, "sess-out", "", "keep the sessions in this `file` (mode 0600): their secrets impersonate us")
	f.StringVar(&c.sessIn, "sess-in", "", "offer a session from this `file`")
	f.StringVar(&c.earlyData, "early-data", "", "send this `file` as early data, which can be replayed (TLS 1.3)")
	f.StringSliceVar(&c.keyShares, "key-share", nil, "the groups that get a key share at once, or none (TLS 1.3)")
	f.IntVar(&c.reconnect, "reconnect", 0, "first connect this many times and hang up; each connection resumes the last")
	cli.Complete(cmd, "key-share", func() []string { return append(switches.GroupNames(), "none") })
	return cmd
}

func (c *clientFlags) run(cmd *cobra.Command) (err error) {
	if err := c.checkPage(cmd); err != nil {
		return err
	}
	if c.connect == "" {
		return cli.Misuse("Say whom to call: tlslab client --connect HOST:PORT", "--connect is missing")
	}
	if c.startTLS, err = checkStartTLS(c.asksIn); err != nil {
		return err
	}
	to, err := targetOf(c.connect, c.startTLS)
	if err != nil {
		return err
	}
	host := to.host
	c.connect, c.address = to.shown, to.address
	if c.serverName, err = cli.HostName("--servername", c.serverName); err != nil {
		return err
	}
	if err := flags.LongerThanNothing(c.timeout, time.Second); err != nil {
		return err
	}
	if host == "" && c.serverName == "" && !c.insecure {
		return cli.Misuse("Say HOST:PORT, or --servername NAME.", "--connect %s: no name to demand of the server's certificate", c.connect)
	}
	cfg, err := c.config(flags.FirstSet(flags.Given("--key-share", c.keyShares != nil), flags.Given("--early-data", c.earlyData != "")))
	if err != nil {
		return err
	}
	early, err := c.readEarlyData()
	if err != nil {
		return err
	}
	if err := c.shares(cfg); err != nil {
		return err
	}
	cfg.ServerName, cfg.Stapling, cfg.CertificateTimestamps = c.serverName, true, c.timestamps
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	jar, err := c.trustAndSessions(cfg)
	if err != nil {
		return err
	}
	if err := cli.Try("--sess-out", c.sessOut); err != nil { // a name that cannot be written is not found out at the end
		return err
	}
	out, done, err := c.outputs(cmd.ErrOrStderr(), cmd.ErrOrStderr(), cfg)
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, done()) }()
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // whoever interrupts once more means it: standard output may be stuck
	call := &calls{clientFlags: c, cfg: cfg, jar: jar, out: out, log: cmd.ErrOrStderr()}
	if c.documentAlone() {
		call.log = io.Discard // a document, which tells all of it, goes there
	}
	if to.path != "" {
		fmt.Fprintln(call.log, cli.Say(c.Lang, "path_not_asked", "path", to.path, "peer", c.connect))
	}
	if _, err := netip.ParseAddr(c.serverName); err == nil {
		fmt.Fprintln(call.log, cli.Say(c.Lang, "address_not_sent", "name", c.serverName))
	}
	if c.Format == cli.HTML {
		call.page = c.newPage(event.Client, c.reconnect > 0, nil, &room{most: maxPages, each: maxPages})
	}
	err = call.all(ctx, early, cmd.InOrStdin(), cli.Unfiltered(cmd.OutOrStdout()))
	if call.page != nil {
		err = cli.FirstError(err, call.page.close(out, call.log))
	}
	if c.sessOut != "" && call.shaken {
		err = cli.FirstError(err, jar.write(c.sessOut, !c.insecure, time.Now(), c.Lang, cmd.ErrOrStderr()))
	}
	return err
}

// readEarlyData reads --early-data; nil if it was not given.
func (c *clientFlags) readEarlyData() ([]byte, error) {
	if c.earlyData == "" {
		return nil, nil
	}
	if c.sessIn == "" && c.reconnect == 0 {
		return nil, cli.Misuse("Add --sess-in FILE with a session of an earlier connection, or --reconnect 1 to make one.",
			"--early-data: it goes under a session's key here, and there is no session")
	}
	data, err := os.ReadFile(c.earlyData)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, cli.Misuse("Put into it what shall be sent, such as a request.", "--early-data %s: the file is empty", c.earlyData)
	}
	return data, nil
}

// shares sets the groups that --key-share names.
func (c *clientFlags) shares(cfg *handshake.Config) error {
	if c.keyShares == nil {
		return nil
	}
	cfg.KeyShares = []iana.Group{} // none at once: the server has to ask
	if slices.Equal(c.keyShares, []string{"none"}) {
		return nil
	}
	groups, err := switches.Groups("--key-share", c.keyShares)
	if err != nil {
		return err
	}
	offered := cfg.Groups
	if offered == nil {
		offered = kx.All()
	}
	for _, g := range groups {
		if !slices.ContainsFunc(offered, func(o kx.Group) bool { return o.ID() == g.ID() }) {
			return cli.Misuse("Name it with --group too.", "--key-share %s: that group is not offered", g.Name())
		}
		cfg.KeyShares = append(cfg.KeyShares, g.ID())
	}
	return nil
}

// trustAndSessions sets which servers to believe and what to resume.
func (c *clientFlags) trustAndSessions(cfg *handshake.Config) (jar *sessionJar, err error) {
	cfg.Weak.SkipVerify = c.insecure
	switch {
	case c.caFile != "":
		if cfg.Roots, err = flags.RootsFrom(c.caFile); err != nil {
			return nil, err
		}
	default:
		cfg.Roots, err = authority.SystemStore()
		if err != nil && !c.insecure {
			return nil, cli.Failure("Name the roots to trust with --CAfile FILE.", "%w", err)
		}
	}
	jar = new(sessionJar)
	cfg.Sessions = jar
	if c.sessIn == "" {
		return jar, nil
	}
	return jar, jar.read(c.sessIn, !c.insecure)
}

// whyNot is the plight's trouble, with a case that this end can do something about: the
// server's trustworthiness.
func (c *clientFlags) whyNot(ctx context.Context, err error, p *plight) error {
	var re *reason.Error
	if errors.As(err, &re) && aboutTrust(re) {
		why := narrate.Must(c.Lang, narrate.Reason, narrate.ReasonKey(re))
		what, regardless := cli.SayBoth(c.Lang, "not_trusted", "peer", c.connect, "why", why.Title, "error", narrate.Fault(c.Lang, re))
		remedy := []string{why.Text}
		switch { // what is given already is not asked for
		case re.Reason == reason.CertificateUntrusted && c.caFile == "":
			remedy = append(remedy, cli.Say(c.Lang, "name_root"))
		case re.Reason == reason.CertificateWrongName && c.serverName == "" && pki.Cause(re) != pki.CauseNotFirst && pki.Cause(re) != pki.CauseCAFirst:
			// (A chain in the wrong order wants another order, not another name.)
			remedy = append(remedy, cli.Say(c.Lang, "name_server"))
		}
		return &cli.Trouble{Status: cli.StatusFailed, What: what, Remedy: strings.Join(append(remedy, regardless), "\n"), Cause: err}
	}
	return p.trouble(ctx, err)
}

// aboutTrust reports whether err is about the chain that the server has shown: a judgement
// of the verifier's, or a certificate that cannot be read.
func aboutTrust(err *reason.Error) bool {
	switch err.Reason {
	case reason.WeakKey, reason.CertificateUnsupportedKey: // a group may be weak, too
		return strings.HasPrefix(err.Field, "certificate")
	case reason.CertificateExpired, reason.CertificateNotYetValid, reason.CertificateWrongName, reason.CertificateRevoked,
		reason.CertificateUntrusted, reason.CertificateBadSignature, reason.CertificateUsage, reason.CertificateConstraint,
		reason.CertificatePolicy, reason.AccessDenied, reason.CertificateMalformed, reason.BadStatusResponse:
		return true
	}
	return false
}

// badConfig is an endpoint's refusal of its flags.
func badConfig(err error) error {
	return cli.Misuse("Flags that narrow the offer may leave nothing of it: --tls, --cipher, --kx, --group.", "nothing left to offer: %w", err)
}
