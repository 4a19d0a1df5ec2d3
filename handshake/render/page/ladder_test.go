package page_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
)

func has(n *html.Node, class string) bool {
	for _, c := range strings.Fields(attr(n, "class")) {
		if c == class {
			return true
		}
	}
	return false
}

// A flight is what one party sends at a stretch, and before it stands the one row of the work that
// led to it. Each message is one arrow, though both its ends tell of it; each event that is told stands in one place.
func TestLadder(t *testing.T) {
	for name := range rendertest.Lessons() {
		doc := parse(t, pageOf(t, name, page.Options{}))
		for _, act := range all(doc, func(n *html.Node) bool { return has(n, "act") }) {
			for _, flight := range all(act, func(n *html.Node) bool { return has(n, "flight") }) {
				from, works, arrows := "", 0, 0
				for _, row := range all(flight, func(n *html.Node) bool { return has(n, "row") }) {
					switch {
					case has(row, "work"):
						if works++; works > 1 || arrows > 0 {
							t.Errorf("%s: %s is not the one row of work before its flight", name, attr(row, "id"))
						}
						if arrows == 0 {
							from = attr(row, "data-party")
						}
					case has(row, "arrow"):
						if arrows++; from != "" && from != attr(row, "data-from") {
							t.Errorf("%s: %s is in a flight of %s", name, attr(row, "id"), from)
						}
						from = attr(row, "data-from")
					}
				}
			}
		}
		sent := 0
		for _, e := range rendertest.Play(t, name).Events() {
			if m, ok := e.(*event.Message); ok && m.Dir == event.Send {
				sent++
			}
		}
		arrows := all(doc, func(n *html.Node) bool { return has(n, "arrow") && has(n, "row") })
		if len(arrows) < sent || sent == 0 {
			t.Errorf("%s: %d arrows for %d messages that were sent", name, len(arrows), sent)
		}
		place := map[string]string{}
		for _, n := range all(doc, func(n *html.Node) bool {
			return attr(n, "data-seq") != "" && !has(n, "work") && !has(n, "knows") && attr(n, "data-kind") != "myth"
		}) {
			for _, seq := range strings.Fields(attr(n, "data-seq")) {
				if place[seq] != "" {
					t.Errorf("%s: event %s is told at %s and at %s", name, seq, place[seq], attr(n, "id"))
				}
				place[seq] = attr(n, "id")
			}
		}
	}
}
