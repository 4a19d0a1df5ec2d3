package explain

import (
	"bytes"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// asks notes what the client wants.
func (c *Connection) asks(m *message.ClientHello) {
	c.Random = bytes.Clone(m.Random[:])
	if x, ok := message.Get[*message.ServerName](&m.Extensions); ok {
		c.ServerName = kept(x.Name)
	}
	if x, ok := message.Get[*message.ALPN](&m.Extensions); ok {
		c.Offered = nil
		for _, p := range x.Protocols[:min(len(x.Protocols), maxOffered)] {
			c.Offered = append(c.Offered, strings.Clone(p))
		}
	}
	if c.Early = c.Early || m.Extensions.Find(iana.ExtEarlyData) != nil; c.Early {
		c.EarlyTaken = EarlyHidden
	}
	c.Versions = []iana.Version{m.Version}
	if x, ok := message.Get[*message.SupportedVersions](&m.Extensions); ok {
		c.Versions = slices.DeleteFunc(slices.Clone(x.Versions), func(v iana.Version) bool { return iana.IsGREASE(uint16(v)) })
		if len(c.Versions) > maxVersions {
			c.Versions = slices.Clone(c.Versions[:maxVersions])
		}
	}
}

// What is kept of a peer's words and lists: more than any has that is meant.
const (
	maxName     = 255 // of a name, as DNS has it (RFC 1035 §2.3.4)
	maxOffered  = 16
	maxVersions = 32
	maxReason   = 256
	maxResumed  = 64 // sessions that a client would resume
)

// kept is as much of a name as is kept.
func kept(name string) string { return strings.Clone(name[:min(len(name), maxName)]) }

func (s *stream) serverHelloed(e *event.Message, m *message.ServerHello) {
	s.c.answers(m)
	if e.Kind == message.KindServerHello {
		s.serverHello, s.shared = true, m.Extensions.Find(iana.ExtKeyShare) != nil
		if c := s.c; c.Early && (c.Version != iana.TLS13 || c.Retried || m.Extensions.Find(iana.ExtPreSharedKey) == nil) {
			c.EarlyTaken = EarlyRefused // it can only be taken with the key under which it was sent (RFC 9846 §4.3.10)
		}
		if s.resumes(); s.c.Version != iana.TLS13 {
			s.began(m.SessionID)
		}
		s.offered = nil
		s.protocol(&m.Extensions)
	}
}

// answers notes what the server chose.
func (c *Connection) answers(m *message.ServerHello) {
	c.Version = m.Version
	if x, ok := message.Get[*message.SelectedVersion](&m.Extensions); ok {
		c.Version = x.Version
	}
	c.Suite = m.CipherSuite
	if m.Kind() == message.KindHelloRetryRequest {
		c.Retried, c.Version = true, iana.TLS13
	}
}

func (s *stream) protocol(x *message.Extensions) {
	if p, ok := message.Get[*message.ALPN](x); ok && len(p.Protocols) == 1 {
		s.c.ALPN = p.Protocols[0]
	}
}
