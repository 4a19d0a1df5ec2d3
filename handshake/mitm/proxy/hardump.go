package proxy

import (
	"cmp"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"tlslab/handshake/mitm/har"
	"tlslab/handshake/mitm/relay"
)

// HAR is the entry as HAR 1.2 has it; nil for what is no request and no failure, of which
// HAR knows nothing. A connection that failed before anything was asked is told as a
// CONNECT without a response.
func (e *Entry) HAR() *har.Entry {
	if e.Kind != Request && e.Kind != Failure {
		return nil
	}
	method, proto := e.Method, e.Proto
	if method == "" {
		method = "CONNECT"
	}
	if proto == "" {
		proto = "HTTP/1.1"
	}
	u := &url.URL{Scheme: e.Scheme, Host: e.Host, Path: "/"}
	_, u.RawQuery, _ = strings.Cut(e.Path, "?")
	out := &har.Entry{
		Started:    e.Began.Add(-e.Timing.Connect - e.Timing.TLS),
		Request:    har.RequestOf(method, u, proto, e.RequestHeader),
		Response:   har.ResponseOf(e.Status, e.Reason, cmp.Or(e.ReplyProto, proto), e.Header),
		Connection: strconv.Itoa(e.Conn),
		TLS:        &har.TLS{Client: e.ToClient.har(), Server: e.ToServer.har()},
	}
	e.asSaid(out)
	if addr, err := netip.ParseAddrPort(e.Server); err == nil {
		out.ServerIP = addr.Addr()
	}
	phases := har.Phases{Blocked: har.NotApplicable, DNS: har.NotApplicable, Connect: har.NotApplicable, SSL: har.NotApplicable,
		Send: e.Timing.Send, Wait: e.Timing.Wait, Receive: e.Timing.Receive}
	if e.Timing.Connect > 0 {
		phases.Connect = e.Timing.Connect + e.Timing.TLS
		if e.Timing.TLS > 0 {
			phases.SSL = e.Timing.TLS
		}
	}
	out.Timings = har.NewTimings(phases)

	request := bodyOf(e.RequestBody, e.Sent)
	out.Request.BodySize, out.Request.PostData = e.Sent, request.PostData(e.RequestHeader)
	reply := bodyOf(e.Body, e.Received)
	out.Response.BodySize, out.Response.Content = e.Received, reply.Content(e.Header)
	if e.Status == 0 {
		out.Response = har.NoResponse()
	}
	out.Own = e.Answered
	for _, c := range e.Changes {
		out.Changes = append(out.Changes, har.Change{By: text(c.By), Of: c.Message(), What: string(c.Kind), Detail: text(c.Detail)})
	}
	if e.Fault != nil {
		out.Error = e.Fault.Error()
	}
	return out
}

// asSaid puts what was said in place of what net/http makes of it: no field, no phrase and no size
// that nobody sent.
func (e *Entry) asSaid(out *har.Entry) {
	switch {
	case strings.HasPrefix(e.Path, "/"): // which need not be a path of RFC 3986
		out.Request.URL = e.Scheme + "://" + e.Host + text(e.Path)
	case e.Path == "*": // the server as a whole: its URI has no path (RFC 9112 §3.3)
		out.Request.URL = e.Scheme + "://" + e.Host
	}
	out.Response.StatusText = text(e.Reason)
	for _, x := range []struct {
		fields, trailers []relay.Field
		size             int64
		headers, behind  *[]har.Pair
		headersSize      *int64
	}{{e.RequestFields, e.RequestTrailers, e.RequestHeadSize, &out.Request.Headers, &out.Request.Trailers, &out.Request.HeadersSize},
		{e.Fields, e.Trailers, e.HeadSize, &out.Response.Headers, &out.Response.Trailers, &out.Response.HeadersSize}} {
		*x.headers, *x.behind, *x.headersSize = pairsOf(x.fields), pairsOf(x.trailers), cmp.Or(x.size, -1)
	}
}

func pairsOf(fields []relay.Field) []har.Pair {
	if len(fields) == 0 {
		return nil
	}
	out := make([]har.Pair, len(fields))
	for i, f := range fields {
		out[i] = har.Pair{Name: text(f.Name), Value: text(f.Value)}
	}
	return out
}

// text is what JSON can hold of a peer's bytes: what is no UTF-8 as Latin-1, in which each byte
// is a character.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}

// bodyOf is a body of which the beginning was kept.
func bodyOf(kept []byte, size int64) *har.Body {
	b := har.NewBody(len(kept))
	_, _ = b.Write(kept)
	b.Passed(size - int64(len(kept)))
	return b
}

func (l *Leg) har() *har.Leg {
	if l == nil || l.Version == 0 {
		return nil
	}
	out := &har.Leg{Version: l.Version.String(), ServerName: l.ServerName, ALPN: l.Protocol, Resumed: l.Resumed}
	if l.Suite != nil {
		out.Suite = l.Suite.String()
	}
	if l.Group != 0 {
		out.Group = l.Group.String()
	}
	if l.Scheme != 0 {
		out.Scheme = l.Scheme.String()
	}
	return out
}
