package proxy

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

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
	rewriters           [2]*Rewriter
	decoders            [2]*decoder
	closed              [2]bool     // the body's coding is none that can be looked into
	answer              *relay.Head // the head of what the proxy answered itself
	answered            int64       // bytes of that answer's body
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
	case relay.Body:
		t := tellingOf(x)
		n, kept := &t.entry.Sent, &t.entry.RequestBody
		if ev.From == relay.Server {
			n, kept = &t.entry.Received, &t.entry.Body
		}
		*n += int64(len(ev.Data))
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
	case relay.ReplyHead:
		h.replied(x)
	case relay.ReplyOver:
		tellingOf(x).over = time.Now()
	case relay.Done:
		if x.User == nil {
			x.User = h.asked(&relay.Head{})
		}
		for _, d := range tellingOf(x).decoders {
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
	t := &telling{entry: h.s.entry(Request), keep: h.s.p.o.Bodies}
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
		e.Fault = blame(SideClient, h.s.why(t.lost), false)
	}
	if x.Answered() && t.answer != nil {
		e.describeReply(t.answer)
		e.Received = t.answered
	}
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
		if d := t.decoders[i]; d != nil && d.used {
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
	side := SideServer
	if x.Fault.Leg == relay.Client {
		side = SideClient
	}
	return h.faultOf(side, x.Fault.Err)
}

// faultOf is the same for what is no exchange yet.
func (h *h1) faultOf(side Side, err error) *Fault {
	r := (*relay.Refusal)(nil)
	if errors.Is(err, relay.ErrNotAsked) {
		return &Fault{Side: side, By: SideProxy, Cause: CauseReset, Err: err}
	}
	if reset, away := (*relay.ErrReset)(nil), (*relay.ErrGoAway)(nil); errors.As(err, &reset) || errors.As(err, &away) {
		return &Fault{Side: side, By: side, Cause: CauseReset, Err: err}
	}
	if !errors.As(err, &r) {
		return h.blame(side, h.s.why(err))
	}
	f := &Fault{Side: side, By: SideProxy, Cause: CauseBadReply, Err: r}
	switch {
	case r.Rule == relay.RulePreface || r.Rule == relay.RuleFrame || r.Rule == relay.RuleCompression:
		f.Cause = CauseMalformed
	case side == SideClient:
		f.Cause = CauseBadRequest
	case r.Rule == relay.RuleTLSAlert:
		f.Cause = CauseSpeaksTLS
	}
	return f
}

// answer is what the client reads in place of a reply. A client whose server has only closed a
// connection that served before gets none: it knows what can be asked again on a new one
// (RFC 9112 §9.3.1).
func (h *h1) answer(x *relay.Exchange, reused bool) []byte {
	f := h.fault(x)
	if f.Side == SideClient && x.Fault.Refusal == nil || reused && f.Cause == CauseLeft {
		return nil
	}
	return h.page(x, f, statusOf(x.Fault))
}

// statusOf is the status of an answer in place of a reply. What a server of HTTP/2 has not begun
// may be asked again.
func statusOf(f *relay.Fault) int {
	switch {
	case f.Refusal != nil:
		return f.Refusal.Status()
	case relay.Unseen(f.Err):
		return http.StatusServiceUnavailable
	}
	return http.StatusBadGateway
}

// page2 is what a client of HTTP/2 reads in place of a reply. Of a server that just left it sees
// as much as it would without the proxy: it knows what can be asked again.
func (h *h1) page2(x *relay.Exchange) (status int, text string) {
	f := h.fault(x)
	if f.Cause == CauseLeft || f.Cause == CauseReset {
		return 0, ""
	}
	t := tellingOf(x)
	text = h.s.p.page(f)
	t.answered = int64(len(text))
	status = statusOf(x.Fault)
	t.answer = &relay.Head{Status: status, Proto: "HTTP/2.0", // as relay.H2 writes it
		Fields: []relay.Field{{Name: ":status", Value: strconv.Itoa(status)}, {Name: "content-type", Value: "text/plain; charset=utf-8"}}}
	return status, text
}

// page is an answer of the proxy's own.
func (h *h1) page(x *relay.Exchange, f *Fault, status int) []byte {
	page := h.s.p.page(f)
	t := tellingOf(x)
	whole := answer(status, page)
	t.answer, t.answered = headOfAnswer(status, string(whole[:len(whole)-len(page)])), int64(len(page))
	return whole
}

// change says what is to become of a message where bodies are rewritten.
func (h *h1) change(x *relay.Exchange, from relay.Side) relay.Changes {
	t := tellingOf(x)
	if t.alone {
		return relay.Changes{}
	}
	if from == relay.Client {
		// A compressed reply has nothing to be found in, and a part would no longer fit.
		return h.rewriting(t, 0, x.Request, "accept-encoding", "range", "if-range")
	}
	if x.Reply.Status == http.StatusPartialContent { // its Content-Range counts the bytes of the original
		return relay.Changes{}
	}
	return h.rewriting(t, 1, x.Reply)
}

// rewriting is what becomes of the body behind a head: i says whose. What is in a coding all the
// same is decoded first, and goes on without it.
func (h *h1) rewriting(t *telling, i int, head *relay.Head, drop ...string) relay.Changes {
	c := relay.Changes{Drop: drop}
	coding, open := codingOf(head)
	if !open {
		t.closed[i] = true
		return c
	}
	rw := NewRewriter(nil, h.s.p.o.Rewrite)
	t.rewriters[i], c.Body = rw, rw
	if coding != "" {
		d := newDecoder(coding)
		h.decoding++
		t.decoders[i], c.Body, c.Stale = d, &decoded{decoder: d, to: rw}, []string{"content-encoding"}
	}
	return c
}
