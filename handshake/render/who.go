package render

import (
	"tlslab/handshake/narrate"
)

// Introduce says of a party who that is, where it first comes up. Client and server need no
// introduction: narrate has no text for them.
func (t *Pen) Introduce(indent int, party string) { t.IntroduceAs(indent, party, t.Say.Party(party)) }

// IntroduceAs introduces a party, once, under another name than its own.
func (t *Pen) IntroduceAs(indent int, party, name string) {
	if about := t.Say.Get(narrate.Party, party).Text; about != "" && t.First("party/"+party) {
		t.Text(indent, name+t.Say.Colon()+about, t.Paint.Dim)
	}
}
