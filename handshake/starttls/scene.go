package starttls

import (
	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
)

// SceneDialogue is the Key of Dialogue.
const SceneDialogue event.SceneKey = "starttls"

// The variants: a dialogue that did not come to TLS, and one of other people's, that was recorded.
const (
	broken   = "broken"
	recorded = "recorded"
)

// SceneKeys lists the keys of the words for a Dialogue.
func SceneKeys() []event.SceneKey {
	return []event.SceneKey{SceneDialogue, SceneDialogue.Variant(broken), SceneDialogue.Variant(recorded)}
}

// Dialogue is what was said before TLS: a Scene for whoever called Ask, or has read a recording.
type Dialogue struct {
	event.Meta
	Protocol Protocol
	Said     []Line
	Broken   bool // it did not come to TLS
	Recorded bool // it is from a recording
}

// Key returns SceneDialogue.
func (*Dialogue) Key() event.SceneKey { return SceneDialogue }

// OnTheWire says that this went over the wire: it is named even where scenes are not told of.
func (*Dialogue) OnTheWire() {}

// Entry is another one where it did not come to TLS, and of a recording.
func (d *Dialogue) Entry() event.SceneKey {
	switch {
	case d.Broken:
		return SceneDialogue.Variant(broken)
	case d.Recorded:
		return SceneDialogue.Variant(recorded)
	}
	return SceneDialogue
}

// Values are the protocol, and what each said, in order: "client" or "server", and of a protocol
// in binary the octets behind it.
func (d *Dialogue) Values() []event.Value {
	values := []event.Value{{Name: "protocol", Value: string(d.Protocol)}}
	for _, l := range d.Said {
		if l.Text == "" && l.Wire != nil { // octets whose meaning is not known
			values = append(values, event.Value{Name: l.By.String(), Value: l.Wire})
			continue
		}
		values = append(values, event.Value{Name: l.By.String(), Value: l.Text})
		if l.Wire != nil {
			values = append(values, event.Value{Name: "octets", Value: l.Wire})
		}
	}
	return values
}

// quoted is for what a server wrote.
func quoted(s string) string { return foreign.Quote(s) }
