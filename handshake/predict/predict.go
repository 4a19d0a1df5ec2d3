package predict

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"

	"tlslab/handshake/beside"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Moment is what a question is about.
type Moment string

// The moments. Each is a stable key.
const (
	Next     Moment = "next"     // what comes next
	Read     Moment = "read"     // who can read it
	Believed Moment = "believed" // will it be believed
	Change   Moment = "change"   // what does a switch change
)

// Moments lists every Moment.
func Moments() []Moment { return []Moment{Next, Read, Believed, Change} }

// Lesson is what was played.
type Lesson struct {
	Lang  narrate.Lang // of the questions; "": English
	Seed  string       // "" where chance had none
	Flows []beside.Flow
	// Moves is the table of a role, handshake.Moves; nil: then nobody asks what comes next.
	Moves func(event.Role) []event.Move
	// Toggled is the same lesson with one switch changed; nil: then nobody asks what one changes.
	Toggled *Toggled
}

// Question is asked before something of a lesson is told.
type Question struct {
	Moment Moment
	// Place is the address, on the page, of what it is about: "c1.certificate_verify". "" of Change,
	// which is asked when all is told.
	Place string
	// About is the event that it is about, and Before the first of the move in which that happens;
	// nil of Change.
	About, Before event.Event
	Text          string
	Choices       []Choice
}

// Choice is an answer that can be given.
type Choice struct {
	// Key says in any language which it is: a message's kind, onlookers or changes with + between
	// them, "yes", "no", or the key of a check that fails.
	Key    string
	Text   string
	Right  bool
	Reason string // why it is right, or why it is not
}

// Right is the choice that is right.
func (q Question) Right() Choice {
	i := slices.IndexFunc(q.Choices, func(c Choice) bool { return c.Right })
	if i < 0 {
		return Choice{}
	}
	return q.Choices[i]
}

// most is how many choices a question has at most.
const most = 4

// asking is a question that could be asked.
type asking struct {
	moment Moment
	about  event.Event
	weight int // the heavier is asked rather
	make   func(q *Question)
}

// Questions are those to ask about a lesson: one of each moment that it has, in the order in which
// the lesson comes to them.
func Questions(l Lesson) Quiz {
	a := newAsker(l)
	var picked []asking
	for _, candidates := range [][]asking{a.nexts(), a.reads(), a.beliefs()} {
		if len(candidates) > 0 {
			picked = append(picked, slices.MinFunc(candidates, func(x, y asking) int {
				return cmp.Or(cmp.Compare(y.weight, x.weight), a.byChance(string(x.moment)+a.place(x.about), string(y.moment)+a.place(y.about)))
			}))
		}
	}
	slices.SortStableFunc(picked, func(x, y asking) int { return cmp.Compare(a.index[a.before(x.about)], a.index[a.before(y.about)]) })
	if l.Toggled != nil {
		picked = append(picked, a.change())
	}
	return Quiz{l.Seed, a.ask(picked)}
}

// All are the questions that could be asked about a lesson, of which Questions picks.
func All(l Lesson) []Question {
	a := newAsker(l)
	all := slices.Concat(a.nexts(), a.reads(), a.beliefs())
	if l.Toggled != nil {
		all = append(all, a.change())
	}
	return a.ask(all)
}

// asker makes questions of a lesson.
type asker struct {
	lesson Lesson
	say    sheet.Voice
	salt   string // what stands for chance
	events []event.Event
	index  map[event.Event]int
	places map[event.Event]string
	roles  map[sheet.Leg]event.Role
	moves  map[event.Role][]event.Move
	told   map[event.Event]string // narrate's key of each message's move
}

func newAsker(l Lesson) *asker {
	a := &asker{lesson: l, say: sheet.Speak(l.Lang), salt: l.Seed, index: map[event.Event]int{}, roles: map[sheet.Leg]event.Role{}, told: map[event.Event]string{}, moves: map[event.Role][]event.Move{}}
	if l.Moves != nil {
		for _, r := range []event.Role{event.Client, event.Server} {
			a.moves[r] = l.Moves(r)
		}
	}
	talk := new(narrate.Context)
	for _, f := range l.Flows {
		for _, e := range f.Events {
			a.index[e] = len(a.events)
			a.events = append(a.events, e)
			h := e.Head()
			if role, _, ok := strings.Cut(h.Move, "/"); ok {
				a.roles[sheet.LegOf(h)] = roleOf(role)
			}
			key := narrate.MoveKey(e, talk)
			if m, ok := e.(*event.Message); ok {
				a.told[e] = key
				if a.salt == "" {
					a.salt = string(m.Raw) // the first message's: it has the client's random in it
				}
			}
		}
	}
	a.places = addresses(l.Flows)
	return a
}

func roleOf(name string) event.Role {
	if name == event.Server.String() {
		return event.Server
	}
	return event.Client
}

func (a *asker) place(e event.Event) string { return a.places[e] }

// ask makes the questions.
func (a *asker) ask(about []asking) []Question {
	out := make([]Question, len(about))
	for i, x := range about {
		q := &out[i]
		q.Moment, q.About = x.moment, x.about
		if x.about != nil {
			q.Place, q.Before = a.place(x.about), a.before(x.about)
		}
		x.make(q)
		slices.SortStableFunc(q.Choices, func(x, y Choice) int {
			return a.byChance(string(q.Moment)+q.Place+x.Key, string(q.Moment)+q.Place+y.Key)
		})
	}
	return out
}

// byChance orders two names as the lesson's seed has it, the same in every language.
func (a *asker) byChance(x, y string) int {
	hash := func(s string) []byte {
		sum := sha256.Sum256([]byte(a.salt + "\x00" + s))
		return sum[:]
	}
	return bytes.Compare(hash(x), hash(y))
}

// before is the first event of the move in which something happens: what a party computes for a
// message, or reads it from, would give it away.
func (a *asker) before(e event.Event) event.Event {
	h := e.Head()
	for i := a.index[e] - 1; i >= 0; i-- {
		x := a.events[i]
		of := x.Head()
		r, opens := x.(*event.Record)
		opens = opens && r.Dir == event.Receive
		if _, scene := x.(event.Scene); scene || of.Party != h.Party || of.Conn != h.Conn || of.Move != h.Move && !opens {
			break
		}
		e = x
		if opens {
			break
		}
	}
	return e
}

// words is a phrase of package narrate's, with name, value, name, value … filled in.
func (a *asker) words(key string, pairs ...string) string {
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return closeUp(narrate.Fill(narrate.Must(a.say.Lang, narrate.Predict, key).Title, values))
}

// closeUp takes out the blanks that stand between two Chinese characters: one beside a placeholder is
// for a name in Latin letters.
func closeUp(s string) string {
	runes := []rune(s)
	wide := func(i int) bool { return i >= 0 && i < len(runes) && runes[i] >= 0x2e80 }
	out := runes[:0:0]
	for i, r := range runes {
		if r != ' ' || !wide(i-1) || !wide(i+1) {
			out = append(out, r)
		}
	}
	return string(out)
}

// together joins sentences.
func (a *asker) together(sentences ...string) string {
	sentences = slices.DeleteFunc(sentences, func(s string) bool { return s == "" })
	if a.say.Lang == narrate.Zh {
		return strings.Join(sentences, "")
	}
	return strings.Join(sentences, " ")
}
