package explain

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"tlslab/handshake/message"
)

// What a client would resume is looked for among what the connections before it began: by a mark of the session.

// resumption notes what the client would resume.
func (s *stream) resumption(m *message.ClientHello) {
	s.offered = nil
	if x, ok := message.Get[*message.SessionTicket](&m.Extensions); ok && len(x.Ticket) > 0 {
		s.offered = append(s.offered, markOf(x.Ticket))
	}
	if x, ok := message.Get[*message.PreSharedKeyClient](&m.Extensions); ok {
		for _, id := range x.Identities[:min(len(x.Identities), maxResumed)] {
			s.offered = append(s.offered, markOf(id.Identity))
			s.keyed = s.keyed || id.ObfuscatedAge == 0 // a ticket's is as good as random (RFC 9846 §4.3.11)
		}
	}
	s.bound = len(s.offered) > 0
	if len(m.SessionID) > 0 {
		s.offered = append(s.offered, markOf(m.SessionID))
	}
}

// mark is what a session can be resumed with, in short.
type mark uint64

func markOf(b []byte) mark {
	sum := sha256.Sum256(b)
	return mark(binary.BigEndian.Uint64(sum[:]))
}

// resumes looks which connection began what the client would resume.
func (s *stream) resumes() {
	for _, m := range s.offered {
		if n := int(s.r.marks[m]); n != 0 && n != s.c.Number {
			s.c.Session = n
			break
		}
	}
}

// began remembers with what this connection's session can be resumed.
func (s *stream) began(b []byte) {
	m := markOf(b)
	if len(b) == 0 || slices.Contains(s.offered, m) { // an echo
		return
	}
	if s.r.marks == nil || len(s.r.marks) >= maxMarks {
		s.r.marks = map[mark]int32{}
	}
	s.r.marks[m] = int32(s.c.Number)
}
