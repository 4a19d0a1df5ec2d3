package lab

import (
	"slices"
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/render/page"
	"tlslab/handshake/switches"
)

// Question is what an address asks for.
type Question struct {
	Lang   narrate.Lang
	Lesson switches.Lesson
	Beside string // what a second run changes, beside which the lesson is shown: "kx=ecdhe;tls="
	All    bool   // every combination of the interceptor's switches, as a table
	Replay Replay
	// Predict asks before it shows (predict.go).
	Predict bool
}

// Replay is what is asked of tlslab replay. Its seed is the lesson's.
type Replay struct {
	Attack string // "": no replay; AllAttacks: every one against every defence
	Defend string
	Login  string
}

// AllAttacks is the Attack that stands for all of them.
const AllAttacks = "all"

// The names in an address that are no switch of package switches.
const (
	nameLang   = "lang"
	nameAll    = "all"
	nameAttack = "attack"
	nameDefend = "defend"
	nameLogin  = "login"
	nameBeside = "beside"

	namePredict = "predict"

	nameSeed = "seed"
)

// Parse reads an address: names, and the values of each, as net/url has them. Where an error is not
// nil it is a *switches.Error, and the Question is what could be read.
func Parse(values map[string][]string, lang narrate.Lang) (Question, error) {
	q := Question{Lang: lang}
	var first error
	fail := func(err error) {
		if first == nil {
			first = err
		}
	}
	for _, name := range sortedNames(values) {
		value := strings.Join(values[name], ",")
		switch name {
		case nameLang:
			if !slices.Contains(narrate.Langs(), narrate.Lang(value)) && value != "" {
				fail(unknown(name, value, texts(narrate.Langs())))
				continue
			}
			if value != "" {
				q.Lang = narrate.Lang(value)
			}
		case nameBeside:
			q.Beside = value
		case nameAll:
			q.All = value != ""
		case namePredict:
			q.Predict = value != ""
		case nameAttack:
			q.Replay.Attack = value
		case nameDefend:
			q.Replay.Defend = value
		case nameLogin:
			q.Replay.Login = value
		default:
			s, ok := switches.ByName(name)
			if !ok {
				fail(noSwitch(name))
				continue
			}
			if err := s.Set(&q.Lesson, value); err != nil {
				fail(err)
			}
		}
	}
	return q, first
}

// sortedNames are the names in the order in which an address has them, so that the same
// question always has the same first error.
func sortedNames(values map[string][]string) []string {
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func unknown(name, value string, known []string) error {
	return switches.Misuse(name, reason.Usagef("There are %v.", reason.Names(known)), "--%s %s: there is no such %s", name, value, name)
}

// noSwitch is about a name, which may be any text.
func noSwitch(name string) error {
	return &switches.Error{Text: reason.Usagef("--%s: no lesson has such a switch", name), Switches: []string{name}}
}

func texts[T ~string](words []T) (out []string) {
	for _, w := range words {
		out = append(out, string(w))
	}
	return out
}

// Address is the question as an address: every switch that is set, in one order.
func (q Question) Address() page.Query {
	var a page.Query
	add := func(name, value string) {
		if value != "" {
			a = append(a, page.Setting{Name: name, Value: value})
		}
	}
	for _, g := range q.Lesson.Given() {
		if g.Name != nameSeed {
			add(g.Name, g.Value)
		}
	}
	if q.All {
		add(nameAll, "on")
	}
	add(nameAttack, q.Replay.Attack)
	add(nameDefend, q.Replay.Defend)
	add(nameLogin, q.Replay.Login)
	add(nameBeside, q.Beside)
	if q.Predict {
		add(namePredict, "on")
	}
	add(nameSeed, q.Lesson.Seed)
	add(nameLang, string(q.Lang))
	return a
}

// Without is the question without some of its switches.
func (q Question) Without(names ...string) Question {
	q.Lesson = q.Lesson.Without(names...)
	for _, name := range names {
		switch name {
		case nameAll:
			q.All = false
		case nameBeside:
			q.Beside = ""
		case namePredict:
			q.Predict = false
		case nameAttack:
			q.Replay = Replay{}
		case nameDefend:
			q.Replay.Defend = ""
		case nameLogin:
			q.Replay.Login = ""
		}
	}
	return q
}

// Command is the command line that writes the same page; of two runs, of which no command writes
// a page, it is "".
func (q Question) Command() string {
	if q.Beside != "" {
		return ""
	}
	words := q.words()
	if q.Predict {
		words += " --predict"
	}
	return words + " --lang " + string(q.Lang) + " --format html"
}

// words is the command line that plays the lesson.
func (q Question) words() string {
	words := []string{"tlslab"}
	if q.Replay.Attack != "" {
		words = append(words, "replay")
	} else {
		words = append(words, "run")
	}
	switch {
	case q.Replay.Attack == AllAttacks:
		words = append(words, "--all")
	case q.Replay.Attack != "":
		words = append(words, "--attack", shell(q.Replay.Attack))
	}
	if q.Replay.Defend != "" {
		words = append(words, "--defend", shell(q.Replay.Defend))
	}
	if q.Replay.Login != "" {
		words = append(words, "--login", shell(q.Replay.Login))
	}
	for _, g := range q.Lesson.Given() {
		words = append(words, "--"+g.Name)
		if s, _ := switches.ByName(g.Name); s.Kind != switches.Toggle {
			words = append(words, shell(g.Value))
		}
	}
	if q.All {
		words = append(words, "--all")
	}
	return strings.Join(words, " ")
}

// shell quotes a word for a POSIX shell, if it needs it.
func shell(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:=+/@") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
