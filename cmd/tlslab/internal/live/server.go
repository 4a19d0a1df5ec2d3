package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/cmd/tlslab/internal/trust"
	"tlslab/handshake"
	"tlslab/handshake/foreign"
	"tlslab/handshake/replay"
	"tlslab/handshake/switches"
	"tlslab/handshake/tls"
	"tlslab/pki/authority"
)

type serverFlags struct {
	LiveFlags
	accept, serverName string
	caDir, writeRoot   string
	portFile, staple   string
	www                bool
	verify             verifyFlags
	timestamps         timestampFlags
	cipherOrder        string
	resume             resumeFlags

	handshakeTimeout, idleTimeout time.Duration

	pageFile string // --out, of pages
}

// NewServer is the verb server.
func NewServer() *cobra.Command {
	s := new(serverFlags)
	cmd := &cobra.Command{
		Use:   "server --accept HOST:PORT",
		Short: "Serve TLS to any client and explain each handshake",
		Long: `Accept connections until interrupted, and explain each handshake on standard error
(or in --out), one connection after the other, however many there are at a time.

What clients send is printed; a line of standard input goes to the client that came
last. With --www the server answers HTTP instead, with a page about the handshake:
HTTP/1.1, and HTTP/2 where --alpn allows it and the client agrees.

The certificate is --cert's, or is issued by the CA in --cadir, or by a CA made on the
spot, whose keys are never written anywhere: --write-root writes its roots for clients.
Such a server has an RSA certificate and an ECDSA one, for the suites and the signature
schemes that want the one or the other.

Clients may resume by session ID, by ticket, and in TLS 1.3 by ticket with early data
(--early-data, off by default), which can be replayed: --defend says what is done about
that. Servers that share a Redis (--store) resume each other's sessions and know each
other's marks; while it cannot be reached they shake hands in full, and take no early data.
Servers that share a --ticket-key resume by each other's tickets, and share no more than that.`,
		Example: `  tlslab server --accept :8443 --www --write-root root.pem
  curl --cacert root.pem https://localhost:8443/
  tlslab server --accept :8443 --www --alpn h2,http/1.1     curl --http2, browsers
  tlslab server --accept localhost:8443 --cert www.pem --key www-key.pem --kx rsa
  tlslab server --accept :8443 --cadir ca --Verify --staple good
  tlslab server --accept :8443 --www --tls 1.3 --group X448 --cookie
  tlslab server --accept :8443 --www --store redis://localhost:6379 --early-data 16384
  tlslab server --accept :8443 --www --ticket-key tickets.key
  tlslab server --accept :8443 --www --ticket-key new.key --ticket-key tickets.key     the next key; the one before still opens
  tlslab server --accept :8443 --www --format html --out page.html     page-1.html, page-2.html, …
  tlslab server --accept 127.0.0.1:0 --www --port-file port --quiet &`,
		Args: s.verify.noWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	s.flags(cmd)
	s.ServerFlags(cmd)
	s.resume.flags(cmd)
	s.verify.flags(cmd)
	s.timestamps.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&s.accept, "accept", "", "listen on `HOST:PORT`; port 0 takes a free one")
	f.StringVar(&s.portFile, "port-file", "", "write the port to this `file` once listening")
	f.StringVar(&s.serverName, "servername", "", "one more name for the certificate that is issued")
	f.StringVar(&s.caDir, "cadir", "", "the `directory` of the CA that issues the certificate (tlslab ca init)")
	f.StringVar(&s.writeRoot, "write-root", "", "write the roots for clients to this PEM `file`")
	f.StringVar(&s.staple, "staple", "none", "staple an OCSP response: good, revoked, stale, unknown or none")
	f.BoolVar(&s.www, "www", false, "answer HTTP with a page about the handshake; standard input is not read")
	f.DurationVar(&s.handshakeTimeout, "handshake-timeout", 30*time.Second, "cut a client off that takes longer to shake hands")
	f.DurationVar(&s.idleTimeout, "idle-timeout", time.Minute, "with --www: close a connection on which no request has come for so long")
	f.StringVar(&s.cipherOrder, "cipher-order", handshake.OwnOrder.String(), "whose order of cipher suites counts: own, client, or chacha: own, but ChaCha20 first for a client that puts it first")
	cli.Complete(cmd, "staple", switches.StapleKinds)
	cli.Complete(cmd, "alpn", func() []string { return protocols })
	cli.Complete(cmd, "cipher-order", cipherOrders)
	return cmd
}

func (s *serverFlags) run(cmd *cobra.Command) (err error) {
	if err := cli.FirstError(s.check(cmd), s.checkPages(cmd)); err != nil {
		return err
	}
	cfg, roots, err := s.settle(cmd)
	if err != nil {
		return err
	}
	said := cli.NewSpool(cli.Unfiltered(cmd.ErrOrStderr()), s.Missing)
	defer func() { err = s.CloseLog(said, cmd.OutOrStdout(), err) }()
	log := cli.NewNotes(said, cmd.ErrOrStderr())
	store, settings, err := s.resumption(cfg, log)
	if err != nil {
		return err
	}
	if err := badServerConfig(cfg); err != nil {
		return err
	}
	out, done, err := s.tellTo(cmd, said, log, cfg)
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, done()) }()

	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // whoever interrupts once more means it
	l, err := s.listen(ctx, log, out, roots)
	if err != nil {
		return err
	}
	s.announceStore(log, cfg, store, settings)
	watched, unwatch := context.WithCancel(context.WithoutCancel(ctx)) // the last connections may yet need it
	var watching sync.WaitGroup
	watching.Go(func() { store.watch(watched) })
	defer watching.Wait()
	defer unwatch()
	h := &host{flags: s, cfg: cfg, store: store, safeMethods: slices.Contains(settings.Defences, replay.SafeMethods),
		log: log, out: out, stdout: cli.Unfiltered(cmd.OutOrStdout()), conns: map[*liveConn]bool{}}
	return s.serve(ctx, h, l, cmd.InOrStdin())
}

// settle makes of the flags what the engine is given, and the authorities that its clients shall trust.
func (s *serverFlags) settle(cmd *cobra.Command) (*handshake.Config, []*authority.CA, error) {
	cfg, err := s.config(s.resume.only13(cmd))
	if err != nil {
		return nil, nil, err
	}
	roots, err := s.certify(cfg)
	if err != nil {
		return nil, nil, err
	}
	if cfg.SuiteOrder, err = cipherOrder(s.cipherOrder); err != nil {
		return nil, nil, err
	}
	if err := s.timestamps.apply(cfg, s.Cert != ""); err != nil {
		return nil, nil, err
	}
	return cfg, roots, s.verify.apply(cfg, s.caDir, roots)
}

// resumption opens where sessions are kept, and reads the keys of tickets.
func (s *serverFlags) resumption(cfg *handshake.Config, log io.Writer) (*serverStore, *replay.Settings, error) {
	store, err := openStore(s.resume.store, s.tellStore(log))
	if err != nil {
		return nil, nil, err
	}
	settings, err := s.resume.apply(cfg, store, s.noTicket)
	if err != nil {
		return nil, nil, err
	}
	if len(s.resume.ticketKeys) > 0 {
		if store.keys, store.keyMade, err = ticketKeyFiles(s.resume.ticketKeys, s.Lang); err != nil {
			return nil, nil, err
		}
	}
	return store, settings, nil
}

// tellTo opens where handshakes are explained: beside what is said, in one order with it, or in a file. done closes
// that.
func (s *serverFlags) tellTo(cmd *cobra.Command, said *cli.Spool, log io.Writer, cfg *handshake.Config) (out *cli.Output, done func() error, err error) {
	s.CaptureFile.Many = true
	out, done, err = s.outputs(cmd.ErrOrStderr(), log, cfg)
	if err != nil {
		return nil, nil, err
	}
	if s.View.Out == "" {
		out.Spool = said
	} else {
		shown, closed := cli.NewSpool(cli.Unfiltered(out.Writer), s.MissingFrom(s.Format, log)), done
		out.Spool = shown
		done = func() error {
			if errors.Is(shown.Close(), cli.ErrUnread) {
				_ = out.File.Tell(cli.ErrUnread)
			}
			return closed()
		}
	}
	out.Writer = foreign.NewWriter(out.Spool, out.Options.Color) // above it, which may cut what it carries
	return out, done, nil
}

// listen begins to listen, and says so, and what is amiss with the certificates.
func (s *serverFlags) listen(ctx context.Context, log io.Writer, out *cli.Output, roots []*authority.CA) (net.Listener, error) {
	if s.caDir != "" {
		for _, a := range roots {
			trust.WarnExpired(log, s.Lang, s.caDir, a)
		}
	}
	s.warnDates(log, time.Now())
	l, err := net.Listen("tcp", s.accept)
	if err != nil {
		return nil, cli.Unheard(s.Lang, s.accept, err)
	}
	l = tls.Patient(l)
	if err := cli.FirstError(s.warn(out), s.announce(ctx, log, l, roots)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// serve serves until it is interrupted, and waits for the connections that are left.
func (s *serverFlags) serve(ctx context.Context, h *host, l net.Listener, typed io.Reader) (err error) {
	if s.Format == cli.HTML {
		h.pages = s.newPages(s.pageFile, h.cfg, h.log)
	}
	h.arrived = sync.NewCond(&h.mu)
	defer context.AfterFunc(ctx, func() { h.stop(l) })()
	if s.www {
		err = h.serveHTTP(l)
	} else {
		go h.typed(typed)
		err = h.serve(l)
	}
	h.stop(l)
	err = cli.FirstError(err, h.leave())
	if err == nil && h.pages != nil && h.pages.lost.Load() {
		err = cli.ErrTold
	}
	return err
}

// checkPages finds where the pages of --format html shall go: each has a file of its own, so that of
// --out is not opened.
func (s *serverFlags) checkPages(cmd *cobra.Command) error {
	if s.Format != cli.HTML {
		return nil
	}
	if s.View.Out == "" {
		return cli.Misuse("Say --out page.html: the page of connection 3 is then in page-3.html.", "--format html: each connection has a page of its own, and they need files")
	}
	s.pageFile, s.View.Out = s.View.Out, ""
	return s.checkPage(cmd)
}

// check finds what makes no sense by itself.
func (s *serverFlags) check(cmd *cobra.Command) error {
	if s.accept == "" {
		return cli.Misuse("Say where to listen: tlslab server --accept HOST:PORT", "--accept is missing")
	}
	if _, err := cli.SplitAddr(s.accept); err != nil {
		return cli.Misuse("It is HOST:PORT or :PORT; an IPv6 address goes in brackets, [::1]:443.", "--accept %s: %s", s.accept, cli.AddrFault(err))
	}
	var err error
	if _, s.accept, err = cli.ASCIIAddr("--accept", s.accept); err != nil {
		return err
	}
	if s.serverName, err = cli.HostPattern("--servername", s.serverName); err != nil {
		return err
	}
	if err := flags.LongerThanNothing(s.handshakeTimeout, s.idleTimeout); err != nil {
		return err
	}
	if cmd.Flags().Changed("idle-timeout") && !s.www {
		return cli.Misuse("Add --www, or leave it out.", "--idle-timeout is about requests: without --www either end may be silent for as long as it likes")
	}
	for _, p := range s.alpn {
		if s.www && !slices.Contains(protocols, p) { // a client that agrees on it would speak it
			return cli.Misuse("Say --alpn h2,http/1.1, or leave --www out: then the speaking is up to you.", "--alpn %s: --www speaks h2, http/1.1 and http/1.0", foreign.Quote(p))
		}
	}
	return nil
}

// badServerConfig tries the configuration before anybody connects.
func badServerConfig(cfg *handshake.Config) error {
	if _, err := handshake.NewServer(cfg); err != nil {
		return badConfig(err)
	}
	return nil
}

// announce says where the server listens, which scripts wait for, and how to get at
// its root.
func (s *serverFlags) announce(ctx context.Context, w io.Writer, l net.Listener, roots []*authority.CA) error {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	if s.writeRoot != "" {
		// The roots of the last server are useless now, so they are replaced.
		write := func() error {
			return authority.WriteCerts(s.writeRoot, rootsOf(roots), authority.FileOptions{Overwrite: true})
		}
		if err := cli.UntilRead(ctx, s.Lang, "--write-root", s.writeRoot, write); err != nil {
			return err
		}
	}
	if err := cli.WritePort(ctx, s.Lang, s.portFile, l); err != nil {
		return err
	}
	fmt.Fprintln(w, cli.Say(s.Lang, "listening", "address", l.Addr().String()))
	switch root := s.rootFile(); {
	case root != "":
		fmt.Fprintln(w, "  "+cli.Say(s.Lang, "clients_trust", "root", root, "port", port))
	case s.Cert == "":
		fmt.Fprintln(w, "  "+cli.Say(s.Lang, "root_unwritten"))
	}
	if !s.www && slices.Contains(s.alpn, overHTTP2) {
		fmt.Fprintln(w, "  "+cli.Say(s.Lang, "protocol_unspoken"))
	}
	return nil
}
