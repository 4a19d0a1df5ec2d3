package page_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/scenario"
)

// TestAddresses: no address is there twice, and each link within the page leads somewhere; over all
// lessons.
func TestAddresses(t *testing.T) {
	for name := range rendertest.Lessons() {
		checkStructure(t, name, parse(t, pageOf(t, name, page.Options{})))
	}
}

// The policy is all that a page may do: its own style and its own script run, by their hashes, and
// nothing else does, is fetched, sent or rebased. What is not said here is refused by default-src,
// but for base-uri and form-action, which it does not stand for (CSP Level 3 §6.1, §6.3, §6.4).
func TestWholePolicy(t *testing.T) {
	doc := parse(t, pageOf(t, "tls13", page.Options{}))
	hash := func(element string) string {
		found := all(doc, func(n *html.Node) bool { return n.Data == element && n.Type == html.ElementNode })
		if len(found) != 1 {
			t.Fatalf("%d elements %s", len(found), element)
		}
		sum := sha256.Sum256([]byte(found[0].FirstChild.Data))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "default-src 'none'; style-src " + hash("style") + "; script-src " + hash("script") + "; img-src data:; base-uri 'none'; form-action 'self'"
	policies := all(doc, func(n *html.Node) bool { return strings.EqualFold(attr(n, "http-equiv"), "Content-Security-Policy") })
	if len(policies) != 1 || attr(policies[0], "content") != want {
		t.Errorf("%d policies; want one, %q", len(policies), want)
	}
	if forms := all(doc, func(n *html.Node) bool { return n.Data == "form" && n.Type == html.ElementNode }); len(forms) > 0 {
		t.Error("a page that nobody serves has a form")
	}
}

// checkStructure holds what is true of every document.
func checkStructure(t *testing.T, name string, doc *html.Node) {
	t.Helper()
	ids := map[string]bool{"all": true} // what "open all" leads to is everything
	for _, n := range all(doc, func(n *html.Node) bool { return attr(n, "id") != "" }) {
		if id := attr(n, "id"); ids[id] {
			t.Errorf("%s: %q is there twice", name, id)
		} else {
			ids[id] = true
		}
	}
	every := all(doc, func(*html.Node) bool { return true })
	if len(every) < 50 {
		t.Errorf("%s: %d elements", name, len(every))
	}
	for _, n := range every {
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s: %s has %s", name, n.Data, a.Key)
			case a.Key == "src" || a.Key == "srcset" || a.Key == "action":
				t.Errorf("%s: %s asks for %s", name, n.Data, a.Val)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#") && !ids[a.Val[1:]]:
				t.Errorf("%s: %q leads nowhere", name, a.Val)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://www.rfc-editor.org/rfc/rfc") && a.Val != "data:,":
				t.Errorf("%s: a link to %q", name, a.Val)
			}
		}
	}
}

// A report has its matrix, its checks and its certificates, and so has one that refuses.
func TestReport(t *testing.T) {
	for _, name := range []string{"tls13", "expired", "refused13"} {
		for _, lang := range narrate.Langs() {
			for _, e := range rendertest.Play(t, name).Events() {
				c, ok := e.(*event.Check)
				if !ok || c.Report == nil {
					continue
				}
				var b bytes.Buffer
				if err := page.WriteReport(&b, c.Report, page.Options{Lang: lang}); err != nil {
					t.Fatal(err)
				}
				doc := parse(t, b.Bytes())
				checkStructure(t, name, doc)
				bad := all(doc, func(n *html.Node) bool { return n.Data == "a" && attr(n, "class") == "bad" })
				if ok := len(bad) == 0; ok != c.Report.OK {
					t.Errorf("%s: %d crosses, and the report says %v", name, len(bad), c.Report.OK)
				}
				if hex := all(doc, func(n *html.Node) bool { return attr(n, "class") == "hex" }); len(hex) == 0 {
					t.Errorf("%s: no certificate's bytes", name)
				}
			}
		}
	}
}

// What is told in blocks alone has a page as well.
func TestWrite(t *testing.T) {
	ways, err := scenario.Compare(t.Context(), scenario.CompareOptions{Seed: "1"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	err = page.Write(&b, "ways", page.Options{}, func(o render.TerminalOptions) error { return lesson.WriteComparison(io.Discard, ways, o) })
	if err != nil {
		t.Fatal(err)
	}
	doc := parse(t, b.Bytes())
	checkStructure(t, "compare", doc)
	if rows := all(doc, func(n *html.Node) bool { return n.Data == "tr" }); len(rows) < len(ways) {
		t.Errorf("%d rows for %d ways", len(rows), len(ways))
	}
}
