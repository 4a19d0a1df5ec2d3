package explain

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// alerted notes an alert. Which one ended the connection is known only by what comes behind it: an end goes on behind
// a warning (RFC 5246 §7.2), and what is fatal ends it whatever was said before.
func (s *stream) alerted(by int, e *event.Alert) {
	// What an end says to one that has gone is no refusal: OpenSSL says decode_error there.
	gone := s.shut != "" && s.shutBy != by
	if e.Description == iana.CloseNotify {
		s.leaves[by] = s.leaves[by] || !s.leaves[1-by]
		if !gone && s.alert == nil {
			s.alert, s.alertBy = e, by
		}
		return
	}
	s.declines(by, s.settled && e.Description == iana.NoRenegotiation)
	if !gone && (s.alert == nil || s.alert.Description == iana.CloseNotify || s.alert.Description == iana.UserCanceled || s.warned) {
		s.alert, s.alertBy = e, by
		s.warned = s.c.Version != iana.TLS13 && e.Level == iana.Warning // in TLS 1.3 the level says nothing (RFC 9846 §6)
	}
}

// goesOn strikes the warning of an end that says more of the handshake behind it.
func (s *stream) goesOn(by int) {
	if s.warned && s.alertBy == by {
		s.alert, s.warned = nil, false
	}
}

// objected reports whether an alert ended the connection. Behind a handshake no warning does, nor user_canceled, which
// Java says there before each close_notify of TLS 1.3 (RFC 9846 §6.1).
func (s *stream) objected(over bool) bool {
	return s.alert != nil && s.alert.Description != iana.CloseNotify && !(over && (s.warned || s.alert.Description == iana.UserCanceled))
}

// again is what came of the wish for a second handshake, which TLS up to 1.2 knows (RFC 5246 §7.4.1). It shows in the type
// of a record, also where that stays closed.
type again struct {
	shakes   [2]bool // who said something of a handshake behind the first
	met      [2]bool // who has been answered since its Finished, where that stayed closed
	declined bool    // one began it, and the other said an alert
}

// goneBy is told of every record that is protected, and of those whether it stayed closed.
func (s *stream) goneBy(by int, t iana.ContentType, sealed bool) {
	s.met[1-by] = s.met[1-by] || s.sealedShake[1-by] > 0
	switch {
	case t == iana.ApplicationData:
		s.shakes[1-by] = false // it does not mind
	case sealed && t == iana.Handshake:
		s.shakes[by] = s.shakes[by] || s.met[by]
	case sealed && t == iana.Alert:
		s.declines(by, false)
	}
}

// declines: an end says an alert. If the other has begun a second handshake and this one has not gone into it, that is the
// answer; so it is if the alert says so.
func (s *stream) declines(by int, so bool) {
	s.declined = s.declined || so || s.shakes[1-by] && !s.shakes[by]
}
