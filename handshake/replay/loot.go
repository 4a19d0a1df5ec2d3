package replay

import (
	"tlslab/handshake/event"
	"tlslab/handshake/keyschedule"
)

// The scenes of what the attacker has got hold of, and of what he does with it.

// Captured says that the attacker keeps what a client sent first.
type Captured struct {
	event.Meta
	Bytes     int  // how many
	EarlyData bool // there is some among them
}

// Key returns SceneCaptured.
func (*Captured) Key() event.SceneKey { return SceneCaptured }

// Values are both.
func (c *Captured) Values() []event.Value {
	return []event.Value{value("bytes", c.Bytes), value("early_data", c.EarlyData)}
}

// CapturedSession is what stands in clear in a ClientHello that resumes: a ticket, or a
// session ID.
type CapturedSession struct {
	event.Meta
	Ticket    []byte // empty if there is none
	SessionID []byte // it counts if there is no Ticket: in TLS 1.3 it says nothing
}

// Key returns SceneCapturedSession.
func (*CapturedSession) Key() event.SceneKey { return SceneCapturedSession }

// Values are the ticket, or the session ID if there is none.
func (c *CapturedSession) Values() []event.Value {
	if len(c.Ticket) > 0 {
		return []event.Value{value("ticket", c.Ticket)}
	}
	return []event.Value{value("session_id", c.SessionID)}
}

// StolenMaster is a theft out of a client's memory: the master secret of a session of TLS
// 1.2.
type StolenMaster struct {
	event.Meta
	Secret keyschedule.MasterSecret
}

// Key returns SceneStolenMaster.
func (*StolenMaster) Key() event.SceneKey { return SceneStolenMaster }

// Values are the secret.
func (s *StolenMaster) Values() []event.Value {
	return []event.Value{value("master_secret", s.Secret[:])}
}

// StolenTicket is a theft out of a client's memory: a ticket of TLS 1.3, and the pre-shared
// key that it stands for.
type StolenTicket struct {
	event.Meta
	Ticket []byte
	PSK    []byte
}

// Key returns SceneStolenTicket.
func (*StolenTicket) Key() event.SceneKey { return SceneStolenTicket }

// Values are both.
func (s *StolenTicket) Values() []event.Value {
	return []event.Value{value("ticket", s.Ticket), value("psk", s.PSK)}
}

// StolenTicketKey is a theft from a server: the key that tickets are sealed with. Its name
// is no secret: each ticket begins with it (RFC 5077 §4).
type StolenTicketKey struct {
	event.Meta
	Name   []byte
	Secret []byte
}

// Key returns SceneStolenTicketKey.
func (*StolenTicketKey) Key() event.SceneKey { return SceneStolenTicketKey }

// Values are both.
func (s *StolenTicketKey) Values() []event.Value {
	return []event.Value{value("ticket_key_name", s.Name), value("ticket_key", s.Secret)}
}

// Decrypted is what the attacker has opened of a recording with what he stole.
type Decrypted struct {
	event.Meta
	Plaintext string // what the client sent; "" if nothing opened
}

// Key returns SceneDecrypted.
func (*Decrypted) Key() event.SceneKey { return SceneDecrypted }

// Values are the text.
func (d *Decrypted) Values() []event.Value { return []event.Value{value("plaintext", d.Plaintext)} }

// Replayed says that the attacker sends recorded bytes, on a connection of his own.
type Replayed struct {
	event.Meta
	Server string // to whom
	Bytes  int    // how many
}

// Key returns SceneBytes.
func (*Replayed) Key() event.SceneKey { return SceneBytes }

// Values are both.
func (r *Replayed) Values() []event.Value {
	return []event.Value{value("server", r.Server), value("bytes", r.Bytes)}
}

// Tampered says that the attacker is on the wire of a connection from here on.
type Tampered struct {
	event.Meta
	How        Trick
	Connection int // of whose records: Meta.Conn of its events
}

// Key returns SceneTampered.
func (*Tampered) Key() event.SceneKey { return SceneTampered }

// Values are both.
func (t *Tampered) Values() []event.Value {
	return []event.Value{value("how", string(t.How)), value("connection", t.Connection)}
}
