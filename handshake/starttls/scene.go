package starttls

import (
	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
)

// SceneDialogue is the Key of Dialogue.
const SceneDialogue event.SceneKey = "starttls"

// broken is the variant of a dialogue that did not come to TLS.
const broken = "broken"

// SceneKeys lists the keys of the words for a Dialogue.
func SceneKeys() []event.SceneKey {
	return []event.SceneKey{SceneDialogue, SceneDialogue.Variant(broken)}
}

// Dialogue is what was said before TLS: a Scene for whoever called Ask, or has read a recording.
type Dialogue struct {
	event.Meta
	Protocol Protocol
	Said     []Line
	Broken   bool // it did not come to TLS
}

// Key returns SceneDialogue.
func (*Dialogue) Key() event.SceneKey { return SceneDialogue }

// Entry is another one where it did not come to TLS.
func (d *Dialogue) Entry() event.SceneKey {
	if d.Broken {
		return SceneDialogue.Variant(broken)
	}
	return SceneDialogue
}

// Values are the protocol, and what each said, in order: "client" or "server", and of a protocol
// in binary the octets behind it.
func (d *Dialogue) Values() []event.Value {
	values := []event.Value{{Name: "protocol", Value: string(d.Protocol)}}
	for _, l := range d.Said {
		values = append(values, event.Value{Name: l.By.String(), Value: l.Text})
		if l.Wire != nil {
			values = append(values, event.Value{Name: "octets", Value: l.Wire})
		}
	}
	return values
}

// quoted is for what a server wrote.
func quoted(s string) string { return foreign.Quote(s) }
