package replays

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
)

// WriteReplayMatrix writes what replay.Matrix found under o: a row for each attack, a mark
// for each set of defences, what the marks mean, and what is to be seen in it. Of the
// options it heeds Lang, Color and Width.
func WriteReplayMatrix(w io.Writer, rows [][]replay.Verdict, o replay.Options, to render.TerminalOptions) error {
	m := &matrix{Page: to.Page(w), say: to.Voice(), rows: rows, o: o}
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil
	}
	login := o.Login
	if login == "" {
		login = replay.ByCookie
	}
	about := m.say.Get(narrate.UI, "replay_matrix")
	m.Title(0, about.Title)
	m.Text(0, narrate.Fill(about.Text, map[string]string{"login": m.ui("replay_word." + string(login))}), nil)
	m.Blank()
	m.table()
	m.Blank()
	m.legend()
	m.Blank()
	m.notes()
	return m.Err()
}

type matrix struct {
	*sheet.Page
	say  sheet.Voice
	rows [][]replay.Verdict
	o    replay.Options
}

func (m *matrix) ui(key string, pairs ...string) string { return m.say.UI(key, pairs...) }

// heading is what a column is called.
func (m *matrix) heading(defences []string) string {
	key := strings.Join(defences, "+")
	if key == "" {
		key = "none"
	}
	if e := m.say.Get(narrate.UI, "replay_column."+key); e.Title != "" {
		return e.Title
	}
	return key
}

func (m *matrix) table() {
	if m.Takes() {
		m.block()
		return
	}
	name := 0
	for _, row := range m.rows {
		name = max(name, sheet.Width(row[0].Attack))
	}
	widths := make([]int, len(m.rows[0]))
	for j, v := range m.rows[0] {
		widths[j] = sheet.Width(m.heading(v.Defences))
		for _, row := range m.rows {
			cell, _ := m.cell(row[j])
			widths[j] = max(widths[j], sheet.Width(cell))
		}
	}
	head := sheet.Pad("", name)
	for j, v := range m.rows[0] {
		head += "  " + sheet.Pad(m.heading(v.Defences), widths[j])
	}
	m.Line(m.Paint.Dim(strings.TrimRight(head, " ")))
	for _, row := range m.rows {
		line := sheet.Pad(row[0].Attack, name)
		for j, v := range row {
			cell, paint := m.cell(v)
			line += "  " + paint(cell) + strings.Repeat(" ", widths[j]-sheet.Width(cell))
		}
		m.Line(line)
	}
}

// block is the table as one block.
func (m *matrix) block() {
	rows := [][]string{{""}}
	for _, v := range m.rows[0] {
		rows[0] = append(rows[0], m.heading(v.Defences))
	}
	for _, row := range m.rows {
		cells := []string{row[0].Attack}
		for _, v := range row {
			cell, paint := m.cell(v)
			cells = append(cells, paint(cell))
		}
		rows = append(rows, cells)
	}
	m.Put(sheet.Block{Kind: sheet.Table, Rows: rows})
}

// cell is the mark of a verdict.
func (m *matrix) cell(v replay.Verdict) (string, func(string) string) {
	switch {
	case v.Outcome == replay.Stopped:
		return m.ui("replay_mark.stopped"), m.Paint.Good
	case v.Outcome == replay.NotStopped:
		return m.ui("replay_mark.not_stopped"), m.Paint.Bad
	case v.Limit == replay.ByTime:
		return "<" + strings.ReplaceAll(m.say.Span(v.Until), " ", ""), m.Paint.Secret
	}
	return fmt.Sprintf("%dx", v.Times), m.Paint.Secret
}

// legend says what the marks and the headings mean.
func (m *matrix) legend() {
	n := 0
	for _, o := range replay.Outcomes() {
		n = max(n, sheet.Width(m.ui("replay_mark."+string(o))))
	}
	for _, o := range replay.Outcomes() {
		m.Row(0, m.ui("replay_mark."+string(o)), n, narrate.Fill(m.say.Get(narrate.UI, "replay_mark."+string(o)).Text, map[string]string{"times": m.times()}), nil)
	}
	line := "" // wrapped here, so that no name is parted from what it stands for
	for _, v := range m.rows[0] {
		if len(v.Defences) == 0 {
			continue
		}
		column := m.heading(v.Defences) + "=" + strings.Join(v.Defences, ",")
		switch longer := line + m.say.Semicolon() + column; {
		case line == "":
			line = column
		case sheet.Width(longer) < m.Width:
			line = longer
		default:
			m.Line(strings.TrimRight(line+m.say.Semicolon(), " "))
			line = column
		}
	}
	m.Line(line)
}

// times are when the attacks that wait try.
func (m *matrix) times() string {
	var times []string
	for _, d := range replay.Times(m.o) {
		times = append(times, m.say.Span(d))
	}
	return m.say.List(times)
}

// notes are what is to be seen in the table.
func (m *matrix) notes() {
	store := m.ui("replay_in_process")
	if m.o.Shared != nil {
		store = m.o.SharedName
	}
	m.note("shared", "store", store)
	alone, fresh := m.remembers(replay.Record), m.remembers(replay.Record, replay.Fresh)
	if alone > 0 && fresh > 0 {
		m.note("recording", "alone", m.say.Span(alone), "fresh", m.say.Span(fresh))
	}
	for _, key := range []string{"lifetime", "memory", "key", "retry"} {
		m.note(key)
	}
}

func (m *matrix) note(key string, pairs ...string) {
	m.Hang("- ", 2, m.ui("replay_note."+key, pairs...), nil)
}

// remembers is the longest that a server was asked to remember under these defences.
func (m *matrix) remembers(defences ...string) (d time.Duration) {
	for _, row := range m.rows {
		for _, v := range row {
			if slices.Equal(v.Defences, defences) {
				d = max(d, v.Remembers)
			}
		}
	}
	return d
}

// WriteReplayList writes which attacks and defences there are, with a line for each. Of
// the options it heeds Lang, Color and Width.
func WriteReplayList(w io.Writer, o render.TerminalOptions) error {
	l := &matrix{Page: o.Page(w), say: o.Voice()}
	head := func(key string) {
		e := l.say.Get(narrate.UI, key)
		l.Line(l.Paint.Bold(e.Title))
		l.Text(2, e.Text, l.Paint.Dim)
	}
	n := 0
	for _, a := range replay.Attacks() {
		n = max(n, sheet.Width(a.Name))
	}
	head("replay_list_attacks")
	for _, a := range replay.Attacks() {
		about := l.ui("replay_attack." + a.Name)
		for _, loot := range a.Stolen {
			about = l.say.Aside(about, l.ui("replay_stolen."+string(loot)))
		}
		l.Row(2, a.Name, n+1, about, nil)
	}
	l.Blank()
	head("replay_list_defences")
	for _, d := range replay.Defences() {
		l.Row(2, d, n+1, l.ui("replay_defence."+d), nil)
	}
	l.Blank()
	e := l.say.Get(narrate.UI, "replay_list_next")
	l.Line(e.Title)
	l.Line(e.Text)
	return l.Err()
}
