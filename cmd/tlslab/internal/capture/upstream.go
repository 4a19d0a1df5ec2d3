package capture

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake/mitm/proxy"
)

// The way to the servers: by another proxy, and with which certificates.

// directly is what --upstream says where none is wanted.
const directly = "none"

// upstreams sets how servers are reached, and says so in lines. listening is the proxy's own address:
// where the environment names that, as it does for programs that are to go through the proxy, the
// proxy itself must not.
func (p *proxyFlags) upstreams(ctx context.Context, o *proxy.Options, listening net.Addr) (lines []string, err error) {
	if p.by == "" {
		return p.ofEnvironment(ctx, o, listening)
	}
	up, err := p.named()
	switch {
	case up == nil:
		return nil, err
	case isItself(ctx, up.Addr(), listening):
		return nil, cli.Misuse(upstreamRemedy, "--upstream %s: that is this proxy itself", up)
	}
	o.Upstream = up.By
	return []string{cli.Say(p.Lang, "proxy_upstream_by", "upstream", up.String(), "source", "--upstream")}, nil
}

const upstreamRemedy = "It is http://[USER:PASSWORD@]HOST:PORT, https://, socks5://, or none."

// named is what --upstream names; nil if that is none.
func (p *proxyFlags) named() (*proxy.Upstream, error) {
	if p.by == "" || p.by == directly {
		return nil, nil
	}
	up, err := proxy.ParseUpstream(p.by)
	if err != nil { // it is not repeated: there may be a password in it
		return nil, cli.Misuse(upstreamRemedy, "--upstream: %w", err)
	}
	return up, nil
}

// ofEnvironment goes by HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
func (p *proxyFlags) ofEnvironment(ctx context.Context, o *proxy.Options, listening net.Addr) (lines []string, err error) {
	by, named, err := proxy.UpstreamsOfEnvironment()
	if err != nil {
		return nil, cli.Failure("Mend the variable, or say --upstream none.", "%w", err)
	}
	own := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		up := named[name]
		if isItself(ctx, up.Addr(), listening) {
			own[up.Addr()] = true
			lines = append(lines, cli.Say(p.Lang, "proxy_upstream_itself", "upstream", up.String(), "source", name))
			continue
		}
		lines = append(lines, cli.Say(p.Lang, "proxy_upstream_by", "upstream", up.String(), "source", name))
	}
	if len(named) > 0 {
		o.Upstream = func(scheme, addr string) *proxy.Upstream {
			if up := by(scheme, addr); up != nil && !own[up.Addr()] {
				return up
			}
			return nil
		}
	}
	return lines, nil
}

// isItself reports whether addr is where the proxy listens.
func isItself(ctx context.Context, addr string, listening net.Addr) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // a resolver that does not answer holds nobody up
	defer cancel()
	host, port, _ := net.SplitHostPort(addr)
	l, err := netip.ParseAddrPort(listening.String())
	if _, own, _ := net.SplitHostPort(listening.String()); err != nil || port != own {
		return false
	}
	ips, err := new(net.Resolver).LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false
	}
	mine := []netip.Addr{l.Addr().Unmap()}
	if l.Addr().IsUnspecified() {
		all, _ := net.InterfaceAddrs() // without them loopback is left
		for _, a := range all {
			if n, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					mine = append(mine, ip.Unmap())
				}
			}
		}
	}
	return slices.ContainsFunc(ips, func(ip netip.Addr) bool {
		return slices.Contains(mine, ip.Unmap()) || ip.IsUnspecified() || l.Addr().IsUnspecified() && ip.IsLoopback()
	})
}

// certificatesFor reads --client-cert-for.
func (p *proxyFlags) certificatesFor() (out []proxy.ClientCertificate, err error) {
	for _, text := range p.certsFor {
		pattern, file, ok := strings.Cut(text, "=")
		if !ok || file == "" {
			return nil, cli.Misuse("It is PATTERN=FILE, as in '*.bank.example=me.pem'.", "--client-cert-for %s: no file", text)
		}
		x, err := proxy.ParsePattern(pattern)
		if err != nil {
			return nil, cli.Misuse("It is PATTERN=FILE, as in '*.bank.example=me.pem'.", "--client-cert-for %s: %w", text, err)
		}
		id := flags.Identity{Cert: file, CertFlag: "--client-cert-for", OneFile: true}
		certs, err := id.Load()
		if err != nil {
			return nil, err
		}
		out = append(out, proxy.ClientCertificate{Pattern: x, Certificate: certs[0]})
	}
	return out, nil
}
