package replays

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/replay"
)

// The page of an attack says at its top how it ended and what was stolen; the row with the verdict
// is open. Its connections are numbered once, and times are in words.
func TestPageOfAnAttack(t *testing.T) {
	for _, lang := range narrate.Langs() {
		var b bytes.Buffer
		o := replay.Options{Seed: "page"}
		p := NewPage(&b, page.Options{Lang: lang}, o)
		o.Listener = p
		r, err := replay.Run(t.Context(), "early-data", nil, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if r.Verdict.Outcome == replay.Stopped {
			t.Fatal("nothing was stolen")
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatal(err)
		}
		verdict := sheet.Speak(lang).Title(narrate.Scene, "replay_verdict")
		top, open, headings := "", 0, 0
		var walk func(n *html.Node, opened bool)
		walk = func(n *html.Node, opened bool) {
			attrs := map[string]string{}
			for _, a := range n.Attr {
				attrs[a.Key] = a.Val
			}
			if n.Type == html.ElementNode && n.Data == "details" {
				if _, ok := attrs["open"]; !ok {
					opened = false
				}
			}
			if strings.Contains(attrs["id"], "replay_verdict") && opened {
				open++
			}
			if n.Type == html.ElementNode && n.Data == "header" {
				top = said(n)
			}
			if s := said(n); n.Type == html.ElementNode && n.Data == "h2" && strings.ContainsAny(s, "→") {
				if headings++; strings.ContainsAny(s[:1], "0123456789") {
					t.Errorf("%s: %q is numbered twice", lang, s)
				}
			}
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				walk(c, opened)
			}
		}
		walk(doc, true)
		if !strings.Contains(top, verdict) || !strings.Contains(top, "600") || !strings.Contains(top, "Mallory 700") {
			t.Errorf("%s: at the top stands %q", lang, top)
		}
		if open != 1 || headings < 5 {
			t.Errorf("%s: %d open rows with a verdict, %d connections", lang, open, headings)
		}
		if s := said(doc); strings.Contains(s, "h0m0s") {
			t.Errorf("%s: a duration as Go writes it: %q", lang, s[strings.Index(s, "h0m0s")-20:][:40])
		}
	}
}

// said is all text in an element, but the script's and the style's.
func said(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	if n.Data == "script" || n.Data == "style" {
		return ""
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(said(c))
	}
	return b.String()
}
