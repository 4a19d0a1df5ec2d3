package page_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
)

// Nothing that was sent as application data is on a page without secrets, as text or as digits,
// whatever protected it: not in an arrow's caption, not in a record opened or in clear, not among
// what onlookers read. What was left out is counted, and not said to be something else.
func TestApplicationDataIsWithheld(t *testing.T) {
	looked, counted := 0, 0
	for name := range rendertest.Lessons() {
		raw := pageOf(t, name, page.Options{NoSecrets: true})
		text := everyText(parse(t, raw))
		digits := strings.Join(strings.Fields(text), "")
		for _, e := range rendertest.Play(t, name).Events() {
			d, ok := e.(*event.Data)
			if !ok {
				continue
			}
			for line := range bytes.SplitSeq(d.Data, []byte("\r\n")) {
				if len(line) < 8 {
					continue
				}
				looked++
				if strings.Contains(text, string(line)) || strings.Contains(digits, hex.EncodeToString(line)) {
					t.Errorf("%s: %q is on the page", name, line)
				}
			}
			if len(d.Data) > 8 && strings.Contains(digits, hex.EncodeToString(make([]byte, len(d.Data)))) {
				t.Errorf("%s: %d zeros stand in the place of what was sent", name, len(d.Data))
			}
		}
		counted += strings.Count(text, "bytes of application data were sent here")
	}
	if looked < 50 || counted < 20 {
		t.Errorf("%d lines were looked for, and what was left out is counted %d times", looked, counted)
	}
}

// everyText is all text of a page, as a reader or a search comes by it: but for the style and the script,
// and with what attributes say.
func everyText(doc *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode && !slices.Contains([]string{"style", "script"}, n.Parent.Data) {
			b.WriteString(n.Data)
		}
		for _, a := range n.Attr {
			b.WriteString(" " + a.Val + " ")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	return b.String()
}
