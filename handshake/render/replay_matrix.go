package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/narrate"
	"tlslab/handshake/replay"
)

// WriteReplayMatrix writes what replay.Matrix found under o: a row for each attack, a mark
// for each set of defences, what the marks mean, and what is to be seen in it. Of the
// options it heeds Lang, Color and Width.
func WriteReplayMatrix(w io.Writer, rows [][]replay.Verdict, o replay.Options, to TerminalOptions) error {
	m := &matrix{page: to.page(w), say: to.voice(), rows: rows, o: o}
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil
	}
	login := o.Login
	if login == "" {
		login = replay.ByCookie
	}
	about := m.say.get(narrate.UI, "replay_matrix")
	m.line(m.paint.bold(about.Title))
	m.text(0, narrate.Fill(about.Text, map[string]string{"login": m.ui("replay_word." + string(login))}), nil)
	m.blank()
	m.table()
	m.blank()
	m.legend()
	m.blank()
	m.notes()
	return m.err()
}

type matrix struct {
	*page
	say  voice
	rows [][]replay.Verdict
	o    replay.Options
}

func (m *matrix) ui(key string, pairs ...string) string { return m.say.ui(key, pairs...) }

// heading is what a column is called.
func (m *matrix) heading(defences []string) string {
	key := strings.Join(defences, "+")
	if key == "" {
		key = "none"
	}
	if e := m.say.get(narrate.UI, "replay_column."+key); e.Title != "" {
		return e.Title
	}
	return key
}

func (m *matrix) table() {
	name := 0
	for _, row := range m.rows {
		name = max(name, width(row[0].Attack))
	}
	widths := make([]int, len(m.rows[0]))
	for j, v := range m.rows[0] {
		widths[j] = width(m.heading(v.Defences))
		for _, row := range m.rows {
			cell, _ := m.cell(row[j])
			widths[j] = max(widths[j], width(cell))
		}
	}
	head := pad("", name)
	for j, v := range m.rows[0] {
		head += "  " + pad(m.heading(v.Defences), widths[j])
	}
	m.line(m.paint.dim(strings.TrimRight(head, " ")))
	for _, row := range m.rows {
		line := pad(row[0].Attack, name)
		for j, v := range row {
			cell, paint := m.cell(v)
			line += "  " + paint(cell) + strings.Repeat(" ", widths[j]-width(cell))
		}
		m.line(line)
	}
}

// cell is the mark of a verdict.
func (m *matrix) cell(v replay.Verdict) (string, func(string) string) {
	switch {
	case v.Outcome == replay.Stopped:
		return m.ui("replay_mark.stopped"), m.paint.good
	case v.Outcome == replay.NotStopped:
		return m.ui("replay_mark.not_stopped"), m.paint.bad
	case v.Limit == replay.ByTime:
		return "<" + strings.ReplaceAll(m.say.span(v.Until), " ", ""), m.paint.secret
	}
	return fmt.Sprintf("%dx", v.Times), m.paint.secret
}

// legend says what the marks and the headings mean.
func (m *matrix) legend() {
	n := 0
	for _, o := range replay.Outcomes() {
		n = max(n, width(m.ui("replay_mark."+string(o))))
	}
	for _, o := range replay.Outcomes() {
		m.row(0, m.ui("replay_mark."+string(o)), n, narrate.Fill(m.say.get(narrate.UI, "replay_mark."+string(o)).Text, map[string]string{"times": m.times()}), nil)
	}
	line := "" // wrapped here, so that no name is parted from what it stands for
	for _, v := range m.rows[0] {
		if len(v.Defences) == 0 {
			continue
		}
		column := m.heading(v.Defences) + "=" + strings.Join(v.Defences, ",")
		switch longer := line + m.say.semicolon() + column; {
		case line == "":
			line = column
		case width(longer) < m.width:
			line = longer
		default:
			m.line(strings.TrimRight(line+m.say.semicolon(), " "))
			line = column
		}
	}
	m.line(line)
}

// times are when the attacks that wait try.
func (m *matrix) times() string {
	var times []string
	for _, d := range replay.Times(m.o) {
		times = append(times, m.say.span(d))
	}
	return m.say.list(times)
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
		m.note("recording", "alone", m.say.span(alone), "fresh", m.say.span(fresh))
	}
	for _, key := range []string{"lifetime", "memory", "key", "retry"} {
		m.note(key)
	}
}

func (m *matrix) note(key string, pairs ...string) {
	m.hang("- ", 2, m.ui("replay_note."+key, pairs...), nil)
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
func WriteReplayList(w io.Writer, o TerminalOptions) error {
	l := &matrix{page: o.page(w), say: o.voice()}
	head := func(key string) {
		e := l.say.get(narrate.UI, key)
		l.line(l.paint.bold(e.Title))
		l.text(2, e.Text, l.paint.dim)
	}
	n := 0
	for _, a := range replay.Attacks() {
		n = max(n, width(a.Name))
	}
	head("replay_list_attacks")
	for _, a := range replay.Attacks() {
		about := l.ui("replay_attack." + a.Name)
		for _, loot := range a.Stolen {
			about = l.say.aside(about, l.ui("replay_stolen."+string(loot)))
		}
		l.row(2, a.Name, n+1, about, nil)
	}
	l.blank()
	head("replay_list_defences")
	for _, d := range replay.Defences() {
		l.row(2, d, n+1, l.ui("replay_defence."+d), nil)
	}
	l.blank()
	e := l.say.get(narrate.UI, "replay_list_next")
	l.line(e.Title)
	l.line(e.Text)
	return l.err()
}
