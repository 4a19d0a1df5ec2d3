package explain

import (
	"slices"
	"strconv"
	"strings"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/suite"
)

// readers writes who can read what of a recording: a table of a file's connections, or of the parts
// of one. A letter behind a cell leads to the reason below the table.
type readers struct {
	*sheet.Page
	say sheet.Voice

	who    []string // the onlookers that have a column
	widths []int    // of the columns: what stands first, and one for each onlooker
	narrow bool     // there is no room for columns
	rows   [][]string
	marks  []explain.WhyNot // by their letters
	points map[string]bool  // what the table has an example of
}

// newReaders returns a table with a column for each onlooker who has one: somebody with a pre-shared
// key only where that matters.
func newReaders(p *sheet.Page, say sheet.Voice, psk bool) *readers {
	r := &readers{Page: p, say: say, points: map[string]bool{}}
	for _, who := range explain.OnlookerParties() {
		if who != explain.PSKThief || psk {
			r.who = append(r.who, who)
		}
	}
	return r
}

// words is an entry of what recordings are told with.
func (r *readers) words(key string, pairs ...string) (title, text string) {
	return recorded(r.say.Lang, key, pairs...)
}

// columns are the heads of the onlookers' columns.
func (r *readers) columns() (out []string) {
	for _, who := range r.who {
		out = append(out, r.say.UI("page.onlooker."+who))
	}
	return out
}

// head begins the table; first is what stands before the onlookers' columns, and takes what room they leave.
func (r *readers) head(first ...string) {
	const cell, bare = 11, 8 // "untried (a)"; the listener's are never untried
	r.widths = nil
	left := r.Width - 2*len(first)
	for i, h := range r.columns() {
		w := max(cell, sheet.Width(h))
		if r.who[i] == explain.Listener {
			w = max(bare, sheet.Width(h))
		}
		r.widths = append(r.widths, w)
		left -= w + 2
	}
	fixed := []int{max(left, 12)}
	if len(first) == 3 { // a number, a name, an exchange
		kind := min(max(left-numberWide-12, 10), 18)
		fixed = []int{numberWide, left - numberWide - kind, kind}
		r.narrow = fixed[1] < 8
	} else {
		r.narrow = left < 12
	}
	r.widths = append(fixed, r.widths...)
	if r.narrow && !r.Takes() {
		return // each cell is named beside it
	}
	r.row(append(first, r.columns()...), nil, r.Paint.Dim)
}

// row writes a row; sights are of the last cells, for their paint.
func (r *readers) row(cells []string, sights []explain.Sight, all func(string) string) {
	paint := func(i int, text string) string {
		shade := all
		if k := i - (len(cells) - len(sights)); k >= 0 {
			shade = map[explain.Sight]func(string) string{explain.Reads: r.Paint.Bad, explain.Partly: r.Paint.Bad, explain.Closed: r.Paint.Good, explain.Untried: r.Paint.Dim}[sights[k]]
		}
		if shade == nil {
			return text
		}
		return shade(text)
	}
	if r.Takes() {
		for i, c := range cells {
			cells[i] = paint(i, c)
		}
		r.rows = append(r.rows, cells)
		return
	}
	first, rest := "", 0
	if len(r.widths)-len(r.who) == 3 { // a number
		first, rest = sheet.Flush(cells[0], max(numberWide, sheet.Width(cells[0]))), 1
	}
	if r.narrow {
		r.named(first, cells[rest:])
		return
	}
	row := make([]cell, 0, len(cells))
	for i, c := range cells[rest:] {
		row = append(row, cell{c, r.widths[rest+i]})
	}
	if first != "" { // a long one takes its room from the name
		row[0].wide -= sheet.Width(first) - numberWide
	}
	for _, line := range across(first, row, func(i int, part string) string { return paint(rest+i, part) }) {
		r.Line(line)
	}
}

// named writes a row where there is no room for columns: each onlooker's cell behind his name.
func (r *readers) named(first string, cells []string) {
	mine := len(cells) - len(r.who)
	text, stop := cli.Enumerated(r.say.Lang, cells[:mine]), "; "
	if r.say.Lang == narrate.Zh {
		stop = "；"
	}
	for i, head := range r.columns() {
		text += stop + head + cli.ColonOf(r.say.Lang) + cells[mine+i]
	}
	lead := "- "
	if first != "" {
		lead = first + strings.Repeat(" ", gap)
	}
	r.Hang(lead, sheet.Width(lead), text, nil)
}

// cell is what an onlooker makes of something, and the letters of the reasons; bare is what the
// listener does.
func (r *readers) cell(o *explain.Onlooker, s, bare explain.Sight, whys ...explain.WhyNot) string {
	title, _ := r.words("sight/" + string(s))
	if s == explain.Reads {
		if o.Session > 0 && bare != explain.Reads {
			title, _ = r.words("sight/reads+session", "n", strconv.Itoa(o.Session))
		}
		return title
	}
	if o.Why == "" || o.Why == explain.Keyless || o.Party == explain.Listener { // whose column is narrow; the others have the letter
		return title
	}
	if s == explain.Untried && !slices.Contains(beyondKeys, o.Why) {
		whys = []explain.WhyNot{o.Missing()}
	}
	var letters []string
	for _, why := range whys {
		letters = append(letters, r.letter(why))
	}
	return title + " (" + strings.Join(letters, ",") + ")"
}

// whole is why an onlooker does not read a whole connection: of early data it may be for another reason.
func whole(c *explain.Connection, o *explain.Onlooker) []explain.WhyNot {
	whys := []explain.WhyNot{o.Why}
	for _, t := range c.Parts {
		if why := o.WhyOf(t.Part); why == explain.EarlyPSK {
			whys = append(whys, why)
		}
	}
	return whys
}

// beyondKeys are why nothing was tried whatever keys are there.
var beyondKeys = []explain.WhyNot{explain.OverQUIC, explain.OldVersion, explain.AlienSuite, explain.Unheard}

// letter is a reason's.
func (r *readers) letter(why explain.WhyNot) string {
	for i, w := range r.marks {
		if w == why {
			return string(rune('a' + i))
		}
	}
	r.marks = append(r.marks, why)
	return string(rune('a' + len(r.marks) - 1))
}

// connection is a row of a file's table.
func (r *readers) connection(c *explain.Connection) {
	if r.widths == nil {
		r.head(r.say.UI("cmd.explain_head_n"), r.say.UI("cmd.explain_head_host"), "TLS")
	}
	kind := exchangeIn(r.say.Lang, c)
	if su := suite.ByID(c.Suite); su != nil && !c.Resumed && c.Version != iana.TLS13 {
		kind = su.Kx.String() // what the lesson is about
	}
	over := strings.TrimPrefix(version(c), "TLS ")
	if c.QUIC != nil {
		over = "QUIC"
	}
	kind = strings.TrimSpace(over + " " + kind)
	cells := []string{strconv.Itoa(c.Number), host(c), kind}
	var sights []explain.Sight
	for i := range c.Onlookers {
		o := &c.Onlookers[i]
		r.learn(c, o)
		if r.column(o.Party) {
			cell := r.cell(o, o.Whole, c.Onlookers[0].Whole, whole(c, o)...)
			if c.Onlookers[0].Whole == explain.Reads && c.QUIC == nil { // then it is no secret from anybody
				cell, _ = r.words("sight/clear")
			}
			cells, sights = append(cells, cell), append(sights, o.Whole)
		}
	}
	r.row(cells, sights, nil)
}

// parts is the table of one connection.
func (r *readers) parts(c *explain.Connection) {
	r.head("")
	for i, t := range c.Parts {
		part, _ := r.words("part/" + t.Part.String())
		if !t.Sure {
			part, _ = r.words("part_unsure", "part", part)
		}
		cells := []string{part}
		var sights []explain.Sight
		for k := range c.Onlookers {
			if o := &c.Onlookers[k]; r.column(o.Party) {
				cells, sights = append(cells, r.cell(o, o.Parts[i], c.Onlookers[0].Parts[i], o.WhyOf(t.Part))), append(sights, o.Parts[i])
			}
		}
		r.row(cells, sights, nil)
	}
	for i := range c.Onlookers {
		r.learn(c, &c.Onlookers[i])
	}
}

func (r *readers) column(party string) bool {
	for _, who := range r.who {
		if who == party {
			return true
		}
	}
	return false
}

// points are what a table can have an example of, in the order in which it is said.
var points = []string{"computed", "signs", "given", "session"}

// learn notes what a connection is an example of.
func (r *readers) learn(c *explain.Connection, o *explain.Onlooker) {
	opened := o.Whole == explain.Reads && c.Onlookers[0].Whole != explain.Reads
	switch {
	case o.Session > 0 || o.Why == explain.Elsewhere:
		r.points["session"] = true
	case o.Party == explain.Thief && opened:
		r.points["computed"] = true
	case o.Party == explain.Thief && o.Why == explain.OnlySigns:
		r.points["signs"] = true
	case o.Party == explain.LogReader && opened:
		r.points["given"] = true
	}
}

// end ends the table, and says below it who they are, what the letters mean, and what it shows.
func (r *readers) end() {
	if r.Takes() && len(r.rows) > 0 {
		r.Put(sheet.Block{Kind: sheet.Table, Rows: r.rows})
	}
	if r.widths == nil {
		return
	}
	r.Blank()
	for _, who := range r.who {
		r.Text(2, r.say.UI("flights.who."+who), r.Paint.Dim)
	}
	for i, why := range r.marks {
		said, _ := r.words("whynot/" + string(why))
		r.Hang("  ("+string(rune('a'+i))+") ", 6, said, nil)
	}
	for _, p := range points {
		if r.points[p] {
			said, _ := r.words("point/" + p)
			r.Hang("- ", 2, said, nil)
		}
	}
}
