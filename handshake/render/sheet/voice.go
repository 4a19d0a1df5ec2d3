package sheet

import (
	"fmt"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
)

// Span says a time in its two largest units.
func (v Voice) Span(d time.Duration) string {
	units := []struct {
		name string
		d    time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
	var parts []string
	for _, u := range units {
		if n := d / u.d; n > 0 && len(parts) < 2 {
			parts = append(parts, v.UI("replay_unit."+u.name, "n", fmt.Sprint(int64(n))))
			d -= n * u.d
		} else if len(parts) == 1 {
			break
		}
	}
	if len(parts) == 0 {
		return v.UI("replay_unit.second", "n", "0")
	}
	return strings.Join(parts, " ")
}

// Voice speaks one language: all its words come from package narrate.
type Voice struct{ Lang narrate.Lang }

// Speak is the voice of a language; "" is English.
func Speak(lang narrate.Lang) Voice {
	if lang == "" {
		lang = narrate.En
	}
	return Voice{lang}
}

// Get is an entry, or the zero Entry where narrate has none: a student's own
// label has no explanation, and is shown all the same.
func (v Voice) Get(kind narrate.Kind, key string) narrate.Entry {
	e, _ := narrate.Get(v.Lang, kind, key)
	return e
}

// Title is what a key is called, or the key itself if narrate has no name for it.
func (v Voice) Title(kind narrate.Kind, key string) string {
	if e, ok := narrate.Get(v.Lang, kind, key); ok {
		if e.Title != "" {
			return e.Title
		}
		if e.Text != "" {
			return e.Text
		}
	}
	return key
}

// UI is a phrase of our own, with name, value, name, value … filled in.
func (v Voice) UI(key string, pairs ...string) string {
	e, ok := narrate.Get(v.Lang, narrate.UI, key)
	s := e.Title
	if !ok {
		s = key
	}
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return narrate.Fill(s, values)
}

// Colon is the colon of the language, with a space behind it where the language has one.
func (v Voice) Colon() string {
	if v.Lang == narrate.Zh {
		return "："
	}
	return ": "
}

// Comma is the comma of the language, spaced like Colon.
func (v Voice) Comma() string {
	if v.Lang == narrate.Zh {
		return "，"
	}
	return ", "
}

// Stop is the full stop of the language, spaced like Colon.
func (v Voice) Stop() string {
	if v.Lang == narrate.Zh {
		return "。"
	}
	return ". "
}

// Semicolon is the semicolon of the language, spaced like Colon.
func (v Voice) Semicolon() string {
	if v.Lang == narrate.Zh {
		return "；"
	}
	return "; "
}

// List joins what is enumerated.
func (v Voice) List(items []string) string {
	if v.Lang == narrate.Zh {
		return strings.Join(items, "、")
	}
	return strings.Join(items, ", ")
}

// Aside is s with something in brackets behind it.
func (v Voice) Aside(s, inside string) string {
	if v.Lang == narrate.Zh {
		return s + "（" + inside + "）"
	}
	return s + " (" + inside + ")"
}

// Named is an identifier with its title before it. Identifiers are English words: to
// a reader of English they say it themselves.
func (v Voice) Named(kind narrate.Kind, key, identifier string) string {
	if e := v.Get(kind, key); v.Lang != narrate.En && e.Title != "" && e.Title != identifier {
		return e.Title + " " + identifier
	}
	return identifier
}

// Label is what a value of a check or of a scene is called.
func (v Voice) Label(name string) string {
	if e, ok := narrate.Get(v.Lang, narrate.UI, "label."+name); ok {
		return e.Title
	}
	if e := v.Get(narrate.Input, narrate.InputKey(name)); v.Lang != narrate.En && e.Title != "" {
		return e.Title
	}
	return name
}

// Word is a value that is a word of ours, such as "offered" or true.
func (v Voice) Word(s string) string {
	if e, ok := narrate.Get(v.Lang, narrate.UI, "word."+s); ok {
		return e.Title
	}
	return s
}

// InWords is a value that has no name in a registry, but one of ours: yes, no, kept. ours is
// false for all others, a protocol's name among them.
func (v Voice) InWords(value any) (word string, ours bool) {
	switch value.(type) {
	case bool, string:
		e, ok := narrate.Get(v.Lang, narrate.UI, "word."+Text(value))
		return e.Title, ok
	}
	return "", false
}

// Step says which step of a story this is.
func (v Voice) Step(s event.Stepped) string {
	n, of := s.Step()
	return v.UI("step_of", "n", Text(n), "of", Text(of))
}

// State is a state by its name, and what that means.
func (v Voice) State(s event.State) string {
	if e := v.Get(narrate.State, s.String()); e.Title != "" {
		return v.Aside(s.String(), e.Title)
	}
	return s.String()
}

// Fault is why something was refused, and the error in its own words.
func (v Voice) Fault(err error) string {
	why := v.Get(narrate.Reason, narrate.ReasonKey(err)).Title
	if why == "" {
		return v.Error(err)
	}
	return v.Aside(why, v.Error(err))
}

// Error is an error in its own words, names beyond ASCII in both forms.
func (v Voice) Error(err error) string { return idn.BothForms(narrate.Fault(v.Lang, err)) }

// Alert is what an alert is called. Its level is left out of TLS 1.3, where it means
// nothing (RFC 9846 §6); protection is a key of what it is under, "" for none.
func (v Voice) Alert(e *event.Alert, tls13 bool, protection string) string {
	name := v.UI("alert") + " " + e.Description.String()
	var more []string
	if !tls13 {
		more = append(more, v.Word(e.Level.String()))
	}
	if protection != "" {
		more = append(more, v.UI(protection))
	}
	if len(more) == 0 {
		return name
	}
	return v.Aside(name, strings.Join(more, v.Comma()))
}

// Hex shows at most n bytes, and how many there are.
func (v Voice) Hex(b []byte, n int) string {
	if len(b) <= n {
		return Text(b)
	}
	return v.Aside(Text(b[:n])+"…", v.UI("n_bytes", "n", Text(len(b))))
}

// Data is what a piece of application data is called: early, where it came before the
// handshake could tell who sends it.
func (v Voice) Data(e *event.Data) string {
	if e.Dir == event.Send && e.State == event.WaitServerHello || e.Dir == event.Receive && e.State == event.WaitEndOfEarlyData {
		return v.UI("early_data")
	}
	return v.UI("application_data")
}

// Party is what a party is called: "client".
func (v Voice) Party(p string) string { return v.Title(narrate.Party, p) }

// Sent is what something is called that a party sent, where two runs stand side by side.
func (v Voice) Sent(sent event.Event) string {
	switch e := sent.(type) {
	case *event.Message:
		return Title(e.Kind)
	case *event.Alert:
		return v.Alert(e, true, "")
	case *event.Data:
		return v.Data(e)
	}
	return v.UI("record")
}

// Op is what a class of operation is called, "" of event.OpNone.
func (v Voice) Op(o event.Op) string {
	if o == event.OpNone {
		return ""
	}
	return v.Title(narrate.Op, o.String())
}
