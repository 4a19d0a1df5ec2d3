package proxy

import (
	"cmp"
	"net"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/mitm/relay"
)

// What an Entry takes over from a request and its reply.

// timed fills in how long the parts took. A reply may begin before its request is over:
// then nothing was waited for.
func (e *Entry) timed(passed, began, over time.Time) {
	if passed.IsZero() || passed.After(began) {
		passed = began
	}
	e.Timing.Send, e.Timing.Wait, e.Timing.Receive = max(0, passed.Sub(e.Began)), began.Sub(passed), over.Sub(began)
}

// warn adds a warning to this entry alone.
func (e *Entry) warn(w Warning) {
	if !slices.Contains(e.Warnings, w) {
		e.Warnings = append(slices.Clip(e.Warnings), w)
	}
}

func (e *Entry) rewritten(changed bool) {
	if changed {
		e.warn(WarnRewritten)
	}
}

// describeRequest takes over what a request says.
func (e *Entry) describeRequest(h *relay.Head, s *session) {
	e.Method, e.Path, e.Proto = h.Method, cmp.Or(h.Path, h.Target), h.Proto
	e.RequestFields, e.RequestHeadSize = h.Fields, int64(len(h.Raw))
	if s.toClient == nil {
		e.Scheme = "http"
	}
	e.asks(h.Host(), s)
}

// asks takes over the host that a request names. The handshake may have named another one.
func (e *Entry) asks(host string, s *session) {
	if host == "" || s.target.fixed || host == s.host {
		return
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	e.Host = target{host: name, port: port, clear: s.target.clear}.display()
	if s.toClient != nil && !strings.EqualFold(strings.TrimSuffix(name, "."), s.name) {
		e.warn(WarnOtherHost)
	}
}

// describeReply takes over what a reply says.
func (e *Entry) describeReply(h *relay.Head) {
	e.Status, e.ReplyProto, e.Reason, e.Fields, e.HeadSize = h.Status, h.Proto, h.Reason, h.Fields, int64(len(h.Raw))
}
