package proxy

import (
	"errors"
	"net"
	"strconv"
	"strings"

	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// MapRemote has what is asked of one server go to another one. The client does not notice: it is
// shown a certificate for the name that it asked for. To is known, checked and named (server_name,
// Host) by its own name.
type MapRemote struct {
	from, to target
	text     string // of to
}

// ParseMapRemote reads FROM=TO, two URLs of scheme, host and port. The error says what is wrong
// with it.
func ParseMapRemote(text string) (MapRemote, error) {
	form := reason.Usagef("it takes FROM=TO, as https://www.example.org=http://localhost:3000")
	from, to, ok := strings.Cut(text, "=")
	if !ok {
		return MapRemote{}, form
	}
	m := MapRemote{text: to}
	for _, x := range []struct {
		url string
		to  *target
	}{{from, &m.from}, {to, &m.to}} {
		scheme, rest, ok := strings.Cut(x.url, "://")
		scheme = strings.ToLower(scheme)
		if !ok || scheme != "http" && scheme != "https" {
			return m, reason.Usagef("%.60q is no URL of http or https: %v", x.url, form)
		}
		rest = strings.TrimSuffix(rest, "/")
		if strings.ContainsAny(rest, "/?#@ *") {
			return m, reason.Usagef("%.60q: a server as a whole goes to another one: behind the host may stand a port, and no path", x.url)
		}
		host, port, err := net.SplitHostPort(rest)
		if err != nil {
			host, port = strings.Trim(rest, "[]"), usualPort(scheme)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
			return m, reason.Usagef("%.60q: behind the scheme stands a host, or HOST:PORT", x.url)
		}
		if host, err = foldPattern(host); err != nil {
			return m, err
		}
		*x.to = target{host: host, port: port, clear: scheme == "http"}
	}
	if m.from.clear && !m.to.clear {
		return m, reason.Usagef("what is asked in plain http goes to a server of http: the proxy makes no TLS of it")
	}
	m.to.fixed = true
	return m, nil
}

// mapped is where what is asked of a server goes instead; nil if it goes there.
func (p *Proxy) mapped(host string, t target) *MapRemote {
	for i := range p.o.MapRemote {
		m := &p.o.MapRemote[i]
		if m.from.clear == t.clear && (Pattern{m.from.host, m.from.port}).matches(host, t.port) {
			return m
		}
	}
	return nil
}

// goesTo makes m the server of the session. It stays the asked one's by name.
func (s *session) goesTo(m *MapRemote) {
	s.target, s.name = m.to, m.to.host
	s.sentTo, s.renamed = m, true
}

// change is what m does to a request.
func (m *MapRemote) change() Change {
	return Change{By: "--map-remote", Of: SideClient, Kind: ChangeServer, Detail: m.text}
}

// interceptToClear is intercept where the server speaks plain HTTP: it has no certificate to forge
// from.
func (s *session) interceptToClear() {
	s.toClient = new(Leg)
	if err := s.dial(); err != nil {
		s.refuse(SideServer, s.unreachable(err))
		return
	}
	cfg := s.inItsPlace()
	if cfg == nil {
		s.refuse(SideProxy, errNotHTTP)
		return
	}
	client, err := tls.Server(s.client, cfg)
	if err != nil {
		s.refuse(SideProxy, err)
		return
	}
	err = client.Handshake()
	s.toClient.Summary = client.Summary()
	if err != nil {
		s.failed(s.blame(PhaseHandshake, SideClient, err))
		return
	}
	s.hurry(false)
	s.warn()
	s.addWarning(WarnNoTLS)
	s.relay(client, s.server)
	_ = client.Close()
}

var errNotHTTP = errors.New("the client speaks no HTTP, and the server of --map-remote nothing else")

// fixedHost is what Host of a request becomes; "" if it stays.
func (h *h1) fixedHost(x *relay.Exchange) string {
	if h.open == nil {
		if h.s.renamed {
			return h.s.target.display()
		}
		return ""
	}
	host, port, _ := splitAuthority(x.Request.Authority)
	if port == "" {
		port = "80"
	}
	if m := h.s.p.mapped(host, target{host: host, port: port, clear: true}); m != nil {
		return m.to.display()
	}
	return ""
}
