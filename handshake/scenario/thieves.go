package scenario

import (
	"tlslab/handshake"
	"tlslab/handshake/observe"
	"tlslab/handshake/session"
	"tlslab/pki/lesson"
)

// The thieves who matter where a connection begins with a key that is there already: of
// the key that a server seals its tickets with, and of a pre-shared key. The thief of the
// certificate's key is in knowledge.go.

// thieves are the viewpoints of those who matter on a connection, and of its recording.
func (p *play) thieves(t terms, kept *sessions, conn int) ([]viewpoint, error) {
	switch {
	case p.o.PSK != nil:
		accepted, err := p.impersonates(t, func(_, thief *handshake.Config) error {
			thief.PSKs = []handshake.PSK{*p.o.PSK}
			return nil
		})
		return []viewpoint{{party: "psk_thief", psks: [][]byte{p.o.PSK.Key}, accepted: accepted}}, err
	case p.o.Resume == NoResume || kept == nil || kept.tickets == nil:
		return nil, nil
	}
	thief, err := p.opensTickets(kept.tickets, conn)
	if err != nil {
		return nil, err
	}
	if client, ok := kept.client.(*keeper); ok && client.value != nil {
		thief.accepted, err = p.sessionImpersonates(t, client, kept)
	}
	return []viewpoint{thief}, err
}

// opensTickets is a thief who opens, with a stolen key, the tickets that went by in clear.
func (p *play) opensTickets(tickets *session.TicketKeys, conn int) (viewpoint, error) {
	thief := observe.NewTicketThief(inTicket(tickets))
	_, err := p.flow.Observe(observe.Options{Conn: conn, Suites: p.o.Suites, Listener: thief})
	v := viewpoint{party: "ticket_thief"}
	v.masters, v.psks = thief.Secrets()
	return v, err
}

// inTicket opens tickets with what is by then the stolen key of a server's.
func inTicket(tickets *session.TicketKeys) func(ticket []byte) (master, psk []byte) {
	return func(ticket []byte) (master, psk []byte) {
		s, err := session.OpenStolen(tickets.Stolen(), ticket)
		if err != nil { // sealed under another key
			return nil, nil
		}
		return s.Master[:], s.PSK
	}
}

// sessionImpersonates tries whether a client that resumes takes anybody for the server who
// has the key that the tickets are sealed under, or has the session itself: what the key, or
// the server's store, gives him here is that session and no more.
func (p *play) sessionImpersonates(t terms, loot *keeper, kept *sessions) (bool, error) {
	return p.impersonates(t, func(client, thief *handshake.Config) (err error) {
		client.Sessions, err = loot.with(func(*session.Session) error { return nil })
		thief.Sessions, thief.Tickets = kept.server, kept.tickets
		return err
	})
}

// impersonates tries whether a client takes for the server somebody whose certificate is
// worth nothing, and who has what arm gives him. Nobody listens to this handshake.
func (p *play) impersonates(t terms, arm func(client, thief *handshake.Config) error) (bool, error) {
	cc, err := p.clientConfig("victim", t, 0)
	if err != nil {
		return false, err
	}
	own, err := lesson.New(lesson.Options{Kind: lesson.UntrustedRoot, KeyAlg: p.o.keyAlg(), Name: p.o.server(), Time: p.Now(), Rand: p.Stream("thief")})
	if err != nil {
		return false, err
	}
	sc := p.serverConfig("thief", t, 0)
	sc.Listener, sc.ClientAuth = nil, handshake.NoClientCert // a thief asks for none
	sc.Certificates = []handshake.Certificate{{Chain: own.Chain, Key: own.Key}}
	if err := arm(cc, sc); err != nil {
		return false, err
	}
	client, err := unheard(cc, sc)
	return client != nil && client.Done(), err
}
