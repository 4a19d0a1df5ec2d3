package narrate

import (
	"slices"

	"tlslab/handshake/iana"
)

// What a summary says of a recording. There neither end tells what it made of what came; how the
// connection ended, and what of it the recording lacks, is in the scene that closes the account.

// recorded reports whether the story is of a recording.
func (s *story) recorded() bool { return s.scenes["recorded"] != nil }

// ended is a value of the scene that closes the account of a recorded connection, by its name; nil
// where there is no such scene, or no such value in it.
func (s *story) ended(name string) any {
	if e := s.scenes["recording_ended"]; e != nil {
		return valueOf(e, name)
	}
	return nil
}

// headless reports whether a recording lacks the ClientHello.
func (s *story) headless(x *exchange) bool {
	return s.recorded() && !s.overQUIC() && (x == nil || x.hello == nil)
}

// hides reports whether something went by, on a recorded connection, that nobody here opened.
func (s *story) hides(x *exchange) bool {
	return s.recorded() && s.closed > 0 && x != nil && x.version != 0
}

// incomplete reports whether bytes are missing from a recording.
func (s *story) incomplete() bool { return s.ended("missing") != nil }

// refusedBy is who said no on a recorded connection, and by which alert.
func (s *story) refusedBy() (by string, alert iana.AlertDescription, known bool) {
	a, ok := s.ended("alert").(iana.AlertDescription)
	return text(s.ended("by")), a, ok && text(s.ended("what")) == "refused"
}

// stopped is a recorded handshake that did not come to its end, although nothing of it stayed closed.
func (s *story) stopped(x *exchange) Sentence {
	what, by := text(s.ended("what")), text(s.ended("by"))
	switch what {
	case "broken_off":
		return told("happened/left", "who", who(by, x), "data", s.data())
	case "garbled":
		return told("happened/garbled", "who", who(by, x), "data", s.data())
	case "silent", "unfollowed":
		return told("happened/" + what)
	}
	return told("happened/ended", "data", s.data())
}

// nextClosed is what would open what stayed closed on a recorded connection.
func (s *story) nextClosed() string {
	needs, _ := s.ended("needs").([]string)
	logged := slices.ContainsFunc(s.sights.who(), func(w Sentence) bool { return w.Key == "onlooker/log_reader" })
	switch {
	case slices.Contains(needs, "whole"):
		return "whole"
	case slices.Contains(needs, "suite"):
		return "live_beyond"
	case logged:
		return "live_closed_logged"
	}
	return "live_closed"
}
