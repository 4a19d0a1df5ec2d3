package event

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// Role is which end of a connection an endpoint plays.
type Role uint8

// The roles.
const (
	Client Role = iota
	Server
)

// String returns "client" or "server".
func (r Role) String() string {
	if r == Client {
		return "client"
	}
	return "server"
}

// Move is the exported view of a row.
type Move struct {
	Role    Role
	Version iana.Version // whose row it is; 0: of every version
	In      State
	Dir     Direction
	Msg     message.Kind
	Guarded bool  // it is legal only under a condition, such as what was negotiated
	When    Guard // which one; "" if it is not Guarded
	To      State
	Ref     string
}

// String says who does what, "client/send/client_hello", and in TLS 1.3
// "client/send/finished/tls13": narrate's key. A first ClientHello is the same move in
// every version.
func (m Move) String() string {
	s := m.Role.String() + "/" + m.Dir.String() + "/" + m.Msg.String()
	if m.Version == iana.TLS13 && m.In != Start {
		s += tls13
	}
	return s
}

// tls13 ends the name of a move of TLS 1.3 alone.
const tls13 = "/tls13"
