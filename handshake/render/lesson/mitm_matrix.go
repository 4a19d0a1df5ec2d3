package lesson

import (
	"io"
	"slices"
	"strings"

	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// WriteMITMMatrix writes what scenario.MITMMatrix found: for each version a table with a
// row for each way in which the client comes to accept the box, and a column for each
// defence; then what the cells mean. Combinations share a row only where every cell came
// out the same. Of the options it heeds Lang, Color and Width.
func WriteMITMMatrix(w io.Writer, verdicts []scenario.MITMVerdict, o render.TerminalOptions) error {
	m := &mitmMatrix{Page: o.Page(w), say: o.Voice()}
	about := m.say.Get(narrate.UI, "mitm_matrix")
	m.Title(0, about.Title)
	m.Text(0, about.Text, nil)
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		m.Blank()
		m.table(v, verdicts)
	}
	m.Blank()
	m.legend()
	return m.Err()
}

type mitmMatrix struct {
	*sheet.Page
	say  sheet.Voice
	seen []string // the cells' keys, in the order they were met
}

// mitmRow is one way to accept the box, with a cell for each defence: none, a pin, a
// client certificate, both.
type mitmRow struct {
	label string
	cells [4]scenario.MITMVerdict
}

// rows are those of a version, like ones together.
func (m *mitmMatrix) rows(version iana.Version, verdicts []scenario.MITMVerdict) []mitmRow {
	var rows []mitmRow
	for k := range 1 << 4 {
		on := func(bit int) bool { return k>>bit&1 == 1 }
		row := mitmRow{label: m.label(on(0), on(1), on(2), on(3))}
		for _, v := range verdicts {
			if v.Version != version || v.ClickThrough != on(0) || v.TrustMITM != on(1) || v.StolenCA != on(2) || v.Passthrough != on(3) {
				continue
			}
			column := 0
			if v.Pin {
				column++
			}
			if v.ClientAuth {
				column += 2
			}
			row.cells[column] = v
		}
		same := func(r mitmRow) bool {
			return r.label == row.label && slices.EqualFunc(r.cells[:], row.cells[:], scenario.MITMVerdict.Came)
		}
		if !slices.ContainsFunc(rows, same) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b mitmRow) int { return m.order(a) - m.order(b) })
	return rows
}

// order keeps what stands for several combinations below what it is made of.
func (m *mitmMatrix) order(r mitmRow) int {
	switch r.label {
	case m.say.UI("mitm_row_several"):
		return 1
	case passthroughFlag:
		return 2
	}
	return 0
}

const passthroughFlag = "--mitm-passthrough"

// label is what one types to get a row.
func (m *mitmMatrix) label(click, trust, stolen, passthrough bool) string {
	var flags []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"--click-through", click}, {"--trust-mitm", trust}, {"--mitm-stolen-ca", stolen}} {
		if f.set {
			flags = append(flags, f.name)
		}
	}
	switch {
	case passthrough:
		return passthroughFlag
	case len(flags) == 0:
		return m.say.UI("mitm_row_none")
	case len(flags) > 1:
		return m.say.UI("mitm_row_several")
	}
	return flags[0]
}

func (m *mitmMatrix) table(version iana.Version, verdicts []scenario.MITMVerdict) {
	rows := m.rows(version, verdicts)
	heads := []string{m.say.UI("mitm_column_none"), "--pin", "--client-auth", m.say.UI("mitm_column_both")}
	if m.Takes() {
		m.block(version, rows, heads)
		return
	}
	label := sheet.Width(version.String())
	widths := make([]int, len(heads))
	for k, h := range heads {
		widths[k] = sheet.Width(h)
	}
	for _, r := range rows {
		label = max(label, sheet.Width(r.label))
		for k, c := range r.cells {
			widths[k] = max(widths[k], sheet.Width(m.cell(c)))
		}
	}
	head := m.Paint.Bold(sheet.Pad(version.String(), label))
	for k, h := range heads {
		head += "  " + m.Paint.Dim(sheet.Pad(h, widths[k]))
	}
	m.Line(head)
	for _, r := range rows {
		line := sheet.Pad(r.label, label)
		for k, c := range r.cells {
			cell, f := m.cell(c), m.Paint.Good
			if c.Read {
				f = m.Paint.Bad
			}
			line += "  " + f(cell) + strings.Repeat(" ", widths[k]-sheet.Width(cell))
		}
		m.Line(line)
	}
}

// block is the table as one block.
func (m *mitmMatrix) block(version iana.Version, rows []mitmRow, heads []string) {
	table := [][]string{append([]string{version.String()}, heads...)}
	for _, r := range rows {
		cells := []string{r.label}
		for _, c := range r.cells {
			f := m.Paint.Good
			if c.Read {
				f = m.Paint.Bad
			}
			cells = append(cells, f(m.cell(c)))
		}
		table = append(table, cells)
	}
	m.Put(sheet.Block{Kind: sheet.Table, Rows: table})
}

// cellKey is what a verdict says to a reader who watches the client, the box and the server.
func cellKey(v scenario.MITMVerdict) string {
	key := "page"
	if !v.Page {
		key = v.Reason.String()
	}
	if v.Read {
		key += "_read"
	}
	return key
}

func (m *mitmMatrix) cell(v scenario.MITMVerdict) string {
	key := cellKey(v)
	if !slices.Contains(m.seen, key) {
		m.seen = append(m.seen, key)
	}
	if e := m.say.Get(narrate.UI, "mitm_cell."+key); e.Title != "" {
		return e.Title
	}
	return key
}

// legend says what the cells mean; those that mean the same by name stand there once.
func (m *mitmMatrix) legend() {
	n := 0
	var entries []narrate.Entry
	for _, key := range m.seen {
		e := m.say.Get(narrate.UI, "mitm_cell."+key)
		n = max(n, sheet.Width(e.Title))
		if e.Title != "" && !slices.Contains(entries, e) {
			entries = append(entries, e)
		}
	}
	for _, e := range entries {
		m.Row(0, e.Title, n, e.Text, nil)
	}
	m.Blank()
	for _, key := range []string{"several", "order", "pin", "auth"} {
		m.Hang("- ", 2, m.say.UI("mitm_note."+key), nil)
	}
}
