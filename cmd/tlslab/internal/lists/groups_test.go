package lists

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Whatever the language, the widest names and a slow machine: no line has more than 80
// columns, and every column ends, or begins, at the same place in every row.
func TestGroupsPage(t *testing.T) {
	var rows []groupRow
	for i, g := range slices.Concat(kx.All(), private.Groups()) {
		rows = append(rows, groupRow{group: g, about: g.(kx.Described).Describe(), micro: []float64{9, 123456.4}[i%2], count: 9999})
	}
	for _, l := range narrate.Langs() {
		for _, some := range [][]groupRow{rows, rows[:5], rows[1:2]} {
			var b bytes.Buffer
			if err := (groupsPage{lang: l, rows: some}).write(&b); err != nil {
				t.Fatal(err)
			}
			table, rest, _ := strings.Cut(b.String(), "\n\n")
			for line := range strings.Lines(b.String()) {
				if n := sheet.Width(strings.TrimRight(line, "\n")); n > 80 {
					t.Errorf("%s: %d columns: %s", l, n, line)
				}
			}
			var last []int
			for i, line := range strings.Split(table, "\n") {
				// Name and kind begin, the numbers before the last column end at one place.
				if i > 0 && !slices.Equal(edges(line), last) {
					t.Errorf("%s: the columns of\n%s\nare at %d, those above at %d", l, line, edges(line), last)
				}
				last = edges(line)
			}
			for _, r := range some {
				if strings.Count(rest, "\n"+r.group.Name()+" ") != 1 {
					t.Errorf("%s: %s is not once in the chart", l, r.group.Name())
				}
			}
			if strings.Contains(b.String(), "\x1b") {
				t.Errorf("%s: coloured unasked", l)
			}
		}
	}
	var b bytes.Buffer
	if err := (groupsPage{lang: narrate.En, color: true, rows: rows}).write(&b); err != nil || !strings.Contains(b.String(), "\x1b[32myes") {
		t.Errorf("%v: no colour in\n%q", err, b.String())
	}
}

// edges returns, in columns, where a row's fields begin if they are flush left, and end
// if they are flush right.
func edges(line string) []int {
	var out []int
	at := 0
	for i, f := range strings.Fields(line) {
		start := at + strings.Index(line[at:], f)
		at = start + len(f)
		if flushRight := i == 0 || i >= 3 && i <= 5; flushRight {
			start = at
		}
		out = append(out, sheet.Width(line[:start]))
	}
	return out
}

// Marks are to scale, and no share is without one.
func TestGroupsChart(t *testing.T) {
	var rows []groupRow
	for _, g := range []kx.Group{kx.X25519, kx.MLKEM512} {
		rows = append(rows, groupRow{group: g, about: g.(kx.Described).Describe()})
	}
	var b strings.Builder
	groupsPage{lang: narrate.En, rows: rows}.chart(&b, 8)
	want := "Bytes on the wire: the offer > and its answer <, 30 bytes or a part to a mark\n" +
		"x25519       64  >><<\n" +
		"MLKEM512   1568  " + strings.Repeat(">", 27) + strings.Repeat("<", 26) + "\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestGroupsJSON(t *testing.T) {
	rows, err := measureGroups([]kx.Group{kx.X25519MLKEM768})
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].count < 1 || rows[0].micro <= 0 {
		t.Errorf("%+v", rows[0])
	}
	rows[0].micro, rows[0].count = 1.5, 7
	var b bytes.Buffer
	if err := writeGroupsJSON(&b, rows); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Compact(&got, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	want := `{"tlslab":1,"certificates_quantum_safe":false,"groups":[{"id":{"hex":"0x11ec","name":"X25519MLKEM768","value":4588},` +
		`"kind":"hybrid","offer_bytes":1216,"answer_bytes":1120,"secret_bytes":64,"hybrid":true,"quantum_safe":true,"microseconds":1.5,"exchanges":7}]}`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
}

// Groups take turns, so that what holds the machine up holds up all of them, and the
// quickest exchange counts: a hybrid is not quicker than its part. By a clock of our own.
func TestGroupsAreMeasuredInTurns(t *testing.T) {
	takes := map[kx.Group]float64{kx.X25519: 100, kx.X25519MLKEM768: 150}
	rows := []groupRow{{group: kx.X25519MLKEM768}, {group: kx.X25519}}
	now, calls := 0.0, []kx.Group{}
	err := measure(rows, func() float64 { return now }, func(g kx.Group) error {
		calls = append(calls, g)
		now += takes[g]
		if n := len(calls); n <= 2 || n%5 == 0 {
			now += 40000 // something else has the processor
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range calls {
		if g != rows[i%2].group {
			t.Fatalf("exchange %d is over %s", i, g.Name())
		}
	}
	for _, r := range rows {
		if r.micro != takes[r.group] || r.count != len(calls)/2 || r.count < fewest {
			t.Errorf("%s: %v µs in %d of %d exchanges", r.group.Name(), r.micro, r.count, len(calls))
		}
	}
	var text, doc bytes.Buffer
	for i := range rows {
		rows[i].about = rows[i].group.(kx.Described).Describe()
	}
	if err := (groupsPage{lang: narrate.En, rows: rows}).write(&text); err != nil {
		t.Fatal(err)
	}
	if err := writeGroupsJSON(&doc, rows); err != nil {
		t.Fatal(err)
	}
	n := fmt.Sprint(rows[0].count)
	if !strings.Contains(text.String(), "the quickest of "+n+".") || strings.Count(doc.String(), `"exchanges": `+n) != 2 {
		t.Errorf("text and JSON do not both say %s:\n%s%s", n, &text, &doc)
	}
}

// Each list is in the language that is asked for, by --lang or by the environment: its headings, and what
// it remarks.
func TestListsAreInTheLanguage(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	for list, words := range map[string]string{"suites": "备注", "groups": "抗量子", "schemes": "名称", "states": "客户端"} {
		for lang, want := range map[string]bool{"zh": true, "en": false} {
			var b bytes.Buffer
			clitest.Command(cli.Root(&cobra.Command{Use: "tlslab"}, NewList()), t.Context(), strings.NewReader(""), &b, &b, "list", list, "--lang", lang)
			if strings.Contains(b.String(), words) != want || b.Len() < 100 {
				t.Errorf("list %s in %s:\n%s", list, lang, b.String())
			}
		}
	}
}
