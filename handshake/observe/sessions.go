package observe

import (
	"crypto/sha256"

	"tlslab/handshake/keyschedule"
)

// maxSessions is how many sessions are remembered; of a busy server's morning, and less than a megabyte.
const maxSessions = 1 << 12

// Sessions are TLS 1.2 sessions whose secrets are known, found by what a client resumes
// them with. The oldest make room for new ones. Its zero value is empty. It is not safe for concurrent use.
type Sessions struct {
	by   map[mark]keyschedule.MasterSecret // by session ID and by ticket
	all  [][]mark
	next int
}

// mark is a session ID or a ticket in short: a peer makes tickets of up to 64 KB.
type mark [sha256.Size]byte

// Add remembers a session that has a session ID or a ticket.
func (s *Sessions) Add(m Master) {
	if s.by == nil {
		s.by = map[mark]keyschedule.MasterSecret{}
	}
	var marks []mark
	for _, b := range [...][]byte{m.SessionID, m.Ticket} {
		if of := mark(sha256.Sum256(b)); len(b) > 0 {
			if _, known := s.by[of]; !known {
				marks = append(marks, of)
			}
		}
	}
	if len(marks) == 0 {
		return
	}
	if s.next == len(s.all) {
		s.all = append(s.all, nil)
	}
	for _, old := range s.all[s.next] {
		delete(s.by, old)
	}
	for _, of := range marks {
		s.by[of] = m.Secret
	}
	s.all[s.next] = marks
	s.next = (s.next + 1) % maxSessions
}

// find is the secret of the session that a client resumes with one of those; ok: there is one.
func (s *Sessions) find(sessionID, ticket []byte) (secret keyschedule.MasterSecret, ok bool) {
	if s == nil {
		return secret, false
	}
	if secret, ok = s.by[sha256.Sum256(ticket)]; ok {
		return secret, true
	}
	secret, ok = s.by[sha256.Sum256(sessionID)]
	return secret, ok
}
