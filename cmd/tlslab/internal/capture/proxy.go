package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/pki/authority"
)

type proxyFlags struct {
	cli.View
	listen, portFile, mode, confDir string
	ownNetwork                      bool
	ignore, allow, rewrite          []string
	setHeader, setReply, block      []string
	mapRemote                       []string
	upstream                        flags.Identity
	certsFor                        []string
	by                              string // --upstream
	caFile                          string
	insecure                        bool
	clientTLS, serverTLS            string
	keyLog, harDump, pcap           string
	harLimit                        int
	maxConns                        int
	idle, handshake                 time.Duration
	show                            []int
	quiet                           bool
	format                          string
	pageFile                        string // --out, of a page
	noSecrets                       bool   // on a page
	web                             string // where the list is served; "" for nowhere
}

// NewProxy is the verb proxy.
func NewProxy() *cobra.Command {
	p := new(proxyFlags)
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "A capture proxy for real clients and servers, and why it fails where it does",
		Long: `Stand between real clients and real servers, as capture tools do. For each connection
the proxy waits for the client's hello, shakes hands with the server under the same
name, checks its certificate, forges one with the same names under a CA of its own,
and shakes hands with the client. What was said lies in clear in between.

It works for clients that trust that CA or check no certificate, and for no others: tlslab proxy ca
says how to have one trust it, and how to end that. Use it on traffic that is yours.

What passes is listed on standard output, failed handshakes too: who refused, with which
alert, and the likely cause. Type an entry's number and Enter, or say --show N, to read
the handshakes of both its legs.

Listening elsewhere than on this machine lets others send their traffic through it:
that wants --i-own-this-network.`,
		Example: `  tlslab proxy
  curl --proxy http://127.0.0.1:8080 --cacert ~/.config/tlslab/tlslab-ca.pem https://www.example.org/
  tlslab proxy ca                                        how clients come to trust it
  tlslab proxy --ignore-hosts '*.bank.example' --hardump today.har --pcap today.pcapng
  tlslab proxy --mode reverse:https://localhost:8443 --upstream-CAfile root.pem
  tlslab proxy --mode socks5 --listen 127.0.0.1:1080
  tlslab proxy --rewrite 'hello=goodbye' --client-tls 1.2 --show 1
  tlslab proxy --set-header X-Debug=1 --set-header Cookie= --block '*.ads.example'
  tlslab proxy --web :8081                               the list in a browser: open the address that it prints
  tlslab proxy --upstream http://proxy.example:3128 --client-cert-for '*.bank.example=me.pem'
  tlslab proxy --show 1 --format html --out entry.html   both handshakes as a page, when entry 1 is there`,
		Args: cli.NoVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.run(cmd) },
	}
	p.LangFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&p.Color, "color", "auto", "auto, always or never; NO_COLOR is heeded")
	f.IntVar(&p.Width, "width", 0, "columns of a line (default: the terminal's, or 80)")
	f.StringVar(&p.listen, "listen", "127.0.0.1:8080", "listen on `HOST:PORT`; port 0 takes a free one")
	f.BoolVar(&p.ownNetwork, "i-own-this-network", false, "allow --listen on an address that others can reach")
	f.StringVar(&p.portFile, "port-file", "", "write the port to this `file` once listening")
	f.StringVar(&p.mode, "mode", "forward", "`MODE`: forward (HTTP CONNECT), socks5, or reverse:https://HOST:PORT")
	f.StringVar(&p.confDir, "confdir", "", "the `directory` of the proxy's CA (default: tlslab in your configuration directory)")
	f.StringSliceVar(&p.ignore, "ignore-hosts", nil, "pass these through untouched: www.example.org, *.example.org, *:8443")
	f.StringSliceVar(&p.allow, "allow-hosts", nil, "capture these alone, and pass the rest through untouched")
	f.StringVar(&p.upstream.Cert, "client-cert", "", "what to show to servers that ask for a certificate, PEM `file`, leaf first")
	f.StringVar(&p.upstream.Key, "client-key", "", "its private key, PEM `file` (default: the --client-cert file)")
	f.StringArrayVar(&p.certsFor, "client-cert-for", nil, "`PATTERN=FILE`: show this to these servers alone, chain and private key in one PEM\nfile (may be given again): *.bank.example=me.pem")
	f.StringVar(&p.by, "upstream", "", "reach servers by way of another proxy: http://[USER:PASSWORD@]HOST:PORT, https:// or\nsocks5://; none: directly (default: what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say)")
	f.StringVar(&p.caFile, "upstream-CAfile", "", "believe servers with these roots, PEM `file` (default: this machine's)")
	f.BoolVar(&p.insecure, "upstream-insecure", false, "believe any server; the list marks it")
	f.StringVar(&p.clientTLS, "client-tls", "", "exactly this version towards clients: 1.2 or 1.3 (default: both)")
	f.StringVar(&p.serverTLS, "server-tls", "", "exactly this version towards servers: 1.2 or 1.3 (default: both)")
	f.StringArrayVar(&p.rewrite, "rewrite", nil, "`OLD=NEW`: replace it in the bodies, in both directions (may be given again)")
	f.StringArrayVar(&p.setHeader, "set-header", nil, "`NAME=VALUE`: give requests this field, in the place of those of that name;\nNAME= removes them (may be given again)")
	f.StringArrayVar(&p.setReply, "set-reply-header", nil, "`NAME=VALUE`: the same for replies (may be given again)")
	f.StringArrayVar(&p.mapRemote, "map-remote", nil, "`FROM=TO`: ask another server instead, https://www.example.org=http://localhost:3000;\nthe client is shown a certificate for FROM. TO may have a path, to stand before the\nothers; FROM may if the server stays: https://www.example.org/v1=https://www.example.org/v2\n(may be given again)")
	f.StringArrayVar(&p.block, "block", nil, "answer 403 instead of reaching `WHAT`: a host, as for --ignore-hosts, or the\nbeginning of a URL, https://www.example.org/ads/ (may be given again)")
	f.StringVar(&p.keyLog, "keylogfile", "", "append the secrets of both legs, in NSS key log format, to this `file` (mode 0600)"+cli.KeyLogFromEnv)
	f.StringVar(&p.harDump, "hardump", "", "write what was said, as HAR 1.2, to this `file` (mode 0600);\nit takes twice its size on disk while the proxy runs")
	f.IntVar(&p.harLimit, "hardump-limit", harLimit, "leave out what would make it longer than so many `MiB`; 0 for no limit")
	f.StringVar(&p.pcap, "pcap", "", "write both legs, and the secrets that open them, to this pcapng `file` (mode 0600)")
	f.IntSliceVar(&p.show, "show", nil, "print the handshakes of the connection of entry `N` when it is there")
	f.IntVar(&p.maxConns, "max-conns", 1000, "turn clients away beyond so many connections")
	f.DurationVar(&p.idle, "idle-timeout", 5*time.Minute, "end a connection after so long without a byte")
	f.DurationVar(&p.handshake, "handshake-timeout", 30*time.Second, "end a connection that takes longer to shake hands, or to send a head")
	f.BoolVar(&p.Bytes, "bytes", false, "show handshakes with every byte, a certificate's too: offset, hex, name, meaning")
	p.View.TellingFlags(cmd)
	f.BoolVar(&p.quiet, "quiet", false, "no list")
	f.StringVar(&p.format, "format", cli.Text, "of the list: text, or json (a line an entry); html is a page of the entry that --show names")
	f.StringVar(&p.pageFile, "out", "", "write that page to this `file` (mode 0600), and go on listing (default: the page, and no list)")
	f.BoolVar(&p.noSecrets, "no-secrets", false, "leave secrets out of that page, so that it can be shared; with --web out of all pages")
	f.StringVar(&p.web, "web", "", "serve the list to browsers on this machine too, at `[HOST]:PORT`, each entry with both\nhandshakes; the address that is printed has a token, and whoever has that reads all")
	cli.Complete(cmd, "client-tls", func() []string { return []string{"1.2", "1.3"} })
	cli.Complete(cmd, "server-tls", func() []string { return []string{"1.2", "1.3"} })
	cli.Complete(cmd, "mode", func() []string { return []string{"forward", "socks5", "reverse:https://"} })
	cli.Complete(cmd, "upstream", func() []string { return []string{"http://", "https://", "socks5://", "none"} })
	cli.Complete(cmd, "web", func() []string { return []string{":8081"} })
	cli.Complete(cmd, "format", func() []string { return proxyFormats })
	cli.Begin(cmd, "set-header", "Accept-Language=", "Authorization=", "Cookie=", "User-Agent=")
	cli.Begin(cmd, "set-reply-header", "Access-Control-Allow-Origin=", "Cache-Control=", "Content-Security-Policy=", "Set-Cookie=")
	cli.Begin(cmd, "map-remote", "https://", "http://")
	cli.Begin(cmd, "block", "*.", "https://", "http://")
	cli.Begin(cmd, "rewrite")
	cmd.AddCommand(newProxyCA(p))
	return cmd
}

var proxyFormats = []string{cli.Text, cli.JSON, cli.HTML}

// checkPage refuses what makes no page, and what a page has no use for.
func (p *proxyFlags) checkPage(cmd *cobra.Command) error {
	if p.format != cli.HTML {
		switch {
		case p.pageFile != "":
			return cli.Misuse("Add --format html, or redirect the list.", "--out is for the page of --format html")
		case p.noSecrets && p.web == "":
			return cli.Misuse("Add --format html or --web, or leave it out.", "--no-secrets is about the page of --format html, and those of --web")
		}
		return nil
	}
	if len(p.show) != 1 {
		return cli.Misuse("Say --show N with the number of one entry.", "--format html: a page is of one connection")
	}
	if err := cli.Try("--out", p.pageFile); err != nil { // better now than when the entry is there
		return err
	}
	return cli.TextOnly(cmd, p.format)
}

// lists reports whether entries are listed: not where standard output is to be a page.
func (p *proxyFlags) lists() bool {
	return !p.quiet && (p.format != cli.HTML || p.pageFile != "")
}

func (p *proxyFlags) run(cmd *cobra.Command) (err error) {
	o, err := p.options()
	if err != nil {
		return err
	}
	if err := cli.FirstError(p.checkPage(cmd), cli.Try("--port-file", p.portFile)); err != nil {
		return err
	}
	said := cli.NewSpool(cli.Unfiltered(cmd.ErrOrStderr()), p.Missing)
	defer func() { err = p.CloseLog(said, cmd.OutOrStdout(), err) }()
	log := cli.NewNotes(said, cmd.ErrOrStderr())
	out, err := p.View.Open(cmd.OutOrStdout(), log)
	if err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, out.Close()) }()
	dir, ca, made, err := p.loadCA()
	if err != nil {
		return err
	}
	if o.Forger, err = proxy.NewForger(ca); err != nil {
		return err
	}
	files := new(proxyFiles)
	if err := files.open(p, &o, log); err != nil {
		return err
	}
	defer func() { err = cli.FirstError(err, files.close()) }()

	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // whoever interrupts once more means it
	l, err := net.Listen("tcp", p.listen)
	if err != nil {
		return cli.Unheard(p.Lang, p.listen, err)
	}
	ways, err := p.upstreams(ctx, &o, l.Addr())
	if err != nil {
		return cli.FirstError(err, l.Close())
	}
	web, err := p.openWeb()
	if err != nil {
		return cli.FirstError(err, l.Close())
	}
	if web != nil {
		defer func() { err = cli.FirstError(err, web.close()) }()
		defer debug.SetGCPercent(debug.SetGCPercent(webGC))
		o.Limits.Kept = webKept
		ways = append(ways, cli.Say(p.Lang, "proxy_web"), web.address())
	}
	listed := cli.NewSpool(cli.Unfiltered(out.Writer), p.MissingFrom(p.format, log))
	out.Writer = foreign.NewWriter(listed, out.Options.Color)
	defer func() {
		lerr := listed.Close()
		if errors.Is(lerr, cli.ErrUnread) {
			fmt.Fprintln(log, cli.Say(p.Lang, "untaken_list"))
			lerr = cli.ErrTold
		}
		err = cli.FirstError(err, lerr)
	}()
	list := newProxyList(p, out, log)
	o.Seen = func(e *proxy.Entry) {
		files.add(e)
		list.add(e)
		if web != nil {
			web.feed.Add(watchable(e, p.caFile != ""))
		}
	}
	o.Page = func(f *proxy.Fault) string { return faultText(p.Lang, f, p.caFile != "") }
	o.HTML = func(host string, f *proxy.Fault) proxy.Document { return faultPage(p.Lang, host, f, p.caFile != "") }
	root := filepath.Join(dir, proxy.CAFile)
	o.Landing = landing(p.Lang, ca.Cert)
	px, err := proxy.New(o)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	list.proxy = px
	if web != nil {
		web.start(list.watched(l.Addr().String(), root))
	}
	if err := p.announce(ctx, log, l, root, made, ways); err != nil {
		return errors.Join(err, px.Close(), l.Close())
	}
	defer context.AfterFunc(ctx, func() { _ = px.Close() })()
	// What reading the system's roots has left behind is a third of what a proxy that has
	// nothing to do weighs.
	debug.FreeOSMemory()
	if p.lists() && p.format != cli.JSON {
		go list.typed(cmd.InOrStdin())
	}
	err = px.Serve(l)
	return cli.FirstError(err, px.Close(), list.close())
}

// dir is where the CA is.
func (p *proxyFlags) dir() (string, error) {
	if p.confDir != "" {
		return p.confDir, nil
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "", cli.Failure("Say --confdir DIR.", "no configuration directory: %w", err)
	}
	return filepath.Join(base, "tlslab"), nil
}

// loadCA returns the CA and where it is. It is made if there is none: then made is true.
func (p *proxyFlags) loadCA() (dir string, ca *authority.CA, made bool, err error) {
	if dir, err = p.dir(); err != nil {
		return "", nil, false, err
	}
	if ca, made, err = proxy.LoadCA(dir); err != nil {
		return "", nil, false, cli.ToldUnusable(p.Lang, err, "proxy_no_ca", "dir", dir, "error", narrate.Fault(p.Lang, err))
	}
	return dir, ca, made, nil
}

// options makes a proxy of the flags, but for its CA.
func (p *proxyFlags) options() (o proxy.Options, err error) {
	if !slices.Contains(proxyFormats, p.format) {
		return o, cli.Misuse("", "--format %s: of the list it is text or json, and html with --show", p.format)
	}
	host, err := cli.SplitAddr(p.listen)
	if err != nil {
		return o, cli.Misuse("It is HOST:PORT; an IPv6 address goes in brackets, [::1]:8080.", "--listen %s: %s", p.listen, cli.AddrFault(err))
	}
	if !p.ownNetwork && !cli.IsLoopback(host) {
		return o, cli.Misuse("Listen on 127.0.0.1 or [::1]; or, if the network and the traffic are yours, add --i-own-this-network.",
			"--listen %s: others could send their traffic through this proxy, and it would be read", p.listen)
	}
	if o.Mode, err = proxyMode(p.mode); err != nil {
		return o, err
	}
	if _, err = p.named(); err != nil { // before anything is opened
		return o, err
	}
	if o.Ignore, err = patterns("--ignore-hosts", p.ignore); err != nil {
		return o, err
	}
	if o.Allow, err = patterns("--allow-hosts", p.allow); err != nil {
		return o, err
	}
	if p.web != "" {
		if _, err := p.webAddr(); err != nil {
			return o, err
		}
	}
	for _, text := range p.rewrite {
		rw, err := mitm.ParseRewrite(text)
		if err != nil {
			return o, cli.Misuse("", "--rewrite %s: %w", text, err)
		}
		o.Rewrite = append(o.Rewrite, rw)
	}
	if err := p.hooks(&o); err != nil {
		return o, err
	}
	switch {
	case slices.ContainsFunc(p.show, func(n int) bool { return n < 1 }):
		return o, cli.Misuse("Entries are numbered from 1.", "--show %v: there is no such entry", p.show)
	case p.harLimit < 0:
		return o, cli.Misuse("Say 0 for no limit.", "--hardump-limit %d: no archive is as short", p.harLimit)
	case p.maxConns < 1:
		return o, cli.Misuse("", "--max-conns %d: at least one", p.maxConns)
	case p.insecure && p.caFile != "":
		return o, cli.Misuse("Leave one of the two out.", "--upstream-insecure believes any server, --upstream-CAfile some")
	}
	if err := flags.LongerThanNothing(p.handshake, p.idle); err != nil {
		return o, err
	}
	o.Limits = proxy.Limits{Connections: p.maxConns, Idle: p.idle, Handshake: p.handshake}
	return o, p.legs(&o)
}

// hooks sets what is to be changed on the way.
func (p *proxyFlags) hooks(o *proxy.Options) error {
	for _, text := range p.block {
		b, err := proxy.ParseBlock(text)
		if err != nil {
			return cli.Misuse("", "--block %s: %w", text, err)
		}
		o.Block = append(o.Block, b)
	}
	for _, text := range p.mapRemote {
		m, err := proxy.ParseMapRemote(text)
		if err != nil {
			return cli.Misuse("", "--map-remote %s: %w", text, err)
		}
		o.MapRemote = append(o.MapRemote, m)
	}
	for _, x := range []struct {
		flag string
		of   proxy.Side
		list []string
	}{{"--set-header", proxy.SideClient, p.setHeader}, {"--set-reply-header", proxy.SideServer, p.setReply}} {
		var fields []relay.Field
		for _, text := range x.list {
			f, err := proxy.ParseSetHeader(text)
			if err != nil {
				return cli.Misuse("", "%s %s: %w", x.flag, text, err)
			}
			fields = append(fields, f)
		}
		if len(fields) > 0 {
			o.Hooks = append(o.Hooks, proxy.SetHeaders(x.flag, x.of, fields...))
		}
	}
	return nil
}

// legs sets what the two legs begin from.
func (p *proxyFlags) legs(o *proxy.Options) (err error) {
	for _, x := range []struct {
		flag, value string
		cfg         *handshake.Config
	}{{"--client-tls", p.clientTLS, &o.ToClient}, {"--server-tls", p.serverTLS, &o.ToServer}} {
		v, ok := map[string]iana.Version{"": 0, "1.2": iana.TLS12, "1.3": iana.TLS13}[x.value]
		if !ok {
			return cli.Misuse("Say 1.2 or 1.3, or leave it out for both.", "%s %s: there is no such version here", x.flag, x.value)
		}
		x.cfg.MinVersion, x.cfg.MaxVersion = v, v
	}
	p.upstream.CertFlag, p.upstream.KeyFlag = "--client-cert", "--client-key"
	if o.ToServer.Certificates, err = p.upstream.Load(); err != nil {
		return err
	}
	if o.ClientCertificates, err = p.certificatesFor(); err != nil {
		return err
	}
	o.ToServer.Weak.SkipVerify = p.insecure
	if p.caFile != "" {
		o.ToServer.Roots, err = flags.RootsFrom(p.caFile)
		return err
	}
	if o.ToServer.Roots, err = authority.SystemStore(); err != nil && !p.insecure {
		return cli.Failure("Name the roots to believe with --upstream-CAfile FILE.", "%w", err)
	}
	return nil
}

func patterns(flag string, list []string) (out []proxy.Pattern, err error) {
	for _, text := range list {
		x, err := proxy.ParsePattern(text)
		if err != nil {
			return nil, cli.Misuse("", "%s %s: %w", flag, text, err)
		}
		out = append(out, x)
	}
	return out, nil
}

// proxyMode reads --mode.
func proxyMode(text string) (proxy.Mode, error) {
	const remedy = "There are forward, socks5 and reverse:https://HOST:PORT."
	switch text {
	case "forward":
		return proxy.Forward, nil
	case "socks5":
		return proxy.SOCKS5, nil
	}
	to, ok := strings.CutPrefix(text, "reverse:")
	if !ok {
		return nil, cli.Misuse(remedy, "--mode %s: no such mode", text)
	}
	u, err := url.Parse(to)
	switch {
	case err != nil || u.Scheme != "https" || u.Hostname() == "":
		return nil, cli.Misuse(remedy, "--mode %s: it takes the server's https URL", text)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil:
		return nil, cli.Misuse(remedy, "--mode %s: whatever is behind the port is for the client to say", text)
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return proxy.Reverse(u.Hostname(), port), nil
}

// announce says where the proxy listens and what its clients have to trust.
func (p *proxyFlags) announce(ctx context.Context, w io.Writer, l net.Listener, root string, made bool, ways []string) error {
	if err := cli.WritePort(ctx, p.Lang, p.portFile, l); err != nil {
		return err
	}
	lines := []string{cli.Say(p.Lang, "proxy_listening", "address", l.Addr().String(), "mode", p.mode)}
	if made {
		lines = append(lines, cli.Say(p.Lang, "proxy_made_ca", "root", root))
	}
	if p.mode == "forward" {
		lines = append(lines, curlBy(l.Addr().String(), root))
	} else {
		lines = append(lines, cli.Say(p.Lang, "proxy_root", "root", root))
	}
	lines = append(lines, ways...)
	width := cli.Columns(os.Stderr)
	if width == 0 {
		width = sheet.DefaultWidth
	}
	var b strings.Builder
	for i, line := range lines {
		if strings.HasPrefix(line, "curl ") || strings.HasPrefix(line, "http://") {
			b.WriteString("  " + line + "\n") // to be copied whole
			continue
		}
		for j, part := range sheet.Wrap(line, width-2) {
			if i+j > 0 {
				part = "  " + part
			}
			b.WriteString(part + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
