package explain

import (
	"bytes"
	"slices"
	"time"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
)

// stream follows one connection: in clear up to where TLS begins, if it does, and then with an
// observer.
type stream struct {
	r  *reading
	c  *Connection
	ob *observe.Observer

	at       time.Time
	clear    [2][]byte        // what was said before TLS, its beginning and its end; of the client, of the server
	passed   [2]int           // how much of it between the two is no longer kept
	looked   [2]int           // up to here TLS was looked for in it
	turns    []turn           // and in which order it was said, of the one that is shown
	awaited  bool             // something was said before TLS, and the server has not begun it
	headless bool             // it is TLS whose beginning the file lacks
	begun    bool             // it is, if the file lacks something: an end begins with records, and there was no ClientHello
	opens    iana.ContentType // and with such
	reversed bool             // and who answers there is the client of TCP, by what the file has of it
	alien    bool             // it is not TLS, and nothing more is looked for
	swapped  bool             // who speaks first as a client of TLS is the server of TCP, by what the file has of it
	known    bool             // what session this began
	told     bool             // what is to be thought of the server's chain
	lost     [2]bool          // bytes are missing: nothing can be told apart from there on
	chain    *chain           // the server's certificates

	held   int32          // what of reading.held is this one's
	holder string         // of the keys that open it
	looks  []*look        // who looks on
	panel  *observe.Panel // of the connection that is shown

	progress
}

// maxClear is how much each end may say before TLS begins. keptClear is how much is kept of its beginning, and
// of its end: what tells what it was stands there.
const (
	maxClear  = 16 << 10
	keptClear = 384
)

const (
	client = iota
	server
)

func side(fromServer bool) int {
	if fromServer {
		return server
	}
	return client
}

func (s *stream) shown() bool     { return s.r.o.Show == s.c.Number && s.r.ends != nil }
func (s *stream) time() time.Time { return s.at }

// Bytes takes what one end said next.
func (s *stream) Bytes(fromServer bool, at dissect.At, b []byte) {
	s.at = at.Time
	s.c.Ended = at.Time
	fromServer = fromServer != s.swapped
	s.c.Bytes[side(fromServer)] += int64(len(b))
	switch {
	case s.alien:
	case s.ob == nil:
		s.search(fromServer, b)
	case s.lost[side(fromServer)]:
	case s.awaited && fromServer:
		s.replied(b)
	default:
		s.feed(fromServer, b)
	}
	s.weigh()
}

// weigh counts what is kept of the connection. A chain is counted once for all that have it (chains.go).
func (s *stream) weigh() {
	n := cap(s.clear[client]) + cap(s.clear[server])
	if s.ob != nil {
		n += s.ob.Held()
	}
	for _, l := range s.looks {
		n += l.ob.Held()
	}
	s.r.held += n - int(s.held)
	s.held = int32(n)
}

func (s *stream) feed(fromServer bool, b []byte) {
	s.spoke(side(fromServer))
	if fromServer {
		s.ob.ServerBytes(b)
	} else {
		s.ob.ClientBytes(b)
	}
	s.known = s.known || s.r.all.learn(s.c.Number, s.ob)
	if s.looks != nil {
		s.overheard(fromServer, b)
	}
}

// search looks for a ClientHello in what an end says: at its beginning, and behind what it says before TLS.
func (s *stream) search(fromServer bool, b []byte) {
	me := side(fromServer)
	first := len(s.clear[me]) == 0
	if first {
		s.clear[me] = b // as a rule all of it is TLS, and nothing of it to be kept
	} else {
		s.clear[me] = append(s.clear[me], b...)
	}
	s.took(me, len(b))
	from, sure := find(s.clear[me], s.looked[me], helloFirst, isHello)
	switch s.looked[me] = from; {
	case sure && wraps(s.clear[client]):
		s.forget()
	case sure:
		if fromServer && !s.turn() {
			s.forget()
			return
		}
		s.begin(from)
	case s.beheaded(me):
		s.forget()
		s.c.TLS, s.headless = true, true
	case len(s.clear[me])+s.passed[me] > maxClear:
		s.forget()
	default:
		if first {
			s.clear[me] = bytes.Clone(b)
		}
		s.shorten(me)
	}
}

// beheaded reports whether TLS goes on here whose beginning the file lacks. What is no data may be an answer that
// was recorded before what it answers; and that something is missing may turn out only later: that is for the end.
func (s *stream) beheaded(me int) bool {
	if s.passed[me] == 0 && !s.begun && records(s.clear[me]) {
		s.begun, s.opens = true, iana.ContentType(s.clear[me][0])
		s.reversed = me == client && isServerHello(s.clear[me])
	}
	return s.begun && s.opens == iana.ApplicationData && s.partial()
}

// behead decides it at the end.
func (s *stream) behead() {
	if !s.begun || s.ob != nil || !s.partial() {
		return
	}
	if s.reversed {
		s.turn()
	}
	s.c.TLS, s.headless = true, true
}

// partial reports whether the file has not all of it.
func (s *stream) partial() bool { return s.c.Midway || s.c.Missing != [2]int64{} }

// shorten lets go of the middle of what was said in clear, but for the connection that is shown.
func (s *stream) shorten(me int) {
	b := s.clear[me]
	over := len(b) - 2*keptClear
	if over <= 0 || s.shown() {
		return
	}
	if s.clear[me] = append(b[:keptClear], b[keptClear+over:]...); cap(b) > 3*keptClear {
		s.clear[me] = bytes.Clone(s.clear[me])
	}
	s.passed[me] += over
	s.looked[me] -= over // it is near the end
}

// forget: it is not TLS.
func (s *stream) forget() {
	s.alien, s.c.TLS, s.ob = true, false, nil
	s.clear = [2][]byte{}
}

// replied looks for the beginning of TLS in what the server says, where the client began it without waiting
// for leave, or says a word more in clear. Where the server says something else behind a ClientHello that stood
// in the middle of who knows what, that was none.
func (s *stream) replied(b []byte) {
	s.clear[server] = append(s.clear[server], b...)
	from, sure := find(s.clear[server], s.looked[server], answerFirst, isAnswer)
	s.looked[server] = from
	if !sure && len(s.clear[server]) <= maxClear {
		return
	}
	if !sure && s.c.Carrier == Some {
		s.forget()
		return
	}
	if !sure {
		from = 0
	}
	b, s.clear[server], s.awaited = s.clear[server][from:], nil, false
	s.c.Before[server] += from
	s.feed(true, b)
}

// turn takes the end that says a ClientHello for the client: a file that lacks the beginning does
// not say which it is.
func (s *stream) turn() bool {
	if !s.c.Midway {
		return false
	}
	s.swapped = !s.swapped
	s.c.Client, s.c.Server = s.c.Server, s.c.Client
	c := s.c
	c.Bytes[0], c.Bytes[1] = c.Bytes[1], c.Bytes[0]
	c.Missing[0], c.Missing[1] = c.Missing[1], c.Missing[0]
	c.Differing[0], c.Differing[1] = c.Differing[1], c.Differing[0]
	s.clear[0], s.clear[1] = s.clear[1], s.clear[0]
	s.passed[0], s.passed[1] = s.passed[1], s.passed[0]
	for i := range s.turns {
		s.turns[i].by = client + server - s.turns[i].by
	}
	return true
}

// begin is where TLS begins, in what the client said.
func (s *stream) begin(from int) {
	s.c.TLS = true
	// A recorder may have the answer before what it answers.
	var answer []byte
	if b := s.clear[server]; from == 0 && len(b) > 1 && (b[0] == byte(iana.Handshake) || b[0] == byte(iana.Alert)) && b[1] == 3 {
		answer, s.clear[server] = b, nil
	}
	s.c.Carrier, s.c.Target = carrierOf(s.clear[client][:from], s.clear[server])
	s.c.Before = [2]int{from + s.passed[client], len(s.clear[server]) + s.passed[server]}
	s.awaited, s.looked[server] = s.c.Carrier != Bare, 0
	s.ob = s.r.observer(s)
	if s.shown() {
		s.heads()
	}
	if s.r.o.Onlookers || s.r.ends != nil {
		s.onlookers()
	}
	s.tellCarrier(from)
	hello := s.clear[client][from:]
	s.clear = [2][]byte{}
	s.feed(false, hello)
	if answer != nil {
		s.feed(true, answer)
	}
}

// Gap: nothing can be told apart behind it.
func (s *stream) Gap(fromServer bool, at dissect.At, n int64) {
	s.at = at.Time
	me := side(fromServer != s.swapped)
	s.c.Missing[me] += n
	if s.ob == nil {
		s.alien = s.alien || s.c.Missing[me] > 0 && len(s.clear[me]) > 0
		return
	}
	if s.shown() && !s.lost[me] {
		s.gapped(me)
	}
	s.lost[me] = true
	s.ob.Gap(me == server)
}

// Overlap is counted: some of it was said in two ways.
func (s *stream) Overlap(fromServer bool, at dissect.At, first, again []byte) {
	s.c.Differing[side(fromServer != s.swapped)] += len(again)
}

// Fin and Rst note how TCP ended.
func (s *stream) Fin(fromServer bool, at dissect.At) { s.closed(fromServer, at, byFin) }

// Rst: the same, in disorder.
func (s *stream) Rst(fromServer bool, at dissect.At) { s.closed(fromServer, at, byRst) }

func (s *stream) closed(fromServer bool, at dissect.At, how closing) {
	s.at, s.c.Ended = at.Time, at.Time
	if s.shut == "" {
		s.shut, s.shutBy = how, side(fromServer != s.swapped)
		s.shutAt = s.phase()
	}
}

// Done closes the account.
func (s *stream) Done() {
	if s.shown() {
		s.r.ends.flush()
	}
	s.r.done(s)
	s.r.held -= int(s.held) + s.chain.leave()
	s.held = 0
}

// attribute says who made or checked what neither end has told of: the account's observer has all
// keys, and the listener has none.
func (s *stream) attribute(e event.Event) {
	switch e := e.(type) {
	case *event.Secret:
		if e.Label == event.LabelPremasterSecret {
			s.holder = Thief
			// What is told may be handed on, and the key opens more than this connection.
			e.Inputs = slices.DeleteFunc(e.Inputs, func(in event.Input) bool { return in.Name == "d" })
		}
	case *event.Check:
	default:
		return
	}
	if s.holder == "" {
		s.holder = s.keysOf()
	}
	if secret, ok := e.(*event.Secret); ok && secret.Function == event.FunctionGiven {
		switch {
		case s.r.logged.Has(s.c.Random):
			secret.Method = "SSLKEYLOGFILE" // RFC 9850
		case secret.Label == event.LabelMasterSecret: // of a connection before
			secret.Method = "session"
		}
	}
	e.Head().Party = s.holder
}

// keysOf is who has the keys that open this connection, where they were not computed here.
func (s *stream) keysOf() string {
	report := s.ob.Report()
	f, resumes := s.r.all.began(s.c.Number, &report)
	switch {
	case s.r.logged.Has(s.c.Random):
		return LogReader
	case report.PSK != nil:
		return PSKThief
	case resumes && f.computed:
		return Thief
	case resumes:
		return LogReader
	}
	return Listener
}

// heard is told of everything by the observer.
func (s *stream) heard(e event.Event) {
	s.note(e)
	if s.shown() {
		s.attribute(e)
		s.r.ends.Event(e)
		if _, ok := e.(*event.Message); ok {
			s.judged()
		}
	}
}
