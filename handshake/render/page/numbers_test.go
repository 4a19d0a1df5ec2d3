package page_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
)

// numberedLine is how the terminal heads a message: its number, and between whom it goes.
var numberedLine = regexp.MustCompile(`^ ?(\d+) \S+ (?:-->|<--) \S+  `)

// An arrow has the number that the terminal gives the message: that is what --message takes.
// Alerts have none in the terminal, and none on the page.
func TestNumbersAreTheTerminals(t *testing.T) {
	for name := range rendertest.Lessons() {
		want := map[string]string{} // by the number of an event
		o := render.TerminalOptions{Lang: narrate.En}
		o.Take = func(about event.Event, b sheet.Block) {
			if m := numberedLine.FindStringSubmatch(sheet.Unpainted(b.Label + b.Text)); m != nil && about != nil {
				want[fmt.Sprint(about.Head().Seq)] = m[1]
			}
		}
		term := lesson.NewTerminal(nil, o)
		for _, e := range rendertest.Play(t, name).Events() {
			term.Event(e)
		}
		if err := term.Close(); err != nil {
			t.Fatal(err)
		}
		doc := parse(t, pageOf(t, name, page.Options{}))
		found := 0
		for _, arrow := range all(doc, func(n *html.Node) bool { return has(n, "arrow") && has(n, "row") }) {
			n := textOf(all(arrow, func(n *html.Node) bool { return attr(n, "class") == "n" })[0])
			n = strings.TrimSpace(n[strings.LastIndexByte(n, '.')+1:])
			seqs := strings.Fields(attr(arrow, "data-seq"))
			i := slices.IndexFunc(seqs, func(s string) bool { return want[s] != "" })
			switch alert := strings.Contains(attr(arrow, "id"), ".alert"); {
			case alert && n != "":
				t.Errorf("%s: %s has number %s", name, attr(arrow, "id"), n)
			case i >= 0 && want[seqs[i]] != n:
				t.Errorf("%s: %s has number %q, and %s in the terminal", name, attr(arrow, "id"), n, want[seqs[i]])
			case i >= 0:
				found++
			}
		}
		if found < len(want) || found < 4 {
			t.Errorf("%s: %d of %d numbers of the terminal are found", name, found, len(want))
		}
	}
}
