package render

import "tlslab/handshake/narrate"

// who says of a party who that is, where it first comes up. Client and server need no
// introduction: narrate has no text for them.
func (t *Pen) who(indent int, party string) { t.whoIs(indent, party, t.say.party(party)) }

// whoIs introduces a party, once, under another name than its own.
func (t *Pen) whoIs(indent int, party, name string) {
	if about := t.say.get(narrate.Party, party).Text; about != "" && t.first("party/"+party) {
		t.text(indent, name+t.say.colon()+about, t.paint.dim)
	}
}
