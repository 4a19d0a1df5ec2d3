package explain

import (
	"crypto/rsa"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
)

// Who can read a recording: each onlooker follows a connection with an Observer of his own, who
// has his keys and no others. What he reads is counted, and not inferred from the keys. Where no
// key of his kind was given nobody tries; then it may still be plain from what went by in clear
// that no such key would help (useless.go).

// look is an onlooker at work.
type look struct {
	party string
	ob    *observe.Observer
	has   *sessions
	apart bool // he hears for himself, and not as one of a panel
	known bool // what session this began
}

// onlookers begin to look on at a connection, before a byte of it.
func (s *stream) onlookers() {
	r, base := s.r, observe.Options{Conn: s.c.Number, Time: s.time, Forget: true, Brief: !s.shown()}
	keys := r.o.Keys
	var who []observe.Onlooker
	// A log may stand further down in the file. With no other key at hand the account's own observer
	// is its reader then, and so of every connection that is not shown: the sessions which that one has
	// found are what a reader of the log has.
	log, others := r.logged.Len() > 0 && s.shown(), keys.RSA != nil || len(keys.PSKs) > 0
	add := func(party string, later bool, give func(*observe.Options)) {
		has := r.loot[party]
		if party == LogReader && !others {
			has = &r.all
		}
		if has == nil {
			has = new(sessions)
			r.loot[party] = has
		}
		o := base
		o.Sessions = &has.found
		give(&o)
		who = append(who, observe.Onlooker{Party: party, Later: later, Has: o})
		s.looks = append(s.looks, &look{party: party, has: has})
	}
	add(Listener, false, func(*observe.Options) {})
	if keys.RSA != nil {
		add(Thief, true, func(o *observe.Options) { o.RSAKey = keys.RSA })
	}
	if len(keys.PSKs) > 0 {
		add(PSKThief, true, func(o *observe.Options) { o.PSKs = keys.PSKs })
	}
	if log || others {
		add(LogReader, false, func(o *observe.Options) { o.Keys = r.logged })
	}
	if s.shown() { // who has a column there from the beginning
		n := len(who)
		if who[n-1].Party == LogReader && !log {
			n--
		}
		line := observe.Line{Conn: s.c.Number, Client: event.Client.String(), Server: event.Server.String()}
		s.panel, _ = observe.NewPanel(line, base, who[1:n]...) // an error is about Options.KeyLog, and there is none
	}
	for i, l := range s.looks {
		if s.panel != nil {
			l.ob = s.panel.Observer(l.party)
		}
		if l.ob == nil {
			l.ob, _ = observe.New(who[i].Has)
			l.apart = true
		}
	}
}

// overheard has those who look on hear what an end said.
func (s *stream) overheard(fromServer bool, b []byte) {
	if s.panel != nil {
		heard := s.panel.Heard(!fromServer, b)
		if len(heard) > 0 {
			if all := s.ob.Report(); beyond(&all) != "" {
				bareOnly(heard)
			}
		}
		for _, o := range heard {
			o.Time = s.at
			s.r.ends.Event(o)
		}
	}
	for _, l := range s.looks {
		switch {
		case !l.apart:
		case fromServer:
			l.ob.ServerBytes(b)
		default:
			l.ob.ClientBytes(b)
		}
	}
	over := true
	for _, l := range s.looks {
		if l.known = l.known || l.has.learn(s.c.Number, l.ob); !l.known && l.party != Listener {
			over = false
		}
	}
	// Of a connection that is not asked about what matters is the session that it begins.
	if !s.r.o.Onlookers && s.panel == nil && (over || s.c.Version == iana.TLS13) {
		s.looks = nil
	}
}

// bareOnly leaves out of what is told those whose keys nobody here can try: only the listener has tried.
func bareOnly(heard []*event.Onlooked) {
	for _, o := range heard {
		for i := range o.Records {
			o.Records[i].By = slices.DeleteFunc(o.Records[i].By, func(s event.Sight) bool { return s.Onlooker != Listener })
		}
	}
}

// parts are what there is to read of a connection, as far as the observer with all keys tells.
func (s *stream) parts(all *observe.Report) (out []There) {
	c, opened := s.c, all.Sealed == 0 && s.lost == [2]bool{}
	is13 := c.Version == iana.TLS13
	for _, p := range observe.Parts() {
		sure, may := all.Tally.Read[p] > 0, all.Tally.Sealed[p] > 0
		switch p {
		case observe.PartServerCertificate:
			// A full handshake of TLS 1.3 that has come to its end had one (RFC 9846 §2).
			sure = sure || is13 && !c.Resumed && (c.Outcome.What == Done || s.replies())
			may = is13 && !c.Resumed && all.Sealed > 0
		case observe.PartClientCertificate:
			may = is13 && !c.Resumed && all.Sealed > 0 && all.Tally.Read[observe.PartHandshake] == 0
		case observe.PartHandshake:
			sure = sure || may || is13 && (c.Outcome.What == Done || s.replies())
			may = is13 && all.Sealed > 0
		case observe.PartEarlyData:
			sure = sure || may // what goes by before the ServerHello is nothing else
			may = may || c.Early && all.Sealed > 0
		case observe.PartClientData, observe.PartServerData:
			sure = sure || may && !is13
		}
		if sure || may && !opened {
			out = append(out, There{p, sure})
		}
	}
	return out
}

// sights closes the accounts of those who looked on.
func (s *stream) sights(all *observe.Report) {
	c := s.c
	c.Parts = s.parts(all)
	reports := map[string]*observe.Report{}
	for _, l := range s.looks {
		r := l.ob.Report()
		reports[l.party] = &r
	}
	if reports[LogReader] == nil && s.r.logged.Len() > 0 {
		reports[LogReader] = all // there is nothing else than the log
	}
	bare, beyond := reports[Listener], beyond(all)
	for _, party := range OnlookerParties() {
		o := Onlooker{Party: party}
		r := reports[party]
		if party == LogReader && s.r.logged.Len() == 0 || beyond != "" && party != Listener {
			r = nil
		}
		if o.Tried = r != nil; o.Tried {
			s.tried(&o, r, bare)
		} else {
			s.untried(&o, bare, beyond)
		}
		c.Onlookers = append(c.Onlookers, o)
	}
}

// unheard are the onlookers of a connection of which no hello could be read: of nobody anything can be said.
func unheard() (out []Onlooker) {
	for _, party := range OnlookerParties() {
		out = append(out, Onlooker{Party: party, Whole: Untried, Why: Unheard})
	}
	return out
}

// beyond is why nobody here can try any key, though somebody else may: "" where one can.
func beyond(all *observe.Report) WhyNot {
	switch all.Closed {
	case observe.OldVersion:
		return OldVersion
	case observe.UnknownSuite:
		return AlienSuite
	}
	return ""
}

// tried is what an onlooker with keys made of it. What the listener reads everybody can.
func (s *stream) tried(o *Onlooker, r, bare *observe.Report) {
	for _, t := range s.c.Parts {
		o.Parts = append(o.Parts, better(s.sight(t.Part, r), s.sight(t.Part, bare)))
	}
	o.Whole = better(s.wholly(r), s.wholly(bare))
	if o.Whole == Reads {
		has := s.r.loot[o.Party]
		if has == nil {
			has = &s.r.all
		}
		if f, ok := has.began(s.c.Number, r); ok && !(o.Party == LogReader && s.r.logged.Has(s.c.Random)) {
			o.Session = f.conn
		}
		return
	}
	o.Why = s.why(o.Party, r)
}

// wholly is what is made of all that is protected. Nobody reads what the recording lacks.
func (s *stream) wholly(r *observe.Report) Sight {
	switch {
	case r.Sealed == 0 && s.lost == [2]bool{}:
		return Reads
	case r.ReadHandshake || r.ReadData:
		return Partly
	}
	return Closed
}

// better is the sight that shows more.
func better(a, b Sight) Sight {
	if slices.Index(Sights(), a) < slices.Index(Sights(), b) {
		return a
	}
	return b
}

// sight is what a report says of a part.
func (s *stream) sight(p observe.Part, r *observe.Report) Sight {
	t := &r.Tally
	sealed := t.Sealed[p] > 0
	if p == observe.PartHandshake && s.c.Version == iana.TLS13 {
		// Where a direction never opened, what it said of the handshake is among what stayed closed.
		for _, d := range []observe.Part{observe.PartClientData, observe.PartServerData} {
			sealed = sealed || t.Sealed[d] > 0 && t.Read[d] == 0
		}
	}
	switch {
	case t.Read[p] == 0:
		return Closed
	case sealed, s.gap(p):
		return Partly
	}
	return Reads
}

// gap reports whether some of a part may be among the bytes that are missing: whoever sends it said more than the
// recording has.
func (s *stream) gap(p observe.Part) bool {
	switch p {
	case observe.PartClientData:
		return s.lost[client]
	case observe.PartServerData:
		return s.lost[server]
	case observe.PartHandshake:
		return s.lost[client] && !s.finished[client] || s.lost[server] && !s.finished[server]
	}
	return false
}

// untried is what can be said of an onlooker whose keys nobody gave, or whose keys are beyond what is
// made here: what the listener reads, and where a key of that kind has no part in the connection.
func (s *stream) untried(o *Onlooker, bare *observe.Report, beyond WhyNot) {
	why := useless(o.Party, s.c, s.serverHello, s.shared)
	rest := Untried
	if why != "" {
		rest = Closed
	}
	for _, t := range s.c.Parts {
		sight := s.sight(t.Part, bare)
		if sight != Reads {
			switch sight = rest; {
			case t.Part != observe.PartEarlyData:
			case o.Party == PSKThief:
				sight = Untried // they come from nothing else
			case o.Party == Thief:
				sight = Closed // no certificate has a part in them
			}
		}
		o.Parts = append(o.Parts, sight)
	}
	o.Whole, o.Why = s.wholly(bare), why
	if o.Whole == Reads {
		o.Why = ""
		return
	}
	if o.Whole = rest; o.Party == PSKThief && slices.Contains(o.Parts, Untried) {
		o.Whole = Untried
	}
	if o.Why == "" {
		o.Why = beyond
	}
	if o.Why == "" {
		o.Why = o.Missing()
	}
}

// why is why an onlooker who tried does not read it all.
func (s *stream) why(party string, r *observe.Report) WhyNot {
	if party == Listener {
		return Keyless
	}
	if why := useless(party, s.c, s.serverHello, s.shared); party == Thief && why != "" {
		return why // whatever is missing
	}
	noLine := party == LogReader && r.Closed == observe.NoKeys
	if s.lost != [2]bool{} && !noLine || r.Closed == observe.DidNotOpen {
		return Undecodable
	}
	if party == PSKThief && s.c.Early && r.PSK == nil {
		return OtherPSK
	}
	if why := useless(party, s.c, s.serverHello, s.shared); why != "" {
		return why
	}
	switch party {
	case Thief:
		switch {
		case s.c.Resumed:
			return Elsewhere
		case !s.hasKeyOf(s.r.o.Keys.RSA):
			return OtherKey
		}
	case LogReader:
		if r.Closed == observe.SomeKeysMissing {
			return LogPartial
		}
		return LogLacks
	case PSKThief:
		return OtherPSK
	}
	return Undecodable
}

// hasKeyOf reports whether a key is that of the server's certificate.
func (s *stream) hasKeyOf(key *rsa.PrivateKey) bool {
	return len(s.c.Chain) > 0 && key.PublicKey.Equal(s.c.Chain[0].PublicKey)
}
