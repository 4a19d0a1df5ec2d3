package page

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"tlslab/handshake/foreign"
)

// FuzzMarkup: whatever text, values and parts of addresses hold, a browser finds the elements and
// the attributes that were written, and in them what was put in, as package foreign shows it.
func FuzzMarkup(f *testing.F) {
	for _, s := range []string{
		"", "plain", `</title><script>alert(1)</script>`, `" onmouseover="alert(1)`, `' autofocus onfocus='alert(1)`, "<!--", "-->", "]]>", "<![CDATA[",
		"&lt;b&gt;", "&#x3c;", "&amp;amp;", "a\x00b", "\u202egnp.exe", "\u200b\u2066\ufeff", "javascript:alert(1)", "</style>", "\xff\xfe", "`${1}`",
		"<svg/onload=alert(1)>", "a\nb\r\tc", "\u2028", "<plaintext>", "<a href=//x>", strings.Repeat("<", 70),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var m markup
		m.in(elDiv, []pair{class(classRow, classArrow), id(addressOf("c1", s, "x")), value(attrAriaLabel, s)}, func() {
			m.with(elB, s, value(attrTitle, s))
			m.with(elA, s, to(addressOf("g", s)))
			m.in(elDetails, []pair{is(attrOpen)}, func() { m.with(elSummary, s) })
			m.start(elInput, value(attrValue, s))
			m.hex([]byte(s))
		})
		if len(m.open) != 0 {
			t.Fatalf("%d elements are open", len(m.open))
		}
		nodes, err := html.ParseFragment(strings.NewReader(m.out.String()), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
		if err != nil {
			t.Fatal(err)
		}
		shown := foreign.Line(s)
		const want = "div[class id aria-label](b[title] a[href] details[open](summary[]) input[value])"
		got := ""
		for _, n := range nodes {
			got += outline(n)
		}
		if got != want {
			t.Fatalf("%q: %s, want %s", s, got, want)
		}
		for _, n := range elementsOf(nodes[0]) {
			switch n.Data {
			case "b", "a", "summary":
				if text(n) != shown {
					t.Errorf("%q: <%s> holds %q", s, n.Data, text(n))
				}
			}
			for _, a := range n.Attr {
				switch a.Key {
				case "title", "aria-label", "value":
					if a.Val != shown {
						t.Errorf("%q: %s is %q", s, a.Key, a.Val)
					}
				case "id", "href":
					if strings.ContainsFunc(strings.TrimPrefix(a.Val, "#"), func(r rune) bool {
						return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~+*/-", r)
					}) {
						t.Errorf("%q: %s is %q", s, a.Key, a.Val)
					}
				}
			}
		}
	})
}

// outline is the elements of a tree and the names of their attributes.
func outline(n *html.Node) string {
	if n.Type != html.ElementNode {
		return map[bool]string{true: "", false: "?"}[n.Type == html.TextNode]
	}
	var names, inside []string
	for _, a := range n.Attr {
		names = append(names, a.Key)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if s := outline(c); s != "" {
			inside = append(inside, s)
		}
	}
	s := n.Data + "[" + strings.Join(names, " ") + "]"
	if len(inside) > 0 {
		s += "(" + strings.Join(inside, " ") + ")"
	}
	return s
}

func elementsOf(n *html.Node) []*html.Node {
	out := []*html.Node{n}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out = append(out, elementsOf(c)...)
	}
	return out
}

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

// TestNames: each element, attribute and class has its name, and no two have one.
func TestNames(t *testing.T) {
	for what, names := range map[string][]string{"element": elements[:], "attribute": attributeNames[1:], "class": classNames[1:]} {
		seen := map[string]int{}
		for i, name := range names {
			if j, twice := seen[name]; twice || name == "" {
				t.Errorf("%s %d is called %q, as %d is", what, i, name, j)
			}
			seen[name] = i
		}
	}
	if len(elements) != int(endOfElements) || len(attributeNames) != int(endOfAttributes) || len(classNames) != int(endOfClasses) {
		t.Errorf("%d elements of %d, %d attributes of %d, %d classes of %d have names", len(elements), endOfElements, len(attributeNames), endOfAttributes, len(classNames), endOfClasses)
	}
}
