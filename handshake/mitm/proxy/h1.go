package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"tlslab/handshake/reason"
)

// duplex is a leg's stream of plaintext: a tls.Conn, or the socket where there is no TLS.
type duplex interface {
	net.Conn
	CloseWrite() error
}

// h1 relays HTTP/1.1 between one client and one server: two pumps, and between them the
// requests that are under way. Heads and bodies go on as they came; net/http says what
// they mean. What is not HTTP, or no longer, goes on as bytes.
//
// Two pumps rather than a loop of request and reply, since a reply may come before its
// request is over, requests may follow each other without waiting (pipelining), and
// either end may leave while the other has nothing to say.
type h1 struct {
	s              *session
	client, server duplex
	fromClient     *inbound
	fromServer     *inbound
	outgoing       message1      // of the pump of the requests
	incoming       message1      // the replies'
	over           chan struct{} // closed once one of the ends has ended it

	mu       sync.Mutex
	under    []*exchange // passed on, and not yet answered; the first may be being answered
	bytes    *exchange   // the connection itself, once it is relayed as bytes
	answered int         // replies so far
	spoken   bool        // the client has asked something, or a failure of one of the two has been told
	last     bool        // one direction is at its end; of the requests, if this is HTTP
	ending   bool        // over is closed
	closed   bool        // the pump of the replies has ended, and answers nothing more
	refused  *refusal    // what is to be answered when the replies before it are through
	torn     bool        // a message broke off
	endless  bool        // … whose length only the end of the connection would have shown
	upstream *Fault      // why there will be no more replies
	broken   *Fault      // how the client broke off; nil again once it has been told of
}

// exchange is a request and its reply. It is told of when both halves are over: the request
// has been passed on, and so has the reply.
type exchange struct {
	entry    *Entry
	req      *http.Request
	halves   int
	passed   time.Time // the request, whole
	began    time.Time // the reply
	switched chan bool // for a request to upgrade: tells whether the reply agreed
	raw      bool      // the reply agreed to the upgrade: the entry goes on as that of the connection
}

// refusal is a request that the proxy answers itself.
type refusal struct {
	x      *exchange
	fault  *Fault
	status int
}

// relayH1 relays until both ends are done.
func (s *session) relayH1(client, server duplex) {
	h := &h1{s: s, client: client, server: server, over: make(chan struct{}),
		fromClient: newInbound(client, SideClient, s.p.o.Limits.Header), fromServer: newInbound(server, SideServer, s.p.o.Limits.Header)}
	replied := make(chan struct{})
	s.p.workers.do(func() {
		defer close(replied)
		h.replies()
	})
	h.requests()
	<-replied
	h.fromClient.free()
	h.fromServer.free()
	switch {
	case h.bytes != nil:
		s.tell(h.bytes.entry)
	case h.broken != nil:
		s.failed(h.broken)
	case !h.spoken && s.ended.Load() != nil:
		s.failed(blame(SideClient, *s.ended.Load(), false))
	case !h.spoken && h.upstream != nil: // the server was the first to leave
		s.failed(h.upstream)
	case !h.spoken:
		s.failed(&Fault{Side: SideClient, By: SideClient, Cause: CausePin, Err: errSilent})
	}
}

// errSilent is a client that has nothing to say to a server that it shook hands with.
var errSilent = errors.New("the handshake was completed, and nothing was asked")

// requests is the pump from client to server.
func (h *h1) requests() {
	if h.fromClient.wait() == nil {
		h.s.hurry(true) // a method is soon said
	}
	if !h.fromClient.looksLikeHTTP() {
		h.rawRequests()
		return
	}
	h.s.hurry(false)
	for {
		if err := h.fromClient.wait(); err != nil {
			h.clientEnded(err)
			return
		}
		if h.isRaw() { // the server spoke first, and not HTTP
			h.rawRequests()
			return
		}
		h.s.hurry(true)
		head, err := h.fromClient.head()
		if err != nil {
			h.clientEnded(err)
			return
		}
		h.s.hurry(false)
		if !h.request(head) {
			return
		}
	}
}

// request passes one request on, and reports whether another may follow.
func (h *h1) request(head []byte) bool {
	x := &exchange{entry: h.s.entry(Request)}
	x.entry.Began = time.Now()
	err := checkHead(head)
	var req *http.Request
	if err == nil {
		req, err = h.fromClient.parser.request(head)
	}
	if err != nil {
		h.refuse(x, &Fault{Side: SideClient, By: SideProxy, Cause: CauseBadRequest, Err: err}, http.StatusBadRequest)
		return false
	}
	x.req = req
	x.entry.describeRequest(req, h.s)
	if wantsUpgrade(req) {
		x.switched = make(chan bool, 1)
	}
	if fault := h.push(x); fault != nil {
		h.refuse(x, fault, http.StatusBadGateway)
		return false
	}
	body := &h.outgoing
	*body = message1{to: h.server, from: h.fromClient, framing: requestFraming(req), keep: h.s.p.o.Bodies, rewrite: h.s.p.o.Rewrite}
	if !req.ProtoAtLeast(1, 1) {
		body.rewrite = nil // a body of HTTP/1.0 cannot be given another length without holding it
	}
	err = body.relay(head)
	h.half(x, func(e *Entry) {
		x.passed = time.Now()
		e.Sent, e.RequestBody = body.n, body.kept
		e.rewritten(body.changed)
		if err != nil && e.Fault == nil { // the other pump may have heard why already
			e.Fault = h.blame(body.side, err)
		}
	})
	if err != nil {
		h.mu.Lock()
		h.torn = true
		h.mu.Unlock()
		if body.side == SideClient { // a server that takes no more may still be about to say why
			h.clientEnded(err)
		}
		return false
	}
	if x.switched != nil && <-x.switched {
		h.rawRequests()
		return false
	}
	return true
}

// push puts x among what is under way, unless there will be no reply to it.
func (h *h1) push(x *exchange) *Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spoken = true
	switch {
	case h.upstream != nil:
		return h.upstream
	case h.ending || h.closed:
		return &Fault{Side: SideServer, By: SideServer, Cause: CauseLeft, Err: io.ErrUnexpectedEOF}
	}
	h.under = append(h.under, x)
	return nil
}

// half notes that one half of x is over, and what f has to say of it.
func (h *h1) half(x *exchange, f func(*Entry)) {
	h.mu.Lock()
	f(x.entry)
	if x.entry.Fault != nil && x.entry.Fault.Side != SideServer {
		h.broken = nil
	}
	x.halves++
	done := x.halves == 2 && !x.raw
	h.mu.Unlock()
	if done {
		h.s.tell(x.entry)
	}
}

// refuse answers a request in the server's place, and ends the connection: behind the
// replies that are under way, which the other pump is writing.
func (h *h1) refuse(x *exchange, f *Fault, status int) {
	r := &refusal{x, f, status}
	h.mu.Lock()
	h.spoken, h.last = true, true
	later, mute := len(h.under) > 0 && !h.closed, h.closed
	if later {
		h.refused = r
	}
	h.mu.Unlock()
	if later {
		return
	}
	h.answerRefused(r, !mute)
	h.finish()
}

// answerRefused tells of a refusal, and lets the client know if there is still a way to.
func (h *h1) answerRefused(r *refusal, answer bool) {
	e := r.x.entry
	e.Fault = r.fault
	if answer {
		e.Status, e.Received = r.status, h.answer(r.status, r.fault)
	}
	h.s.tell(e)
}

// clientEnded is the end of the requests: an orderly one, or err.
func (h *h1) clientEnded(err error) {
	h.mu.Lock()
	waiting := len(h.under) > 0
	h.last = true
	h.mu.Unlock()
	switch {
	case errors.Is(err, io.EOF) && waiting:
		return // it may still read, as a program that half-closes does: the replies decide
	case errors.Is(err, errLongHead):
		h.refuse(&exchange{entry: h.s.entry(Request)}, &Fault{Side: SideClient, By: SideProxy, Cause: CauseBadRequest, Err: err}, http.StatusRequestHeaderFieldsTooLarge)
		return
	case !errors.Is(err, io.EOF):
		h.clientBroke(err)
	}
	h.finish()
}

// clientBroke is a client that ended in disorder. If a reply is under way, its entry tells
// of it. But the client may have had all of that reply, so it is settled at the end which
// entry tells.
func (h *h1) clientBroke(err error) {
	f := blame(SideClient, err, false)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ending:
		return
	case !h.spoken && f.Cause == CauseLeft:
		f.Cause = CausePin
	case f.Cause == CauseIdle, f.Cause == CauseShutdown && h.spoken && len(h.under) == 0, f.Cause == CauseLeft && reason.Of(err) == reason.TruncatedStream && len(h.under) == 0:
		return // between two requests a client may leave, also without a goodbye, but not break off
	}
	if h.broken == nil {
		h.broken = f
	}
}

// blame makes a Fault of an error on the leg to side.
func (h *h1) blame(side Side, err error) *Fault {
	return blame(side, err, side == SideServer && h.s.toServer != nil && h.s.toServer.CertificateRequested)
}

// answer sends a reply of the proxy's own, and returns how many bytes its body has.
func (h *h1) answer(status int, f *Fault) int64 {
	page := h.s.p.page(f)
	if _, err := h.client.Write(answer(status, page)); err != nil {
		return 0
	}
	return int64(len(page))
}

// finish ends both streams, so that the other pump ends too. What broke off on one leg
// breaks off on the other: a goodbye there would pass a part for the whole.
func (h *h1) finish() {
	h.mu.Lock()
	first, torn, endless := !h.ending, h.torn, h.endless
	h.ending = true
	h.mu.Unlock()
	if !first {
		return
	}
	close(h.over)
	if torn {
		h.s.client.abort(endless)
		h.s.server.abort(endless)
	}
	_ = h.client.Close()
	_ = h.server.Close()
}

func (h *h1) isRaw() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bytes != nil
}
