package proxy

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/relay"
)

// What an Entry takes over from the machine's events.

// telling is an exchange under way, and the entry that it becomes.
type telling struct {
	entry               *Entry
	passed, began, over time.Time
	keep                int   // bytes of each body
	alone               bool  // its host is to be left alone
	own                 bool  // it is the proxy's own page, of which nothing is told
	taken               bool  // all of its reply was written to the client, under the lock
	lost                error // else how the client left
	rewriters           [2]*mitm.Rewriter
	decoders            [2]*decoder
	closed              [2]bool     // the body's coding is none that can be looked into
	answer              *relay.Head // the head of what the proxy answered itself
	answered            string      // that answer's body
	listening           *relay.WebSocket
	changes             []Change        // what hooks changed
	ctx                 context.Context // theirs; nil if none was called
	cancel              context.CancelFunc
	ended               bool                      // nothing more comes of it
	byHook              bool                      // a hook has answered
	exited              atomic.Pointer[HookError] // how one has ended its goroutine
}

// trailers are those that came from a side.
func (t *telling) trailers(from relay.Side) []relay.Field {
	if from == relay.Client {
		return t.entry.RequestTrailers
	}
	return t.entry.Trailers
}

func tellingOf(x *relay.Exchange) *telling { return x.User.(*telling) }

// event takes over what happened. The machine's lock is held.
func (h *h1) event(ev relay.Event) {
	x := ev.Exchange
	switch ev.Kind {
	case relay.RequestHead:
		x.User = h.asked(x.Request)
	case relay.Switched:
		if x.Request == nil {
			x.User = h.bytes()
			return
		}
		e := tellingOf(x).entry
		e.Upgraded = strings.ToLower(x.Reply.Upgrade())
		h.replied(x)
		h.listen(x)
	case relay.Body:
		t := tellingOf(x)
		n, kept := &t.entry.Sent, &t.entry.RequestBody
		if ev.From == relay.Server {
			n, kept = &t.entry.Received, &t.entry.Body
		}
		*n += int64(len(ev.Data))
		if t.listening != nil {
			t.listening.Receive(ev.From, ev.Data)
			return
		}
		if room := t.keep - len(*kept); room > 0 && !x.Bytes {
			*kept = append(*kept, ev.Data[:min(room, len(ev.Data))]...)
		}
	case relay.Trailers:
		if e := tellingOf(x).entry; ev.From == relay.Client {
			e.RequestTrailers = ev.Fields
		} else {
			e.Trailers = ev.Fields
		}
	case relay.RequestOver:
		tellingOf(x).passed = time.Now()
	case relay.Interim:
		e := tellingOf(x).entry
		e.Notes = append(e.Notes, ev.Head.Notes...)
	case relay.ReplyHead:
		h.replied(x)
	case relay.ReplyOver:
		tellingOf(x).over = time.Now()
	case relay.Done:
		if x.User == nil {
			x.User = h.asked(&relay.Head{})
		}
		t := tellingOf(x)
		t.ended = true
		if t.cancel != nil {
			t.cancel()
		}
		h.unlisten(t)
		for _, d := range t.decoders {
			if d != nil {
				d.stop()
				h.decoding--
			}
		}
		h.done = append(h.done, x)
	}
}

// bytes is what a connection becomes that is no HTTP.
func (h *h1) bytes() *telling {
	h.s.hurry(false)
	t := &telling{entry: h.s.entry(Bytes)}
	if h.s.toClient == nil {
		t.entry.Scheme = ""
	}
	return t
}

// asked begins the entry of a request.
func (h *h1) asked(head *relay.Head) *telling {
	kind := Request
	if h.instead != nil {
		kind = Failure
	}
	t := &telling{entry: h.s.entry(kind), keep: h.s.p.o.Bodies}
	e := t.entry
	e.Began = time.Now()
	e.describeRequest(head, h.s)
	return t
}

// replied takes over the head of a reply.
func (h *h1) replied(x *relay.Exchange) {
	t := tellingOf(x)
	t.began = time.Now()
	t.entry.describeReply(x.Reply)
	if l := h.s.toServer; l != nil && l.CertificateRequested && !l.CertificateShown && missesCertificate(x.Reply.Status) {
		t.entry.warn(WarnNotShown)
	}
	if x.Request.Proto == "HTTP/2.0" && x.Reply.Status/100 == 2 {
		t.entry.Upgraded = strings.ToLower(x.Request.Upgrade()) // extended CONNECT (RFC 8441)
		h.listen(x)
	}
}

// missesCertificate reports whether servers answer so that asked for a certificate, got none, and
// let the handshake be: nginx says 400 (its own 495 and 496 are made that), Apache and IIS 403.
func missesCertificate(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, 495, 496:
		return true
	}
	return false
}

// tell tells of an exchange that is over.
func (h *h1) tell(x *relay.Exchange) {
	t := tellingOf(x)
	if t.own {
		return
	}
	e := t.entry
	switch {
	case x.Fault != nil:
		e.Fault = h.fault(x)
	case t.lost != nil && !x.Answered():
		e.Fault = h.s.blame(phaseOf(x, SideClient), SideClient, t.lost)
	}
	if x.Answered() && t.answer != nil {
		e.describeReply(t.answer)
		if e.Answered = true; !t.byHook {
			e.Received, e.Body = int64(len(t.answered)), []byte(t.answered[:min(len(t.answered), t.keep)])
		}
	}
	if h.instead != nil && e.Fault != h.instead {
		e.Fault, e.Besides = h.instead, refusalOf(e.Fault)
	}
	e.Changes = append(e.Changes, t.changes...)
	if x.Early && t.passed.IsZero() {
		e.warn(WarnEarly)
	}
	if x.Cut {
		e.warn(WarnTruncated)
	}
	for _, rw := range t.rewriters {
		e.rewritten(rw != nil && rw.Replaced > 0)
	}
	for i, n := range []int64{e.Sent, e.Received} {
		if t.closed[i] && n > 0 {
			e.warn(WarnOpaque)
		}
		if d := t.decoders[i]; d != nil && d.used && d.Err() == nil {
			e.warn(WarnDecoded)
		}
	}
	if x.Request != nil {
		e.Notes = append(e.Notes, x.Request.Notes...)
		if x.Reply != nil {
			e.Notes = append(e.Notes, x.Reply.Notes...)
		}
	}
	if t.over.IsZero() {
		t.over = time.Now()
	}
	if !t.began.IsZero() {
		e.timed(t.passed, t.began, t.over)
	}
	h.s.tell(e)
}

// fault is why an exchange is not whole.
func (h *h1) fault(x *relay.Exchange) *Fault {
	e := &ending{leg: SideServer, err: x.Fault.Err}
	if x.Fault.Leg == relay.Client {
		e.leg = SideClient
	}
	e.phase = phaseOf(x, e.leg)
	if w := h.s.ended.Load(); w != nil && !tellingOf(x).passed.IsZero() { // by the proxy: what was waited for is the server's
		e.phase = phaseOf(x, SideServer)
	}
	return h.s.fault(e)
}

// phaseOf is what was under way of an exchange, as one who looks at the leg to side sees it.
func phaseOf(x *relay.Exchange, side Side) Phase {
	t := tellingOf(x)
	switch {
	case x.Bytes || x.Request == nil:
		return PhaseBytes
	case side == SideClient && x.Fault != nil && x.Fault.Refusal != nil && !x.Sent():
		return PhaseRequestHead
	case side == SideClient && t.passed.IsZero():
		return PhaseRequestBody
	case !t.began.IsZero():
		return PhaseReplyBody
	case side == SideServer && x.Fault != nil && (x.Fault.InHead || x.Fault.Refusal != nil):
		return PhaseReplyHead
	case t.passed.IsZero() && x.Sent():
		return PhaseRequestBody
	}
	return PhaseWait // also where the server had left before it was asked
}

// change says what is to become of a message where bodies are rewritten.
func (h *h1) change(x *relay.Exchange, from relay.Side) relay.Changes {
	t := tellingOf(x)
	if t.alone {
		return relay.Changes{}
	}
	c := relay.Changes{}
	if from == relay.Client {
		c.Host = h.fixedHost(x)
		if c.Target = h.fixedTarget(x); c.Target != "" {
			t.changes = append(t.changes, Change{By: byMapRemote, Of: SideClient, Kind: ChangeLine, Detail: x.Request.Method + " " + c.Target})
		}
	}
	if len(h.s.p.o.Rewrite) == 0 || x.Request.Method == http.MethodConnect {
		return c
	}
	if from == relay.Client {
		// A compressed reply has nothing to be found in, and a part would no longer fit.
		return h.rewriting(t, 0, x.Request, relay.Changes{Host: c.Host, Target: c.Target, Drop: []string{"accept-encoding", "range", "if-range"}})
	}
	if x.Reply.Status == http.StatusPartialContent { // its Content-Range counts the bytes of the original
		return relay.Changes{}
	}
	return h.rewriting(t, 1, x.Reply, relay.Changes{})
}

// rewriting is what becomes of the body behind a head: i says whose. What is in a coding all the
// same is decoded first, and goes on without it.
func (h *h1) rewriting(t *telling, i int, head *relay.Head, c relay.Changes) relay.Changes {
	coding, open := codingOf(head)
	if !open {
		t.closed[i] = true
		return c
	}
	rw := mitm.NewRewriter(h.s.p.o.Rewrite...)
	t.rewriters[i], c.Body = rw, rw
	if coding != "" {
		d := newDecoder(coding)
		h.decoding++
		t.decoders[i], c.Body, c.Stale = d, &decoded{decoder: d, to: rw}, []string{"content-encoding"}
	}
	return c
}
