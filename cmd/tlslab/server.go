package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"tlslab/handshake"
	"tlslab/handshake/replay"
	"tlslab/pki"
)

type serverFlags struct {
	liveFlags
	accept, serverName string
	caDir, writeRoot   string
	portFile, staple   string
	verifyClient, www  bool
	resume             resumeFlags
}

func newServer() *cobra.Command {
	s := new(serverFlags)
	cmd := &cobra.Command{
		Use:   "server --accept HOST:PORT",
		Short: "Serve TLS to any client and explain each handshake",
		Long: `Accept connections until interrupted, and explain each handshake on standard error
(or in --out), one connection after the other, however many there are at a time.

What clients send is printed; a line of standard input goes to the client that came
last. With --www the server answers HTTP instead, with a page about the handshake.

The certificate is --cert's, or is issued by the CA in --cadir, or by a CA made on the
spot, whose keys are never written anywhere: --write-root writes its roots for clients.
Such a server has an RSA certificate and an ECDSA one, for the suites and the signature
schemes that want the one or the other.

Clients may resume by session ID, by ticket, and in TLS 1.3 by ticket with early data
(--early-data, off by default), which can be replayed: --defend says what is done about
that. Servers that share a Redis (--store) resume each other's sessions and know each
other's marks; while it cannot be reached they shake hands in full, and take no early data.`,
		Example: `  tlslab server --accept :8443 --www --write-root root.pem
  curl --cacert root.pem https://localhost:8443/
  tlslab server --accept localhost:8443 --cert www.pem --key www-key.pem --kx rsa
  tlslab server --accept :8443 --cadir ca --verify-client --staple good
  tlslab server --accept :8443 --www --tls 1.3 --group X448 --cookie
  tlslab server --accept :8443 --www --store redis://localhost:6379 --early-data 16384
  tlslab server --accept 127.0.0.1:0 --www --port-file port --quiet &`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	s.flags(cmd)
	s.serverFlags(cmd)
	s.resume.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&s.accept, "accept", "", "listen on `HOST:PORT`; port 0 takes a free one")
	f.StringVar(&s.portFile, "port-file", "", "write the port to this `file` once listening")
	f.StringVar(&s.serverName, "servername", "", "one more name for the certificate that is issued")
	f.StringVar(&s.caDir, "cadir", "", "the `directory` of the CA that issues the certificate (tlslab ca init)")
	f.StringVar(&s.writeRoot, "write-root", "", "write the roots for clients to this PEM `file`")
	f.StringVar(&s.staple, "staple", "none", "staple an OCSP response: good, revoked, stale, unknown or none")
	f.BoolVar(&s.verifyClient, "verify-client", false, "demand a certificate of each client")
	f.StringVar(&s.caFile, "CAfile", "", "trust the roots in this PEM `file` for clients (default: the CA in --cadir)")
	f.BoolVar(&s.www, "www", false, "answer HTTP with a page about the handshake; standard input is not read")
	complete(cmd, "staple", stapleKinds)
	return cmd
}

func (s *serverFlags) run(cmd *cobra.Command) (err error) {
	if s.accept == "" {
		return misuse("Say where to listen: tlslab server --accept HOST:PORT", "--accept is missing")
	}
	if _, err := splitAddr(s.accept); err != nil {
		return misuse("It is HOST:PORT or :PORT; an IPv6 address goes in brackets, [::1]:443.", "--accept %s: %s", s.accept, addrFault(err))
	}
	cfg, err := s.config(s.resume.only13(cmd))
	if err != nil {
		return err
	}
	roots, err := s.certify(cfg)
	if err != nil {
		return err
	}
	if err := s.clientRoots(cfg, roots); err != nil {
		return err
	}
	store, err := openStore(s.resume.store, s.tellStore(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	settings, err := s.resume.apply(cfg, store, s.noTicket)
	if err != nil {
		return err
	}
	if err := badServerConfig(cfg); err != nil {
		return err
	}
	out, done, err := s.outputs(cmd.ErrOrStderr(), cfg)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, done()) }()

	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if s.caDir != "" {
		for _, a := range roots {
			warnExpired(cmd.ErrOrStderr(), s.lang, s.caDir, a)
		}
	}
	l, err := net.Listen("tcp", s.accept)
	if err != nil {
		return told(s.lang, err, "no_listen", "address", s.accept, "error", dialFault(err))
	}
	if err := firstError(s.warn(out), s.announce(ctx, cmd.ErrOrStderr(), l, roots)); err != nil {
		return errors.Join(err, l.Close())
	}
	s.announceStore(cmd.ErrOrStderr(), cfg, store, settings)
	watched, unwatch := context.WithCancel(context.WithoutCancel(ctx)) // the last connections may yet need it
	var watching sync.WaitGroup
	watching.Go(func() { store.watch(watched) })
	defer watching.Wait()
	defer unwatch()
	h := &host{flags: s, cfg: cfg, store: store, safeMethods: slices.Contains(settings.Defences, replay.SafeMethods), log: cmd.ErrOrStderr(), out: out, stdout: unfiltered(cmd.OutOrStdout()), conns: map[*liveConn]bool{}}
	h.arrived = sync.NewCond(&h.mu)
	defer context.AfterFunc(ctx, func() { h.stop(l) })()
	if s.www {
		err = h.serveHTTP(l)
	} else {
		go h.typed(cmd.InOrStdin())
		err = h.serve(ctx, l)
	}
	h.stop(l)
	h.handlers.Wait()
	return err
}

// clientRoots sets whom to believe of the clients.
func (s *serverFlags) clientRoots(cfg *handshake.Config, own []*pki.Authority) (err error) {
	if !s.verifyClient {
		if s.caFile != "" {
			return misuse("Add --verify-client.", "--CAfile is about clients' certificates, and none is asked for")
		}
		return nil
	}
	cfg.ClientAuth = handshake.RequireClientCert
	switch {
	case s.caFile != "":
		cfg.Roots, err = rootsFrom(s.caFile)
		return err
	case s.caDir != "":
		cfg.Roots = rootStore(own)
		return nil
	}
	return misuse("Name their CA: --CAfile FILE, or --cadir DIR for one made by tlslab ca init.",
		"--verify-client, and nobody to trust clients' certificates of")
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
func (s *serverFlags) announce(ctx context.Context, w io.Writer, l net.Listener, roots []*pki.Authority) error {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	if s.writeRoot != "" {
		// The last server's roots are of no use any more, so they are replaced.
		write := func() error { return pki.WriteCerts(s.writeRoot, rootsOf(roots), pki.FileOptions{Overwrite: true}) }
		if err := untilRead(ctx, s.lang, "--write-root", s.writeRoot, write); err != nil {
			return err
		}
	}
	if err := writePort(ctx, s.lang, s.portFile, l); err != nil {
		return err
	}
	fmt.Fprintln(w, say(s.lang, "listening", "address", l.Addr().String()))
	switch root := s.rootFile(); {
	case root != "":
		fmt.Fprintln(w, "  "+say(s.lang, "clients_trust", "root", root, "port", port))
	case s.cert == "":
		fmt.Fprintln(w, "  "+say(s.lang, "root_unwritten"))
	}
	return nil
}

// host is a server at work.
type host struct {
	flags    *serverFlags
	cfg      *handshake.Config
	store    *serverStore
	log      io.Writer
	out      *output
	stdout   io.Writer
	handlers sync.WaitGroup
	stopping sync.Once

	safeMethods bool // early data may only ask, and change nothing

	mu      sync.Mutex
	arrived *sync.Cond
	conns   map[*liveConn]bool
	last    *liveConn // who gets what is typed
	count   int
	stopped bool
}

// serve handles each connection until l is closed.
func (h *host) serve(ctx context.Context, l net.Listener) error {
	live := &liveListener{l, h}
	for {
		c, err := live.Accept()
		if err != nil {
			return h.unlessStopped(err)
		}
		h.handlers.Go(func() { h.converse(ctx, c.(*liveConn)) })
	}
}

// unlessStopped is err, unless it comes of stopping.
func (h *host) unlessStopped(err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return nil
	}
	return err
}

// converse shakes hands and prints what comes until the peer closes.
func (h *host) converse(ctx context.Context, c *liveConn) {
	defer c.Close()
	if h.cfg.MaxEarlyData > 0 && c.printEarly() != nil {
		return
	}
	if c.shake(ctx) != nil {
		return
	}
	h.mu.Lock()
	h.last = c
	h.arrived.Broadcast()
	h.mu.Unlock()
	buf := make([]byte, 1<<14)
	for {
		n, err := c.Read(buf)
		c.transcript.flush()
		h.print(buf[:n])
		if err != nil {
			return
		}
	}
}

func (h *host) print(p []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _ = h.stdout.Write(p)
}

// typed sends each line of in to the client that came last, and waits for one if
// there is none. When in ends, the server goes on.
func (h *host) typed(in io.Reader) {
	r := bufio.NewReader(in)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			h.mu.Lock()
			for h.last == nil {
				h.arrived.Wait()
			}
			c := h.last
			h.mu.Unlock()
			// A client that has left misses the line; its own handler tells of it.
			_, _ = c.Write(line)
			c.transcript.flush()
		}
		if err != nil {
			return
		}
	}
}

// stop closes everything, once, and returns when that is done.
func (h *host) stop(l net.Listener) {
	h.stopping.Do(func() {
		h.mu.Lock()
		h.stopped = true
		open := slices.Collect(maps.Keys(h.conns))
		h.mu.Unlock()
		_ = l.Close()
		for _, c := range open {
			_ = c.Close()
		}
	})
}
