package page_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/scenario"
)

// The page of plain run speaks for all its exchanges: title, sentences, and a table of who reads
// which recording; each is an act, the first one open.
func TestPageOfSeveralExchanges(t *testing.T) {
	played, err := scenario.Run(t.Context(), scenario.Options{Seed: "page"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	doc := parse(t, pageOfEvents(t, played.Events(), page.Options{Lang: narrate.En}))
	h1 := textOf(all(doc, func(n *html.Node) bool { return n.Type == html.ElementNode && n.Data == "h1" })[0])
	if !strings.Contains(h1, "3 exchanges") {
		t.Errorf("it is called %q", h1)
	}
	acts := all(doc, func(n *html.Node) bool { return has(n, "act") })
	var open []string
	for _, a := range acts {
		for _, x := range a.Attr {
			if x.Key == "open" {
				open = append(open, attr(a, "data-flow"))
			}
		}
	}
	if len(acts) != 3 || len(open) != 1 || open[0] != "rsa" {
		t.Errorf("%d acts, of which %q are open", len(acts), open)
	}
	got := map[string]string{}
	for _, tr := range all(doc, func(n *html.Node) bool { return n.Data == "tr" && has(n.Parent.Parent, "readers") }) {
		for _, c := range all(tr, func(n *html.Node) bool { return attr(n, "data-onlooker") != "" }) {
			got[textOf(all(tr, func(n *html.Node) bool { return n.Data == "a" })[0])+" "+attr(c, "data-onlooker")] = attr(c, "data-access")
		}
	}
	for cell, want := range map[string]event.Access{"RSA listener": event.AccessSealed, "RSA thief": event.AccessLater, "ECDHE thief": event.AccessSealed, "TLS 1.3 thief": event.AccessSealed, "TLS 1.3 listener": event.AccessSealed} {
		if got[cell] != string(want) {
			t.Errorf("%s: %q, want %q", cell, got[cell], want)
		}
	}
}

// What leg A and leg B are is said once, at the ladder's head, wherever an arrow has a leg.
func TestLegsAreExplained(t *testing.T) {
	middle := 0
	for name := range rendertest.Lessons() {
		doc := parse(t, pageOf(t, name, page.Options{Lang: narrate.En}))
		legs := all(doc, func(n *html.Node) bool { return has(n, "legs") })
		if arrows := all(doc, func(n *html.Node) bool { return strings.HasPrefix(attr(n, "data-leg"), "leg ") }); len(arrows) == 0 {
			if len(legs) > 0 {
				t.Errorf("%s has legs, and no arrow on one", name)
			}
			continue
		}
		middle++
		if len(legs) == 0 || !strings.Contains(textOf(legs[0]), "leg A: client — interceptor") || !strings.Contains(textOf(legs[0]), "leg B: interceptor — server") {
			t.Errorf("%s: the legs are not explained: %d", name, len(legs))
		}
	}
	if middle == 0 {
		t.Error("no lesson has a middle box")
	}
}
