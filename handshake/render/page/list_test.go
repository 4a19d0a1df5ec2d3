package page_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// hostile is what a peer could put into a name, to be more than one.
const hostileName = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202egnp.exe\u2066\x00\r\ndata: x\n\n"

// aList is a list with an entry of each outcome, the last of them hostile.
func aList() page.List {
	l := page.List{Proxy: "127.0.0.1:8080", Try: "curl --proxy http://127.0.0.1:8080 https://…", Hosts: []string{"www.lab.test", hostileName}, Host: hostileName, Outcome: page.Failed,
		Gone: 7, Again: page.Query{{Name: "lang", Value: "en"}}, After: "12", Most: 1000}
	for _, lang := range narrate.Langs() {
		l.Langs = append(l.Langs, page.Link{Text: string(lang), To: page.Query{{Name: "lang", Value: string(lang)}}, Here: lang == narrate.En})
	}
	for i, o := range page.Outcomes() {
		n := len(page.Outcomes()) - i
		e := page.Listed{N: n, Time: "12:00:00", Method: "GET", Status: "200", Sent: "0 B", Received: "230 B", Where: "www.lab.test/" + string(o), Outcomes: []page.Outcome{o}, Legs: "client TLS 1.3 x25519",
			Open: page.Query{{Name: "entry", Value: fmt.Sprint(n)}}, Gone: o == page.ByProxy}
		switch o {
		case page.Noted:
			e.Remarks = []page.Remark{{Weight: page.Warning, Text: "in clear"}}
		case page.Failed:
			e.Remarks = []page.Remark{{Weight: page.Fault, Text: "the client refused"}, {Weight: page.Fault, Text: "How to have it trust that"}}
		case page.Untouched:
			e.Method, e.Where, e.Legs = hostileName, hostileName, hostileName
			e.Remarks = []page.Remark{{Weight: page.Aside, Text: hostileName}, {Weight: 200, Text: hostileName}}
		}
		l.Entries = append(l.Entries, e)
	}
	return l
}

func listOf(t *testing.T, l page.List, lang narrate.Lang) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := page.WriteList(&b, l, page.Options{Lang: lang}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A list may run its own style and script, by their hashes, ask its own server for more, and do
// nothing else.
func TestListPolicy(t *testing.T) {
	doc := parse(t, listOf(t, aList(), narrate.En))
	hash := func(element string) (sums []string) {
		for _, n := range all(doc, func(n *html.Node) bool { return n.Data == element && n.Type == html.ElementNode }) {
			sum := sha256.Sum256([]byte(n.FirstChild.Data))
			sums = append(sums, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
		return sums
	}
	want := "default-src 'none'; style-src " + strings.Join(hash("style"), " ") + "; script-src " + strings.Join(hash("script"), " ") + "; img-src data:; base-uri 'none'; form-action 'self'; connect-src 'self'"
	policies := all(doc, func(n *html.Node) bool { return strings.EqualFold(attr(n, "http-equiv"), "Content-Security-Policy") })
	if len(policies) != 1 || attr(policies[0], "content") != want || want != page.ListPolicy() || len(hash("style")) != 2 || len(hash("script")) != 1 {
		t.Errorf("%d policies; want one, %q", len(policies), want)
	}
}

// What a peer wrote is text in a list, wherever it stands, and a row that comes alone is the row of
// the document, in one line.
func TestListIsHostile(t *testing.T) {
	for _, lang := range narrate.Langs() {
		l := aList()
		raw := listOf(t, l, lang)
		doc := parse(t, raw)
		for _, n := range all(doc, func(n *html.Node) bool { return n.Type == html.ElementNode }) {
			if n.Data == "img" || n.Data == "script" && strings.Contains(n.FirstChild.Data, "alert(") {
				t.Errorf("%s: an element <%s> of a peer's", lang, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "src" {
					t.Errorf("%s: %s has %s=%q", lang, n.Data, a.Key, a.Val)
				}
			}
		}
		for _, bad := range []string{"\u202e", "\u2066", "\x00", "\r"} {
			if bytes.Contains(raw, []byte(bad)) {
				t.Errorf("%s: %q is in the list", lang, bad)
			}
		}
		rows := all(doc, func(n *html.Node) bool { return n.Data == "tr" && attr(n, "id") != "" })
		links := map[string]bool{}
		for i, e := range l.Entries {
			var b bytes.Buffer
			if err := page.WriteListed(&b, e, page.Options{Lang: lang}); err != nil {
				t.Fatal(err)
			}
			if row := b.String(); !strings.Contains(string(raw), row) || strings.Count(row, "\n") != 1 || !strings.HasSuffix(row, "\n") {
				t.Errorf("%s: entry %d alone is %q", lang, e.N, row)
			}
			a := all(rows[i], func(n *html.Node) bool { return n.Data == "a" })
			if len(a) != 1 || links[text(a[0])] || attr(a[0], "href") != e.Open.String() {
				t.Errorf("%s: entry %d has %d links", lang, e.N, len(a))
			}
			links[text(a[0])] = true
		}
		if len(links) != len(page.Outcomes()) {
			t.Errorf("%s: %d links", lang, len(links))
		}
	}
}

// An empty list says what to do, and one in which nothing fits that nothing does; where the oldest are.
func TestListEnds(t *testing.T) {
	for _, lang := range narrate.Langs() {
		say := func(key string) string { return narrate.Must(lang, narrate.UI, "page."+key).Title }
		l := aList()
		l.Entries = nil
		if doc := string(listOf(t, l, lang)); !strings.Contains(doc, say("list_none_fits")) || strings.Contains(doc, "curl") {
			t.Errorf("%s: nothing fits: %q", lang, doc)
		}
		l.Host, l.Outcome = "", ""
		if doc := string(listOf(t, l, lang)); !strings.Contains(doc, say("list_none")) || !strings.Contains(doc, "curl --proxy") {
			t.Errorf("%s: an empty list: %q", lang, doc)
		}
		l = aList()
		if doc := string(listOf(t, l, lang)); !strings.Contains(doc, narrate.Fill(say("list_gone"), map[string]string{"n": "7"})) || strings.Contains(doc, say("list_older")) || strings.Contains(doc, say("list_newer")) {
			t.Errorf("%s: it does not say what is gone", lang)
		}
		l.Older, l.Newer, l.After = page.Query{{Name: "before", Value: "3"}}, page.Query{}, ""
		doc := string(listOf(t, l, lang))
		if !strings.Contains(doc, say("list_older")) || !strings.Contains(doc, say("list_newer")) || strings.Contains(doc, "data-after=") || strings.Contains(doc, `id="hold"`) {
			t.Errorf("%s: a page of older entries", lang)
		}
	}
}

// text is what a node says.
func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	s := ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s += text(c)
	}
	return s
}

// A list can be read on a light screen and on a dark one, fits a phone, and has no two controls of one
// name.
func TestListLooks(t *testing.T) {
	for _, lang := range narrate.Langs() {
		l := aList()
		l.After = "" // nobody serves it
		file := filepath.Join(t.TempDir(), "list.html")
		if err := os.WriteFile(file, listOf(t, l, lang), 0o600); err != nil {
			t.Fatal(err)
		}
		tab := browsertest.Open(t, file, "")
		for _, c := range []browsertest.Colours{browsertest.Light, browsertest.Dark} {
			tab.Colours(c)
			if hard := browsertest.Eval[[]string](tab, contrast); len(hard) > 0 {
				t.Errorf("%s, %s: hard to read: %q", lang, c, hard)
			}
		}
		if wrong, n := tab.Names(); len(wrong) > 0 || n < len(l.Entries)+4 {
			t.Errorf("%s: %d controls: %q", lang, n, wrong)
		}
		for _, width := range []int64{800, 360, 320} {
			tab.Viewport(width, 700)
			if wide := browsertest.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("%s: %d wide, in a window of %d", lang, wide, width)
			}
		}
		is(t, tab, `document.querySelectorAll("img, #entries script").length`, "0")
	}
}
