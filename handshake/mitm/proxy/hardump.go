package proxy

import (
	"net/netip"
	"net/url"
	"strconv"

	"tlslab/handshake/mitm/har"
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
	if ref, err := url.ParseRequestURI(e.Path); err == nil {
		u.Path, u.RawPath, u.RawQuery = ref.Path, ref.RawPath, ref.RawQuery
	}
	out := &har.Entry{
		Started:    e.Began.Add(-e.Timing.Connect - e.Timing.TLS),
		Request:    har.RequestOf(method, u, proto, e.RequestHeader),
		Response:   har.ResponseOf(e.Status, e.Reason, proto, e.Header),
		Connection: strconv.Itoa(e.Conn),
		TLS:        &har.TLS{Client: e.ToClient.har(), Server: e.ToServer.har()},
	}
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
	if e.Fault != nil {
		out.Error = e.Fault.Error()
	}
	return out
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
