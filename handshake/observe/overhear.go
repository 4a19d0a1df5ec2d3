package observe

import "tlslab/handshake/event"

// Overhear returns a Listener that passes every event on to next, and behind each Record an
// event.Onlooked with what the panel made of that record. It is for one connection whose
// events one endpoint tells, or an Observer: role is whose they are, and an Observer's are
// the client's. The panel must have heard nothing yet.
//
//	panel, err := observe.NewPanel(observe.Line{Conn: cfg.Conn, Client: "client", Server: "server"},
//		observe.Options{}, thief.Onlooker(observe.Options{}))
//	…
//	cfg.Listener = observe.Overhear(show, event.Server, panel)
//
// It numbers the events anew, from 1, as there are more of them now. A record that never
// reaches the endpoint's eyes, because it could not be framed, is told of by nobody.
//
// To try records is work, with a private key more than without, and as long as the endpoint's
// answer waits for it the peer would feel it. So the Config is that of package tls, whose Conn
// tells what happened when nobody waits for an answer; not that of a bare handshake.Endpoint
// on a socket. Who shows no onlookers leaves it out: it doubles what an endpoint does for its
// Listener.
func Overhear(next event.Listener, role event.Role, p *Panel) event.Listener {
	var seq uint64
	tell := func(e event.Event) {
		seq++
		e.Head().Seq = seq
		next.Event(e)
	}
	return event.ListenerFunc(func(e event.Event) {
		r, ok := e.(*event.Record)
		if !ok {
			tell(e)
			return
		}
		fromClient := (r.Dir == event.Send) == (role == event.Client)
		onlooked := p.Heard(fromClient, r.Wire) // before next may have changed the event
		tell(e)
		for _, o := range onlooked {
			o.Time = r.Time
			tell(o)
		}
	})
}
