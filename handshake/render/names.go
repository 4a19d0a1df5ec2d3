package render

import (
	"tlslab/handshake/event"
	"tlslab/handshake/idn"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// bothForms says once why a name is shown in two forms, under the first event that has one.
func (t *Pen) bothForms(e event.Event) {
	switch e := e.(type) {
	case *event.Message:
		if hello, ok := e.Msg.(*message.ClientHello); ok {
			if sni, ok := message.Get[*message.ServerName](&hello.Extensions); ok {
				t.formsOf(sni.Name, 3)
			}
		}
	case *event.Check:
		if e.Report != nil {
			t.formsOf(e.Report.ServerName, 3)
		}
	case event.Scene:
		for _, v := range e.Values() {
			switch v.Value.(type) {
			case string, []string: // the others are long, and hold no name that is shown
				if s := sheet.Text(v.Value); t.o.Level != Brief && idn.BothForms(s) != s {
					t.formsSaid(5)
				}
			}
		}
	}
}

// formsOf says it of a name, if it has two.
func (t *Pen) formsOf(name string, indent int) {
	if _, two := idn.ToUnicode(name); two {
		t.formsSaid(indent)
	}
}

func (t *Pen) formsSaid(indent int) {
	if t.First("ui/both_forms") {
		t.Text(indent, t.Say.Get(narrate.UI, "both_forms").Text, nil)
	}
}
