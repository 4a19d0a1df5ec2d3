package page_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// An attacker gives a first attempt up, then makes a second: what he did about the first stands
// before the second. There the server gets a record that does not open: that has an arrow, before
// the alert that says so.
func TestAttempts(t *testing.T) {
	doc := parse(t, pageOf(t, "ticket", page.Options{Lang: narrate.En}))
	act := all(doc, func(n *html.Node) bool { return attr(n, "data-flow") == "captured_session" })
	if len(act) != 1 {
		t.Fatalf("%d acts", len(act))
	}
	var order []string
	for _, row := range all(act[0], func(n *html.Node) bool { return has(n, "row") }) {
		summary := all(row, func(n *html.Node) bool { return n.Data == "summary" })[0]
		order = append(order, attr(row, "id")+" "+textOf(summary))
	}
	at := func(what string) int {
		return slices.IndexFunc(order, func(s string) bool { return strings.Contains(s, what) })
	}
	gaveUp, second, record, alert := at("has failed, and sends nothing"), at("c5.client_hello"), at("a record that does not open"), at("c5.alert")
	if first := at("c4.finished"); first < 0 || !(first < gaveUp && gaveUp < second && second < record && record < alert) {
		t.Errorf("first attempt %d, given up %d, second %d, record %d, alert %d:\n%s", first, gaveUp, second, record, alert, strings.Join(order, "\n"))
	}
	if s := order[record]; !strings.Contains(s, "attacker → server") || !strings.Contains(s, "encrypted") {
		t.Error(s)
	}
}
