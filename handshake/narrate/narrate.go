package narrate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"tlslab/handshake/reason"
)

// Lang is a language, by its ISO 639-1 code: what --lang takes.
type Lang string

// The languages.
const (
	En Lang = "en"
	Zh Lang = "zh"
)

// Langs lists the languages; every key has an entry in each.
func Langs() []Lang { return []Lang{En, Zh} }

// ParseLang reads a code. The error names the codes there are.
func ParseLang(s string) (Lang, error) {
	if l := Lang(strings.ToLower(s)); slices.Contains(Langs(), l) {
		return l, nil
	}
	return "", reason.Usagef("no language %q; there are en and zh", s)
}

// FromEnv is the language that a user's environment asks for: the first of LC_ALL,
// LC_MESSAGES and LANG that is set decides (POSIX, XBD §8.2). What is not Chinese is
// answered in English.
func FromEnv(getenv func(string) string) Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		v := getenv(name)
		if v == "" {
			continue
		}
		if v == "zh" || strings.HasPrefix(v, "zh_") || strings.HasPrefix(v, "zh-") || strings.HasPrefix(v, "zh.") {
			return Zh
		}
		return En
	}
	return En
}

// Kind is what a key is about. Each has a file of its own in each language.
type Kind string

// The kinds, and what their keys are.
const (
	Move      Kind = "move"      // event.Move's String, perhaps with a variant: MoveKey
	Field     Kind = "field"     // a wire.Field's name, or a pattern that it fits: FieldKey
	Cert      Kind = "cert"      // a field of a certificate and its like, as pki/der names them: CertFieldKey
	Secret    Kind = "secret"    // an event.Secret's Label, perhaps with a variant: SecretKey
	Check     Kind = "check"     // an event.Check's What; "chain/" and a pki.Check's Key; "note/" and a pki.Note's; "absent/" and a pki.Absence
	Reason    Kind = "reason"    // a reason.Reason, perhaps with its cause: ReasonKey
	Myth      Kind = "myth"      // what Myths returns; the title is what is often said, the text what is true
	Scene     Kind = "scene"     // an event.Scene's Key
	Decision  Kind = "decision"  // an event.Decision's What; What + "/" + Why: DecisionKey
	Step      Kind = "step"      // a suite.Step's Name
	Input     Kind = "input"     // the name of a kx.Value or of a pki.Input: InputKey
	Alert     Kind = "alert"     // an alert's name
	State     Kind = "state"     // an event.State's String
	Op        Kind = "op"        // an event.Op's String, unless it is ""
	Guard     Kind = "guard"     // an event.Guard, the condition of a move
	UI        Kind = "ui"        // a label of the page
	Party     Kind = "party"     // an event's Party
	Short     Kind = "short"     // a Move's key, or "myth/" and a Myth's, where the beginning of its text does not do: Gist, MythGist
	Summaries Kind = "summary"   // a flow in three sentences, and their parts: Summarize
	Captions  Kind = "caption"   // a few words beside a message's name: Caption
	Recording Kind = "recording" // how a connection in a capture file ended, and what of it opens
	Lab       Kind = "lab"       // a lesson, a group, a switch of the lab, or a word beside them
	Predict   Kind = "predict"   // what package predict asks, and why a choice is right or wrong
	Hint      Kind = "hint"      // what to do about a live handshake that failed: the command's tables have the keys
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{Move, Field, Cert, Secret, Check, Reason, Myth, Scene, Decision, Step, Input, Alert, State, Op, Guard, UI, Party, Short, Summaries, Captions, Lab, Predict, Recording, Hint}
}

// Entry is what is said under one key.
type Entry struct {
	Title string // a few words
	Text  string // one to four sentences; empty where the title says it all
	Ref   string // where it is specified, if the event does not say so already
}

// Get returns the entry of a key; ok is false if there is none.
func Get(l Lang, k Kind, key string) (e Entry, ok bool) {
	e, ok = load(l, k)[key]
	return e, ok
}

// Must is Get for a key that exists, as a test holds of every key that an event can
// carry. It panics if there is none.
func Must(l Lang, k Kind, key string) Entry {
	e, ok := Get(l, k, key)
	if !ok {
		panic(fmt.Sprintf("narrate: no %s for %s %q", l, k, key))
	}
	return e
}

// Keys lists the keys of a kind, sorted.
func Keys(k Kind) []string { return slices.Sorted(maps.Keys(load(En, k))) }

// library is every entry of a language. Each kind is parsed when first asked for: most programs
// speak one language, and few have something of every kind to say.
type library struct {
	lang  Lang
	once  sync.Once // for kinds
	kinds map[Kind]*shelf
}

// shelf is what is said of one kind.
type shelf struct {
	once    sync.Once
	entries map[string]Entry
}

var inEnglish, inChinese = library{lang: En}, library{lang: Zh}

// load is what is said of a kind in a language; nil if there is nothing.
func load(l Lang, k Kind) map[string]Entry {
	switch l {
	case En:
		return inEnglish.load(k)
	case Zh:
		return inChinese.load(k)
	}
	return nil
}

func (lib *library) load(k Kind) map[string]Entry {
	lib.once.Do(func() {
		kinds := Kinds()
		if lib.lang != En { // in English these say themselves
			kinds = append(kinds, phrase, usage)
		}
		lib.kinds = make(map[Kind]*shelf, len(kinds))
		shelves := make([]shelf, len(kinds))
		for i, k := range kinds {
			lib.kinds[k] = &shelves[i]
		}
	})
	s := lib.kinds[k]
	if s == nil {
		return nil
	}
	s.once.Do(func() { s.entries = read(lib.lang, k) })
	return s.entries
}

// read parses a file. That it parses is tested.
func read(l Lang, k Kind) map[string]Entry {
	name := string(l) + "/" + string(k) + ".txt"
	text, err := textOf(name)
	if err != nil {
		panic("narrate: " + name + ": " + err.Error())
	}
	entries, err := parse(text)
	if err != nil {
		panic("narrate: " + name + ": " + err.Error())
	}
	return entries
}

// textOf is a file as a string. ReadFile would copy it once, and its bytes would be copied again to a string.
func textOf(name string) (string, error) {
	f, err := files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.Grow(int(info.Size()))
	_, err = io.CopyBuffer(&text, f, make([]byte, 4<<10))
	return text.String(), err
}
