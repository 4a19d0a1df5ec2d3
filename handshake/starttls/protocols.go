package starttls

import (
	"strconv"

	"tlslab/handshake/event"
)

// Protocol is a protocol that can go over to TLS, by the name that OpenSSL's s_client has for it.
type Protocol string

// The protocols.
const (
	SMTP       Protocol = "smtp"
	IMAP       Protocol = "imap"
	POP3       Protocol = "pop3"
	LDAP       Protocol = "ldap"
	Postgres   Protocol = "postgres"
	MySQL      Protocol = "mysql"
	XMPP       Protocol = "xmpp"        // of clients
	XMPPServer Protocol = "xmpp-server" // of one server to another
)

// row is what there is to know of a protocol.
type row struct {
	protocol Protocol
	port     int // where it is spoken (IANA's registry; of SMTP a relay's, RFC 5321)
	direct   int // where the same protocol has TLS from the first byte; 0 where it has no such port
	ref      string
	ask      func(*dialogue) error
}

var rows = []row{
	{SMTP, 25, 465, "RFC 3207", (*dialogue).smtp},
	{IMAP, 143, 993, "RFC 9051 §6.2.1", (*dialogue).imap},
	{POP3, 110, 995, "RFC 2595 §4", (*dialogue).pop3},
	{LDAP, 389, 636, "RFC 4511 §4.14", (*dialogue).ldap},
	{Postgres, 5432, 0, "", (*dialogue).postgres},
	{MySQL, 3306, 0, "", (*dialogue).mysql},
	{XMPP, 5222, 5223, "RFC 6120 §5", (*dialogue).xmpp},
	{XMPPServer, 5269, 5270, "RFC 6120 §5", (*dialogue).xmpp},
}

// Protocols lists every Protocol.
func Protocols() []Protocol {
	out := make([]Protocol, len(rows))
	for i, r := range rows {
		out[i] = r.protocol
	}
	return out
}

// find is the row of a protocol, or nil.
func find(p Protocol) *row {
	for i := range rows {
		if rows[i].protocol == p {
			return &rows[i]
		}
	}
	return nil
}

// Known reports whether p is one of Protocols.
func (p Protocol) Known() bool { return find(p) != nil }

// Port is where the protocol is usually spoken, "25"; "" of one that is not known.
func (p Protocol) Port() string { return number(find(p), func(r *row) int { return r.port }) }

// Direct is the port at which the protocol has TLS from the first byte, "465"; "" where there is none.
func (p Protocol) Direct() string { return number(find(p), func(r *row) int { return r.direct }) }

func number(r *row, of func(*row) int) string {
	if r == nil || of(r) == 0 {
		return ""
	}
	return strconv.Itoa(of(r))
}

// Ref is where the change to TLS is specified; "" where no RFC does.
func (p Protocol) Ref() string {
	if r := find(p); r != nil {
		return r.ref
	}
	return ""
}

// Line is one thing that was said before TLS.
type Line struct {
	By   event.Role
	Text string // as it was said, without its end of line; of a protocol in binary, what it means
	Wire []byte // of a protocol in binary, the octets; else nil
}
