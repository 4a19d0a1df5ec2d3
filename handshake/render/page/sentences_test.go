package page_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
)

// Each sentence of the terminal's whole transcript stands inside the element of its own event.
// What belongs to which event is found out by the terminal itself: what it writes between two
// events is about the events that were held back till then.
func TestEverySentenceIsInTheElementOfItsEvent(t *testing.T) {
	for name := range rendertest.Lessons() {
		for _, lang := range narrate.Langs() {
			t.Run(name+"/"+string(lang), func(t *testing.T) {
				doc := parse(t, pageOf(t, name, page.Options{Lang: lang}))
				if n := len(all(doc, func(n *html.Node) bool { return n.Data == "pre" })); n > 0 {
					t.Errorf("%d pre elements", n)
				}
				text := textBySeq(doc)
				missing, sentences := 0, 0
				events := rendertest.Play(t, name).Events()
				for _, s := range sentencesOf(events, lang) {
					sentences++
					if ofTerminal(lang, s.text) {
						continue
					}
					stands := func(seq string) bool { return holds(text[seq], s.text) }
					if !slices.ContainsFunc(alike(events, s.seqs), stands) && !slices.ContainsFunc(mythsBefore(doc, s.seqs), stands) {
						if missing++; missing < 6 {
							t.Errorf("events %v: %q is not in the element of any", s.seqs, s.text)
						}
					}
				}
				if missing > 0 || sentences < 25 {
					t.Errorf("%d of %d sentences are not where their event is", missing, sentences)
				}
			})
		}
	}
}

// sentence is a paragraph of the terminal, and the events that it may be about.
type sentence struct {
	seqs []string
	text string
}

// sentencesOf is what the terminal writes in wide lines, paragraph by paragraph, with the events
// that were told since it wrote last.
func sentencesOf(events []event.Event, lang narrate.Lang) []sentence {
	var out []sentence
	w := new(strings.Builder)
	o := render.TerminalOptions{Lang: lang, Width: 100_000}
	term := lesson.NewTerminal(w, o)
	var held []string
	take := func() {
		for line := range strings.Lines(w.String()) {
			if !isSentence(strings.TrimSpace(line)) {
				continue // before its spaces are looked at: a heading has 100,000
			}
			if s := spaced(line); isSentence(s) {
				out = append(out, sentence{slices.Clone(held), s})
			}
		}
		w.Reset()
	}
	for _, e := range events {
		term.Event(e)
		if w.Len() > 0 {
			if _, scene := e.(event.Scene); scene { // told at once, with what was held before it
				held = append(held, fmt.Sprint(e.Head().Seq))
				take()
				held = nil
				continue
			}
			take()
			held = nil
		}
		held = append(held, fmt.Sprint(e.Head().Seq))
	}
	if err := term.Close(); err != nil {
		panic(err)
	}
	take()
	return out
}

// alike are the events with these numbers, and those of the same kind before them: where the
// terminal tells a flow in brief, what is said once is said in a later one. The page tells all
// flows in full, and says it where it first comes up.
func alike(events []event.Event, seqs []string) []string {
	kinds := map[string]bool{}
	for _, e := range events {
		if slices.Contains(seqs, fmt.Sprint(e.Head().Seq)) {
			kinds[kindOf(e)] = true
		}
	}
	var out []string
	for _, e := range events {
		seq := fmt.Sprint(e.Head().Seq)
		if kinds[kindOf(e)] {
			out = append(out, seq)
		}
		if len(seqs) > 0 && seq == seqs[len(seqs)-1] {
			break
		}
	}
	return out
}

// mythsBefore are the events at which the page corrects something, up to these: in a flow that the
// terminal tells in brief it may be another message that a myth comes up at.
func mythsBefore(doc *html.Node, seqs []string) []string {
	if len(seqs) == 0 {
		return nil
	}
	last, _ := strconv.Atoi(seqs[len(seqs)-1])
	var out []string
	for _, n := range all(doc, func(n *html.Node) bool { return attr(n, "data-kind") == "myth" }) {
		if seq, _ := strconv.Atoi(attr(n, "data-seq")); seq <= last {
			out = append(out, attr(n, "data-seq"))
		}
	}
	return out
}

// kindOf is what an event is, without whose it is and when.
func kindOf(e event.Event) string {
	switch e := e.(type) {
	case *event.Message:
		return "message " + e.Kind.String()
	case *event.Secret:
		return "secret " + string(e.Label)
	case *event.Check:
		return "check " + string(e.What)
	case *event.Decision:
		return "decision " + string(e.What)
	case *event.KeyChange:
		return "keys " + e.Keys.String()
	case event.Scene:
		return "scene " + string(e.Key())
	}
	return fmt.Sprintf("%T", e)
}

// elided is a value that the terminal has no room for. The page has all of it.
var elided = regexp.MustCompile(`[0-9a-f]+…(?: \(\d+ bytes\)|（\d+ 字节）)?`)

// holds reports whether text has a sentence in it, whatever stands for the values that the
// terminal elides.
func holds(text, sentence string) bool {
	for _, part := range elided.Split(sentence, -1) {
		if !strings.Contains(text, strings.TrimSpace(part)) {
			return false
		}
	}
	return true
}

// ofTerminal reports whether a sentence is about the terminal's marks and options, which are not
// the page's: it has marks of its own, and all that --bytes would show.
func ofTerminal(lang narrate.Lang, s string) bool {
	for _, key := range []string{"legend", "brief_leg", "commands_in_bytes", "brief_flow", "brief_flow_tls13", "brief_moves"} {
		if e, ok := narrate.Get(lang, narrate.UI, key); ok && e.Title != "" && strings.Contains(s, spaced(e.Title)) {
			return true
		}
	}
	return false
}

// isSentence reports whether a line is one of words: it ends as sentences do.
func isSentence(s string) bool {
	return len(s) > 12 && !strings.HasSuffix(s, "..") && (strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "。") || strings.HasSuffix(s, "？"))
}

func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }

// parse reads a page as a browser does.
func parse(t *testing.T, b []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// all are the elements for which f holds, in order.
func all(n *html.Node, f func(*html.Node) bool) []*html.Node {
	var out []*html.Node
	if n.Type == html.ElementNode && f(n) {
		out = append(out, n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out = append(out, all(c, f)...)
	}
	return out
}

// attr is the value of an attribute; "" if there is none.
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// textOf is all text in an element.
func textOf(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		if n.Type == html.ElementNode && n.Data != "span" && n.Data != "b" && n.Data != "a" && n.Data != "code" {
			b.WriteByte(' ')
		}
	}
	walk(n)
	return spaced(b.String())
}

// textBySeq is the text of the elements of each event.
func textBySeq(doc *html.Node) map[string]string {
	out := map[string]string{}
	for _, n := range all(doc, func(n *html.Node) bool { return attr(n, "data-seq") != "" }) {
		if text := textOf(n); text != "" {
			for _, seq := range strings.Fields(attr(n, "data-seq")) {
				out[seq] += text + "\n"
			}
		}
	}
	return out
}
