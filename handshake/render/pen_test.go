package render

import (
	"fmt"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// coffee is a scene of a student's: narrate has no words for it.
type coffee struct {
	event.Meta
	cups int
}

const sceneCoffee event.SceneKey = "coffee"

func (*coffee) Key() event.SceneKey { return sceneCoffee }

func (c *coffee) Values() []event.Value { return []event.Value{{Name: "cups", Value: c.cups}} }

// A scene without a layout shows its key and its values; with one, what that writes, at the
// level and in the language of the Terminal; and behind the move that was held back.
func TestLayout(t *testing.T) {
	layout := func(p *Pen, s event.Scene) bool {
		c, ok := s.(*coffee)
		if !ok {
			return false
		}
		p.Text(3, fmt.Sprintf("%s%s%d of coffee, level %d", p.Say.Party(c.Party), p.Say.Colon(), c.cups, p.Level()), nil)
		return true
	}
	told := func(o TerminalOptions) string {
		var b strings.Builder
		term := NewTerminal(&b, o)
		for _, e := range []event.Event{
			&event.Flow{Name: "rsa", Parties: []string{"client", "server"}},
			&event.Alert{Meta: event.Meta{Party: "client"}, Dir: event.Send},
			&coffee{Meta: event.Meta{Party: "client"}, cups: 7},
			&event.Outcome{Done: true},
		} {
			term.Event(e)
		}
		if err := term.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, lang := range narrate.Langs() {
		say := sheet.Speak(lang)
		for _, level := range []Level{Default, Brief, Bytes} {
			plain, own := told(TerminalOptions{Lang: lang, Level: level}), told(TerminalOptions{Lang: lang, Level: level, Layout: layout})
			if says := strings.Contains(plain, "cups 7\n"); says != (level != Brief) || strings.Contains(plain, "of coffee") {
				t.Errorf("%s, level %d, without a layout:\n%s", lang, level, plain)
			}
			line := fmt.Sprintf("   %s%s7 of coffee, level %d\n", say.Party("client"), say.Colon(), level)
			before, after, ok := strings.Cut(own, line)
			if !ok || strings.Contains(own, "cups") {
				t.Errorf("%s, level %d: no line %q in\n%s", lang, level, line, own)
			}
			if !strings.Contains(before, say.UI("alert")) || !strings.Contains(after, say.UI("done")) {
				t.Errorf("%s, level %d: the line is out of place:\n%s", lang, level, own)
			}
		}
	}
}
