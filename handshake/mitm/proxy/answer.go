package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"tlslab/handshake/mitm/relay"
)

// What a client reads in place of a reply: the proxy's own words. They must never pass for the
// server's, nor outlive the trouble: nothing of them is to be stored, nothing is set (no cookie,
// no HSTS), the page runs no script and loads nothing, and Proxy-Status names who speaks.

// Document is a page of HTML.
type Document struct {
	HTML   string
	Policy string // its Content-Security-Policy, which lets it do no more than it needs; "": nothing at all
}

// noPolicy lets a page do nothing.
const noPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// answer is what the client reads in place of a reply. A client whose server has only closed a
// connection that served before gets none: it knows what can be asked again on a new one
// (RFC 9112 §9.3.1).
func (h *h1) answer(x *relay.Exchange, reused bool) []byte {
	f := h.fault(x)
	if f.Side == SideClient && x.Fault.Refusal == nil || reused && f.Cause == CauseLeft {
		return nil
	}
	return h.page(x, f, statusOf(x, f))
}

// statusOf is the status of an answer in place of a reply. What a server of HTTP/2 has not begun
// may be asked again.
func statusOf(x *relay.Exchange, f *Fault) int {
	switch {
	case x.Fault != nil && x.Fault.Refusal != nil:
		return x.Fault.Refusal.Status()
	case x.Fault != nil && relay.Unseen(x.Fault.Err):
		return http.StatusServiceUnavailable
	}
	return f.status()
}

// page is an answer of the proxy's own in HTTP/1.1, behind which it closes.
func (h *h1) page(x *relay.Exchange, f *Fault, status int) []byte {
	fields, body := h.own1(x, f)
	fields = append(fields, relay.Field{Name: "Content-Length", Value: strconv.Itoa(len(body))}, relay.Field{Name: "Connection", Value: "close"})
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, f := range fields {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	b.WriteString("\r\n")
	head := &relay.Head{Raw: b.String(), Status: status, Reason: http.StatusText(status), Proto: "HTTP/1.1", Fields: fields}
	return append([]byte(head.Raw), h.answers(x, head, body)...)
}

// page2 is what a client of HTTP/2 reads in place of a reply. Of a server that just left it sees
// as much as it would without the proxy: it knows what can be asked again.
func (h *h1) page2(x *relay.Exchange) (fields []relay.Field, body string) {
	f := h.fault(x)
	if h.instead == nil && (f.Cause == CauseLeft || f.Cause == CauseReset) {
		return nil, ""
	}
	own, body := h.own1(x, f)
	status := statusOf(x, f)
	fields = []relay.Field{{Name: ":status", Value: strconv.Itoa(status)}}
	for _, f := range own {
		fields = append(fields, relay.Field{Name: strings.ToLower(f.Name), Value: f.Value})
	}
	h.answers(x, &relay.Head{Status: status, Proto: "HTTP/2.0", Fields: fields}, body)
	return fields, body
}

// answers notes what the client reads, and returns the body as far as it may have one.
func (h *h1) answers(x *relay.Exchange, head *relay.Head, body string) string {
	if x.Request != nil && x.Request.Method == http.MethodHead {
		body = ""
	}
	t := tellingOf(x)
	t.answer, t.answered = head, body
	return body
}

// own1 is an answer of the proxy's own, but for how it is framed.
func (h *h1) own1(x *relay.Exchange, f *Fault) (fields []relay.Field, body string) {
	kind, policy := "text/plain; charset=utf-8", noPolicy
	if html := h.s.p.o.HTML; html != nil && x.Request != nil && wantsHTML(x.Request) {
		d := html(h.s.host, f)
		kind, body = "text/html; charset=utf-8", d.HTML
		if d.Policy != "" {
			policy = d.Policy
		}
	} else {
		body = h.s.p.page(f)
	}
	return []relay.Field{
		{Name: "Content-Type", Value: kind},
		{Name: "Cache-Control", Value: "no-store"},
		{Name: "Content-Security-Policy", Value: policy},
		{Name: "X-Content-Type-Options", Value: "nosniff"},
		{Name: "Proxy-Status", Value: f.proxyStatus()},
	}, body
}

// wantsHTML reports whether a client says that it takes HTML (RFC 9110 §12.5.1); one that takes
// just anything is no browser.
func wantsHTML(h *relay.Head) bool {
	for _, f := range h.Fields {
		if !strings.EqualFold(f.Name, "Accept") {
			continue
		}
		for part := range strings.SplitSeq(f.Value, ",") {
			what, parameters, _ := strings.Cut(part, ";")
			if !strings.EqualFold(strings.TrimSpace(what), "text/html") {
				continue
			}
			q := 1.0
			for p := range strings.SplitSeq(parameters, ";") {
				if name, value, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(name, "q") {
					q, _ = strconv.ParseFloat(value, 64)
				}
			}
			return q > 0
		}
	}
	return false
}

// status is what an answer has: 504 where something was waited for in vain, else 502.
func (f *Fault) status() int {
	switch {
	case f.late():
		return http.StatusGatewayTimeout
	case f.Cause == CauseBlocked:
		return http.StatusForbidden
	case f.Cause == CauseHook:
		return http.StatusInternalServerError
	}
	return http.StatusBadGateway
}

// late reports whether the server was waited for in vain.
func (f *Fault) late() bool {
	late, up := net.Error(nil), (*UpstreamError)(nil)
	switch f.Cause {
	case CauseSlow, CauseIdle:
		return f.Side == SideServer
	case CauseUnreachable, CauseUpstreamUnreachable:
		return errors.Is(f.Err, errSlow) || errors.As(f.Err, &late) && late.Timeout()
	case CauseUpstreamRefused:
		return errors.As(f.Err, &up) && up.Status == http.StatusGatewayTimeout
	}
	return false
}

// proxyStatus is the Proxy-Status of RFC 9209: who answers in the server's place, and the kind of
// error where the RFC has a name for it.
func (f *Fault) proxyStatus() string {
	const who = "tlslab"
	if e := f.ProxyError(); e != "" {
		return who + "; error=" + e
	}
	return who
}

// LoopDetected is what RFC 9209 §2.3 calls a request that came back to its proxy.
const LoopDetected = "proxy_loop_detected"

// ProxyError is the fault's type as RFC 9209 §2.3 names them, as far as there is one that says so
// much: "connection_refused", "dns_error"; "" for others.
func (f *Fault) ProxyError() string {
	dns := (*net.DNSError)(nil)
	switch {
	case f.Side == SideProxy:
		return "proxy_internal_error"
	case f.Side == SideClient:
		return "http_request_error"
	case errors.Is(f.Err, errOwn):
		return LoopDetected
	case errors.As(f.Err, &dns) && dns.IsTimeout:
		return "dns_timeout"
	case errors.As(f.Err, &dns):
		return "dns_error"
	case f.late() && f.Cause == CauseIdle:
		return "connection_read_timeout"
	case f.late():
		return "connection_timeout"
	case errors.Is(f.Err, syscall.ECONNREFUSED):
		return "connection_refused"
	case errors.Is(f.Err, syscall.EHOSTUNREACH), errors.Is(f.Err, syscall.ENETUNREACH):
		return "destination_ip_unroutable"
	case f.Cause == CauseUnreachable, f.Cause == CauseUpstreamUnreachable, f.Cause == CauseUpstreamRefused:
		return "destination_unavailable"
	case f.Cause == CauseUpstreamLogin:
		return "proxy_configuration_error"
	case f.Cause == CauseUnbelieved:
		return "tls_certificate_error"
	case f.By == SideServer && f.Alerted:
		return "tls_alert_received"
	case f.Alerted, f.Cause == CauseNotTLS:
		return "tls_protocol_error"
	case f.Cause == CauseLeft, f.Cause == CauseReset:
		return "connection_terminated"
	case f.Cause == CauseBadReply, f.Cause == CauseSpeaksTLS, f.Cause == CauseMalformed:
		return "http_protocol_error"
	}
	return ""
}
