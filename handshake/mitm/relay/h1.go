package relay

import "io"

// Options make an H1. A field's zero value means the default named beside it.
type Options struct {
	// Header is how many bytes a head may have; 256 KiB, since Chromium, the most patient of
	// the common clients that have a limit, takes no more.
	Header int
	// Forward says that the client knows of the proxy: its targets are in absolute form, and
	// Route is asked for each.
	Forward bool
	// Change is asked what is to become of a message whose head has come; nil changes nothing.
	Change func(x *Exchange, from Side) Changes
	// Hold is asked whether a message whose head has come waits for its holder (hold.go); then Change is
	// not asked. Nil holds nothing.
	Hold func(x *Exchange, from Side) bool
	// Answer is what the client reads in place of a reply, head and all, when x has failed; nil or
	// an empty answer is none. reused says that the server has answered before on its connection:
	// then a client that only sees it end knows what can be asked again (RFC 9112 §9.3.1).
	Answer func(x *Exchange, reused bool) []byte
	// Page is the same for HTTP/2: the fields, of which :status is the first, and the body. Nil, or
	// no fields, answers nothing.
	Page func(x *Exchange) (fields []Field, body string)
	// Event is told what happened; nil tells nobody.
	Event func(Event)
}

// tell tells of what happened, if there is who wants to hear it.
func (o *Options) tell(e Event) {
	if o.Event != nil {
		o.Event(e)
	}
}

// defaultHeader is Options.Header's.
const defaultHeader = 256 << 10

// maxHeld is how much of what a client says too early is held: what it sends without waiting
// behind a request that has to be answered first. Two of the greatest records.
const maxHeld = 1 << 15

// maxUnder is how many requests may wait for their replies before more of them are read: far
// more than any client sends, since hardly one sends a second.
const maxUnder = 1000

// Fate is what becomes of a side's stream, once what is to be said there has been.
type Fate int

// The fates, each more final than the one before.
const (
	Open    Fate = iota
	EndHalf      // nothing more is said; what comes is still heard
	Close        // it ends in order
	Cut          // it ends without a goodbye: what broke off must not pass for whole
	Reset        // … where only the end of the stream would have shown where the message ends
)

// Ending is how a stream ended.
type Ending int

// The endings.
const (
	InOrder   Ending = iota // with a goodbye, where the transport has one
	NoGoodbye               // it just ended, where TLS wants a goodbye
	Broken                  // it was reset, or reading or writing failed
)

// H1 relays HTTP/1.1 between one client and one server. It has no goroutine, no socket and no
// clock, and may be used by one goroutine at a time: give it what has come (Receive, End), then
// take what is to be sent (Output) and what becomes of the streams (Fate).
type H1 struct {
	o      Options
	client flow
	server flow

	under    []*Exchange // asked, and not yet answered; the first may be being answered
	raw      *Exchange   // the connection itself, once it is bytes
	routing  *Exchange   // its head waits for a server
	answered int         // replies of this server's so far
	spoken   bool        // the client has asked something, or the server spoke first
	noMore   bool        // the client asks nothing more
	stray    bool        // the server has said what nobody asked for
	deaf     bool        // the server takes nothing more
	withheld error       // why the server will not answer what will be asked
	halved   error       // the client has closed its half, in order, behind whole requests
	broken   error       // how a client broke off that had nothing under way
	single   bool        // a request waits for the reply to the one before (H1toH2)
	over     bool
	pool     []byte // for what filters make

	responding *responding // what the holder of a request answers
}

// flow is one direction: what comes from one side, and what goes to the other.
type flow struct {
	from  Side
	state state
	in    []byte // come, and not yet worked on
	line  int    // of the head or trailer in the input: where the line begins that is looked at
	look  int    // up to where it was looked at
	left  int64  // bytes of the body, or of its chunk
	x     *Exchange
	body  Filter
	out   outbox // to the other side
	fate  Fate   // of the side that out goes to
	ended bool   // what it says is not heard any more
	gone  bool   // it says nothing more
	hold  holding
}

type state int

const (
	atHead      state = iota
	atLength          // amid a body of a known length
	atChunk           // before a line with a chunk's size
	inChunk           // amid a chunk
	behindChunk       // before the line behind one
	atTrailer         // behind the last chunk
	untilClose        // amid a body that the end of the stream ends
	asBytes           // no HTTP, or no longer
	held              // what comes has to wait
	nowhere           // what comes is dropped
	withHolder        // what comes waits for whoever holds what is before it
)

// NewH1 returns a relay that has seen nothing yet.
func NewH1(o Options) *H1 {
	if o.Header == 0 {
		o.Header = defaultHeader
	}
	return &H1{o: o, client: flow{from: Client}, server: flow{from: Server}}
}

// flow is what comes from side.
func (m *H1) flow(side Side) *flow {
	if side == Client {
		return &m.client
	}
	return &m.server
}

// other is the direction against f.
func (m *H1) other(f *flow) *flow { return m.flow(f.from.Other()) }

// Receive takes bytes that came from a side. b is the machine's until Output was taken of both
// sides and sent.
func (m *H1) Receive(from Side, b []byte) {
	f := m.flow(from)
	if m.over || f.ended {
		return
	}
	if len(f.in) > 0 {
		f.in = append(f.in, b...)
		m.work(f, f.in, false)
		return
	}
	m.work(f, b, true)
}

// work goes through b, which is all that has not been worked on. lent says that it is the
// caller's, so that it can be sent without being copied.
func (m *H1) work(f *flow, b []byte, lent bool) {
	f.out.lend = lent
	all := len(b)
	for !m.over {
		n := m.step(f, b)
		if n < 0 {
			break
		}
		b = b[n:]
	}
	f.out.lend = false
	switch {
	case m.over || len(b) == 0:
		f.in = nil
	case lent || len(b) < all:
		f.in = append(f.in[:0], b...)
	}
}

// resume goes on with what was held.
func (m *H1) resume(f *flow) {
	if len(f.in) > 0 && !m.over {
		m.work(f, f.in, false)
	}
}

// step does one thing with b, and returns how much of it is done with; -1 if it needs more.
func (m *H1) step(f *flow, b []byte) int {
	switch f.state {
	case atHead:
		if f.from == Client {
			return m.stepRequest(b)
		}
		return m.stepReply(b)
	case held, withHolder:
		return -1
	case nowhere:
		return taken(len(b))
	}
	return m.stepBody(f, b)
}

// taken is n, or that there was nothing to take.
func taken(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// headEnd looks for the empty line that ends the head in b, and returns where that is over.
func (f *flow) headEnd(b []byte) (n int, ok bool) {
	for {
		i := indexLF(b[f.look:])
		if i < 0 {
			f.look = len(b)
			return 0, false
		}
		end := f.look + i
		blank := end == f.line || end == f.line+1 && b[f.line] == '\r'
		f.line, f.look = end+1, end+1
		if blank {
			f.line, f.look = 0, 0
			return end + 1, true
		}
	}
}

// Output takes what is to be sent to a side. It is good until the next call of a method.
func (m *H1) Output(to Side) []byte { return m.flow(to.Other()).out.take() }

// Fate says what becomes of the stream to a side, once all Output was sent.
func (m *H1) Fate(side Side) Fate { return m.flow(side.Other()).fate }

// Wants reports whether more can be taken from a side now.
func (m *H1) Wants(from Side) bool {
	f := m.flow(from)
	if from == Client && len(m.under) >= maxUnder || f.stalls() && len(f.in)+len(f.hold.queue) >= maxHeld {
		return m.over
	}
	return m.over || len(f.in) < maxHeld || f.state != held && (from == Server || !m.waits())
}

// Spoken reports whether anything was asked, or said by a server that speaks first.
func (m *H1) Spoken() bool { return m.spoken }

// Waiting reports whether a request is under way.
func (m *H1) Waiting() bool { return len(m.under) > 0 }

// Over reports whether both streams are at their end.
func (m *H1) Over() bool { return m.over }

// Stray reports whether the server has said what nobody asked for, so that nothing may be asked
// of it any more.
func (m *H1) Stray() bool { return m.stray }

// Broken is how a client broke off that had nothing under way; nil if it did not.
func (m *H1) Broken() error { return m.broken }

// InHead reports whether a client has begun a head, and not ended it.
func (m *H1) InHead() bool {
	return m.client.state == atHead && len(m.client.in) > 0 && !m.over && !m.waits()
}

// waits reports whether the next request has to wait for the reply to the one before: it may be
// for another server, be held, or be for a stream of its own.
func (m *H1) waits() bool {
	return (m.o.Forward || m.single || m.o.Hold != nil) && len(m.under) > 0
}

// Unread reports whether a client may still be sending what nobody will read.
func (m *H1) Unread() bool { return !m.client.gone && m.client.state != atHead }

// Withhold says that the server will answer nothing, whatever will be asked, and why. What is no
// HTTP cannot be told so: then Cut is the fate of the client's stream, and Broken says why.
func (m *H1) Withhold(why error) {
	m.withheld, m.server.ended = why, true
}

// End says that the stream from a side has ended; err is how, for the faults that come of it.
func (m *H1) End(from Side, how Ending, err error) {
	f := m.flow(from)
	f.gone = true
	if m.over || f.ended {
		return
	}
	f.ended = true
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF // which it is, where it is told of
	}
	switch {
	case m.raw != nil:
		m.bytesEnded(f, how, err)
	case f.stalls() && (from == Server || how == InOrder):
		f.hold.late = func() { m.endedNow(from, how, err) }
	default:
		m.endedNow(from, how, err)
	}
}

// endedNow is the end of a stream behind all that it said.
func (m *H1) endedNow(from Side, how Ending, err error) {
	if from == Client {
		m.clientEnded(how, err)
	} else {
		m.serverEnded(how, err)
	}
}

// Unwritten says that a side takes nothing more. A server may still be about to say why.
func (m *H1) Unwritten(to Side, err error) {
	if to == Server && !m.over && m.raw == nil {
		m.deaf, m.client.out.shut = true, true
		return
	}
	f := m.flow(to.Other())
	f.out.shut = true
	f = m.flow(to)
	if !m.over {
		f.ended = false // reading may have seen an end in order
		m.End(to, Broken, err)
	}
}

// finish ends both streams.
func (m *H1) finish(fate Fate) {
	if m.over {
		return
	}
	m.over, m.routing = true, nil
	m.client.fate, m.server.fate = max(m.client.fate, fate), max(m.server.fate, fate)
	for _, x := range []*Exchange{m.raw, m.client.x, m.server.x} { // one may have its reply, and its request not be over
		if x != nil {
			m.finished(x)
		}
	}
	for _, x := range m.under {
		m.finished(x)
	}
	m.under = nil
}

// fail notes why x is not whole: the first reason is the one.
func (x *Exchange) fail(leg Side, err error) {
	if x.Fault == nil {
		x.Fault = &Fault{Leg: leg, Err: err}
		if r, ok := err.(*Refusal); ok {
			x.Fault.Refusal = r
		}
	}
}

// Sent reports whether the request has gone on to the server.
func (x *Exchange) Sent() bool { return x.sent }

// finished tells, once, that nothing more comes of x.
func (m *H1) finished(x *Exchange) {
	if !x.done {
		x.done = true
		m.o.tell(Event{Kind: Done, Exchange: x})
	}
}
