package page_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// Arrows reach every row, in the order of time, and every field of a row that is open.
func TestArrowKeys(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "")
	rows := browsertest.Eval[[]string](tab, `[...document.querySelectorAll("details.row")].map(d => d.id)`)
	if len(rows) < 15 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, want := range rows {
		tab.Press(browsertest.Down)
		is(t, tab, focus, want)
	}
	tab.Press(browsertest.Down) // there is nothing below
	is(t, tab, focus, rows[len(rows)-1])
	for i := range rows[1:] {
		tab.Press(browsertest.Up)
		is(t, tab, focus, rows[len(rows)-2-i])
	}

	for key, says := range map[string]string{"c1.w.client.3": "checks the certificate chain", "c1.certificate": "Certificate: The leaf (end-entity certificate) comes first"} {
		browsertest.Eval[bool](tab, `(document.querySelector('`+byID(key)+` > summary').focus(), true)`)
		tab.Press(browsertest.Enter)
		if s := browsertest.Eval[string](tab, said); !strings.Contains(s, says) {
			t.Errorf("%s is opened, and said aloud: %q", key, s)
		}
		tab.Press(browsertest.Left)
	}
	for _, row := range []string{"c1.w.client.3", "c1.server_hello"} {
		tab.Go("#" + row)
		browsertest.Eval[bool](tab, `(document.querySelector('`+byID(row)+` > summary').focus(), true)`)
		tab.Press(browsertest.Right)
		tab.Wait(`document.activeElement.matches("details.row > :not(summary), details.row > :not(summary) *")`)
		browsertest.Eval[bool](tab, `(window.left = new Set([...document.querySelectorAll('`+byID(row)+` > :not(summary)')].flatMap(e => [e, ...e.querySelectorAll("*")]).filter(e => e.checkVisibility() && e.matches(".fields li, summary, a[href], button, .item[id]"))), true)`)
		n := browsertest.Eval[int](tab, `left.size`)
		if n < 20 {
			t.Errorf("%s has %d things to go to: nothing was tested", row, n)
		}
		for range n {
			browsertest.Eval[bool](tab, `left.delete(document.activeElement)`)
			tab.Press(browsertest.Down)
		}
		is(t, tab, `[...left].map(e => e.outerHTML.slice(0, 80)).join()`, "")
	}
	is(t, tab, `document.activeElement.matches("button")`, "true") // the last thing in a row copies it
	tab.Press(browsertest.Home)
	fields := browsertest.Eval[[]string](tab, `[document.querySelector('[id="c1.server_hello"] > .bytes .fields li')].map(f => f.id)`)
	for range 20 {
		if browsertest.Eval[bool](tab, `document.activeElement.matches(".fields li")`) {
			break
		}
		tab.Press(browsertest.Down)
	}
	is(t, tab, "document.activeElement.id", fields[0])
	is(t, tab, `document.querySelectorAll(".on").length`, "2") // the field that has the focus, and its bytes
	tab.Press(browsertest.Enter)
	is(t, tab, "location.hash", "#"+fields[len(fields)-1])
	tab.Press(browsertest.Escape)
	is(t, tab, focus, "c1.server_hello")
	tab.Press(browsertest.Left)
	is(t, tab, `document.getElementById("c1.server_hello").open`, "false")
	tab.Press(browsertest.Enter)
	tab.Wait(`document.getElementById("c1.server_hello").open`)
	is(t, tab, "location.hash", "#c1.server_hello")
}

// Tab stops once at each row, and in an open one at each of its links and buttons and once in each
// tree; it leads out at the end: nobody is caught.
func TestTabKey(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "#c1.change_cipher_spec.type")
	tab.Wait(`document.querySelector("details.row[open] .fields[role=tree]") != null`)
	browsertest.Eval[bool](tab, `(document.querySelectorAll("main > section > details").forEach(d => d.open = false), document.querySelector("details.row > summary").focus(), window.want = [...document.querySelectorAll("details.row > summary, details.row a[href], details.row summary, details.row button, .fields li[tabindex='0']")].filter(e => e.checkVisibility()), true)`)
	is(t, tab, `want.some(e => e.matches("li")) && want.some(e => e.matches(".fields a")) && want.some(e => e.matches("button"))`, "true")
	n := browsertest.Eval[int](tab, "want.length")
	for i := range n {
		is(t, tab, fmt.Sprintf("document.activeElement === want[%d]", i), "true")
		is(t, tab, `getComputedStyle(document.activeElement).outlineStyle == "none"`, "false")
		tab.Press(browsertest.TabKey)
	}
	is(t, tab, `document.activeElement.closest("details.row")`, "null")
	tab.Press(browsertest.BackTab)
	is(t, tab, "document.activeElement === want.at(-1)", "true")
}

// What has the focus is seen whole (WCAG 2.2, 2.4.11): whoever walks upwards does not get under the head
// that stays on top.
func TestFocusIsNotCovered(t *testing.T) {
	tab := open(t, "mitm", narrate.En, "#c2.certificate")
	for _, width := range []int64{1000, 360} {
		tab.Viewport(width, 500)
		for _, key := range []string{browsertest.Up, browsertest.BackTab} {
			browsertest.Eval[bool](tab, `(window.last = [...document.querySelectorAll("details.arrow > summary")].at(-1), last.scrollIntoView(), last.focus(), true)`)
			for range 40 {
				tab.Press(key)
				if covered := browsertest.Eval[string](tab, `(() => {
					const e = document.activeElement, r = e.getClientRects()[0], head = e.closest(".ladder")?.querySelector(".head").getBoundingClientRect();
					return head && r.top < head.bottom - 1 && head.top < 1 ? e.tagName + " " + e.textContent : "";
				})()`); covered != "" {
					t.Fatalf("%d wide, %q: under the head: %s", width, key, covered)
				}
			}
		}
	}
}

// Fields are a tree once the script walks in it: every item is a tree's or a group's own, tells
// whether what it holds is seen, and Tab stops at one of them. Without the script they are a list.
func TestTree(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "#c1.certificate.cert.tbs_certificate.validity.not_before")
	tab.Wait(`document.querySelector("details.row[open] .fields[role=tree]") != null`)
	is(t, tab, `[...document.querySelectorAll("[role=treeitem]")].filter(f => !f.parentElement.matches("[role=tree], [role=group]") || f.hasAttribute("aria-expanded") != !!f.querySelector("li")).map(f => f.id)`, "")
	is(t, tab, `document.querySelectorAll("[role=treeitem]").length > 50`, "true")
	is(t, tab, `[...document.querySelectorAll("[role=tree]")].filter(r => r.querySelectorAll("li[tabindex='0']").length != 1).length`, "0")
	is(t, tab, `document.querySelector("li[tabindex='0']").id`, "c1.certificate.cert.tbs_certificate.validity.not_before")
	const folds = `document.querySelector("[role=treeitem][aria-expanded=true]:has(> details)")`
	browsertest.Eval[bool](tab, `(window.folds = `+folds+`, folds.focus(), true)`)
	tab.Press(browsertest.Left)
	tab.Wait(`folds.getAttribute("aria-expanded") == "false"`)
	tab.Press(browsertest.Right)
	tab.Wait(`folds.getAttribute("aria-expanded") == "true"`)
	doc := parse(t, pageOf(t, "tls13", page.Options{}))
	if roles := all(doc, func(n *html.Node) bool { return attr(n, "role") != "" }); len(roles) > 0 {
		t.Errorf("without a script %d elements promise what they are not", len(roles))
	}
}

// Who follows a link by keyboard is where it leads: to a field's meaning, and to where a secret was computed.
func TestLinkTakesTheFocus(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "#c1.server_hello.random")
	for _, link := range []string{byID("c1.server_hello.random") + " > a", "#secrets .secret > a"} {
		browsertest.Eval[bool](tab, fmt.Sprintf(`(window.link = document.querySelector(%q), link.closest("details").open = true, link.focus(), true)`, link))
		for range 2 { // once more: the address is the same then
			browsertest.Eval[bool](tab, `(link.focus(), true)`)
			tab.Press(browsertest.Enter)
			tab.Wait(`location.hash == link.hash && document.activeElement !== link && document.activeElement !== document.body`)
			is(t, tab, `"#" + document.activeElement.id`, browsertest.Eval[string](tab, "link.hash"))
		}
	}
}

// Each view has a key and a button, which do the same.
func TestViews(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "")
	const lecture = `document.documentElement.classList.contains("lecture")`
	const closed = `document.querySelectorAll("details.row:not([open])").length`
	all := browsertest.Eval[string](tab, `String(document.querySelectorAll("details.row").length)`)
	tab.Press("o", "l", "?") // no row has the focus: a letter is none of ours (WCAG 2.2, 2.1.4)
	is(t, tab, lecture+` || document.getElementById("keys").open || `+closed+" == 0", "false")
	is(t, tab, `document.querySelector("[data-view=lecture]").ariaPressed`, "false")
	is(t, tab, `document.querySelector("[data-view=all]").role`, "button")
	const toRow = `(document.querySelector("details.arrow > summary").focus(), true)`
	browsertest.Eval[bool](tab, toRow)
	tab.Press("o", "o") // a page opens what it is about
	for _, v := range []struct{ key, view, what, on, off string }{
		{"l", "[data-view=lecture]", lecture, "true", "false"},
		{"o", "[data-view=all]", closed, "0", all},
		{"?", "[data-view=keys]", `document.getElementById("keys").open`, "true", "false"},
	} {
		is(t, tab, v.what, v.off)
		browsertest.Eval[bool](tab, toRow)
		tab.Press(v.key)
		is(t, tab, v.what, v.on)
		tab.Press(v.key)
		is(t, tab, v.what, v.off)
		button := v.view
		tab.Click(button)
		is(t, tab, v.what, v.on)
		tab.Click(button)
		is(t, tab, v.what, v.off)
	}
	tab.Go("#all") // as an address, for whoever prints
	is(t, tab, closed, "0")
}
