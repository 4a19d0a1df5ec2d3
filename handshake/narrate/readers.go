package narrate

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// sights is what onlookers made of the records that carry application data.
type sights struct {
	tried bool // somebody tried
	open  bool // a listener reads a record that is said to be application data
	data  map[carried]early
	seen  map[carried][]event.Sight
	order []carried
}

// carried is a record as it went by, by its hash.
type carried struct {
	conn     int
	toServer bool
	wire     [sha256.Size]byte
}

// early is whether data went before the handshake was complete.
type early bool

// record notes a record that an end sent, if it carries application data. Whether it is early
// is told by the keys.
func (s *sights) record(e *event.Record) {
	if e.Type != iana.ApplicationData || len(e.Payload) == 0 {
		return
	}
	if s.data == nil {
		s.data = map[carried]early{}
	}
	for _, toServer := range []bool{false, true} { // its direction is Onlooked's to say
		s.data[carried{e.Conn, toServer, sha256.Sum256(e.Wire)}] = e.Keys == event.EarlyKeys
	}
}

// onlooked notes what was made of records; what is told last holds.
func (s *sights) onlooked(e *event.Onlooked) {
	s.tried = true
	if s.seen == nil {
		s.seen = map[carried][]event.Sight{}
	}
	for _, r := range e.Records {
		id := carried{e.Conn, e.ToServer, sha256.Sum256(bytes.Clone(r.Wire))}
		if _, again := s.seen[id]; !again {
			s.order = append(s.order, id)
		}
		s.seen[id] = r.By
		if len(r.Wire) > 0 && iana.ContentType(r.Wire[0]) == iana.ApplicationData && r.Of("listener") == event.AccessReads {
			s.open = true
		}
	}
}

// reach is how much of what was sent an onlooker can read, and when.
type reach struct {
	now, later   bool // some of it
	all          bool // every record; of one connection at least
	requestEarly bool // all that he can read is early data
}

// of is the reach of each onlooker, in the order in which they were told of.
func (s *sights) reaches() (who []string, reaches map[string]*reach) {
	reaches = map[string]*reach{}
	type sum struct{ n, read int }
	sums := map[string]map[int]*sum{}
	for _, id := range s.order {
		isEarly, data := s.data[id]
		if !data {
			continue
		}
		for _, sight := range s.seen[id] {
			r := reaches[sight.Onlooker]
			if r == nil {
				r = &reach{requestEarly: true}
				reaches[sight.Onlooker], sums[sight.Onlooker] = r, map[int]*sum{}
				who = append(who, sight.Onlooker)
			}
			n := sums[sight.Onlooker][id.conn]
			if n == nil {
				n = new(sum)
				sums[sight.Onlooker][id.conn] = n
			}
			n.n++
			switch sight.Access {
			case event.AccessReads:
				r.now = true
			case event.AccessLater:
				r.later = true
			default:
				continue
			}
			n.read++
			r.requestEarly = r.requestEarly && bool(isEarly)
		}
	}
	for _, w := range who {
		for _, n := range sums[w] {
			reaches[w].all = reaches[w].all || n.n == n.read
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
	request, reply := s.went()
	if s.is("captured_session") && !request && !reply {
		if s.sights.open { // and none of its ends could open what was recorded
			return told("read/all")
		}
		return told("read/captured")
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
	if !s.sights.tried {
		return s.untried()
	}
	who, reaches := s.sights.reaches()
	var later, lesser, sealed Sentences
	for _, w := range who {
		name := Sentence{Kind: Summaries, Key: "onlooker/" + w}
		switch r := reaches[w]; {
		case r.later && r.requestEarly:
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
	values := map[string]any{"sealed": clause("clause_sealed", sealed), "later": clause("clause_later", later), "lesser": clause("clause_early", lesser)}
	reads := func(w string) bool { return reaches[w] != nil && reaches[w].now }
	if reads("mitm") || s.is("replayed_early_data") {
		values["sealed"] = clause("clause_sealed_too", sealed) // of whom it is not "only"
	}
	switch {
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
	case x.verdict == clickedAway || x.verdict == notAsked || x.verdict == refused:
		return Sentence{Summaries, "read/unknown", values}
	}
	values["quantum"] = s.quantum(slices.Concat(later, lesser))
	return Sentence{Summaries, "read/ends", values}
}

// quantum is what a quantum computer would make of the recording, where the key exchange was
// chosen against one, and nobody has an easier way to any of it.
func (s *story) quantum(easier Sentences) Sentence {
	x := s.main()
	if !x.group.QuantumSafe || x.group.ID >= iana.GroupPrivate || len(easier) > 0 {
		return Sentence{}
	}
	return told("read/clause_quantum")
}

// untried is what can be said where nobody tried: of a live connection.
func (s *story) untried() Sentence {
	x := s.main()
	switch {
	case x.open():
		return told("read/live_open")
	case x.kx == iana.KxRSA:
		return told("read/live_rsa")
	}
	return told("read/live")
}

// went reports whether data went from a client and from a server, on any connection.
func (s *story) went() (request, reply bool) {
	for _, x := range s.conns {
		a, b := x.went()
		request, reply = request || a, reply || b
	}
	return request, reply
}

// main is the connection that the flow is about: the client's to whoever answers it, the last
// one on which it got anywhere.
func (s *story) main() *exchange {
	if len(s.conns) == 0 {
		return nil
	}
	if s.flow != nil && len(s.flow.Parties) > 0 {
		for _, x := range slices.Backward(s.conns) {
			if x.client == s.flow.Parties[0] {
				return x
			}
		}
	}
	return s.conns[len(s.conns)-1]
}
