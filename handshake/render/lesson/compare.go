package lesson

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// WriteComparison writes what scenario.Compare found: for each chain a table of what the
// ways took, full handshake and resumed one side by side; the time to the first byte of
// the reply as bars; and what is not in these numbers. Of the options it heeds Lang,
// Color and Width.
func WriteComparison(w io.Writer, ways []scenario.Way, o render.TerminalOptions) error {
	c := &comparison{Page: o.Page(w), say: o.Voice(), ways: ways}
	if len(ways) == 0 {
		return nil
	}
	c.Text(0, c.ui("compare_intro", "rtt", milliseconds(ways[0].RTT)), nil)
	for rest := ways; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(x scenario.Way) bool { return x.KeyAlg != rest[0].KeyAlg || x.Stapled != rest[0].Stapled })
		if n < 0 {
			n = len(rest)
		}
		c.table(rest[:n])
		rest = rest[n:]
	}
	c.Blank()
	c.columns()
	c.chart()
	c.notes()
	return c.Err()
}

type comparison struct {
	*sheet.Page
	say  sheet.Voice
	ways []scenario.Way
}

func (c *comparison) ui(key string, pairs ...string) string { return c.say.UI(key, pairs...) }

// name is what a way is called.
func (c *comparison) name(way string) string { return c.ui("compare_way." + way) }

// column is one number of a way.
type column struct {
	key string // of its heading, "compare_column." before it
	of  func(*scenario.Count) int
}

var compareColumns = []column{
	{"messages", func(c *scenario.Count) int { return c.Messages }},
	{"bytes", func(c *scenario.Count) int { return c.Bytes }},
	{"signed", func(c *scenario.Count) int { return c.Signed }},
	{"verified", func(c *scenario.Count) int { return c.Verified }},
	{"scalar", func(c *scenario.Count) int { return c.ScalarMults }},
	{"other", func(c *scenario.Count) int { return c.RSA + c.KEM + c.Powers }},
	{"trips", func(c *scenario.Count) int { return c.RoundTrips }},
}

// table is one chain's ways.
func (c *comparison) table(ways []scenario.Way) {
	c.Blank()
	key := "compare_chain"
	if ways[0].Stapled {
		key = "compare_chain_stapled"
	}
	c.Title(0, c.ui(key, "alg", keyAlgName(ways[0].KeyAlg)))
	rows := [][]string{{""}}
	for _, col := range compareColumns {
		rows[0] = append(rows[0], c.ui("compare_column."+col.key))
	}
	for _, w := range ways {
		row := []string{c.name(w.Name)}
		for _, col := range compareColumns {
			cell := fmt.Sprint(col.of(&w.Count))
			if w.Full != nil {
				cell = fmt.Sprint(col.of(w.Full)) + " > " + cell
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	if c.Takes() {
		c.Put(sheet.Block{Kind: sheet.Table, Rows: rows})
		return
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], sheet.Width(cell))
		}
	}
	for i, row := range rows {
		line := sheet.Pad(row[0], widths[0])
		for j, cell := range row[1:] {
			line += strings.Repeat(" ", 2+widths[j+1]-sheet.Width(cell)) + cell
		}
		if i == 0 {
			line = c.Paint.Dim(line)
		}
		c.Line(line)
	}
}

// keyAlgName is how the field writes one of lesson.KeyAlgs.
func keyAlgName(alg string) string {
	switch alg {
	case "ecdsa":
		return "ECDSA P-256"
	case "p384", "p521":
		return "ECDSA P-" + alg[1:]
	case "ed25519", "ed448":
		return "Ed" + alg[2:]
	}
	return strings.ToUpper(alg)
}

// columns says what the headings mean.
func (c *comparison) columns() {
	n := sheet.Width(">")
	for _, col := range compareColumns {
		n = max(n, sheet.Width(c.ui("compare_column."+col.key)))
	}
	for _, col := range compareColumns {
		c.Row(0, c.ui("compare_column."+col.key), n+1, c.ui("compare_about."+col.key), nil)
	}
	c.Row(0, ">", n+1, c.ui("compare_about.resumed"), nil)
}

// chart draws each way's time once; chains that differ in it each have a bar.
func (c *comparison) chart() {
	type bar struct {
		name                   string
		tcp, handshake, answer time.Duration
	}
	var bars []bar
	for _, w := range c.ways {
		b := bar{c.name(w.Name), min(w.RTT, w.Sent), max(0, w.Sent-w.RTT), w.FirstByte - w.Sent}
		if !slices.Contains(bars, b) {
			bars = append(bars, b)
		}
	}
	name, number, most := 0, 0, time.Duration(1)
	total := func(b bar) time.Duration { return b.tcp + b.handshake + b.answer }
	for _, b := range bars {
		name, number = max(name, sheet.Width(b.name)), max(number, sheet.Width(milliseconds(total(b))))
		most = max(most, total(b))
	}
	// Each round trip has a whole number of marks, where there is room for it.
	room := c.Width - name - number - 4
	rtt := c.ways[0].RTT
	marks := func(d time.Duration) int { return int((d*time.Duration(room) + most/2) / most) }
	if per := time.Duration(room) * rtt / most; per > 0 {
		marks = func(d time.Duration) int { return int((d*per + rtt/2) / rtt) }
	}
	c.Blank()
	c.Title(0, c.ui("compare_chart"))
	for _, b := range bars {
		took := milliseconds(total(b))
		line := c.Paint.Dim(strings.Repeat(".", marks(b.tcp))) + c.Paint.Secret(strings.Repeat("=", marks(b.handshake))) + c.Paint.Good(strings.Repeat(">", marks(b.answer)))
		if c.Takes() {
			c.Put(sheet.Block{Kind: sheet.Bar, Label: b.name, Text: line + " " + took})
			continue
		}
		c.Line(sheet.Pad(b.name, name) + "  " + strings.Repeat(" ", number-sheet.Width(took)) + took + "  " + line)
	}
	c.Text(0, c.ui("compare_marks"), nil)
}

// notes are what the numbers do not say.
func (c *comparison) notes() {
	has := func(f func(*scenario.Way) bool) bool {
		return slices.ContainsFunc(c.ways, func(w scenario.Way) bool { return f(&w) })
	}
	c.Blank()
	if has(func(w *scenario.Way) bool { return w.Replayable }) {
		c.Text(0, c.ui("compare_replay"), c.Paint.Bad)
	}
	if has(func(w *scenario.Way) bool { return w.Name == "false_start" }) {
		c.Text(0, c.ui("compare_false_start"), nil)
	}
	if has(func(w *scenario.Way) bool { return strings.HasPrefix(keyAlgName(w.KeyAlg), "ECDSA") }) {
		c.Text(0, c.ui("compare_ecdsa"), nil)
	}
	if has(func(w *scenario.Way) bool { return w.KeyAlg != "rsa" }) {
		c.Text(0, c.ui("compare_no_rsa"), nil)
	}
	if way, sizes := c.sizes(); len(sizes) > 1 {
		c.Text(0, c.ui("compare_certificates", "way", c.name(way), "sizes", c.say.List(sizes)), nil)
	}
	if groups := c.groups(); len(groups) > 0 {
		c.Text(0, c.ui("compare_groups", "groups", c.say.List(groups)), nil)
	}
	largest := 0
	for _, w := range c.ways {
		largest = max(largest, w.LargestFlight)
		if w.Full != nil {
			largest = max(largest, w.Full.LargestFlight)
		}
	}
	c.Text(0, c.ui("compare_not_counted"), nil)
	key := "compare_fits_window"
	if largest > initialWindow {
		key = "compare_exceeds_window"
	}
	c.Text(0, c.ui(key, "n", fmt.Sprint(largest), "window", fmt.Sprint(initialWindow)), nil)
}

// sizes are the bytes of one way's full handshake, with each kind of certificate that was
// played: of the first way that differs in nothing but that.
func (c *comparison) sizes() (way string, sizes []string) {
	for _, first := range c.ways {
		sizes = nil
		var algs []string
		for _, w := range c.ways {
			if w.Name == first.Name && w.Full == nil && w.Stapled == first.Stapled && !slices.Contains(algs, w.KeyAlg) {
				algs = append(algs, w.KeyAlg)
				sizes = append(sizes, c.ui("compare_size", "n", fmt.Sprint(w.Bytes), "alg", keyAlgName(w.KeyAlg)))
			}
		}
		if len(sizes) > 1 {
			return first.Name, sizes
		}
	}
	return "", nil
}

// initialWindow is how many bytes TCP sends before the first acknowledgement: ten
// segments of an Ethernet's size (RFC 6928 §2).
const initialWindow = 10 * 1460

// groups names those that keys were agreed in.
func (c *comparison) groups() []string {
	var groups []string
	for _, w := range c.ways {
		if w.Group != "" && !slices.Contains(groups, w.Group) {
			groups = append(groups, w.Group)
		}
	}
	return groups
}

// milliseconds shows a time with no more digits than it has.
func milliseconds(d time.Duration) string {
	s := fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
	return strings.TrimRight(strings.TrimRight(s, "0"), ".") + " ms"
}
