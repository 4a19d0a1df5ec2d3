package observe

import (
	"bytes"

	"tlslab/handshake/event"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
)

// TicketThief has recorded a connection, and steals the key that the server seals its tickets
// with (RFC 5077 §5.5) when it is over. A ticket of TLS 1.2 has the master secret
// inside, one of TLS 1.3 a pre-shared key. He is the Listener of a listener's Observer, who
// hears which tickets go by in clear: TLS 1.2's as they are given, and all that are offered.
type TicketThief struct {
	open func(ticket []byte) (master, psk []byte)
	has  Options
}

// NewTicketThief returns a thief who opens tickets with open: what is in one, a master secret
// or else a pre-shared key; neither if it was sealed under another key.
func NewTicketThief(open func(ticket []byte) (master, psk []byte)) *TicketThief {
	return &TicketThief{open: open}
}

// Event looks for tickets.
func (t *TicketThief) Event(e event.Event) {
	m, ok := e.(*event.Message)
	if !ok {
		return
	}
	switch m := m.Msg.(type) {
	case *message.NewSessionTicket12:
		t.take(m.Ticket)
	case *message.ClientHello:
		if x, ok := message.Get[*message.SessionTicket](&m.Extensions); ok && len(x.Ticket) > 0 {
			t.take(x.Ticket)
		}
		if x, ok := message.Get[*message.PreSharedKeyClient](&m.Extensions); ok {
			for _, id := range x.Identities {
				t.take(id.Identity)
			}
		}
	}
}

// take keeps what is in a ticket, if that is new.
func (t *TicketThief) take(ticket []byte) {
	master, psk := t.open(ticket)
	switch {
	case len(psk) > 0:
		for _, known := range t.has.PSKs {
			if bytes.Equal(known, psk) {
				return
			}
		}
		t.has.PSKs = append(t.has.PSKs, bytes.Clone(psk))
	case len(master) == len(keyschedule.MasterSecret{}):
		secret := keyschedule.MasterSecret(master)
		for _, known := range t.has.Masters {
			if known.Secret == secret {
				return
			}
		}
		t.has.Masters = append(t.has.Masters, Master{Secret: secret})
	}
}

// Secrets are what was in the tickets so far, for an Observer of the same recording.
func (t *TicketThief) Secrets() (masters []Master, psks [][]byte) {
	return t.has.Masters, t.has.PSKs
}

// Onlooker is the thief as he looks on at the connection whose tickets he hears go by, as
// "ticket_thief". o.Suites and o.Conn are taken from o.
func (t *TicketThief) Onlooker(o Options) Onlooker {
	had := 0
	return Onlooker{Party: "ticket_thief", Later: true, Has: o, Gains: func() (Options, bool) {
		before, now := had, o
		now.Masters, now.PSKs = t.Secrets()
		had = len(now.Masters) + len(now.PSKs)
		return now, had > before
	}}
}
