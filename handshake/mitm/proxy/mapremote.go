package proxy

import (
	"cmp"
	"errors"
	"net"
	"strconv"
	"strings"

	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// MapRemote has what is asked of one server go to another one, or to another path. The client does
// not notice: it is shown a certificate for the name that it asked for. To is known, checked and
// named (server_name, Host) by its own name.
//
// A connection to one server is made before any request is read, and is this client's alone, so a
// server goes as a whole: what has a path in FROM stays with its server.
type MapRemote struct {
	from, to         target
	fromPath, toPath string // without the slash at their end
	text             string // of to
}

// ParseMapRemote reads FROM=TO, two URLs of http or https, perhaps with paths. The error says what is
// wrong with it.
func ParseMapRemote(text string) (MapRemote, error) {
	from, to, ok := strings.Cut(text, "=")
	if !ok {
		return MapRemote{}, reason.Because("it takes FROM=TO, as https://www.example.org=http://localhost:3000")
	}
	m := MapRemote{text: to}
	var err error
	if m.from, m.fromPath, err = parseServer(from); err != nil {
		return m, err
	}
	if m.to, m.toPath, err = parseServer(to); err != nil {
		return m, err
	}
	switch {
	case m.same() && m.fromPath == m.toPath:
		return m, reason.Because("it is there that it goes as it is")
	case m.from.clear && !m.to.clear:
		return m, reason.Because("what is asked in plain http goes to a server of http: the proxy makes no TLS of it")
	case !m.same() && m.fromPath != "":
		return m, reason.Because("a connection has one server, which is asked for all or for nothing: a path of FROM stays on its server, as https://www.example.org/old=https://www.example.org/new")
	}
	m.to.fixed = true
	return m, nil
}

// parseServer reads a URL of http or https. The path comes without a slash at its end.
func parseServer(url string) (t target, path string, err error) {
	scheme, rest, ok := strings.Cut(url, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return t, "", reason.Because("\"%v\" is no URL of http or https, as http://localhost:3000 is", url)
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		rest, path = rest[:i], strings.TrimRight(rest[i:], "/")
	}
	odd := func(c rune) bool { return c <= ' ' || c == 0x7f || c == '?' || c == '#' }
	if strings.ContainsAny(rest, "?#@ *") || strings.ContainsFunc(path, odd) {
		return t, "", reason.Because("\"%v\": behind the scheme stand a host, perhaps a port, and perhaps the beginning of a path", url)
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		host, port = strings.Trim(rest, "[]"), usualPort(scheme)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" {
		return t, "", reason.Because("\"%v\": behind the scheme stands a host, or HOST:PORT", url)
	}
	if host, err = foldPattern(host); err != nil {
		return t, "", err
	}
	return target{host: host, port: strconv.FormatUint(n, 10), clear: scheme == "http"}, path, nil
}

// same reports whether the server stays the same.
func (m *MapRemote) same() bool {
	return m.from.host == m.to.host && m.from.port == m.to.port && m.from.clear == m.to.clear
}

// isFor reports whether m is for what is asked of a server.
func (m *MapRemote) isFor(host string, t target) bool {
	return m.from.clear == t.clear && (Pattern{m.from.host, m.from.port}).matches(host, t.port)
}

// mapped is where what is asked of a server goes instead; nil if it goes there.
func (p *Proxy) mapped(host string, t target) *MapRemote {
	for i := range p.o.MapRemote {
		if m := &p.o.MapRemote[i]; !m.same() && m.isFor(host, t) {
			return m
		}
	}
	return nil
}

// path is what becomes of a request's path, with what is behind it; "" if m is not for it. The path
// "/a" is that of /a, /a?b and /a/b, and not of /ab.
func (m *MapRemote) path(path string) string {
	rest, ok := strings.CutPrefix(path, m.fromPath)
	if !ok || !strings.HasPrefix(path, "/") || rest != "" && rest[0] != '/' && rest[0] != '?' {
		return ""
	}
	if path = m.toPath + rest; path == "" || path[0] != '/' {
		path = "/" + path
	}
	return path
}

// remaps reports whether some path is to become another one, on a server that stays.
func (p *Proxy) remaps() bool {
	for i := range p.o.MapRemote {
		if p.o.MapRemote[i].same() {
			return true
		}
	}
	return false
}

// fixedTarget is what becomes of a request's target, by the first rule that is for it; "" if it stays.
func (h *h1) fixedTarget(x *relay.Exchange) string {
	path := cmp.Or(x.Request.Path, x.Request.Target)
	host, port := hostPort(x.Request.Host(), tellingOf(x).entry.Scheme)
	asked := target{host: host, port: port, clear: h.s.toClient == nil}
	server := h.s.sentTo
	if h.open != nil {
		server = h.s.p.mapped(host, asked)
	}
	for i := range h.s.p.o.MapRemote {
		m := &h.s.p.o.MapRemote[i]
		if m != server && !(m.same() && m.isFor(host, asked)) {
			continue
		}
		if to := m.path(path); to != "" {
			if to == path {
				to = ""
			}
			return to
		}
	}
	return ""
}

// goesTo makes m the server of the session. It stays the asked one's by name.
func (s *session) goesTo(m *MapRemote) {
	s.target, s.name = m.to, m.to.host
	s.sentTo, s.renamed = m, true
}

// byMapRemote is what the list calls it.
const byMapRemote = "--map-remote"

// change is what m does to a request.
func (m *MapRemote) change() Change {
	return Change{By: byMapRemote, Of: SideClient, Kind: ChangeServer, Detail: m.text}
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
	if m := h.s.p.mapped(host, target{host: host, port: cmp.Or(port, "80"), clear: true}); m != nil {
		return m.to.display()
	}
	return ""
}
