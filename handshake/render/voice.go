package render

import (
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/narrate"
)

// voice speaks one language: all its words are narrate's.
type voice struct{ lang narrate.Lang }

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

// colon, comma and stop are the punctuation of the language.
func (v voice) colon() string {
	if v.lang == narrate.Zh {
		return "："
	}
	return ": "
}

func (v voice) comma() string {
	if v.lang == narrate.Zh {
		return "，"
	}
	return ", "
}

func (v voice) stop() string {
	if v.lang == narrate.Zh {
		return "。"
	}
	return ". "
}

func (v voice) party(p string) string { return v.title(narrate.Party, p) }
func (v voice) op(o handshake.Op) string {
	if o == handshake.OpNone {
		return ""
	}
	return v.title(narrate.Op, o.String())
}

// values fills the placeholders of an entry from the event at hand.
func (t *Terminal) values(s string, e handshake.Event) string {
	if !strings.Contains(s, "{") {
		return s
	}
	values := map[string]string{"party": t.say.party(e.Head().Party)}
	switch e := e.(type) {
	case *handshake.SceneEvent:
		for _, v := range e.Values {
			values[v.Name] = t.short(v.Value)
		}
	case *handshake.DecisionEvent:
		values["chosen"], values["among"] = t.short(e.Chosen), t.short(e.Among)
	case *handshake.AlertEvent:
		values["alert"], values["level"] = e.Description.String(), e.Level.String()
	case *handshake.SecretEvent:
		values["method"], values["hash"], values["tag"] = e.Method, e.Hash, e.Tag
	case *handshake.CheckEvent:
		values["method"] = e.Method
	case *handshake.MessageEvent:
		for _, f := range e.Fields {
			if f.Leaf() {
				values[f.Name] = t.short(f.Value)
			}
		}
	}
	return narrate.Fill(s, values)
}

// short shows a value at this level's length, blanks left blank.
func (t *Terminal) short(v any) string {
	if b, ok := v.([]byte); ok {
		return t.bytes(b)
	}
	return short(v, t.room())
}

// bytes shows bytes at this level's length, blanks left blank.
func (t *Terminal) bytes(b []byte) string {
	if s, ok := t.blank.hide(b, t.room()); ok {
		return s
	}
	return shortHex(b, t.room())
}

// fit shows bytes that something is computed from: at this level's length, or fewer
// where a line of n columns has no room for it. On a worksheet it shows all, for
// nobody can compute with a beginning.
func (t *Terminal) fit(b []byte, n int) string {
	s := t.bytes(b)
	if t.o.Worksheet {
		if hidden, ok := t.blank.hide(b, len(b)); ok {
			return hidden
		}
		return text(b)
	}
	const few = 8
	if t.o.Level == Bytes || width(s) <= n || len(b) <= few {
		return s
	}
	return shortHex(b, few)
}

// room is how many bytes of a value are shown.
func (t *Terminal) room() int {
	if t.o.Level == Bytes {
		return 1 << 30
	}
	return 16
}
