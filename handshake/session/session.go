// Package session is what outlives a connection: the secrets that let the next
// one skip the asymmetric part, where they are kept, and how a server seals them
// into tickets that the client carries for it. It has no clock, sockets or files of
// its own: callers say what time it is.
//
// Whether a session may be resumed is handshake's decision, not the store's.
//
// Read session.go, store.go, then ticket.go; sharedkeys.go and given.go are of several servers.
package session

import (
	"math"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// DefaultLifetime is how long a session may be resumed. RFC 5246 §F.1.4 suggests at most
// 24 hours, RFC 9846 §4.7.1 forbids more than 7 days; shorter bounds what a stolen secret
// is worth.
const DefaultLifetime = 2 * time.Hour

// Session is one TLS 1.2 session (RFC 5246 §7), or what one ticket of TLS 1.3 stands for.
// It is as secret as its Master or its PSK.
type Session struct {
	Version      iana.Version
	Suite        iana.CipherSuite
	Master       [48]byte      // TLS 1.2
	EMS          bool          // TLS 1.2: made with extended master secret (RFC 7627)
	Group        iana.Group    // TLS 1.2: of the key exchange that Master comes from; 0 if it had none
	PSK          []byte        // TLS 1.3: as long as the suite's hash
	MaxEarlyData uint32        // TLS 1.3: bytes; 0: none
	AgeAdd       uint32        // TLS 1.3: what hides the ticket's age, in milliseconds
	ServerName   string        // the server_name it was made under
	Protocol     string        // ALPN
	Created      time.Time     // kept to the millisecond
	Lifetime     time.Duration // kept to the millisecond
	PeerChain    [][]byte      // DER, leaf first; the server keeps the client's, the client the server's
	Staple       []byte        // at a client: the OCSP response that came with PeerChain, DER; nil if none did
	Timestamps   [][]byte      // at a client: the signed certificate timestamps that came with PeerChain, each serialized
	// OwnCertificates, at a client, is what it showed of itself: SHA-256 over the leaves of
	// its certificates, in order, up to the one that it took; over all of them and a zero
	// byte if none fitted. Empty if the server did not ask.
	OwnCertificates []byte

	ID     []byte // as the server named it; empty if only a ticket was given
	Ticket []byte // at a client: what the server gave it to carry; nil if nothing
}

// Expired reports whether s is past its lifetime at now, or was created in the future. It
// does not count as the future if the stored form may have added the difference to Created.
func (s *Session) Expired(now time.Time) bool {
	return s.Created.Sub(now) >= createdUnit || now.Sub(s.Created) >= s.Lifetime
}

// createdUnit is the unit in which Created is stored, rounded up, and Lifetime, rounded
// down. A client says how old its ticket is (RFC 9846 §4.3.11), and must not say more than
// the server knows: GnuTLS takes no early data under a ticket that is a millisecond older
// than it can be.
const createdUnit = time.Millisecond

// The first byte of a marshalled Session; another one refuses to parse.
const (
	plain          uint8 = 5
	withTimestamps uint8 = 6 // the same, with a list behind it
)

// Walk visits the stored form: numbers big-endian, times in seconds since 1970. A part of a
// millisecond is rounded up in Created, and cut off in Lifetime. So sessions that come from
// one another end when the first of them does: if times were cut to seconds, each would
// lose part of a second.
func (s *Session) Walk(c *wire.Codec) {
	b := c.Enter("session")
	format := plain
	if len(s.Timestamps) > 0 {
		format = withTimestamps
	}
	if wire.U8(c, "format", &format); format != plain && format != withTimestamps {
		c.Fail(reason.BadValue, "format", reason.Say("%d or %d", plain, withTimestamps), format)
	}
	wire.U16(c, "version", &s.Version)
	wire.U16(c, "cipher_suite", &s.Suite)
	if s.Version == iana.TLS13 {
		c.Opaque(1, "psk", &s.PSK, 1)
		wire.U32(c, "ticket_age_add", &s.AgeAdd)
		wire.U32(c, "max_early_data_size", &s.MaxEarlyData)
	} else {
		c.Array("master_secret", s.Master[:])
		flag(c, "extended_master_secret", &s.EMS)
		wire.U16(c, "group", &s.Group)
	}
	c.Text(1, "server_name", &s.ServerName, 0)
	c.Text(1, "protocol", &s.Protocol, 0)
	at := s.Created.Add(createdUnit - 1)
	created, millis := uint32(at.Unix()), uint16(at.Nanosecond()/1e6)
	left := max(s.Lifetime, 0) // a negative lifetime counts as 0, not as a large number
	life, lifeMillis := uint32(min(left/time.Second, math.MaxUint32)), uint16(left%time.Second/createdUnit)
	wire.U32(c, "created", &created)
	wire.U16(c, "created_milliseconds", &millis)
	wire.U32(c, "lifetime", &life)
	wire.U16(c, "lifetime_milliseconds", &lifeMillis)
	if !c.Writing() {
		if millis > 999 {
			c.Fail(reason.BadValue, "created_milliseconds", reason.Say("at most 999"), millis)
		}
		if lifeMillis > 999 {
			c.Fail(reason.BadValue, "lifetime_milliseconds", reason.Say("at most 999"), lifeMillis)
		}
		s.Created, s.Lifetime = time.Unix(int64(created), int64(millis)*1e6).UTC(), time.Duration(life)*time.Second+time.Duration(lifeMillis)*createdUnit
	}
	wire.List(c, 3, "peer_chain", &s.PeerChain, 0, func(c *wire.Codec, p *[]byte) { c.Opaque(3, "certificate", p, 1) })
	c.Opaque(3, "staple", &s.Staple, 0)
	c.Opaque(1, "own_certificates", &s.OwnCertificates, 0)
	c.Opaque(1, "session_id", &s.ID, 0)
	c.Opaque(2, "ticket", &s.Ticket, 0)
	if format == withTimestamps {
		wire.List(c, 3, "timestamps", &s.Timestamps, 1, func(c *wire.Codec, p *[]byte) { c.Opaque(2, "timestamp", p, 1) })
	}
	c.End(b)
}

// heading visits what a file of ours begins with: what it is, in words, the version of its format
// as a digit, and the end of the line.
func heading(c *wire.Codec, words string) {
	magic := []byte(words)
	c.Array("magic", magic)
	if string(magic) != words && c.OK() {
		c.FailAt(0, reason.BadValue, "magic", words, magic)
	}
	wire.Const8(c, "version", uint8('1'))
	wire.Const8(c, "newline", uint8('\n'))
}

func flag(c *wire.Codec, name string, p *bool) {
	var v uint8
	if *p {
		v = 1
	}
	wire.U8(c, name, &v)
	if !c.Writing() {
		if v > 1 {
			c.Fail(reason.BadValue, name, reason.Say("0 or 1"), v)
		}
		*p = v == 1
	}
}

// Marshal returns the stored form.
func (s *Session) Marshal() ([]byte, error) { return wire.Append(nil, s, nil) }

// Parse reads the stored form. The error is a *reason.Error.
func Parse(b []byte) (*Session, error) {
	s := new(Session)
	if err := wire.Parse(b, s, nil); err != nil {
		return nil, err
	}
	return s, nil
}
