package narrate

import (
	"crypto/sha256"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// sights is what onlookers made of the records of a flow.
type sights struct {
	records  []*event.Record // that carry application data
	onlooked []*event.Onlooked
}

// carried is a record as it went by, by its hash.
type carried struct {
	conn int
	wire [sha256.Size]byte
}

// record notes a record that carries application data.
func (s *sights) record(e *event.Record) {
	if e.Type == iana.ApplicationData && len(e.Payload) > 0 {
		s.records = append(s.records, e)
	}
}

// open reports whether a listener reads a record that calls itself application data, whoever
// could open it: recorded bytes, that no end can open, are among those.
func (s *sights) open() bool {
	for _, e := range s.onlooked {
		for _, r := range e.Records {
			if len(r.Wire) > 0 && iana.ContentType(r.Wire[0]) == iana.ApplicationData && r.Of("listener") == event.AccessReads {
				return true
			}
		}
	}
	return false
}

// reach is what an onlooker can read of the application data.
type reach struct {
	now, later bool // some of it
	early      bool // and all that he can read was sent early
}

// reaches is the reach of each onlooker, and their names in the order in which they were told
// of. Of a record that was tried more than once, what is told last holds.
func (s *sights) reaches() (who []string, reaches map[string]*reach) {
	early := map[carried]bool{} // of each record with data
	for _, r := range s.records {
		early[carried{r.Conn, sha256.Sum256(r.Wire)}] = r.Keys == event.EarlyKeys
	}
	last := map[carried][]event.Sight{}
	for _, e := range s.onlooked {
		for _, r := range e.Records {
			id := carried{e.Conn, sha256.Sum256(r.Wire)}
			if _, data := early[id]; !data {
				continue
			}
			last[id] = r.By
			for _, sight := range r.By {
				if !slices.Contains(who, sight.Onlooker) {
					who = append(who, sight.Onlooker)
				}
			}
		}
	}
	reaches = map[string]*reach{}
	for _, w := range who {
		reaches[w] = &reach{early: true}
	}
	for id, by := range last {
		for _, sight := range by {
			r := reaches[sight.Onlooker]
			switch sight.Access {
			case event.AccessReads:
				r.now = true
			case event.AccessLater:
				r.later = true
			default:
				continue
			}
			r.early = r.early && early[id]
		}
	}
	return who, reaches
}

// readers is who could read what was sent.
func (s *story) readers() Sentence {
	if s.scenes["plain_http"] != nil {
		return told("read/plain")
	}
	if s.scenes["replay_verdict"] != nil {
		if s.scenes["replay_decrypted"] != nil {
			return told("read/replay_opened")
		}
		return told("read/replay")
	}
	x := s.main()
	if s.overQUIC() && (x == nil || x.hello == nil) {
		return told("read/quic_silence")
	}
	if s.overQUIC() {
		if x != nil && x.host != "" {
			return told("read/quic+name", "host", x.host)
		}
		return told("read/quic")
	}
	request, reply := s.went()
	if s.headless(x) {
		return told("read/headless")
	}
	if s.hides(x) && !request && !reply {
		if x.host != "" {
			return told("read/closed+name", "who", s.sights.who(), "host", x.host)
		}
		return told("read/closed", "who", s.sights.who())
	}
	if s.sentAgain() && !request && !reply {
		if s.sights.open() { // and none of its ends could open what was recorded
			return told("read/all")
		}
		return told("read/captured")
	}
	if s.incomplete() && !request && !reply {
		return told("read/missing")
	}
	if x == nil || !request && !reply {
		if x != nil && x.host != "" {
			return told("read/nothing+name", "host", x.host)
		}
		return told("read/nothing")
	}
	if s.proxied() {
		return told("read/proxy")
	}
	if len(s.sights.onlooked) == 0 {
		return s.untried()
	}
	who, reaches := s.sights.reaches()
	var later, lesser, sealed, given Sentences
	for _, w := range who {
		name := Sentence{Kind: Summaries, Key: "onlooker/" + w}
		switch r := reaches[w]; {
		case r.now && w == "log_reader": // whose keys are no secret that he stole
			given = append(given, name)
		case r.later && r.early:
			lesser = append(lesser, name)
		case r.later:
			later = append(later, name)
		case !r.now:
			sealed = append(sealed, name)
		}
	}
	clause := func(key string, who Sentences) Sentence {
		if len(who) == 0 {
			return Sentence{}
		}
		return told("read/"+key, "who", who)
	}
	values := map[string]any{"sealed": clause("clause_sealed", sealed), "later": clause("clause_later", later), "lesser": clause("clause_early", lesser), "given": clause("clause_given", given)}
	if s.hides(x) {
		values["given"] = clause("clause_given_part", given)
	}
	reads := func(w string) bool { return reaches[w] != nil && reaches[w].now }
	if reads("mitm") {
		values["sealed"] = clause("clause_sealed_too", sealed) // of one who should not, it is not said that only he could
	}
	switch {
	case reads("listener") && s.is("mitm") && !s.flow.Passthrough:
		return told("read/all_mitm")
	case reads("listener"):
		return told("read/all")
	case reads("mitm") && !reply:
		return Sentence{Summaries, "read/mitm_request", values}
	case reads("mitm"):
		return Sentence{Summaries, "read/mitm", values}
	case s.is("replayed_early_data"):
		return Sentence{Summaries, "read/replayed", values}
	case s.attacks():
		return Sentence{Summaries, "read/attacker", values}
	case s.live():
		return s.tried(values, who, slices.Concat(later, lesser))
	case x.verdict == clickedAway || x.verdict == notAsked || x.verdict == refused:
		return Sentence{Summaries, "read/unknown", values}
	}
	values["quantum"] = s.quantum(slices.Concat(later, lesser))
	return Sentence{Summaries, "read/ends", values}
}

// sentAgain reports whether an attacker who has a session without its secret has sent a recorded connection again:
// with early data, of which that is a flow of its own, he only guesses.
func (s *story) sentAgain() bool {
	return s.is("captured_session") && (s.scenes["replayed_session_id"] != nil || s.scenes["replayed_connection"] != nil)
}

// who are those who were tried on any record.
func (s *sights) who() (out Sentences) {
	told := map[string]bool{}
	for _, e := range s.onlooked {
		for _, r := range e.Records {
			for _, sight := range r.By {
				if !told[sight.Onlooker] {
					told[sight.Onlooker] = true
					out = append(out, Sentence{Kind: Summaries, Key: "onlooker/" + sight.Onlooker})
				}
			}
		}
	}
	return out
}

// live reports whether it is somebody's own connection, of which one end tells. A lesson tries everybody
// who matters to it; there, nobody has what this end has not.
func (s *story) live() bool { return s.flow == nil || s.is("live") }

// tried is what can be said of a live connection where some have tried: of them, and who else there is.
func (s *story) tried(values map[string]any, who []string, easier Sentences) Sentence {
	x := s.main()
	if values["untried"] = s.untriedOf(who); values["untried"].(Sentence).Key != "" {
		values["quantum"] = Sentence{}
	} else {
		values["quantum"] = s.quantum(easier)
	}
	if x.verdict == clickedAway || x.verdict == notAsked || x.verdict == refused {
		return Sentence{Summaries, "read/tried_unknown", values}
	}
	return Sentence{Summaries, "read/tried", values}
}

// untriedOf is the clause on who could open a recording of a live connection later, and is not among
// those who tried; none if there is nobody.
func (s *story) untriedOf(who []string) Sentence {
	x := s.main()
	tried := func(thief string) bool { return slices.Contains(who, thief) }
	holder, of := "psk_thief", "psk" // who could have the pre-shared key
	if !x.given {
		holder, of = "ticket_thief", "resumed"
	}
	switch {
	case x.kx == iana.KxRSA && !tried("thief"):
		return told("read/clause_untried_rsa")
	case x.version == iana.TLS13 && x.resumed && !x.shared && !tried(holder):
		return told("read/clause_untried_" + of)
	case x.version == iana.TLS13 && x.early && !tried(holder):
		return told("read/clause_untried_early") // whether it was taken or not
	case x.version == iana.TLS13:
	case x.resumed && !(x.ticket && tried("ticket_thief")):
		return told("read/clause_untried_resumed") // by an ID, the session is in no ticket that could be opened
	case x.inTicket && !tried("ticket_thief"):
		return told("read/clause_untried_ticket")
	}
	return Sentence{}
}

// quantum is what a quantum computer would make of the recording, where the key exchange was
// chosen against one, and nobody has an easier way to any of it. It speaks of signatures, so
// there must have been some.
func (s *story) quantum(easier Sentences) Sentence {
	x := s.main()
	if x.resumed || !x.group.QuantumSafe || len(easier) > 0 {
		return Sentence{}
	}
	return told("read/clause_quantum")
}

// untried is what can be said where nobody tried: of a live connection.
func (s *story) untried() Sentence {
	if s.main().open() {
		return told("read/live_open")
	}
	if clause := s.untriedOf(nil); clause.Key != "" {
		return told("read/live_but", "untried", clause)
	}
	return told("read/live")
}

// went reports whether data went from a client and from a server, on any connection.
func (s *story) went() (request, reply bool) {
	for _, x := range s.conns {
		request, reply = request || x.request, reply || x.reply
	}
	return request, reply
}

// main is the connection that the flow is about: the client's to whoever answers it, the last
// one on which it got anywhere. Of a recording only the one in the middle tells.
func (s *story) main() *exchange {
	if len(s.conns) == 0 {
		return nil
	}
	if s.flow != nil && len(s.flow.Parties) > 0 {
		for _, x := range slices.Backward(s.conns) {
			if p := s.flow.Parties; x.client == p[0] || x.client == "" && len(p) > 1 && x.server == p[1] {
				return x
			}
		}
	}
	return s.conns[len(s.conns)-1]
}
