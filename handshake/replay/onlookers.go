package replay

import (
	"slices"

	"tlslab/handshake/observe"
	"tlslab/handshake/session"
	"tlslab/handshake/tamper"
)

// Who looks on at a connection: the listener; the thief of the bank's key, which only signs;
// and where the attack is the theft of the ticket key, its thief. What else Mallory steals he
// takes out of a client's memory, and what it opens he tries himself.

// overhear returns what tells of all that is sent between two parties: what the onlookers of
// their connection make of it. Where nobody listens it tells nothing.
func (w *world) overhear(conn int, client, server string) (func(d tamper.Direction, sent []byte), error) {
	if w.o.Listener == nil {
		return func(tamper.Direction, []byte) {}, nil
	}
	own := observe.Options{Conn: conn, Time: w.Now}
	listener, others := own, []observe.Onlooker{w.keyThief.Onlooker(own)}
	if slices.Contains(w.attack.Stolen, LootTicketKey) {
		thief := observe.NewTicketThief(func(ticket []byte) (master, psk []byte) {
			s, err := session.OpenStolen(w.tickets.Stolen(), ticket)
			if err != nil { // sealed under another key
				return nil, nil
			}
			return s.Master[:], s.PSK
		})
		listener.Listener = thief
		others = append(others, thief.Onlooker(own))
	}
	panel, err := observe.NewPanel(observe.Line{Conn: conn, Client: client, Server: server}, listener, others...)
	return func(d tamper.Direction, sent []byte) {
		for _, o := range panel.Heard(d == tamper.ToServer, sent) {
			w.Scene(o.Party, o)
		}
	}, err
}
