package render

import (
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
)

// voice speaks one language: all its words are narrate's.
type voice struct{ lang narrate.Lang }

// speaking is the voice of a language; "" is English.
func speaking(lang narrate.Lang) voice {
	if lang == "" {
		lang = narrate.En
	}
	return voice{lang}
}

// get is an entry, or the zero Entry where narrate has none: a student's own
// label has no explanation, and is shown all the same.
func (v voice) get(kind narrate.Kind, key string) narrate.Entry {
	e, _ := narrate.Get(v.lang, kind, key)
	return e
}

// title is what a key is called, the key itself where nobody says.
func (v voice) title(kind narrate.Kind, key string) string {
	if e, ok := narrate.Get(v.lang, kind, key); ok {
		if e.Title != "" {
			return e.Title
		}
		if e.Text != "" {
			return e.Text
		}
	}
	return key
}

// ui is a phrase of our own, with name, value, name, value … filled in.
func (v voice) ui(key string, pairs ...string) string {
	e, ok := narrate.Get(v.lang, narrate.UI, key)
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

// colon is the language's, with the space behind it, if it has one.
func (v voice) colon() string {
	if v.lang == narrate.Zh {
		return "："
	}
	return ": "
}

// comma is the language's, as colon.
func (v voice) comma() string {
	if v.lang == narrate.Zh {
		return "，"
	}
	return ", "
}

// stop is the language's, as colon.
func (v voice) stop() string {
	if v.lang == narrate.Zh {
		return "。"
	}
	return ". "
}

// semicolon is the language's, as colon.
func (v voice) semicolon() string {
	if v.lang == narrate.Zh {
		return "；"
	}
	return "; "
}

// list joins what is enumerated.
func (v voice) list(items []string) string {
	if v.lang == narrate.Zh {
		return strings.Join(items, "、")
	}
	return strings.Join(items, ", ")
}

// aside is s with something in brackets behind it.
func (v voice) aside(s, inside string) string {
	if v.lang == narrate.Zh {
		return s + "（" + inside + "）"
	}
	return s + " (" + inside + ")"
}

// named is an identifier with its title before it. Identifiers are English words: to
// a reader of English they say it themselves.
func (v voice) named(kind narrate.Kind, key, identifier string) string {
	if e := v.get(kind, key); v.lang != narrate.En && e.Title != "" && e.Title != identifier {
		return e.Title + " " + identifier
	}
	return identifier
}

// label is what a value of a check or of a scene is called.
func (v voice) label(name string) string {
	if e, ok := narrate.Get(v.lang, narrate.UI, "label."+name); ok {
		return e.Title
	}
	if e := v.get(narrate.Input, narrate.InputKey(name)); v.lang != narrate.En && e.Title != "" {
		return e.Title
	}
	return name
}

// word is a value that is a word of ours, such as "offered" or true.
func (v voice) word(s string) string {
	if e, ok := narrate.Get(v.lang, narrate.UI, "word."+s); ok {
		return e.Title
	}
	return s
}

// inWords is a value that has no name in a registry, but one of ours: yes, no, kept. ours is
// false for all others, a protocol's name among them.
func (v voice) inWords(value any) (word string, ours bool) {
	switch value.(type) {
	case bool, string:
		e, ok := narrate.Get(v.lang, narrate.UI, "word."+text(value))
		return e.Title, ok
	}
	return "", false
}

// step says which step of a story this is.
func (v voice) step(s event.Stepped) string {
	n, of := s.Step()
	return v.ui("step_of", "n", text(n), "of", text(of))
}

// state is a state by its name, and what that means.
func (v voice) state(s event.State) string {
	if e := v.get(narrate.State, s.String()); e.Title != "" {
		return v.aside(s.String(), e.Title)
	}
	return s.String()
}

// fault is why something was refused, and the error in its own words.
func (v voice) fault(err error) string {
	why := v.get(narrate.Reason, narrate.ReasonKey(err)).Title
	if why == "" {
		return v.error(err)
	}
	return v.aside(why, v.error(err))
}

// error is an error in its own words, names beyond ASCII in both forms.
func (v voice) error(err error) string { return idn.BothForms(narrate.Fault(v.lang, err)) }

// alert is what an alert is called. Its level is left out of TLS 1.3, where it means
// nothing (RFC 9846 §6); protection is a key of what it is under, "" for none.
func (v voice) alert(e *event.Alert, tls13 bool, protection string) string {
	name := v.ui("alert") + " " + e.Description.String()
	var more []string
	if !tls13 {
		more = append(more, v.word(e.Level.String()))
	}
	if protection != "" {
		more = append(more, v.ui(protection))
	}
	if len(more) == 0 {
		return name
	}
	return v.aside(name, strings.Join(more, v.comma()))
}

// hex shows at most n bytes, and how many there are.
func (v voice) hex(b []byte, n int) string {
	if len(b) <= n {
		return text(b)
	}
	return v.aside(text(b[:n])+"…", v.ui("n_bytes", "n", text(len(b))))
}

// data is what a piece of application data is called: early, where it came before the
// handshake could tell who sends it.
func (v voice) data(e *event.Data) string {
	if e.Dir == event.Send && e.State == event.WaitServerHello || e.Dir == event.Receive && e.State == event.WaitEndOfEarlyData {
		return v.ui("early_data")
	}
	return v.ui("application_data")
}

// party is what a party is called: "client".
func (v voice) party(p string) string { return v.title(narrate.Party, p) }

// op is what a class of operation is called, "" of event.OpNone.
func (v voice) op(o event.Op) string {
	if o == event.OpNone {
		return ""
	}
	return v.title(narrate.Op, o.String())
}

// values fills the placeholders of an entry from the event at hand. A value that no
// placeholder names is not written out: of a message's fields that would be all its bytes,
// once for each field that is explained.
func (t *Pen) values(s string, e event.Event) string {
	return narrate.FillFunc(s, func(name string) (string, bool) {
		if v, ok := t.valueOf(e, name); ok {
			return v, true
		}
		return t.say.party(e.Head().Party), name == "party"
	})
}

// valueOf is the value of an event that a placeholder names, the last of that name.
func (t *Pen) valueOf(e event.Event, name string) (string, bool) {
	switch e := e.(type) {
	case event.Scene:
		for _, v := range slices.Backward(e.Values()) {
			if v.Name == name {
				return t.sceneValue(v), true
			}
		}
	case *event.Decision:
		switch name {
		case "chosen":
			return t.short(e.Chosen), true
		case "among":
			return t.short(e.Among), true
		}
	case *event.Alert:
		switch name {
		case "alert":
			return e.Description.String(), true
		case "level":
			return e.Level.String(), true
		}
	case *event.Secret:
		switch name {
		case "method":
			return e.Method, true
		case "hash":
			return e.Hash, true
		case "tag":
			return e.Tag, true
		}
	case *event.Check:
		return e.Method, name == "method"
	case *event.Message:
		for _, f := range slices.Backward(e.Fields) {
			if f.Name == name && f.Leaf() {
				return t.short(f.Value), true
			}
		}
	}
	return "", false
}

// short shows a value at this level's length, blanks left blank.
func (t *Pen) short(v any) string {
	if b, ok := bytesOf(v); ok {
		return t.bytes(b)
	}
	if yes, ok := v.(bool); ok {
		return t.say.word(text(yes))
	}
	return t.plain(v)
}

// bytes shows bytes at this level's length, blanks left blank.
func (t *Pen) bytes(b []byte) string {
	if s, ok := t.blank.hide(b, t.room()); ok {
		return s
	}
	return t.say.hex(b, t.room())
}

// ticketNames are the names under which a ticket goes by: a message's field, an extension,
// a scene's value.
var ticketNames = []string{"ticket", "session_ticket", "pre_shared_key"}

// isTicket reports whether a value of that name is a ticket.
func isTicket(name string) bool { return slices.Contains(ticketNames, name) }

// ticket shows of a ticket its end, by which it differs from others: most begin with the
// name of the key that they are sealed under (RFC 5077 §4), and so all of a server alike.
func (t *Pen) ticket(b []byte) string {
	const begin, end = 4, 8
	if t.o.Worksheet || t.o.Level == Bytes || len(b) <= begin+end {
		return t.bytes(b)
	}
	return t.say.aside(text(b[:begin])+"…"+text(b[len(b)-end:]), t.say.ui("n_bytes", "n", text(len(b))))
}

// fit shows bytes that something is computed from: at this level's length, or fewer
// where a line of n columns has no room for it. On a worksheet it shows all, for
// nobody can compute with a beginning; of a share of several lines, once.
func (t *Pen) fit(b []byte, n int) string {
	const few, aLot = 8, 64
	s := t.bytes(b)
	if t.o.Worksheet {
		if hidden, ok := t.blank.hide(b, len(b)); ok {
			return hidden
		}
		if len(b) > aLot && !t.first("whole/"+string(b)) {
			return s
		}
		return text(b)
	}
	if t.o.Level == Bytes || width(s) <= n || len(b) <= few {
		return s
	}
	return t.say.hex(b, few)
}

// room is how many bytes of a value are shown.
func (t *Pen) room() int {
	if t.o.Level == Bytes {
		return 1 << 30
	}
	return 16
}
