package lesson

import (
	"slices"
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// knowledge writes the table of who can do what with the recording.
func (t *scenes) knowledge(e *scenario.WhoKnows) {
	short := t.Level() == render.Flights // then each flight has told of what was tried
	t.Blank()
	if !short {
		t.Sides("   "+t.Say.UI("knowledge"), "", t.Paint.Bold)
		t.Text(5, t.Values(t.Say.Get(narrate.Scene, narrate.EntryOf(e)).Text, e), nil)
	}
	if of := t.knownOf(e); of != "" && !short {
		t.Text(5, of, nil)
	}
	rows := e.Parties
	columns, label := make([]string, len(rows)), t.Width-5
	for i, k := range rows {
		columns[i] = t.Say.Party(k.Party)
		if short := t.thief(k.Party); short != "" {
			columns[i] = short
		}
		t.IntroduceAs(5, k.Party, columns[i])
		columns[i] = sheet.Pad(columns[i], 6) + "  "
		label -= sheet.Width(columns[i])
	}
	label = min(label, 36)
	table := [][]string{{""}}
	for _, c := range columns {
		table[0] = append(table[0], strings.TrimRight(c, " "))
	}
	switch {
	case t.Takes():
	case short:
		title := sheet.Cut(t.Say.UI("knowledge"), label)
		t.Line("   " + t.Paint.Bold(title) + strings.Repeat(" ", max(label+2-sheet.Width(title), 1)) + t.Paint.Name(strings.TrimRight(strings.Join(columns, ""), " ")))
	default:
		t.Line("     " + sheet.Pad("", label) + t.Paint.Name(strings.TrimRight(strings.Join(columns, ""), " ")))
	}
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
		if row.key == "has_master" && t.TLS13() {
			row.key = "has_traffic_secrets" // what it all comes from is erased there
		}
		line := "     " + sheet.Pad(sheet.Cut(t.Say.UI(row.key), label-1), label)
		cells := []string{t.Say.UI(row.key)}
		for i, k := range rows {
			answer := t.Say.UI("no")
			switch {
			case !row.there:
				answer, absent = "-", true
			case row.key == "reads_data" && k.EarlyOnly:
				answer = t.Say.UI("early_only")
			case row.yes(k):
				answer = t.Say.UI("yes")
			}
			line += sheet.Pad(answer, sheet.Width(columns[i]))
			cells = append(cells, answer)
		}
		if table = append(table, cells); !t.Takes() {
			t.Line(line)
		}
	}
	if t.Takes() {
		t.Put(sheet.Block{Kind: sheet.Table, Indent: 5, Rows: table})
	}
	if of := t.knownOf(e); of != "" && short {
		t.Text(5, of, nil)
	}
	if absent {
		t.Text(5, t.Say.UI("knowledge_absent"), t.Paint.Dim)
	}
}

// thief is the name of a thief's column; "" for any other party.
func (t *scenes) thief(party string) string {
	switch party {
	case "thief":
		return t.Say.UI("thief")
	case "ticket_thief":
		return t.Say.UI("ticket_thief")
	case "psk_thief":
		return t.Say.UI("psk_thief")
	}
	return ""
}

// knownOf names the connections that a table is about, where that is not plain.
func (t *scenes) knownOf(e *scenario.WhoKnows) string {
	conns := e.Connections
	switch {
	case slices.Contains(t.Parties(), "attacker") && len(conns) > 1:
		return t.Say.UI("knowledge_of_attempts")
	case slices.Contains(t.Parties(), "attacker"):
		return t.Say.UI("knowledge_of_attacker")
	case len(conns) > 1:
		return t.Say.UI("knowledge_of_legs")
	}
	return ""
}
