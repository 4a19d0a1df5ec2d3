package page_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// A field that stands in many structures leads to where all of them are specified, and not to the
// first one in which it occurred.
func TestGlossaryOfFieldsOfAllMessages(t *testing.T) {
	for name, want := range map[string][3]string{
		"tls13": {"RFC 9846 §4", "RFC 9846 §3.4", "RFC 9846 §4.3"},
		"ecdhe": {"RFC 5246 §7.4", "RFC 5246 §4.3", "RFC 5246 §7.4.1.4"},
	} {
		refs := map[string]string{}
		doc := parse(t, pageOf(t, name, page.Options{Lang: narrate.En}))
		for _, dl := range all(doc, func(n *html.Node) bool { return n.Data == "dl" && n.Parent.Parent.Data == "section" }) {
			term := ""
			for c := dl.FirstChild; c != nil; c = c.NextSibling {
				switch c.Data {
				case "dt":
					term = textOf(c)
				case "dd":
					for _, a := range all(c, func(n *html.Node) bool { return n.Data == "a" }) {
						refs[term] = textOf(a)
					}
				}
			}
		}
		for key, of := range map[string]int{"*.msg_type": 0, "*.length": 0, "length": 1, "*.extensions.length": 1, "*.extensions.*.length": 2} {
			if got := strings.TrimSpace(refs[key]); got != want[of] {
				t.Errorf("%s: %s is specified in %q, want %q", name, key, got, want[of])
			}
		}
	}
}
