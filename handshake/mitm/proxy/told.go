package proxy

import (
	"context"
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
	answer              *relay.Head     // the head of what the proxy answered itself
	answered            int64           // bytes of that answer's body
	changes             []Change        // what hooks changed
	ctx                 context.Context // theirs; nil if none was called
	cancel              context.CancelFunc
	ended               bool // nothing more comes of it
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
		t := tellingOf(x)
		t.ended = true
		if t.cancel != nil {
			t.cancel()
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
	if h.one == nil && x.Reply.Status/100 == 2 {
		t.entry.Upgraded = strings.ToLower(x.Request.Upgrade()) // extended CONNECT (RFC 8441)
	}
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
	e.Changes = t.changes
	if x.Early && t.passed.IsZero() {
		e.warn(WarnEarly)
	}
	if x.Cut {
		e.warn(WarnTruncated)
	}
	for _, rw := range t.rewriters {
		e.rewritten(rw != nil && rw.Replaced > 0)
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
	status := http.StatusBadGateway
	if r := x.Fault.Refusal; r != nil {
		status = r.Status()
	}
	return h.page(x, f, status)
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
	t.answer = &relay.Head{Status: http.StatusBadGateway, Proto: "HTTP/2.0", // as relay.H2 writes it
		Fields: []relay.Field{{Name: ":status", Value: strconv.Itoa(http.StatusBadGateway)}, {Name: "content-type", Value: "text/plain; charset=utf-8"}}}
	return http.StatusBadGateway, text
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
	rw := NewRewriter(nil, h.s.p.o.Rewrite)
	if from == relay.Client {
		t.rewriters[0] = rw
		// A compressed reply has nothing to be found in, and a part would no longer fit.
		return relay.Changes{Drop: []string{"accept-encoding", "range", "if-range"}, Body: rw}
	}
	if x.Reply.Status == http.StatusPartialContent { // its Content-Range counts the bytes of the original
		return relay.Changes{}
	}
	t.rewriters[1] = rw
	return relay.Changes{Body: rw}
}
