package narrate

import (
	"bytes"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/suite"
)

// story is what one flow's events come to.
type story struct {
	flow    *event.Flow
	outcome *event.Outcome
	scenes  map[string]event.Scene // the last of each Key, and of each Entry
	conns   []*exchange            // in the order of their first messages
	sights  sights
	refusal *event.Alert // the first fatal alert that an end sent because of what it found
	heard   *event.Alert // the first fatal alert that came
	failed  *event.Check // the last check that failed
	closed  int          // records that went by and opened to nobody here
	unkept  bool         // data went by that is not among the events
}

// exchange is one connection of a flow.
type exchange struct {
	conn           int
	client, server string // parties; "" where nobody speaks for that end

	hello   *message.ClientHello // the first
	host    string               // that the client asks for, or that its chain was checked for
	suite   *suite.Suite
	version iana.Version // 0 before it was chosen

	kx       iana.Kx
	group    event.Group
	retry    bool
	resumed  bool // a session, or by a pre-shared key of whatever kind
	ticket   bool // of TLS 1.2: by a ticket and not by an ID
	inTicket bool // TLS 1.2: its master secret went into a ticket, that anybody can record
	shared   bool // TLS 1.3: with a key exchange
	given    bool // the pre-shared key is no ticket's

	early, earlyTaken bool // data was sent early; the server said that it takes it
	verdict           verdict
	mutual            bool // the client proved who it is
	finished          bool // an end has taken in the other's Finished
	request, reply    bool // the client, the server sent data: one of the ends tells of it
	later             bool // the client did otherwise than early
	asked             bool // what the client sent looks like a request
}

// verdict is what the client found out about the server's chain.
type verdict uint8

const (
	notJudged verdict = iota // this end does not tell, or there was none
	notAsked                 // by its own choice
	believed
	refused
	clickedAway // refused, and the user went on
)

// gather takes in the events of a flow.
func gather(events []event.Event) *story {
	s := &story{scenes: map[string]event.Scene{}}
	c := new(Context)
	for _, e := range events {
		c.learn(e)
		switch e := e.(type) {
		case *event.Flow:
			s.flow = e
		case *event.Outcome:
			s.outcome = e
		case *event.Onlooked:
			s.sights.onlooked = append(s.sights.onlooked, e)
		case event.Scene:
			s.scenes[string(e.Key())], s.scenes[EntryOf(e)] = e, e
			if x := s.known(e.Head()); x != nil && EntryOf(e) == "click_through" {
				x.verdict = clickedAway
			}
			if u, ok := e.(*event.Unkept); ok {
				s.unkept = true
				x := s.on(&u.Meta)
				x.request, x.reply = x.request || u.ToServer > 0, x.reply || u.ToClient > 0
			}
		case *event.Message:
			s.on(e.Head()).message(e, c.leg(&e.Meta))
		case *event.Check:
			s.check(e)
		case *event.Decision:
			if x := s.on(&e.Meta); e.What == event.DecisionTrust && x.verdict != believed {
				x.verdict = notAsked
			}
		case *event.Record:
			s.sights.record(e)
			if e.Protected && e.Payload == nil && e.Dir == event.Send {
				s.closed++
				if x := s.known(e.Head()); s.recorded() && x != nil && x.version == 0 && e.Party == x.client {
					x.early = true // there are no other keys before the ServerHello
				}
			}
		case *event.Data:
			s.on(&e.Meta).data(e)
		case *event.Alert:
			s.alert(e)
		}
	}
	return s
}

// on is the connection that an event is of.
func (s *story) on(m *event.Meta) *exchange {
	x := s.known(m)
	if x == nil {
		x = &exchange{conn: m.Conn}
		s.conns = append(s.conns, x)
	}
	return x
}

// known is the connection that an event is of, if there has been something on it.
func (s *story) known(m *event.Meta) *exchange {
	if i := slices.IndexFunc(s.conns, func(x *exchange) bool { return x.conn == m.Conn }); i >= 0 {
		return s.conns[i]
	}
	return nil
}

// message takes in a message; l is the end that tells of it.
func (x *exchange) message(e *event.Message, l *leg) {
	client, server := &x.client, &x.server
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		if e.State == event.Connected { // to renegotiate, which is refused
			return
		}
		if e.Dir == event.Send {
			*client = e.Party
		} else {
			*server = e.Party
		}
		if x.hello == nil {
			x.hello = m
		}
		if sni, ok := message.Get[*message.ServerName](&m.Extensions); ok && x.host == "" {
			x.host = sni.Name
		}
	case *message.ServerHello:
		if e.Kind == message.KindHelloRetryRequest {
			x.retry, x.version = true, iana.TLS13
			return
		}
		x.chosen(m, e.Group, l)
	case *message.NewSessionTicket12:
		x.inTicket = x.inTicket || len(m.Ticket) > 0
	case *message.EncryptedExtensions:
		_, x.earlyTaken = message.Get[*message.EarlyData](&m.Extensions)
	case *message.Finished:
		if e.Dir == event.Receive {
			x.finished = true
		}
	case *message.CertificateVerify:
		x.mutual = x.mutual || e.Party == x.client && e.Dir == event.Send || e.Party == x.server && e.Dir == event.Receive
	}
	if x.version != iana.TLS13 && !x.resumed && l.kx != iana.KxNone {
		x.kx = l.kx
		if e.Group.Name != "" {
			x.group = e.Group
		}
	}
}

// chosen takes in a ServerHello.
func (x *exchange) chosen(m *message.ServerHello, g event.Group, l *leg) {
	x.suite = suite.ByID(m.CipherSuite)
	x.version, x.resumed, x.shared, x.given = m.Version, l.resumed, l.shared, l.given
	if v, ok := message.Get[*message.SelectedVersion](&m.Extensions); ok { // 1.3, or a draft of it
		x.version = v.Version
	}
	if l.tls13 {
		x.group = g
	}
	if x.hello != nil && x.resumed {
		t, _ := message.Get[*message.SessionTicket](&x.hello.Extensions)
		x.ticket = t != nil && len(t.Ticket) > 0
	}
}

// open reports whether the suite hides nothing.
func (x *exchange) open() bool { return x.suite != nil && !x.suite.Cipher.Encrypts() }

// data takes in application data, which one end sends and the other receives.
func (x *exchange) data(e *event.Data) {
	if len(e.Data) == 0 {
		return
	}
	early := wentEarly(e)
	x.early = x.early || early
	if (e.Party == x.client) == (e.Dir == event.Send) {
		x.request, x.later, x.asked = true, x.later || !early, x.asked || looksAsked(e.Data)
	} else {
		x.reply = true
	}
}

// looksAsked reports whether data begins as a request of HTTP does: with its request line (RFC 9112 §3), which the preface of
// HTTP/2 imitates (RFC 9113 §3.4). Of anything else that a client sends nobody can tell what it is.
func looksAsked(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return bytes.Contains(line, []byte(" HTTP/"))
}

// check takes in a check; of the server's chain, what the client found.
func (s *story) check(e *event.Check) {
	x := s.on(&e.Meta)
	if !e.OK && !s.recorded() { // else it is no end that found it bad
		s.failed = e
	}
	if e.What != event.CheckCertificateChain || e.Party != x.client {
		return
	}
	switch {
	case e.OK:
		x.verdict = believed
	case x.verdict != notAsked:
		x.verdict = refused
	}
	if e.Report != nil && e.Report.ServerName != "" {
		x.host = e.Report.ServerName
	}
}

// alert takes in an alert that ends a connection. In TLS 1.3 all do but two, whatever level they
// name (RFC 9846 §6).
func (s *story) alert(e *event.Alert) {
	fatal := e.Level == iana.Fatal || s.on(&e.Meta).version == iana.TLS13 && e.Description != iana.CloseNotify && e.Description != iana.UserCanceled
	switch {
	case !fatal:
	case e.Dir == event.Send && e.Err != nil && s.refusal == nil:
		s.refusal = e
	case e.Dir == event.Receive && s.heard == nil:
		s.heard = e
	}
}
