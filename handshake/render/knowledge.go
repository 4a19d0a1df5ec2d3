package render

import (
	"slices"
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
)

// knowledge writes the table of who can do what with the recording.
func (t *scenes) knowledge(e *scenario.WhoKnows) {
	t.page.blank()
	t.sides("   "+t.say.ui("knowledge"), "", t.paint.bold)
	t.text(5, t.values(t.say.get(narrate.Scene, narrate.SceneKey(e)).Text, e), nil)
	if of := t.knownOf(e); of != "" {
		t.text(5, of, nil)
	}
	rows := e.Parties
	columns, label := make([]string, len(rows)), t.width-5
	for i, k := range rows {
		columns[i] = t.say.party(k.Party)
		if short := t.thief(k.Party); short != "" {
			columns[i] = short
		}
		t.whoIs(5, k.Party, columns[i])
		columns[i] = pad(columns[i], 6) + "  "
		label -= width(columns[i])
	}
	label = min(label, 36)
	t.line("     " + pad("", label) + t.paint.name(strings.TrimRight(strings.Join(columns, ""), " ")))
	absent := false
	for _, row := range []struct {
		key   string
		there bool // there is something to know
		yes   func(scenario.Knowledge) bool
	}{
		{"reads_handshake", e.HasFinished, func(k scenario.Knowledge) bool { return k.ReadsHandshake }},
		{"reads_data", e.HasData, func(k scenario.Knowledge) bool { return k.ReadsData }},
		{"has_master", e.HasSecrets, func(k scenario.Knowledge) bool { return k.HasMaster }},
		{"can_impersonate", true, func(k scenario.Knowledge) bool { return k.CanImpersonate }},
	} {
		if row.key == "has_master" && t.speaksTLS13() {
			row.key = "has_traffic_secrets" // what it all comes from is erased there
		}
		line := "     " + pad(cut(t.say.ui(row.key), label-1), label)
		for i, k := range rows {
			answer := t.say.ui("no")
			switch {
			case !row.there:
				answer, absent = "-", true
			case row.key == "reads_data" && k.EarlyOnly:
				answer = t.say.ui("early_only")
			case row.yes(k):
				answer = t.say.ui("yes")
			}
			line += pad(answer, width(columns[i]))
		}
		t.line(line)
	}
	if absent {
		t.text(5, t.say.ui("knowledge_absent"), t.paint.dim)
	}
}

// thief is what a column is called that is a thief's; "" of any other.
func (t *scenes) thief(party string) string {
	switch party {
	case "thief":
		return t.say.ui("thief")
	case "ticket_thief":
		return t.say.ui("ticket_thief")
	case "psk_thief":
		return t.say.ui("psk_thief")
	}
	return ""
}

// knownOf names the connections that a table is about, where that is not plain.
func (t *scenes) knownOf(e *scenario.WhoKnows) string {
	conns := e.Connections
	switch {
	case slices.Contains(t.parties(), "attacker") && len(conns) > 1:
		return t.say.ui("knowledge_of_attempts")
	case slices.Contains(t.parties(), "attacker"):
		return t.say.ui("knowledge_of_attacker")
	case len(conns) > 1:
		return t.say.ui("knowledge_of_legs")
	}
	return ""
}
