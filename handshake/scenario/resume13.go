package scenario

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// Resumption in TLS 1.3, with early data or without, and a key given by other means: what is
// saved, what an attacker can do who saw a ticket, and what a thief can do who has its key.
// Package replay tries which defence stops which replay.

// resume13 plays a full handshake, one that resumes it, and the attacks.
func (p *play) resume13() error {
	client := &keeper{Memory: session.NewMemory(0)}
	kept := &sessions{client: client, tickets: session.NewTicketKeys(p.Stream("ticket keys"), 0)}

	p.begin("full")
	full := p.flow
	p.issue()
	if err := p.honest(in13, kept, nil); err != nil || !full.Outcome.Done {
		return err // refused: there is nothing to resume
	}
	// The client uses its ticket up (RFC 9846 §C.4); the attackers have a copy.
	loot := *client

	p.begin("resumed")
	resumed := p.flow
	if err := p.honest(in13, kept, func() { p.compare(full, resumed) }); err != nil || !resumed.Outcome.Done {
		return err
	}
	if resumed.earlyData() == "accepted" {
		if err := p.replayEarly(kept, resumed); err != nil {
			return err
		}
	}
	if err := p.capturedTicket(&loot, kept, resumed); err != nil {
		return err
	}
	return p.stolenPSK(&loot, kept, full, resumed)
}

// earlyData is what the flow's last decision about early data was; "" if there was none.
func (f *Flow) earlyData() (chosen string) {
	for _, d := range all[*event.Decision](f.Events) {
		if d.What == event.DecisionEarlyData {
			chosen = fmt.Sprint(d.Chosen)
		}
	}
	return chosen
}

// replayEarly is an attacker who sends again what the client has sent, byte by byte. The
// first flight is enough: the server reads the request before it can know.
func (p *play) replayEarly(kept *sessions, resumed *Flow) error {
	p.begin("replayed_early_data")
	flights := resumed.fromClient()
	p.Scene("attacker", &ReplayedEarlyData{Bytes: len(flights[0])})
	server, err := p.replayTo(in13, kept, flights[:1])
	if err != nil {
		return err
	}
	times := 1 // by the client
	if string(server.s.got) == p.o.request() {
		times++
	}
	p.Scene("server", &EarlyDataActed{Request: p.o.request(), Times: times})
	if err := p.feed(server, flights[1:]); err != nil {
		return err
	}
	if err := p.knowAttack(in13, false, server); err != nil {
		return err
	}
	err = server.s.ep.Err()
	p.end(Outcome{Refused: "server", Err: err, Intended: times == 2 && reason.Of(err) == reason.BadRecordMAC})
	return nil
}

// capturedTicket is an attacker who saw the ticket go by, and has nothing else. First an
// honest client that guesses the ticket's key; then, if that was not played already, the
// captured connection byte by byte.
func (p *play) capturedTicket(loot *keeper, kept *sessions, resumed *Flow) error {
	p.begin("captured_session")
	store, err := loot.with(func(s *session.Session) error {
		_, err := io.ReadFull(p.Stream("attacker"), s.PSK)
		return err
	})
	if err != nil {
		return err
	}
	p.Scene("attacker", &CapturedTicket{Ticket: resumed.ticket()})
	l, err := p.connect(in13, "attacker", &sessions{client: store, tickets: kept.tickets})
	if err != nil {
		return err
	}
	attempts := []*line{l}
	out := Outcome{Refused: "server", Err: l.s.ep.Err(), Done: l.s.ep.Done()}
	out.Intended = reason.Of(out.Err) == reason.BadBinder
	if resumed.earlyData() != "accepted" {
		flights := resumed.fromClient()
		p.Scene("attacker", &Replayed{FirstAttempt: out.Err, Bytes: len(bytes.Join(flights, nil))})
		server, err := p.replayTo(in13, kept, flights)
		if err != nil {
			return err
		}
		attempts = append(attempts, server)
		out.Err = server.s.ep.Err()
		want := reason.BadRecordMAC
		if p.o.Cookie {
			want = reason.BadValue // a cookie of the server's own comes with each connection
		}
		out.Intended = out.Intended && reason.Of(out.Err) == want && len(server.s.got) == 0
	}
	if err := p.knowAttack(in13, false, attempts...); err != nil {
		return err
	}
	p.end(out)
	return nil
}

// ticket is the first that the flow's ClientHello offers, or nil.
func (f *Flow) ticket() []byte {
	for _, m := range all[*event.Message](f.Events) {
		h, ok := m.Msg.(*message.ClientHello)
		if !ok {
			continue
		}
		if x, ok := message.Get[*message.PreSharedKeyClient](&h.Extensions); ok && len(x.Identities) > 0 {
			return x.Identities[0].Identity
		}
	}
	return nil
}

// stolenPSK is an attacker who has a ticket with its key out of the client's memory.
func (p *play) stolenPSK(loot *keeper, kept *sessions, full, resumed *Flow) error {
	p.begin("stolen_psk")
	var s session.Session
	same := func(from *session.Session) error { s = *from; return nil }
	store, err := loot.with(same)
	if err != nil {
		return err
	}
	p.Scene("attacker", &StolenPSK{From: "client", PSK: s.PSK})
	l, err := p.connect(in13, "attacker", &sessions{client: store, tickets: kept.tickets})
	if err != nil {
		return err
	}
	if err := p.talk(l); err != nil {
		return err
	}
	if err := p.tried(s.PSK, full, resumed); err != nil {
		return err
	}
	accepted, err := p.sessionImpersonates(in13, loot, kept)
	if err != nil {
		return err
	}
	p.Scene("attacker", &TicketKeyServer{Accepted: accepted})
	if err := p.expired(loot, kept, &s); err != nil {
		return err
	}
	if err := p.knowAttack(in13, accepted, l); err != nil {
		return err
	}
	p.end(p.outcome(&l.c, &l.s, &l.c, &l.s))
	return nil
}

// tried tells what a pre-shared key opens of the recordings of flows.
func (p *play) tried(key []byte, flows ...*Flow) error {
	scene := &PSKTried{Given: p.o.PSK != nil}
	for _, f := range flows {
		r, err := f.Observe(observe.Options{Suites: p.o.Suites, PSKs: [][]byte{key}})
		if err != nil {
			return err
		}
		bare, err := f.Observe(observe.Options{Suites: p.o.Suites})
		if err != nil {
			return err
		}
		scene.InClear = scene.InClear || len(bare.FromClient)+len(bare.FromServer) > 0 // to whoever has no key at all
		scene.Opened = append(scene.Opened, Opened{f.Name, string(r.FromClient) + string(r.FromServer)})
	}
	p.Scene("attacker", scene)
	return nil
}

// expired tries the stolen key again when the ticket's lifetime is over.
func (p *play) expired(loot *keeper, kept *sessions, s *session.Session) error {
	store, err := loot.with(func(*session.Session) error { return nil })
	if err != nil {
		return err
	}
	cc, err := p.clientConfig("attacker", in13, 0)
	if err != nil {
		return err
	}
	sc := p.serverConfig("server", in13, 0)
	cc.Sessions, sc.Tickets = store, kept.tickets
	later := s.Created.Add(s.Lifetime)
	sc.Time = func() time.Time { return later } // the attacker's own clock stands still
	var why event.Why
	sc.Listener = event.ListenerFunc(func(e event.Event) {
		if d, ok := e.(*event.Decision); ok && d.What == event.DecisionResumption {
			why = d.Why
		}
	})
	if _, err := unheard(cc, sc); err != nil {
		return err
	}
	p.Scene("attacker", &PSKExpired{Lifetime: s.Lifetime, Why: why})
	return nil
}

// external plays a connection that begins with a key which both ends were given.
func (p *play) external() error {
	p.begin("psk")
	p.issue()
	flow := p.flow
	var err error
	if e := p.honest(in13, nil, func() { err = p.tried(p.o.PSK.Key, flow) }); e != nil {
		return e
	}
	return err
}
