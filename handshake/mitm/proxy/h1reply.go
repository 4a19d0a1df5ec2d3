package proxy

import (
	"errors"
	"io"
	"net/http"
	"time"

	"tlslab/handshake/reason"
)

// The replies' half of h1: the one of the two pumps that writes to the client.

// replies is the pump from server to client.
func (h *h1) replies() {
	defer h.leave()
	for {
		if err := h.fromServer.wait(); err != nil {
			h.serverEnded(err)
			return
		}
		h.mu.Lock()
		raw, waiting, spoken := h.bytes != nil, len(h.under) > 0, h.spoken
		h.mu.Unlock()
		switch {
		case raw || !spoken:
			h.rawReplies()
			return
		case !waiting:
			return // an answer to nothing, as the 408 of a server that hangs up (RFC 9110 §15.5.9)
		}
		head, err := h.fromServer.head()
		if errors.Is(err, errLongHead) {
			err = &Fault{Side: SideServer, By: SideProxy, Cause: CauseBadReply, Err: err}
		}
		if err != nil {
			h.serverEnded(err)
			return
		}
		if !h.reply(head) {
			return
		}
	}
}

// reply passes one reply on, and reports whether another may follow.
func (h *h1) reply(head []byte) bool {
	h.mu.Lock()
	x := h.under[0] // this pump alone takes from it
	h.mu.Unlock()
	err := checkHead(head)
	var resp *http.Response
	if err == nil {
		resp, err = h.fromServer.parser.response(head, x.req)
	}
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols && x.switched == nil {
		err = errors.New("101 to a request that asked for no upgrade (RFC 9110 §15.2.2)")
	}
	if err != nil {
		h.unanswered(&Fault{Side: SideServer, By: SideProxy, Cause: CauseBadReply, Err: err})
		return false
	}
	switched := resp.StatusCode == http.StatusSwitchingProtocols || x.req.Method == http.MethodConnect && resp.StatusCode/100 == 2
	if resp.StatusCode/100 == 1 && !switched {
		if _, err := h.client.Write(head); err != nil { // an interim reply: the real one is yet to come
			h.clientBroke(err)
			h.unanswered(blame(SideClient, err, false))
			return false
		}
		return true
	}
	x.began = time.Now()
	f := replyFraming(resp, x.req)
	if switched {
		f = framing{}
	}
	body := &h.incoming
	*body = message1{to: h.client, from: h.fromServer, framing: f, keep: h.s.p.o.Bodies, rewrite: h.s.p.o.Rewrite, http10: !x.req.ProtoAtLeast(1, 1)}
	if resp.StatusCode == http.StatusPartialContent {
		body.rewrite = nil // its Content-Range counts the bytes of the original
	}
	err = body.relay(head)
	over := time.Now()
	h.mu.Lock()
	h.under = h.under[1:]
	if len(h.under) == 0 {
		h.under = nil // its array would else walk through memory
	}
	h.answered++
	h.torn = h.torn || err != nil
	h.endless = h.endless || err != nil && f.untilClose
	last := h.last && len(h.under) == 0
	if switched {
		x.raw, h.bytes = true, x
	}
	h.mu.Unlock()
	h.half(x, func(e *Entry) {
		e.describeReply(resp, switched)
		e.Received, e.Body = body.n, body.kept
		e.rewritten(body.changed)
		e.timed(x.passed, x.began, over)
		switch {
		case err == nil || e.Fault != nil:
		case f.untilClose && reason.Of(err) == reason.TruncatedStream && body.side == SideServer:
			e.warn(WarnTruncated) // only the end of the connection shows where this reply ends
		case h.broken != nil:
			e.Fault = h.broken
		default:
			e.Fault = h.blame(body.side, err)
		}
	})
	if x.switched != nil {
		x.switched <- switched
	}
	if switched {
		h.rawReplies()
		return false
	}
	return err == nil && !last && !resp.Close && !x.req.Close && !body.closes
}

// serverEnded is the end of the replies.
func (h *h1) serverEnded(err error) {
	f := h.blame(SideServer, err)
	h.mu.Lock()
	ending, waiting, spoken, broken := h.ending, len(h.under) > 0, h.spoken, h.broken != nil
	if h.upstream == nil && !ending {
		h.upstream = f
	}
	if broken {
		f = h.broken
	}
	h.mu.Unlock()
	switch {
	case waiting:
		h.unanswered(f)
	case ending || broken || f.Cause == CauseLeft || spoken && (f.Cause == CauseIdle || f.Cause == CauseShutdown):
	case !spoken && f.Cause == CauseWantsCertificate:
		// The client is about to ask, and shall be told why there is no answer: TLS 1.3's
		// refusal comes after both handshakes were complete.
		h.s.hurry(true)
		<-h.over
	default:
		h.mu.Lock()
		h.spoken = true
		h.mu.Unlock()
		h.s.failed(f)
	}
}

// unanswered tells of every request under way that there will be no reply to it. A client
// whose server has only closed a connection that served before gets no reply of ours
// either: it knows what can be asked again on a new one (RFC 9112 §9.3.1).
func (h *h1) unanswered(f *Fault) {
	h.mu.Lock()
	under, reused := h.under, h.answered > 0 && f.Cause == CauseLeft
	h.under, h.upstream, h.closed = nil, f, true
	h.mu.Unlock()
	for i, x := range under {
		status, received := 0, int64(0)
		if i == 0 && !reused && f.Side != SideClient {
			status = http.StatusBadGateway
			received = h.answer(status, f)
		}
		if x.switched != nil {
			x.switched <- false
		}
		h.half(x, func(e *Entry) {
			e.Status, e.Received = status, received
			if e.Fault == nil || e.Fault.Side == SideServer {
				e.Fault = f
			}
		})
	}
}

// leave ends the replies: a request that is still under way gets no reply.
func (h *h1) leave() {
	h.mu.Lock()
	h.closed = true
	left, r, whole := len(h.under) > 0, h.refused, !h.torn && !h.ending
	h.mu.Unlock()
	if left {
		h.unanswered(&Fault{Side: SideServer, By: SideServer, Cause: CauseLeft, Err: io.ErrUnexpectedEOF})
	}
	if r != nil {
		h.answerRefused(r, whole && !left)
	}
	h.finish()
}
