package render

import (
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/render/sheet"
)

// flow is what a Terminal remembers of the connection at hand.
type flow struct {
	sheet.Ends
	null  bool // what is protected is not encrypted
	moves int  // shown so far
	sent
	secrets     map[string]bool   // label and value of those shown
	meant       map[string]bool   // what a message means, told
	shown       map[string]bool   // values that a computation was shown with
	last        map[string]string // the value that a name was last shown with
	label       map[string]string // of the secrets so far, by value: what others are computed from
	reasons     map[string]bool   // why there is no command, told
	decided     map[string]bool
	faults      map[string]bool
	agreed      map[agreement]*event.Secret // what the first end of a connection came to
	altered     map[int]bool                // connections on which a message arrived that no party told of sending
	updates     map[agreement]int           // generations of a traffic secret so far
	number      map[string]string           // the label of one generation, by label and value
	brief       bool                        // its moves have a line each, whatever the level; its scenes are told
	steps       bool                        // the last scene was one step of the CA's
	ended       bool                        // the last line was an orderly end
	guessed     bool                        // its attacker has no master secret and guesses one
	lines       bool                        // the last line was a move told in one
	lined       []lined                     // at level Flights, lines of moves that wait for others of their flight
	talk        sheet.Talk
	flight      flightNo          // under which the last line of a message stands
	events      []event.Event     // at level Flights, of a lesson, for its summary
	made        map[madeAt]string // at level Flights: who has computed a value first
	recorded    bool              // it was overheard: neither end tells of it
	lesson      bool
	pending     map[sheet.Leg]work        // at level Flights, of those that have not sent since
	sights      map[passing][]event.Sight // what onlookers make of each record
	open        map[string]bool           // values that everybody can compute, or that are sent
	application map[sheet.Way]int         // the epoch in which its first application keys came
}

// agreement is a value that both ends of a connection compute.
type agreement struct {
	conn  int
	label string
}

func newFlow(parties []string) flow {
	return flow{Ends: sheet.NewEnds(parties), sent: newSent(), secrets: map[string]bool{}, decided: map[string]bool{},
		faults: map[string]bool{}, meant: map[string]bool{}, shown: map[string]bool{}, last: map[string]string{}, label: map[string]string{}, reasons: map[string]bool{},
		made: map[madeAt]string{}, agreed: map[agreement]*event.Secret{}, altered: map[int]bool{}, updates: map[agreement]int{}, number: map[string]string{}, talk: sheet.Talk{}, open: map[string]bool{}, application: map[sheet.Way]int{}}
}

// move is the events of one move, sorted.
type move struct {
	events       []event.Event
	head         *event.Meta
	message      *event.Message // or nil
	dir          event.Direction
	from, to     string // parties
	known        bool   // received, and shown where it was sent
	sealed       bool   // the message or the data is under keys, whichever record it shares
	sealedAlert  bool   // so is its alert
	data         []byte // application data
	sheet.Spoken        // … of HTTP/2, in it
	flight       flightNo
	own          bool // something beside messages, records and data: checks, secrets, decisions, alerts
}

// gather sorts a move's events and keeps track of what is under way.
func (f *flow) gather(g []event.Event) *move {
	m := &move{events: g, head: g[len(g)-1].Head(), dir: event.Receive}
	l := sheet.LegOf(m.head)
	f.Learn(m.head)
	known, told := true, false // told: a record came as its sender has told of it
	for _, e := range g {
		switch e := e.(type) {
		case *event.Message:
			m.message = e
			m.sealed = f.Keys[l.Way(e.Dir)] != event.InClear && e.Kind != message.KindChangeCipherSpec
			sent := f.track(l, e.Dir, e.Kind.String(), e.Raw)
			if e.Dir == event.Receive && !sent {
				f.altered[e.Conn] = true
			}
			m.carries(e.Dir, sent, &known)
		case *event.Record:
			if e.Type == iana.Alert {
				m.sealedAlert = e.Protected
			}
			sent := f.track(l, e.Dir, "record", e.Wire)
			told = told || sent && e.Dir == event.Receive
			m.carries(e.Dir, sent, &known)
		case *event.Data:
			m.sealed = f.Keys[l.Way(e.Dir)] != event.InClear
			m.data = e.Data
			m.Add(f.talk, e)
			// What was sent at once may come in several records, a piece in each.
			m.carries(e.Dir, f.track(l, e.Dir, "data", e.Data) || told, &known)
		case *event.KeyChange:
			f.Keys[l.Way(e.Dir)] = e.Keys
			if e.Keys == event.ApplicationKeys && f.application[l.Way(e.Dir)] == 0 {
				f.application[l.Way(e.Dir)] = e.Epoch
			}
			f.null = e.EncryptsNothing()
			m.own = m.own || e.Dir == event.Send // the receiver's change is the sender's, seen from the other end
		case *event.Decision:
			if e.What == event.DecisionVersion && e.Chosen == iana.TLS13 {
				f.TLS13[l] = true
			}
			m.own = true
		default:
			m.own = true
		}
	}
	if m.message != nil {
		m.dir = m.message.Dir // whatever else was sent on its account, such as an alert
	}
	m.known = known && m.dir == event.Receive
	me, peer := m.head.Party, f.Peer(l)
	m.from, m.to = me, peer
	if m.dir == event.Receive {
		m.from, m.to = peer, me
	}
	return m
}

// carries notes one thing that travelled in this move; known says that its sender
// has told of it.
func (m *move) carries(d event.Direction, known bool, all *bool) {
	m.dir = d
	if d == event.Receive {
		*all = *all && known
	}
}

// rightward reports whether a comes before b in the order of the parties, which
// is the order of the columns.
func (f *flow) rightward(a, b string) bool {
	i, j := slices.Index(f.Parties, a), slices.Index(f.Parties, b)
	if i >= 0 && j >= 0 {
		return i < j
	}
	return a == "client"
}

// computed reports whether a secret of this label and value was shown before: then
// the other end has come to the same. What a session kept is told each time.
func (f *flow) computed(s *event.Secret) bool {
	key := string(s.Label) + "\x00" + string(s.Value)
	old := f.secrets[key]
	f.secrets[key] = true
	return old && s.Function != event.FunctionSession
}

// secret reports whether a value must be kept secret: it is not one of those that are sent,
// and what it is made of is not all public. Without a pre-shared key the first stage of TLS
// 1.3's key schedule is made of zeros (RFC 9846 §7.1), and anybody can compute it.
func (f *flow) secret(s *event.Secret) bool {
	switch {
	case s.Label.Travels():
		return false
	case s.Label == event.LabelPremasterSecret, s.Label == event.LabelSharedSecret:
		return true // whatever a student's own group says of what it is made of
	}
	if len(s.Inputs) == 0 || slices.ContainsFunc(s.Inputs, f.private) {
		return true // without inputs it was kept
	}
	f.open[string(s.Value)] = true
	return false
}

// private reports whether an input must be kept secret.
func (f *flow) private(v event.Input) bool { return v.Private && !f.open[string(v.Bytes)] }

// labelOf is what a secret is called here. The traffic secrets that KeyUpdates make have
// one label for all generations: they are counted, from 1.
func (f *flow) labelOf(s *event.Secret) string {
	stem, ok := strings.CutSuffix(string(s.Label), "_traffic_secret_n")
	if !ok {
		return string(s.Label)
	}
	key, of := string(s.Label)+"\x00"+string(s.Value), agreement{s.Conn, string(s.Label)}
	if f.number[key] == "" {
		f.updates[of]++
		f.number[key] = fmt.Sprintf("%s_traffic_secret_%d", stem, f.updates[of])
	}
	return f.number[key]
}

// again reports whether a handshake's move tells nothing new to a reader who has read what a
// middle box does on its other leg. The leg to the server comes first, except for the
// ClientHello that makes the box call the server.
func (f *flow) again(m *move) bool {
	if m.message == nil || f.Through || len(f.Parties) < 3 || !slices.Contains(f.Parties, "mitm") {
		return false // or each leg is told by itself
	}
	l := sheet.LegOf(m.head)
	client := l.Party == f.Parties[0] || l.Party == "mitm" && f.Role[l] == "server"
	if m.message.Kind == message.KindClientHello {
		return !client && m.dir == event.Send
	}
	return client
}

// news reports whether a decision was not yet told of, by either end.
func (f *flow) news(e *event.Decision) bool {
	key := string(e.What) + "\x00" + sheet.Text(e.Chosen)
	old := f.decided[key]
	f.decided[key] = true
	return !old
}

// protection is narrate's key of what a protected record is.
func (f *flow) protection() string {
	if f.null {
		return "integrity_only"
	}
	return "encrypted"
}
