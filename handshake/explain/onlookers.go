package explain

import (
	"crypto/rsa"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/suite"
)

// Who can read a recording: each onlooker follows a connection with an Observer of his own, who
// has his keys and no others. What he reads is counted, and not inferred from the keys. Where no
// key of his kind was given nobody tries; then it may still be plain from what went by in clear
// that no such key would help.

// The onlookers, as narrate names them.
const (
	Listener  = "listener"   // has no key
	Thief     = "thief"      // has the private key of a server's certificate: he computes
	LogReader = "log_reader" // has a key log: what an end gave away
	PSKThief  = "psk_thief"  // has a pre-shared key of TLS 1.3
)

// OnlookerParties lists them all, in the order of their columns.
func OnlookerParties() []string { return []string{Listener, Thief, LogReader, PSKThief} }

// Sight is what an onlooker makes of a connection, or of a part of it. It is a stable key.
type Sight string

// The sights.
const (
	Reads   Sight = "reads"   // all of it
	Partly  Sight = "partly"  // some, and some stayed closed
	Closed  Sight = "closed"  // it stayed closed; or it would, as Onlooker.Why says
	Untried Sight = "untried" // he may read it: no key of his kind is there to try
)

// Sights lists every Sight.
func Sights() []Sight { return []Sight{Reads, Partly, Closed, Untried} }

// WhyNot says why an onlooker does not read all of a connection. It is a stable key.
type WhyNot string

// Why not.
const (
	Keyless     WhyNot = "keyless"          // he is the listener
	NoRSAKey    WhyNot = "no_rsa_key"       // no key was given to try with
	NoLog       WhyNot = "no_log"           // no key log was
	NoPSK       WhyNot = "no_psk"           // no pre-shared key was
	OnlySigns   WhyNot = "only_signs"       // the server's key does; the keys come from an exchange
	NoPart      WhyNot = "no_part"          // no certificate's key has a part in this connection
	OtherKey    WhyNot = "other_key"        // the key is not that of this server's certificate
	Elsewhere   WhyNot = "elsewhere"        // the session began in a connection that he does not read
	LogLacks    WhyNot = "log_lacks"        // the key log has no line of this connection
	LogPartial  WhyNot = "log_partial"      // it has some, and not those of every stage
	PSKUnused   WhyNot = "psk_unused"       // no pre-shared key has a part in this connection
	OtherPSK    WhyNot = "other_psk"        // the binders are of another one
	PSKAndMore  WhyNot = "psk_and_exchange" // the keys come from it and from a fresh exchange
	OverQUIC    WhyNot = "quic"             // nothing here opens QUIC behind its hellos, with whatever keys
	OldVersion  WhyNot = "old_version"      // nothing here makes the keys of this version, out of whatever secret
	AlienSuite  WhyNot = "unknown_suite"    // nothing here knows it
	Unheard     WhyNot = "unheard"          // no hello could be read
	Undecodable WhyNot = "undecodable"      // something is missing, or does not open under keys that should
)

// WhyNots lists every WhyNot.
func WhyNots() []WhyNot {
	return []WhyNot{Keyless, NoRSAKey, NoLog, NoPSK, OnlySigns, NoPart, OtherKey, Elsewhere, LogLacks, LogPartial, PSKUnused, OtherPSK, PSKAndMore, OverQUIC, OldVersion, AlienSuite, Unheard, Undecodable}
}

// Onlooker is what one who watches a connection makes of it.
type Onlooker struct {
	Party string
	Tried bool // with keys of his kind, or as the listener
	Whole Sight
	Parts []Sight // of Connection.Parts
	Why   WhyNot  // he does not read all of it; "" if he does
	// Session is the number of the connection with whose secret he reads this one, which resumes
	// it; 0 if he has keys of this one, or reads nothing.
	Session int
}

// There is a part of a connection that somebody may want to read.
type There struct {
	Part observe.Part
	Sure bool // that there is one: it was read, or the protocol says so
}

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
	why := s.useless(o.Party)
	rest := Untried
	if why != "" {
		rest = Closed
	}
	for _, t := range s.c.Parts {
		sight := s.sight(t.Part, bare)
		if sight != Reads {
			sight = rest
			if t.Part == observe.PartEarlyData && o.Party == PSKThief {
				sight = Untried // they come from nothing else
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

// Missing is which keys there would have to be for this onlooker to try; "" of the listener.
func (o *Onlooker) Missing() WhyNot {
	return map[string]WhyNot{Thief: NoRSAKey, LogReader: NoLog, PSKThief: NoPSK}[o.Party]
}

// useless is why no key of a kind would open a connection, by what went by in clear; "" if
// one may.
func (s *stream) useless(party string) WhyNot {
	c, is13 := s.c, s.c.Version == iana.TLS13
	if !s.serverHello {
		return ""
	}
	switch party {
	case Thief:
		su := suite.ByID(c.Suite)
		switch {
		case is13 && c.Resumed, pskSuite(c.Suite) != "" && pskSuite(c.Suite) != "RSA":
			return NoPart
		case is13, su != nil && su.Kx != iana.KxRSA:
			return OnlySigns // a session is resumed with the suite that it has (RFC 5246 §7.4.1.3)
		}
	case PSKThief:
		switch kx := pskSuite(c.Suite); {
		case kx == "alone":
			return ""
		case kx != "":
			return PSKAndMore
		case !is13 || !c.Resumed:
			return PSKUnused
		case s.shared:
			return PSKAndMore
		}
	}
	return ""
}

// pskSuite is what a cipher suite of TLS 1.2 makes its keys of beside a pre-shared key (RFC 4279 §2, RFC 5489 §2): "DHE",
// "ECDHE", "RSA", or of that "alone"; "" of a suite that has none. No such suite is known here, but its name.
func pskSuite(id iana.CipherSuite) string {
	kx, _, ok := strings.Cut(strings.TrimPrefix(id.String(), "TLS_"), "PSK_")
	switch {
	case !ok:
		return ""
	case kx == "":
		return "alone"
	}
	return strings.TrimSuffix(kx, "_")
}

// why is why an onlooker who tried does not read it all.
func (s *stream) why(party string, r *observe.Report) WhyNot {
	if party == Listener {
		return Keyless
	}
	if why := s.useless(party); party == Thief && why != "" {
		return why // whatever is missing
	}
	noLine := party == LogReader && r.Closed == observe.NoKeys
	if s.lost != [2]bool{} && !noLine || r.Closed == observe.DidNotOpen {
		return Undecodable
	}
	if party == PSKThief && s.c.Early && r.PSK == nil {
		return OtherPSK
	}
	if why := s.useless(party); why != "" {
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
