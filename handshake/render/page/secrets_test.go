package page_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
)

// Anybody has a value of the grid just if it is there in bytes that whoever listens has read, as
// it was tried: not by what the value is called. A value that one end makes and sends stands in
// that end's column.
func TestWhatAnybodyHas(t *testing.T) {
	seen := map[string]string{} // by label: what anybody has of it
	for name := range rendertest.Lessons() {
		values := map[string]*event.Secret{}
		clear, sentBy := map[int][][]byte{}, map[string]string{}
		for _, e := range rendertest.Play(t, name).Events() {
			switch e := e.(type) {
			case *event.Secret:
				values[fmt.Sprint(e.Seq)] = e
			case *event.Onlooked:
				for _, r := range e.Records {
					if r.Of("listener") == event.AccessReads {
						clear[e.Conn] = append(clear[e.Conn], r.Wire)
					}
				}
			case *event.Message:
				if role, _, _ := strings.Cut(e.Move, "/"); e.Dir == event.Send {
					for _, f := range e.Fields {
						if f.Leaf() && f.Len > 8 && sentBy[fmt.Sprint(e.Conn, e.Raw[f.Off:f.Off+f.Len])] == "" {
							sentBy[fmt.Sprint(e.Conn, e.Raw[f.Off:f.Off+f.Len])] = map[string]string{"client": "left", "server": "right"}[role]
						}
					}
				}
			}
		}
		doc := parse(t, pageOf(t, name, page.Options{}))
		items := map[string]string{} // the number of an item's event
		for _, n := range all(doc, func(n *html.Node) bool { return attr(n, "data-kind") == "secret" }) {
			items["#"+attr(n, "id")] = strings.Fields(attr(n, "data-seq"))[0]
		}
		for _, cell := range all(doc, func(n *html.Node) bool { return has(n, "secret") }) {
			link := all(cell, func(n *html.Node) bool { return n.Data == "a" })[0]
			s := values[items[attr(link, "href")]]
			if s == nil {
				t.Errorf("%s: %s leads to no secret", name, attr(cell, "id"))
				continue
			}
			sent := slices.ContainsFunc(clear[s.Conn], func(b []byte) bool { return bytes.Contains(b, s.Value) })
			known := slices.Contains(strings.Fields(attr(cell, "data-knows")), "anybody")
			if sent != known {
				t.Errorf("%s: %s: anybody has it: %v, and it was there to read: %v", name, attr(cell, "id"), known, sent)
			}
			seen[string(s.Label)] += fmt.Sprint(known)
			if by := sentBy[fmt.Sprint(s.Conn, s.Value)]; by != "" && !has(cell, by) {
				t.Errorf("%s: %s stands in %s, and is sent by %s", name, attr(cell, "id"), attr(cell, "class"), by)
			}
		}
	}
	for label, want := range map[event.SecretLabel]string{event.LabelCertificateVerifySignature: "false", event.LabelPSKBinder: "true", event.LabelServerKeyShare: "true", event.LabelServerKeyExchangeSignature: "true"} {
		if !strings.Contains(seen[string(label)], want) {
			t.Errorf("%s: %q", label, seen[string(label)])
		}
	}
	if strings.Contains(seen[string(event.LabelMasterSecret)], "true") || seen[string(event.LabelMasterSecret)] == "" {
		t.Errorf("the master secret: %q", seen[string(event.LabelMasterSecret)])
	}
}

// Who only reads what was chosen is not said to choose: it is the server that chooses version,
// suite, group and application protocol.
func TestOnlyTheServerChooses(t *testing.T) {
	for name := range rendertest.Lessons() {
		role := map[string]string{} // of who did what is told in an event
		for _, e := range rendertest.Play(t, name).Events() {
			if d, ok := e.(*event.Decision); ok {
				role[fmt.Sprint(d.Seq)], _, _ = strings.Cut(d.Move, "/")
			}
		}
		for _, row := range all(parse(t, pageOf(t, name, page.Options{})), func(n *html.Node) bool { return has(n, "row") && has(n, "work") }) {
			if len(all(row, func(n *html.Node) bool { return has(n, "kind") && has(n, "choice") })) == 0 {
				continue
			}
			if !slices.ContainsFunc(strings.Fields(attr(row, "data-seq")), func(seq string) bool { return role[seq] == "server" }) {
				t.Errorf("%s: %s chooses, and is no server", name, attr(row, "id"))
			}
		}
	}
	// One end's telling alone: a live connection of a client.
	file := pageOfEvents(t, one(t, "tls13", "client"), page.Options{Live: true})
	if n := len(all(parse(t, file), func(n *html.Node) bool { return has(n, "kind") && has(n, "choice") })); n > 0 {
		t.Errorf("the page of a live client says %d times that it chooses", n)
	}
}

// one is what one party of a lesson tells.
func one(t *testing.T, name, party string) []event.Event {
	var out []event.Event
	for _, e := range play(t, name) {
		switch e.(type) {
		case *event.Onlooked, event.Scene:
			continue
		}
		if e.Head().Party == party {
			out = append(out, e)
		}
	}
	return out
}

func pageOfEvents(t *testing.T, events []event.Event, o page.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	p := page.New(&b, o)
	for _, e := range events {
		p.Event(e)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
