package scenario

import (
	"bytes"
	"io"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// keeper is a Store that can be looked into: a thief's view of the client's memory.
type keeper struct {
	*session.Memory
	key     string
	value   []byte
	expires time.Time
}

// Put keeps, and remembers what was kept last.
func (k *keeper) Put(key string, value []byte, expires time.Time) error {
	k.key, k.value, k.expires = key, bytes.Clone(value), expires
	return k.Memory.Put(key, value, expires)
}

// with is a store of somebody else's that holds the same session, changed.
func (k *keeper) with(change func(*session.Session) error) (session.Store, error) {
	s, err := session.Parse(bytes.Clone(k.value)) // it aliases what it reads, and change may change it
	if err != nil {
		return nil, err
	}
	s.OwnCertificates = nil // an honest client goes by them; a thief who has the secret does not
	if err := change(s); err != nil {
		return nil, err
	}
	b, err := s.Marshal()
	if err != nil {
		return nil, err
	}
	m := session.NewMemory(0)
	return m, m.Put(k.key, b, k.expires)
}

// resume plays a full handshake, one that resumes it, and the two attacks.
func (p *play) resume(t terms) error {
	client := &keeper{Memory: session.NewMemory(0)}
	kept := &sessions{client: client}
	if p.o.Resume == ResumeByID {
		kept.server = session.NewMemory(0)
	} else {
		kept.tickets = session.NewTicketKeys(p.Stream("ticket keys"), 0)
	}

	p.begin("full")
	full := p.flow
	p.issue()
	if err := p.honest(t, kept, nil); err != nil || !full.Outcome.Done {
		return err // refused: there is no session to resume
	}

	p.begin("resumed")
	resumed := p.flow
	if err := p.honest(t, kept, func() { p.compare(full, resumed) }); err != nil || !resumed.Outcome.Done {
		return err
	}

	// In this order: the attack that fails ends in a fatal alert, after which the
	// server no longer knows the session (RFC 5246 §7.2.2).
	if err := p.stolen(t, client, kept, full); err != nil {
		return err
	}
	return p.captured(t, client, kept, resumed)
}

// captured is an attacker who saw the session's ID or ticket go by, and has
// nothing else. First an honest client, with all that was to be seen and a guessed
// master secret; then the captured connection, replayed byte by byte.
func (p *play) captured(t terms, client *keeper, kept *sessions, resumed *Flow) error {
	p.begin("captured_session")
	store, err := client.with(func(s *session.Session) error {
		_, err := io.ReadFull(p.Stream("attacker"), s.Master[:])
		return err
	})
	if err != nil {
		return err
	}
	p.Scene("attacker", seen(resumed))
	l, err := p.connect(t, "attacker", &sessions{store, kept.server, kept.tickets})
	if err != nil {
		return err
	}
	flights := resumed.fromClient()
	p.Scene("attacker", &Replayed{BySessionID: true, FirstAttempt: l.c.ep.Err(), Bytes: len(bytes.Join(flights, nil))})
	again, err := p.replayTo(t, kept, flights)
	if err != nil {
		return err
	}
	if err := p.knowAttack(t, false, l, again); err != nil {
		return err
	}
	server := &again.s
	out := Outcome{Refused: server.party, Err: server.ep.Err(), Done: server.ep.Done()}
	// Whether the attacks failed where they should, and not somewhere else.
	out.Intended = reason.Of(l.c.ep.Err()) == reason.BadRecordMAC && reason.Of(out.Err) == reason.BadRecordMAC && len(server.got) == 0
	p.end(out)
	return nil
}

// seen is what the resuming ClientHello shows to everybody.
func seen(resumed *Flow) *CapturedSession {
	scene := new(CapturedSession)
	for _, m := range all[*event.Message](resumed.Events) {
		if h, ok := m.Msg.(*message.ClientHello); ok {
			if t, ok := message.Get[*message.SessionTicket](&h.Extensions); ok && len(t.Ticket) > 0 {
				scene.Ticket = t.Ticket
			} else {
				scene.SessionID = h.SessionID
			}
			break
		}
	}
	return scene
}

// stolen is an attacker who has the master secret out of the client's memory.
func (p *play) stolen(t terms, client *keeper, kept *sessions, full *Flow) error {
	p.begin("stolen_master")
	var loot session.Session
	store, err := client.with(func(s *session.Session) error { loot = *s; return nil })
	if err != nil {
		return err
	}
	p.Scene("attacker", &StolenMasterSecret{From: "client", MasterSecret: loot.Master[:]})
	l, err := p.connect(t, "attacker", &sessions{store, kept.server, kept.tickets})
	if err != nil {
		return err
	}
	if err := p.talk(l); err != nil {
		return err
	}
	r, err := full.Observe(observe.Options{Suites: p.o.Suites, Masters: []observe.Master{{Secret: loot.Master}}})
	if err != nil {
		return err
	}
	p.Scene("attacker", &RecordingDecrypted{Flow: full.Name, Plaintext: string(r.FromClient) + string(r.FromServer)})
	accepted, err := p.sessionImpersonates(t, client, kept)
	if err != nil {
		return err
	}
	if err := p.knowAttack(t, accepted, l); err != nil {
		return err
	}
	p.end(p.outcome(&l.c, &l.s, &l.c, &l.s))
	return nil
}
