package scenario

import (
	"tlslab/handshake"
	"tlslab/handshake/tamper"
)

// What an attacker recorded, and sends again.

// fromClient is what the client sent in a flow, flight by flight.
func (f *Flow) fromClient() (flights [][]byte) {
	for _, s := range f.Wire {
		if s.ToServer {
			flights = append(flights, s.Bytes)
		}
	}
	return flights
}

// replayTo sends recorded flights to a new connection with the server. The attacker's end
// of it is no endpoint: he has the bytes, and no keys.
func (p *play) replayTo(t terms, kept *sessions, flights [][]byte) (*line, error) {
	l := &line{conn: p.NewConn(), c: end{party: "attacker"}, s: end{party: "server"}, recorded: true, kept: kept}
	cfg := p.serverConfig("server", t, l.conn)
	cfg.Sessions, cfg.Tickets, cfg.KeyLog = kept.server, kept.tickets, &l.s.keys
	var err error
	if l.s.ep, err = handshake.NewServer(cfg); err != nil {
		return nil, err
	}
	return l, p.feed(l, flights)
}

// feed carries an attacker's bytes to a server, and its answers back.
func (p *play) feed(l *line, flights [][]byte) error {
	for _, b := range flights {
		l.s.ep.Feed(p.carry(l, "attacker", tamper.ToServer, b))
		if _, err := p.Go(p.staged(&l.s)); err != nil {
			return err
		}
		if out := l.s.ep.Output(); len(out) > 0 {
			p.carry(l, "server", tamper.ToClient, out)
		}
	}
	return p.onlookErr
}
