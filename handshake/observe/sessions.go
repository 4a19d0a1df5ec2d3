package observe

// maxSessions is how many sessions are remembered; of a busy server's morning, and less than a megabyte.
const maxSessions = 1 << 12

// Sessions are TLS 1.2 sessions whose secrets are known, found by what a client resumes
// them with. The oldest make room for new ones. Its zero value is empty. It is not safe for concurrent use.
type Sessions struct {
	by   map[string]*Master // by session ID and by ticket
	all  [][]string
	next int
}

// Add remembers a session that has a session ID or a ticket.
func (s *Sessions) Add(m Master) {
	if s.by == nil {
		s.by = map[string]*Master{}
	}
	var marks []string
	for _, mark := range [...]string{string(m.SessionID), string(m.Ticket)} {
		if mark != "" && s.by[mark] == nil {
			marks = append(marks, mark)
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
	for _, mark := range marks {
		s.by[mark] = &m
	}
	s.all[s.next] = marks
	s.next = (s.next + 1) % maxSessions
}

// find is the session with one of those marks.
func (s *Sessions) find(sessionID, ticket []byte) *Master {
	if s == nil {
		return nil
	}
	if m := s.by[string(ticket)]; m != nil {
		return m
	}
	return s.by[string(sessionID)]
}
