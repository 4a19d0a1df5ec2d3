package proxy

import (
	"cmp"
	"context"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"tlslab/handshake/mitm/relay"
)

// How hooks are called, and what they have to say is done. The machine holds a message
// (relay.Options.Hold) while a goroutine runs them.

// hooked are the hooks for what comes from a side.
func (o *Options) hooked(from relay.Side) bool {
	for _, k := range o.Hooks {
		if from == relay.Client && k.Request != nil || from == relay.Server && k.Reply != nil {
			return true
		}
	}
	return false
}

// hold has the hooks see a message. The machine's lock is held.
func (h *h1) hold(x *relay.Exchange, from relay.Side) bool {
	t := tellingOf(x)
	if t.alone || t.own || !h.s.p.o.hooked(from) || from == relay.Client && h.notForHooks(x.Request) {
		return false
	}
	if t.ctx == nil {
		t.ctx, t.cancel = context.WithCancel(h.s.ctx)
	}
	h.holding++
	h.s.p.workers.do(func() {
		defer func() {
			if bad := t.exited.Load(); bad != nil {
				h.failBody(x, bad)
			}
			h.mu.Lock()
			h.holding--
			h.sent.Broadcast()
			h.mu.Unlock()
		}()
		if from == relay.Client {
			h.holdRequest(x, t)
		} else {
			h.holdReply(x, t)
		}
	})
	return true
}

// notForHooks reports whether a request in plain HTTP is for the proxy itself, or a host that is left
// alone: it has not found its server yet.
func (h *h1) notForHooks(r *relay.Head) bool {
	if h.open == nil {
		return false
	}
	host, port, _ := splitAuthority(r.Authority)
	alone := h.s.p.leavesAlone(host, target{host: host, port: cmp.Or(port, "80"), clear: true})
	return alone || r.Authority == "" && strings.HasPrefix(r.Target, "/") || strings.EqualFold(host, Magic)
}

func (h *h1) holdRequest(x *relay.Exchange, t *telling) {
	e := t.entry
	r := &HeldRequest{scheme: cmp.Or(e.Scheme, "http"), host: e.Host, method: x.Request.Method, target: e.Path}
	r.begin(t.ctx, x.Request, SideClient)
	taken := false
	defer func() { // behind the lock, and where a hook ended its goroutine too
		if !taken {
			r.answer.drop(t)
		}
	}()
	for _, k := range h.s.p.o.Hooks {
		if k.Request != nil && r.err == nil && r.answer == nil {
			r = r.next(k.Name)
			r.call(t, func() { k.Request(r) })
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.ended { // and what was to be told of it may have been
		return
	}
	t.changes = append(t.changes, r.changes...)
	switch {
	case r.err != nil:
		h.failHeld(x, r.err)
	case r.answer != nil:
		taken = true
		h.answerHeld(x, t, r.answer)
	default:
		c := r.goesOn(h, x, relay.Client)
		if r.method != x.Request.Method {
			c.Method = r.method
		}
		if r.target != e.Path {
			c.Target = r.target
		}
		h.goOn(x, t, &r.HeldMessage, c, relay.Client)
	}
}

func (h *h1) holdReply(x *relay.Exchange, t *telling) {
	r := &HeldReply{request: x.Request, status: x.Reply.Status, reason: x.Reply.Reason}
	r.begin(t.ctx, x.Reply, SideServer)
	for _, k := range h.s.p.o.Hooks {
		if k.Reply != nil && r.err == nil {
			r = r.next(k.Name)
			r.call(t, func() { k.Reply(r) })
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.ended { // and what was to be told of it may have been
		return
	}
	t.changes = append(t.changes, r.changes...)
	if r.err != nil {
		h.failHeld(x, r.err)
		return
	}
	c := r.goesOn(h, x, relay.Server)
	if r.status != x.Reply.Status || r.reason != x.Reply.Reason {
		c.Status, c.Reason = r.status, r.reason
	}
	h.goOn(x, t, &r.HeldMessage, c, relay.Server)
}

// begin gives a message what came.
func (m *HeldMessage) begin(ctx context.Context, head *relay.Head, of Side) {
	m.ctx, m.head, m.of, m.fields = ctx, head, of, make([]relay.Placed, len(head.Fields))
	for i, f := range head.Fields {
		m.fields[i] = relay.Placed{Field: f, Came: i + 1}
	}
}

// next is the request as the next hook gets it.
func (r *HeldRequest) next(name string) *HeldRequest {
	n := &HeldRequest{scheme: r.scheme, host: r.host, method: r.method, target: r.target}
	n.follow(&r.HeldMessage, name)
	return n
}

// next is the reply as the next hook gets it.
func (r *HeldReply) next(name string) *HeldReply {
	n := &HeldReply{request: r.request, status: r.status, reason: r.reason}
	n.follow(&r.HeldMessage, name)
	return n
}

// follow has m go on from what the hook before it left. Only the fields are changed in place, and that
// hook may still look at them.
func (m *HeldMessage) follow(last *HeldMessage, name string) {
	m.ctx, m.head, m.of, m.by = last.ctx, last.head, last.of, cmp.Or(name, "a hook")
	m.wanted = last.wanted
	m.fields = slices.Clone(last.fields)
}

// call calls the hook that m is with. One that panics is to blame for that. Behind it, whatever the hook
// did, m does not change any more, so that what it wants is read without a lock.
func (m *HeldMessage) call(t *telling, f func()) {
	defer m.done()
	if err := t.guard(&m.by, f); err != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.err == nil {
			m.err = err
		}
	}
}

// guard makes an error of a panic. A hook that ends its goroutine, as testing's FailNow does, has it end
// up to where it began: what is to be done then is done there, by a look at exited.
func (t *telling) guard(name *string, f func()) (err error) {
	whole := false
	defer func() {
		switch p := recover(); {
		case p != nil:
			err = &HookError{Hook: *name, Panic: p, Stack: string(debug.Stack())}
		case !whole: // runtime.Goexit
			t.exited.Store(&HookError{Hook: *name, Panic: "it ended its goroutine"})
		}
	}()
	f()
	whole = true
	return nil
}

// done is the end of what the hook may do.
func (m *HeldMessage) done() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.returned = true
}

// goesOn are the changes that the hooks and --rewrite want.
func (m *HeldMessage) goesOn(h *h1, x *relay.Exchange, from relay.Side) relay.Changes {
	c := relay.Changes{}
	if h.changes() {
		c = h.change(x, from)
	}
	if m.touched {
		c.Fields = m.fields
		if c.Fields == nil {
			c.Fields = []relay.Placed{}
		}
	}
	c.Stream = len(m.bodies)+len(m.trailers) > 0
	return c
}

// goOn has a message go on, and its body with it. The lock is held.
func (h *h1) goOn(x *relay.Exchange, t *telling, m *HeldMessage, c relay.Changes, from relay.Side) {
	streams := h.m.Continue(x, from, c)
	h.settle(from)
	if !streams {
		return
	}
	h.mu.Unlock()
	defer h.mu.Lock()
	src := &heldReader{h: h, x: x, from: from}
	in, out := &summed{Reader: src}, io.Reader(nil)
	name := "a hook"
	err := t.guard(&name, func() {
		out = in
		for _, b := range m.bodies {
			name = b.by
			if out = b.read(out); out == nil {
				out = strings.NewReader("")
			}
		}
	})
	sent := &summed{Reader: out}
	if err == nil {
		err = h.give(x, from, name, sent)
	}
	if err != nil {
		h.failBody(x, err)
		return
	}
	h.mu.Lock()
	came := slices.Clone(t.trailers(from))
	h.mu.Unlock() // not by unlocked: a hook that ends its goroutine there would have it locked twice
	trailers, by, err := m.makeTrailers(t, came)
	h.mu.Lock()
	if err == nil && !t.ended {
		if len(m.bodies) > 0 && !in.same(sent) {
			t.changes = append(t.changes, Change{By: name, Of: m.of, Kind: ChangeBody})
		}
		if !sameFields(trailers, came) {
			t.changes = append(t.changes, Change{By: by, Of: m.of, Kind: ChangeTrailers})
		}
		h.m.GiveEnd(x, from, len(m.trailers) == 0, trailers)
		h.settle(from)
	}
	h.mu.Unlock()
	if err != nil {
		h.failBody(x, err)
	}
}

// makeTrailers are the trailers as hooks want them, and by is the last that has changed them. Each gets a
// copy, since it may write to that, and is not asked again for what it returned.
func (m *HeldMessage) makeTrailers(t *telling, came []relay.Field) (trailers []relay.Field, by string, err error) {
	trailers = came
	for _, f := range m.trailers {
		next, name := []relay.Field(nil), f.by
		if err := t.guard(&name, func() { next = slices.Clone(f.make(slices.Clone(trailers))) }); err != nil {
			return nil, name, err
		}
		for _, field := range next {
			if bad := relay.CheckField(field); bad != nil {
				return nil, name, &HookError{Hook: name, Err: bad}
			}
		}
		if !sameFields(next, trailers) {
			trailers, by = next, name
		}
	}
	return trailers, by, nil
}

func sameFields(a, b []relay.Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// drop closes the body of an answer that nobody gets.
func (a *heldAnswer) drop(t *telling) {
	if a == nil {
		return
	}
	if c, ok := a.body.(io.Closer); ok {
		_ = t.guard(&a.by, func() { _ = c.Close() }) // the exchange has ended otherwise
	}
}

// answerHeld answers in a server's place. The lock is held.
func (h *h1) answerHeld(x *relay.Exchange, t *telling, a *heldAnswer) {
	h.m.Respond(x, a.head)
	if x.Answered() {
		t.byHook = true
		t.answer = &relay.Head{Status: a.head.Status, Proto: cmp.Or(x.Request.Proto, "HTTP/1.1"), Fields: a.head.Fields}
	}
	h.settle(relay.Client)
	h.settle(relay.Server)
	err := error(nil)
	if a.body != nil {
		sent := &summed{Reader: a.body, keep: t.keep}
		h.unlocked(func() { err = h.give(x, relay.Server, a.by, sent) })
		if err == nil && a.head.Length >= 0 && sent.n != a.head.Length {
			err = &HookError{Hook: a.by, Err: io.ErrUnexpectedEOF}
		}
		if !t.ended {
			t.entry.Received, t.entry.Body = sent.n, sent.kept
		}
	}
	if err != nil {
		h.failHeld(x, err)
		return
	}
	h.m.GiveEnd(x, relay.Server, false, nil)
	h.settle(relay.Server)
}

// unlocked does something without the lock, which is held before and behind it, whatever f does.
func (h *h1) unlocked(f func()) {
	h.mu.Unlock()
	defer h.mu.Lock()
	f()
}

// give sends what r has on as a body. It ends early, and without an error, where nobody wants it any
// more.
func (h *h1) give(x *relay.Exchange, from relay.Side, name string, r io.Reader) (err error) {
	t := tellingOf(x)
	if c, ok := r.(*summed).Reader.(io.Closer); ok {
		defer func() {
			if bad := t.guard(&name, func() { _ = c.Close() }); bad != nil && err == nil { // what it says of closing changes nothing
				err = bad
			}
		}()
	}
	b := bulks.Get().(*[bulk]byte)
	defer bulks.Put(b)
	for {
		n, rerr := 0, error(nil)
		if bad := t.guard(&name, func() { n, rerr = r.Read(b[:]) }); bad != nil {
			return bad
		}
		h.mu.Lock()
		over := h.done2(x)
		if !over && n > 0 {
			h.m.Give(x, from, b[:n])
			h.settle(from)
			for h.m.Full(x, from) && !h.done2(x) {
				h.sent.Wait()
			}
			over = h.done2(x)
		}
		h.mu.Unlock()
		switch {
		case over, rerr == io.EOF:
			return nil
		case rerr != nil:
			return &HookError{Hook: name, Err: rerr}
		}
	}
}

// done2 reports whether nothing more comes of x.
func (h *h1) done2(x *relay.Exchange) bool { return tellingOf(x).ended || h.m.Over() }

// failBody is failHeld for who has no lock.
func (h *h1) failBody(x *relay.Exchange, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failHeld(x, err)
}

// failHeld ends an exchange on account of a hook. The lock is held.
func (h *h1) failHeld(x *relay.Exchange, err error) {
	f, ok := err.(*Fault)
	if !ok {
		f = &Fault{Side: SideProxy, By: SideProxy, Cause: CauseHook, Err: err}
	}
	h.m.Fail(x, f)
	h.settle(relay.Client)
	h.settle(relay.Server)
}
