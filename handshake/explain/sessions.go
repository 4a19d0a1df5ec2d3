package explain

import (
	"tlslab/handshake/observe"
)

// sessions are the secrets of TLS 1.2 that somebody has found, with which connections resume.
type sessions struct {
	found  observe.Sessions
	of     map[[48]byte]found
	oldest [][48]byte
}

// found is where a secret was.
type found struct {
	conn     int
	computed bool // with the server's key
}

// maxLoot is how many are remembered.
const maxLoot = 1 << 12

// learn takes the session that an observer has found; it reports whether there is one.
func (s *sessions) learn(conn int, ob *observe.Observer) bool {
	m := ob.Session()
	if m != nil {
		s.add(m, found{conn: conn, computed: ob.Computed()})
	}
	return m != nil
}

func (s *sessions) add(m *observe.Master, f found) {
	if s.of == nil {
		s.of = map[[48]byte]found{}
	}
	s.found.Add(*m)
	if _, known := s.of[m.Secret]; known {
		return
	}
	if len(s.oldest) == maxLoot {
		delete(s.of, s.oldest[0])
		s.oldest = s.oldest[1:]
	}
	s.of[m.Secret], s.oldest = f, append(s.oldest, m.Secret)
}

// began is where the session of a connection was found that was read with another's secret.
func (s *sessions) began(conn int, r *observe.Report) (f found, ok bool) {
	if r.Master == nil || !r.Resumed {
		return found{}, false
	}
	f, ok = s.of[r.Master.Secret]
	return f, ok && f.conn != conn
}
