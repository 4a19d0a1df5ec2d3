package render

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Values fills the placeholders of an entry from the event at hand. A value that no
// placeholder names is not written out: of a message's fields that would be all its bytes,
// once for each field that is explained.
func (t *Pen) Values(s string, e event.Event) string {
	defer func(was bool) { t.inText = was }(t.inText)
	t.inText = true
	return narrate.FillFunc(s, func(name string) (string, bool) {
		if v, ok := t.valueOf(e, name); ok {
			return v, true
		}
		return t.Say.Party(e.Head().Party), name == "party"
	})
}

// valueOf is the value of an event that a placeholder names, the last of that name.
func (t *Pen) valueOf(e event.Event, name string) (string, bool) {
	switch e := e.(type) {
	case event.Scene:
		for _, v := range slices.Backward(e.Values()) {
			if v.Name == name {
				return t.Value(v), true
			}
		}
	case *event.Decision:
		switch name {
		case "chosen":
			return t.Short(e.Chosen), true
		case "among":
			return t.Short(e.Among), true
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
				return t.Short(f.Value), true
			}
		}
	}
	return "", false
}

// Short shows a value at this level's length, blanks left blank.
func (t *Pen) Short(v any) string {
	if b, ok := sheet.BytesOf(v); ok {
		return t.bytes(b)
	}
	if yes, ok := v.(bool); ok {
		return t.Say.Word(sheet.Text(yes))
	}
	return t.Plain(v)
}

// bytes shows bytes at this level's length, blanks left blank.
func (t *Pen) bytes(b []byte) string {
	if s, ok := t.blank.hide(b, t.room()); ok {
		return s
	}
	return t.Say.Hex(b, t.room())
}

// ticketNames are the names under which a ticket goes by: a message's field, an extension,
// a scene's value.
var ticketNames = []string{"ticket", "session_ticket", "pre_shared_key"}

// IsTicket reports whether a value of that name is a ticket.
func IsTicket(name string) bool { return slices.Contains(ticketNames, name) }

// ticket shows the end of a ticket, by which it differs from others. Most tickets begin with
// the name of the key that they are sealed under (RFC 5077 §4), so those of one server begin
// alike.
func (t *Pen) ticket(b []byte) string {
	const begin, end = 4, 8
	if t.o.Worksheet || t.o.Level == Bytes || t.whole() || len(b) <= begin+end {
		return t.bytes(b)
	}
	return t.Say.Aside(sheet.Text(b[:begin])+"…"+sheet.Text(b[len(b)-end:]), t.Say.UI("n_bytes", "n", sheet.Text(len(b))))
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
		if len(b) > aLot && !t.First("whole/"+string(b)) {
			return s
		}
		return sheet.Text(b)
	}
	if t.o.Level == Bytes || t.whole() || sheet.Width(s) <= n || len(b) <= few {
		return s
	}
	return t.Say.Hex(b, few)
}

// room is how many bytes of a value are shown.
func (t *Pen) room() int {
	if t.o.Level == Bytes || t.whole() {
		return 1 << 30
	}
	return 16
}

// whole reports whether values are shown whole because a face folds them. In a sentence they
// are short all the same.
func (t *Pen) whole() bool { return t.Takes() && !t.inText }
