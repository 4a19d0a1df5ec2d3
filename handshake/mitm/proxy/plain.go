package proxy

import (
	"bytes"
	"cmp"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tlslab/handshake/mitm/relay"
)

// Plain HTTP through the proxy, and the proxy's own page. There is no TLS in them, and a
// request that would need TLS is refused. A client's connection has one server's at a time: one
// that asks another closes it, so that what a server remembers of a connection (NTLM does) is
// this client's.

// RootFile is the path under which the proxy's own page has the root.
const RootFile = "/tlslab-ca.pem"

// Magic is the host that the proxy answers for by itself, to whoever goes through it.
const Magic = "proxy.tlslab.test"

// inPlain relays for a client that knows of the proxy and asks in clear.
func (s *session) inPlain() {
	s.hurry(false)
	s.addWarning(WarnNoTLS)
	s.target.clear = true
	h := s.newH1(s.client, relay.Options{Forward: true})
	h.open = h.findServer
	h.run()
}

// findServer connects to where the request that waits wants to go, or answers it.
func (h *h1) findServer(x *relay.Exchange) {
	r, s := x.Request, h.s
	host, port, err := splitAuthority(r.Authority)
	to := target{host: host, port: cmp.Or(port, "80"), clear: true}
	switch {
	case r.Method == http.MethodConnect:
		err = &NoRequest{Why: ConnectBehind}
	case r.Authority == "" && strings.HasPrefix(r.Target, "/"), strings.EqualFold(host, Magic):
		h.own(x)
		return
	case r.Authority == "":
		err = &NoRequest{NamesNoServer, fmt.Sprintf("%.40q", r.Target)}
	case r.Scheme != "http": // which would have to be spoken by somebody else's TLS
		err = &NoRequest{OtherScheme, fmt.Sprintf("%.20q", r.Scheme)}
	case err == nil && (host == "" || to.host == ""):
		err = &NoRequest{NamesNoServer, fmt.Sprintf("%.40q", r.Target)}
	}
	if err != nil {
		h.decline(x, s.blame(PhaseOpening, SideClient, err), http.StatusBadRequest)
		return
	}
	alone := s.p.leavesAlone(to.host, to)
	var mapped *MapRemote
	if m := s.p.mapped(to.host, to); m != nil && !alone && !s.p.blocks(to) {
		mapped, to = m, m.to
	}
	h.mu.Lock()
	if h.m.Over() { // while a hook had it
		h.mu.Unlock()
		return
	}
	t := tellingOf(x)
	if alone {
		t.alone, t.keep = true, 0
	}
	if mapped != nil {
		t.entry.Changes = append(t.entry.Changes, mapped.change())
	}
	same := h.toServer.conn != nil && s.target == to && h.upstream == nil && !h.one.Stray()
	if same {
		t.entry.Server, t.entry.Via = s.serverAddr, s.via
		h.one.Routed(false)
	}
	h.mu.Unlock()
	if same {
		return
	}
	h.hangUp()
	s.target = to
	err = s.dial()
	h.mu.Lock()
	over := h.m.Over()
	if !over {
		t.entry.Via = s.via
	}
	if !over && err == nil {
		t.entry.Server, t.entry.Timing.Connect = s.serverAddr, s.connect
		h.upstream = nil
		h.serve(s.server)
		h.one.Routed(true)
	}
	h.mu.Unlock()
	if !over && err != nil {
		f := s.unreachable(err)
		h.decline(x, f, f.status())
	}
}

// hangUp ends the connection to the server before.
func (h *h1) hangUp() {
	h.mu.Lock()
	h.turn++ // what it still says is nobody's
	h.toServer = &way{}
	h.mu.Unlock()
	h.s.mu.Lock()
	old := h.s.server
	h.s.server = nil
	h.s.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
}

// decline answers the request that waits.
func (h *h1) decline(x *relay.Exchange, f *Fault, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	leg := relay.Server
	if f.Side == SideClient {
		leg = relay.Client
	}
	h.one.Answer(h.page(x, f, status), true, &relay.Fault{Leg: leg, Err: f})
}

// splitAuthority is RFC 3986 §3.2 without its userinfo.
func splitAuthority(a string) (host, port string, err error) {
	host, port = a, ""
	if i := strings.LastIndexByte(a, ':'); i >= 0 && i > strings.LastIndexByte(a, ']') {
		host, port = a[:i], a[i+1:]
		if _, bad := strconv.ParseUint(port, 10, 16); bad != nil && port != "" {
			return "", "", &NoRequest{BadPort, fmt.Sprintf("%.40q", port)}
		}
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), port, nil
}

// own answers for the proxy itself.
func (h *h1) own(x *relay.Exchange) {
	r := x.Request
	w := &ownReply{header: http.Header{}, status: http.StatusOK}
	path := cmp.Or(r.Path, r.Target)
	if u, err := url.ParseRequestURI(path); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	} else {
		h.s.p.serveOwn(w, (&http.Request{Method: r.Method, URL: u, Host: r.Host(), Proto: r.Proto, ProtoMajor: 1, ProtoMinor: 1,
			Header: relay.Header(r.Fields), Body: http.NoBody, RemoteAddr: h.s.clientAddr, RequestURI: path}).WithContext(h.s.ctx))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	tellingOf(x).own = true
	h.one.Answer(w.bytes(r.Method), false, nil)
}

// ownReply gathers a reply of the proxy's own.
type ownReply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *ownReply) Header() http.Header { return w.header }

func (w *ownReply) WriteHeader(status int) { w.status = status }

func (w *ownReply) Write(p []byte) (int, error) { return w.body.Write(p) }

func (w *ownReply) bytes(method string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", w.status, http.StatusText(w.status))
	w.header.Set("Content-Length", strconv.Itoa(w.body.Len()))
	_ = w.header.Write(&b) // to memory
	b.WriteString("\r\n")
	if method != http.MethodHead {
		b.Write(w.body.Bytes())
	}
	return b.Bytes()
}

// serveOwn is the proxy's own page: what it is, and its root to download.
func (p *Proxy) serveOwn(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if p.o.Landing != nil {
			p.o.Landing(w, r)
			return
		}
		_, _ = io.WriteString(w, `<!doctype html><title>tlslab proxy</title><a href="`+RootFile+`">`+RootFile+`</a>`)
	case RootFile:
		w.Header().Set("Content-Type", "application/x-x509-ca-cert")
		w.Header().Set("Content-Disposition", `attachment; filename="tlslab-ca.pem"`)
		_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: p.Root().Raw})
	default:
		http.NotFound(w, r)
	}
}
