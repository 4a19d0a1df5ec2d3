package proxy

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
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
	asked, said := e.RequestHeader(), e.Header()
	u := &url.URL{Scheme: e.Scheme, Host: e.Host, Path: "/"}
	_, u.RawQuery, _ = strings.Cut(e.Path, "?")
	out := &har.Entry{
		Started:    e.Began.Add(-e.Timing.Connect - e.Timing.TLS),
		Request:    har.RequestOf(method, u, proto, asked),
		Response:   har.ResponseOf(e.Status, e.Reason, cmp.Or(e.ReplyProto, proto), said),
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
	out.Request.BodySize, out.Request.PostData = e.Sent, request.PostData(asked)
	reply := bodyOf(e.Body, e.Received)
	out.Response.BodySize, out.Response.Content = e.Received, reply.Content(said)
	if e.Status == 0 {
		out.Response = har.NoResponse()
	}
	if e.WebSocket != nil {
		e.WebSocket.har(out)
	}
	out.Own = e.Answered
	for _, c := range e.Changes {
		out.Changes = append(out.Changes, har.Change{By: text(c.By), Of: c.Message(), What: string(c.Kind), Detail: text(c.Detail)})
	}
	if e.Fault != nil {
		out.Error = text(e.Fault.Error())
	}
	inText(out)
	out.Fault, out.Besides, out.Upgraded = e.Fault.har(), e.Besides.har(), text(e.Upgraded)
	for _, w := range e.Warnings {
		out.Warnings = append(out.Warnings, string(w))
	}
	for _, n := range e.Notes {
		out.Notes = append(out.Notes, string(n))
	}
	return out
}

// har puts the messages where else the bodies are. BodySize is of the frames.
func (w *WebSocket) har(out *har.Entry) {
	out.Request.PostData, out.Response.Content.Comment = nil, ""
	out.ResourceType, out.Messages, out.LeftOut = har.ResourceWebSocket, make([]har.WebSocketMessage, len(w.Messages)), w.LeftOut
	for i, m := range w.Messages {
		out.Messages[i] = har.NewWebSocketMessage(m.From == relay.Client, m.At, m.Opcode, m.Data, m.Cut)
		out.Messages[i].Compressed, out.Messages[i].WireSize = m.Compressed, m.Wire
	}
	if w.Err != nil {
		out.WebSocketError = string(w.Side) + ": " + text(w.Err.Error())
	}
}

// asSaid puts what was said in place of what net/http makes of it: no field, no phrase and no size
// that nobody sent.
func (e *Entry) asSaid(out *har.Entry) {
	u, host, target := e.url()
	out.Request.URL, out.Request.Host, out.Request.Target = u, text(host), text(target)
	out.Response.StatusText = text(e.Reason)
	for _, x := range []struct {
		fields, trailers []relay.Field
		size             int64
		headers, behind  *[]har.Pair
		headersSize      *int64
	}{{e.RequestFields, e.RequestTrailers, e.RequestHeadSize, &out.Request.Headers, &out.Request.Trailers, &out.Request.HeadersSize},
		{behindStatus(e.Fields), e.Trailers, e.HeadSize, &out.Response.Headers, &out.Response.Trailers, &out.Response.HeadersSize}} {
		*x.headers, *x.behind, *x.headersSize = pairsOf(x.fields), pairsOf(x.trailers), cmp.Or(x.size, -1)
	}
}

// behindStatus are fields without HTTP/2's :status, which the entry has in its own place: no browser
// writes it here, and one that is given it again has no reply of it.
func behindStatus(fields []relay.Field) []relay.Field {
	for len(fields) > 0 && strings.HasPrefix(fields[0].Name, ":") {
		fields = fields[1:]
	}
	return fields
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

// inText has text everywhere where net/http copied a peer's bytes.
func inText(out *har.Entry) {
	q, r := &out.Request, &out.Response
	all := []*string{&q.Method, &q.URL, &q.HTTPVersion, &r.HTTPVersion, &r.RedirectURL, &r.Content.MimeType, &r.Content.Comment}
	if q.PostData != nil {
		all = append(all, &q.PostData.MimeType)
	}
	for i := range q.Query {
		all = append(all, &q.Query[i].Name, &q.Query[i].Value)
	}
	for _, list := range [][]har.Cookie{q.Cookies, r.Cookies} {
		for i := range list {
			all = append(all, &list[i].Name, &list[i].Value, &list[i].Path, &list[i].Domain)
		}
	}
	for _, s := range all {
		*s = text(*s)
	}
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
	out := &har.Leg{Certificate: certificate(l.Shown), Version: l.Version.String(), ServerName: text(l.ServerName), ALPN: text(l.Protocol), Resumed: l.Resumed}
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

func certificate(c *x509.Certificate) *har.Certificate {
	if c == nil {
		return nil
	}
	return &har.Certificate{Subject: text(c.Subject.String()), Issuer: text(c.Issuer.String()), Serial: c.SerialNumber.Text(16),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Fingerprint: fmt.Sprintf("%x", sha256.Sum256(c.Raw))}
}

func (f *Fault) har() *har.Fault {
	if f == nil {
		return nil
	}
	out := &har.Fault{Side: string(f.Side), By: string(f.By), Cause: string(f.Cause), Error: text(f.Err.Error())}
	if f.Alerted {
		out.Alert = f.Alert.String()
	}
	if r := (*relay.Refusal)(nil); errors.As(f.Err, &r) {
		out.Rule, out.Ref = string(r.Rule), r.Ref()
	}
	return out
}
