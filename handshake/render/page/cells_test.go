package page_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
)

// Each onlooker's cell says what that onlooker made of the records of its arrow, when it was tried
// last; over all lessons. Of several records the one that he reads least decides.
func TestCells(t *testing.T) {
	secrecy := map[event.Access]int{event.AccessReads: 1, event.AccessLater: 2, event.AccessSealed: 3}
	for name := range rendertest.Lessons() {
		type record struct {
			conn int
			hash [32]byte
		}
		tried, opened := map[record]event.Overheard{}, map[record]bool{}
		records := map[string]record{} // by the number of an event
		for _, e := range rendertest.Play(t, name).Events() {
			switch e := e.(type) {
			case *event.Onlooked:
				for _, r := range e.Records {
					id := record{e.Conn, sha256.Sum256(r.Wire)}
					if tried[id] = r; !opened[id] { // nobody may ever tell of it who could open it
						records[fmt.Sprint(e.Seq)] = id
					}
				}
			case *event.Record:
				opened[record{e.Conn, sha256.Sum256(e.Wire)}] = true
				records[fmt.Sprint(e.Seq)] = record{e.Conn, sha256.Sum256(e.Wire)}
			}
		}
		cells := 0
		doc := parse(t, pageOf(t, name, page.Options{}))
		for _, arrow := range all(doc, func(n *html.Node) bool { return strings.HasPrefix(attr(n, "class"), "row arrow") }) {
			for _, cell := range all(arrow, func(n *html.Node) bool { return attr(n, "data-onlooker") != "" }) {
				want := event.Access("")
				for _, seq := range strings.Fields(attr(arrow, "data-seq")) {
					if got := tried[records[seq]].Of(attr(cell, "data-onlooker")); secrecy[got] > secrecy[want] {
						want = got
					}
				}
				if got := attr(cell, "data-access"); got != string(want) {
					t.Errorf("%s: %s: %s is %q, and was %q when it was tried", name, attr(arrow, "id"), attr(cell, "data-onlooker"), got, want)
				}
				if want != "" {
					cells++
				}
			}
		}
		if cells < 8 {
			t.Errorf("%s: %d cells", name, cells)
		}
	}
}

// A page without secrets has no value that must stay secret, in any form.
func TestWithoutSecrets(t *testing.T) {
	for _, name := range []string{"tls13", "ecdhe", "cbc", "id", "ticket", "psk"} {
		text := strings.ReplaceAll(string(pageOf(t, name, page.Options{NoSecrets: true})), " ", "")
		with := strings.ReplaceAll(string(pageOf(t, name, page.Options{})), " ", "")
		hidden := 0
		for _, e := range rendertest.Play(t, name).Events() {
			s, ok := e.(*event.Secret)
			if !ok || len(s.Value) < 12 {
				continue
			}
			switch s.Label {
			case event.LabelClientKeyShare, event.LabelServerKeyShare, event.LabelServerEphemeral, event.LabelServerKeyExchangeSignature,
				event.LabelCertificateVerifySignature, event.LabelClientVerifyData, event.LabelServerVerifyData, event.LabelPSKBinder:
				continue // they are sent
			}
			if hex := fmt.Sprintf("%x", s.Value); strings.Contains(text, hex) {
				t.Errorf("%s: the %s is there", name, s.Label)
			} else if strings.Contains(with, hex) {
				hidden++
			}
		}
		if hidden < 3 {
			t.Errorf("%s: %d values are hidden that are there otherwise: nothing was tested", name, hidden)
		}
	}
}
