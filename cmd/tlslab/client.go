package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

type clientFlags struct {
	liveFlags
	connect, serverName string
	insecure, closeSend bool
	sessIn, sessOut     string
	reconnect           int
	keyShares           []string
}

func newClient() *cobra.Command {
	c := new(clientFlags)
	cmd := &cobra.Command{
		Use:   "client --connect HOST:PORT",
		Short: "Shake hands with any TLS server and explain it",
		Long: `Connect to a server, explain the handshake on standard error (or in --out), send
what comes on standard input, and print what comes back until the server closes.

The end of the input does not end the connection: many servers hang up at once when
a client says close_notify. --close-write says it all the same.

The server is verified against --CAfile, or else the roots of this machine.`,
		Example: `  tlslab client --connect www.example.org:443 </dev/null
  printf 'GET / HTTP/1.0\r\n\r\n' | tlslab client --connect localhost:8443 --CAfile root.pem
  tlslab client --connect localhost:8443 --CAfile root.pem --kx rsa --bytes
  tlslab client --connect localhost:8443 --CAfile root.pem --sess-out s.pem
  tlslab client --connect localhost:8443 --CAfile root.pem --sess-in s.pem     resumes it
  tlslab client --connect localhost:8443 --CAfile root.pem --key-share none      a HelloRetryRequest
  tlslab client --connect localhost:8443 --insecure --cert me.pem --key me-key.pem`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	c.flags(cmd)
	c.clientFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&c.connect, "connect", "", "`HOST:PORT` of the server")
	f.StringVar(&c.serverName, "servername", "", "whom to ask for, and to demand of the certificate (default: the host)")
	f.StringVar(&c.caFile, "CAfile", "", "trust the roots in this PEM `file`, and no others")
	f.BoolVar(&c.insecure, "insecure", false, "believe any certificate; it is still reported on")
	f.BoolVar(&c.closeSend, "close-write", false, "send close_notify when the input ends")
	f.StringVar(&c.sessOut, "sess-out", "", "keep the session in this `file`: its secrets open the recording")
	f.StringVar(&c.sessIn, "sess-in", "", "offer the session in this `file`")
	f.StringSliceVar(&c.keyShares, "key-share", nil, "the groups that get a key share at once, or none (TLS 1.3)")
	f.IntVar(&c.reconnect, "reconnect", 0, "first connect this many times and hang up: sessions are resumed")
	complete(cmd, "key-share", func() []string { return append(groupNames(), "none") })
	return cmd
}

func (c *clientFlags) run(cmd *cobra.Command) (err error) {
	if c.connect == "" {
		return misuse("Say whom to call: tlslab client --connect HOST:PORT", "--connect is missing")
	}
	host, err := splitAddr(c.connect)
	if err != nil {
		return misuse("It is HOST:PORT; an IPv6 address goes in brackets, [::1]:443.", "--connect %s: %s", c.connect, addrFault(err))
	}
	if host == "" && c.serverName == "" && !c.insecure {
		return misuse("Say HOST:PORT, or --servername NAME.", "--connect %s: no name to demand of the server's certificate", c.connect)
	}
	cfg, err := c.config(firstSet(given{"--key-share", c.keyShares != nil}))
	if err != nil {
		return err
	}
	if err := c.shares(cfg); err != nil {
		return err
	}
	cfg.ServerName, cfg.Stapling = c.serverName, true
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	kept, err := c.trustAndSessions(cfg)
	if err != nil {
		return err
	}
	if c.sessOut != "" {
		// Better now than after the conversation.
		if _, err := os.Stat(filepath.Dir(c.sessOut)); err != nil {
			return unwritten("--sess-out", c.sessOut, err)
		}
	}
	out, done, err := c.outputs(cmd.ErrOrStderr(), cfg)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, done()) }()
	if kept.version == iana.TLS13 {
		fmt.Fprintln(cmd.ErrOrStderr(), say(c.lang, "session_later", "file", c.sessIn))
	}

	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for n := 0; n < c.reconnect; n++ {
		conn, t, err := c.dial(ctx, cfg, out, n)
		if err != nil {
			return err
		}
		if err := firstError(hangUp(conn), t.close()); err != nil {
			return err
		}
	}
	conn, t, err := c.dial(ctx, cfg, out, c.reconnect)
	if err != nil {
		return err
	}
	if c.keyUpdate {
		// Before the first request, so that it and its answer come under new keys.
		if conn.Summary().Version != iana.TLS13 {
			fmt.Fprintln(cmd.ErrOrStderr(), say(c.lang, "no_key_update", "version", conn.Summary().Version.String()))
		} else if err := conn.UpdateKeys(true); err != nil {
			return firstError(handshakeError(ctx, c.lang, c.connect, err), conn.Close(), t.close())
		}
	}
	err = c.talk(ctx, conn, t, cmd.InOrStdin(), cmd.OutOrStdout())
	if c.sessOut != "" {
		err = firstError(err, kept.write(c.sessOut, !c.insecure))
	}
	return err
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
	groups, err := groupsOf("--key-share", c.keyShares)
	if err != nil {
		return err
	}
	offered := cfg.Groups
	if offered == nil {
		offered = kx.Defaults13()
	}
	for _, g := range groups {
		if !slices.ContainsFunc(offered, func(o kx.Group) bool { return o.ID() == g.ID() }) {
			return misuse("Name it with --group too.", "--key-share %s: that group is not offered", g.Name())
		}
		cfg.KeyShares = append(cfg.KeyShares, g.ID())
	}
	return nil
}

// trustAndSessions sets whom to believe and what to resume.
func (c *clientFlags) trustAndSessions(cfg *handshake.Config) (kept *keptSession, err error) {
	cfg.Weak.SkipVerify = c.insecure
	switch {
	case c.caFile != "":
		if cfg.Roots, err = rootsFrom(c.caFile); err != nil {
			return nil, err
		}
	default:
		cfg.Roots, err = pki.SystemStore()
		if err != nil && !c.insecure {
			return nil, failure("Name the roots to trust with --CAfile FILE.", "%w", err)
		}
	}
	kept = new(keptSession)
	cfg.Sessions = kept
	if c.sessIn == "" {
		return kept, nil
	}
	return kept, kept.read(c.sessIn, !c.insecure)
}

// dial connects, shakes hands, and says why if it does not work out.
func (c *clientFlags) dial(ctx context.Context, cfg *handshake.Config, out *output, n int) (*tls.Conn, *transcript, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", c.connect)
	if err != nil {
		return nil, nil, told(c.lang, err, "no_connection", "peer", c.connect, "error", dialFault(err))
	}
	if n == 0 {
		err = c.warn(out)
	}
	if c.reconnect > 0 && !c.quiet && c.format == "text" {
		_, err = fmt.Fprintf(out, "\n== %s ==\n", say(c.lang, "connection_to", "n", strconv.Itoa(n+1), "peer", c.connect))
	}
	if err != nil {
		return nil, nil, errors.Join(err, raw.Close())
	}
	own := *cfg
	own.Conn = n
	t := c.newTranscript(out, "")
	t.attach(&own)
	conn, err := tls.Client(raw, &own)
	if err != nil {
		return nil, nil, errors.Join(badConfig(err), raw.Close())
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, nil, firstError(c.whyNot(ctx, err, conn.Summary().CertificateRequested), t.close(), raw.Close())
	}
	t.flush()
	return conn, t, nil
}

// whyNot is handshakeError, with the cases that this end can do something about: the
// server's trustworthiness, and a certificate that the server asked for.
func (c *clientFlags) whyNot(ctx context.Context, err error, asked bool) error {
	var re *reason.Error
	if asked && c.cert == "" && reason.Of(err) == reason.PeerAlert {
		return told(c.lang, err, "wants_certificate", "peer", c.connect, "error", err.Error())
	}
	if errors.As(err, &re) && aboutTrust(re.Reason) {
		why := narrate.Must(c.lang, narrate.Reason, string(re.Reason))
		what, remedy := sayBoth(c.lang, "not_trusted", "peer", c.connect, "why", why.Title, "error", re.Error())
		if re.Reason != reason.CertificateUntrusted && re.Reason != reason.CertificateWrongName {
			remedy = why.Text // another root or name would not help
		}
		return &trouble{statusFailed, what, remedy, err}
	}
	return handshakeError(ctx, c.lang, c.connect, err)
}

// aboutTrust reports whether r is the verifier's judgement on a chain.
func aboutTrust(r reason.Reason) bool {
	switch r {
	case reason.CertificateExpired, reason.CertificateNotYetValid, reason.CertificateWrongName, reason.CertificateRevoked,
		reason.CertificateUntrusted, reason.CertificateBadSignature, reason.CertificateUsage, reason.CertificateConstraint,
		reason.CertificatePolicy, reason.BadStatusResponse:
		return true
	}
	return false
}

// badConfig is an endpoint's refusal of its flags.
func badConfig(err error) error {
	return misuse("Flags that narrow the offer may leave nothing of it: --tls, --cipher, --kx, --group.", "nothing left to offer: %w", err)
}

// hangUpTime is how long a server may take to hang up too.
const hangUpTime = 2 * time.Second

// hangUp says goodbye and waits for the server's: what a TLS 1.3 server says after its
// handshake, tickets above all, is read, and not answered with a TCP reset.
func hangUp(conn *tls.Conn) error {
	err := firstError(conn.CloseWrite(), conn.SetReadDeadline(time.Now().Add(hangUpTime)))
	if err == nil {
		_, _ = io.Copy(io.Discard, conn) // however it ends, it has ended
	}
	return firstError(err, conn.Close())
}

// talk sends in, and copies what comes back to out until the peer closes or ctx ends.
func (c *clientFlags) talk(ctx context.Context, conn *tls.Conn, t *transcript, in io.Reader, out io.Writer) error {
	// Interrupted, it stops reading, and still says goodbye.
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	go func() {
		// A failed write shows at the reading end, as an alert or a broken stream.
		if _, err := io.Copy(conn, in); err == nil && c.closeSend {
			_ = conn.CloseWrite()
		}
	}()
	_, err := io.Copy(flushing{out, t}, conn)
	if ctx.Err() != nil {
		err = nil // the person at the keyboard has seen enough
	}
	if reason.Of(err) == reason.PeerAlert {
		// In TLS 1.3 a server may refuse our certificate after our handshake is over.
		err = c.whyNot(ctx, err, conn.Summary().CertificateRequested)
	} else {
		err = endError(c.lang, c.connect, err)
	}
	return firstError(err, conn.Close(), t.close())
}

// flushing shows the transcript's part of what it writes first.
type flushing struct {
	w io.Writer
	t *transcript
}

func (f flushing) Write(p []byte) (int, error) {
	f.t.flush()
	return f.w.Write(p)
}

// dialFault is what went wrong, without the address, which is said already.
func dialFault(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}

// splitAddr returns the host of an address whose port is one, by number or name.
func splitAddr(addr string) (host string, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err == nil && port == "" {
		err = &net.AddrError{Err: "missing port in address", Addr: addr}
	}
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	return host, err
}

// addrFault is what is wrong with an address, without the address.
func addrFault(err error) string {
	var a *net.AddrError
	if errors.As(err, &a) {
		return a.Err
	}
	var d *net.DNSError
	if errors.As(err, &d) {
		return d.Err
	}
	return err.Error()
}

var _ session.Store = (*keptSession)(nil)
