package lab_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/internal/browsertest"
)

// The pages of the lab that are looked at: what is asked, and how it looks.
var pages = map[string]string{
	"lesson":   "?tls=1.3&trust-mitm=on&mitm=on&seed=7",
	"expired":  "?tls=1.3&cert=expired&seed=7",
	"refusal":  "?tls=1.3&kx=rsa&seed=7",
	"pair":     "?kx=ecdhe&beside=tls%3D1.3%3Bkx%3D&seed=7",
	"pair-end": "?tls=1.3&mitm=on&beside=trust-mitm%3Don%3Bmitm%3D&seed=7",
	"table":    "?mitm=on&all=on&seed=7",
	"matrix":   "?attack=all&seed=7",
	"predict":  "?tls=1.3&client-auth=on&predict=on&seed=7",
}

// What a test asks of the form.
const (
	openAll  = `document.querySelectorAll("main details, .lab details").forEach(d => d.open = true)`
	openForm = `document.querySelectorAll(".lab details").forEach(d => d.open = true)`
	groups   = `.lab form > details`
	submit   = `.lab [type=submit]`
	focused  = `document.activeElement`
	worked   = `a[href], button, input, select, summary`
	refusal  = "Failed to load resource: the server responded with a status of 422"
	heading  = `document.querySelector("h1").textContent`
)

// quietRefusal takes what the browser itself notes of a page whose status says that it is no
// lesson: of the page it must be all.
func quietRefusal(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	for _, h := range tab.Provoked(browsertest.Heard{Kind: browsertest.Console, Text: refusal}) {
		if h.Kind != browsertest.Console || !strings.Contains(h.Text, refusal) {
			t.Errorf("the page was not quiet: %s: %s", h.Kind, h.Text)
		}
	}
}

// question is what the address that the tab is at asks for.
func question(t *testing.T, tab *browsertest.Tab) url.Values {
	t.Helper()
	at, err := url.Parse(tab.At())
	if err != nil {
		t.Fatal(err)
	}
	return at.Query()
}

// asks compares what the address asks for with what it should: "tls=1.3&seed=7&lang=en".
func asks(t *testing.T, tab *browsertest.Tab, want string) {
	t.Helper()
	values, err := url.ParseQuery(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := question(t, tab).Encode(); got != values.Encode() {
		t.Errorf("it asks for %s, want %s", got, values.Encode())
	}
}

// Six groups are closed; a keyboard opens each, sets a switch in it and plays, and the address is
// the lesson. The same without scripts, which the form needs none of.
func TestForm(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		tab := visit(t, "?seed=7&lang=en")
		if !scripts {
			tab.WithoutScripts()
			tab.Visit(lab(t) + "?seed=7&lang=en")
		}
		is(t, tab, fmt.Sprintf("document.documentElement.classList.contains(%q)", "js"), strconv.FormatBool(scripts))
		is(t, tab, fmt.Sprintf("document.querySelectorAll(%q).length", groups), "6")
		is(t, tab, fmt.Sprintf("document.querySelectorAll(%q).length", groups+"[open]"), "0")
		is(t, tab, `[...document.querySelectorAll(".lab input, .lab select")].filter(e => e.checkVisibility()).length`, "0")
		for i := range 6 {
			do(tab, fmt.Sprintf("document.querySelectorAll(%q)[%d].focus()", groups+" > summary", i))
			tab.Press(browsertest.Enter)
			is(t, tab, fmt.Sprintf("document.querySelectorAll(%q)[%d].open", groups, i), "true")
		}
		do(tab, `document.querySelector("[name=tls]").focus()`)
		tab.Press("1", ".", "3")
		do(tab, `document.querySelector("[name=mitm]").focus()`)
		tab.Press(browsertest.SpaceKey)
		do(tab, `document.querySelector("[name=padding]").focus()`)
		tab.Press("6", "4")
		do(tab, fmt.Sprintf("document.querySelector(%q).focus()", submit))
		tab.Leave(func() { tab.Press(browsertest.Enter) })
		asks(t, tab, "tls=1.3&mitm=on&padding=64&seed=7&lang=en")
		is(t, tab, `[...document.querySelectorAll(".lab summary code")].map(e => e.textContent).join(" | ")`, "tls 1.3 | mitm | padding 64 | seed 7, lang en")
		is(t, tab, heading, "an interceptor on the way")
		is(t, tab, `document.querySelector("[name=tls]").value + document.querySelector("[name=mitm]").checked`, "1.3true")

		// Enter in a field plays too; so does the mouse.
		do(tab, openForm)
		do(tab, `document.querySelector("[name=padding]").select()`)
		tab.Leave(func() { tab.Press("0", browsertest.Enter) })
		do(tab, openForm)
		tab.Click("[name=mitm]")
		tab.Leave(func() { tab.Click(submit) })
		if q := question(t, tab); q.Has("mitm") || q.Get("tls") != "1.3" {
			t.Errorf("without the interceptor: %s", q.Encode())
		}
		tab.Leave(func() { tab.Click(".lab form > a") })
		if q := question(t, tab); len(q) != 2 || q.Get("seed") == "7" || q.Get("lang") != "en" {
			t.Errorf("begun again: %s", q.Encode())
		}
	}
}

// The language is a switch as any other: the lesson stays.
func TestLanguage(t *testing.T) {
	tab := visit(t, pages["expired"]+"&lang=en")
	do(tab, openForm+`, document.querySelector("[name=lang]").focus()`)
	tab.Press("z")
	tab.Leave(func() { tab.Click(submit) })
	asks(t, tab, "tls=1.3&cert=expired&seed=7&lang=zh")
	is(t, tab, "document.documentElement.lang", "zh-Hans")
	is(t, tab, `[...document.querySelectorAll(".row.arrow")].length > 5`, "true")
	is(t, tab, `/\p{Script=Han}/u.test(document.querySelector(".lab summary").textContent)`, "true")
}

// Whoever comes back to a lesson finds the switches as its address has them, and not as they were left.
func TestSwitchesAreTheAddress(t *testing.T) {
	tab := visit(t, "?tls=1.3&seed=7&lang=en")
	do(tab, openForm+`, document.querySelector("[name=lang]").focus()`)
	tab.Press("z")
	tab.Click("[name=mitm]")
	tab.Leave(func() { tab.Click(submit) })
	tab.Back(`location.search.includes("lang=en") && document.readyState == "complete"`)
	is(t, tab, `document.querySelector("[name=lang]").value`, "en")
	is(t, tab, `document.querySelector("[name=mitm]").checked`, "false")
	is(t, tab, `document.querySelector("[name=tls]").value`, "1.3")
}

// Each of the fifteen lessons is one link away, says that it is the one, and keeps the seed.
func TestLessonsRow(t *testing.T) {
	tab := visit(t, "?seed=7&lang=en")
	n := browsertest.Eval[int](tab, `document.querySelectorAll("nav.lessons a").length`)
	if n != 15 {
		t.Fatalf("%d lessons", n)
	}
	is(t, tab, `document.querySelectorAll("nav.lessons [aria-current]").length`, "0")
	for i := range n {
		link := fmt.Sprintf("nav.lessons a:nth-of-type(%d)", i+1)
		name := browsertest.Eval[string](tab, fmt.Sprintf("document.querySelector(%q).textContent", link))
		tab.Leave(func() { tab.Click(link) })
		is(t, tab, `[...document.querySelectorAll("nav.lessons [aria-current=page]")].map(a => a.textContent).join()`, name)
		if q := question(t, tab); q.Get("seed") != "7" || q.Get("lang") != "en" || len(q) < 3 {
			t.Errorf("%s: %s", name, q.Encode())
		}
		pair := question(t, tab).Has("beside")
		is(t, tab, `document.querySelector("h1").textContent == "Two runs side by side"`, strconv.FormatBool(pair))
		is(t, tab, `document.querySelectorAll(".bad").length > 0 && document.querySelector("h1").textContent == "These switches make no lesson"`, "false")
	}
}

// Switches that contradict each other are answered with the command's own sentence, and each link
// that leaves one out leads to a lesson without that one.
func TestContradiction(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		tab := visit(t, pages["refusal"]+"&lang="+lang)
		quietRefusal(t, tab)
		is(t, tab, `/\p{Script=Han}/u.test(document.querySelector("main .bad").textContent) && /\p{Script=Han}/u.test(document.querySelector("main .bad + p").textContent)`, strconv.FormatBool(lang == "zh"))
		links := browsertest.Eval[[]string](tab, `[...document.querySelectorAll("main li > a")].map(a => a.search)`)
		want := []string{"?tls=1.3&seed=7&lang=" + lang, "?kx=rsa&seed=7&lang=" + lang}
		if slices.Sort(links); !slices.Equal(links, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: the links lead to %q, want %q", lang, links, want)
		}
		for i := range links {
			tab.Visit(lab(t) + pages["refusal"] + "&lang=" + lang)
			quietRefusal(t, tab)
			tab.Leave(func() { tab.Click(fmt.Sprintf("main li:nth-of-type(%d) > a", i+1)) })
			is(t, tab, `document.querySelectorAll(".row.arrow").length > 5`, "true")
		}
	}
}

// A switch that changes nothing is said to change nothing, and no other is.
func TestWithoutEffect(t *testing.T) {
	tab := visit(t, pages["lesson"]+"&lang=en")
	is(t, tab, `[...document.querySelectorAll(".lab > .private")].map(p => p.textContent).join(" | ")`, "mitm has no effect here: without it, every byte is the same.")
	tab.Visit(lab(t) + pages["expired"] + "&lang=en")
	is(t, tab, `document.querySelectorAll(".lab > .private").length`, "0")
}

// Two runs: what differs is marked, by more than its colour, and counted; a message opens by its
// address, before and after the page is loaded again; and each side leads to its own page.
func TestTwoRuns(t *testing.T) {
	tab := visit(t, pages["pair"]+"&lang=en")
	is(t, tab, `document.querySelectorAll("details.both").length > 15`, "true")
	is(t, tab, `[...document.querySelectorAll("details.both, .pair tr:has(> th[scope=row])")].filter(e => e.classList.contains("differs") != !!e.querySelector(":scope > summary > .mark, :scope > th > .mark")).length`, "0")
	is(t, tab, `[...document.querySelectorAll("details.both.differs > table")].filter(b => !b.querySelector(".differs")).length`, "0")
	is(t, tab, `[...document.querySelectorAll("details.both:not(.differs) .differs")].length`, "0")
	is(t, tab, `[...document.querySelectorAll("section > table.readers tr.differs > th")].map(e => e.firstChild.data.trim()).join(" | ")`,
		"Bytes of the handshake | Public-key operations, of all who take part | Round trips before the request, TCP's included | Records that are read: listener | Records that are read: thief of the server's key")
	is(t, tab, `[...document.querySelectorAll("section > table.readers tr")][4].innerText.split("\t").slice(1).join()`, "3,2") // what TLS 1.3 saved
	// The marks, and the number beside the name, are of the same fields.
	is(t, tab, `[...document.querySelectorAll("details.both")].filter(b => {
		const told = b.querySelector(".size").textContent.match(/(\d+) of (\d+) fields/);
		const rows = [...b.querySelectorAll("tr:has(> th)")];
		return told && (told[1] != rows.filter(r => r.classList.contains("differs")).length || told[2] != rows.length);
	}).length`, "0")

	second := browsertest.Eval[string](tab, `document.querySelectorAll("details.both")[1].id`)
	tab.Go("#" + second)
	for range 2 {
		tab.Wait(`document.getElementById(` + strconv.Quote(second) + `).open`)
		is(t, tab, `[...document.querySelectorAll("details.both[open]")].map(d => d.id).join()`, second)
		is(t, tab, `(r => r.top >= 0 && r.top < innerHeight)(document.getElementById(`+strconv.Quote(second)+`).getBoundingClientRect())`, "true")
		tab.Reload()
	}
	for i, want := range []string{"kx=ecdhe&seed=7&lang=en", "tls=1.3&seed=7&lang=en"} {
		tab.Visit(lab(t) + pages["pair"] + "&lang=en")
		tab.Leave(func() { tab.Click(fmt.Sprintf("main td:nth-of-type(%d) > a", i+1)) })
		asks(t, tab, want)
		is(t, tab, `document.querySelectorAll(".row.arrow").length > 5`, "true")
	}
}

// Each page of the lab, in each language. All is asked in one visit: for a browser to load a page costs
// more than what is asked of it.
func TestPages(t *testing.T) {
	for name, at := range pages {
		t.Run(name, func(t *testing.T) {
			var tab *browsertest.Tab
			for _, lang := range []string{"en", "zh"} {
				if tab == nil {
					tab = visit(t, at+"&lang="+lang)
				} else {
					tab.Visit(lab(t) + at + "&lang=" + lang)
				}
				if name == "refusal" {
					quietRefusal(t, tab)
				}
				open := map[string]string{"as it opens": "true", "the form open": openForm, "all open": openAll}
				reached := "the form open"
				if strings.HasPrefix(name, "pair") {
					reached = "all open"
				}
				for _, how := range []string{"as it opens", "the form open", "all open"} {
					do(tab, open[how])
					fits(t, tab, lang+", "+how)
					if how == reached {
						reach(t, tab, lang)
					}
				}
			}
		})
	}
}

// fits: no page of the lab is wider than its window, and what is written can be read.
func fits(t *testing.T, tab *browsertest.Tab, which string) {
	t.Helper()
	for _, width := range []int64{1400, 800, 360, 320} {
		tab.Viewport(width, 780)
		if wide := browsertest.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("%s, %d: the page is %d wide: %q", which, width, wide, browsertest.Eval[[]string](tab, beyond))
		}
	}
	tab.Viewport(1400, 900)
}

// reach: everything that can be worked has a name of its own and is reached by Tab, in the page's order,
// and seen when it is; nobody is caught.
func reach(t *testing.T, tab *browsertest.Tab, lang string) {
	t.Helper()
	wrong, n := tab.Names()
	for _, w := range wrong {
		t.Errorf("%s: %s", lang, w)
	}
	if n < 60 {
		t.Errorf("%s: %d controls: nothing was tested", lang, n)
	}
	// In rows of a ladder arrows lead on: page's own tests walk there; and so they do among
	// choices of which one is taken.
	stops := browsertest.Eval[int](tab, `(window.want = [...document.querySelectorAll(`+strconv.Quote(worked)+`)].filter(e => e.checkVisibility() && e.tabIndex >= 0 && !e.closest("details.row > :not(summary)") && !(e.type == "radio" && e !== document.querySelector("[name='" + e.name + "']"))), want.length)`)
	do(tab, `want[0].focus()`)
	for i := range stops {
		if !browsertest.Eval[bool](tab, fmt.Sprintf("document.activeElement === want[%d]", i)) {
			t.Errorf("%s: Tab is at %s, want %s", lang, browsertest.Eval[string](tab, "document.activeElement.outerHTML.slice(0, 100)"), browsertest.Eval[string](tab, fmt.Sprintf("want[%d].outerHTML.slice(0, 100)", i)))
			break
		}
		is(t, tab, `getComputedStyle(document.activeElement).outlineStyle == "none"`, "false")
		tab.Press(browsertest.TabKey)
	}
}

// beyond are what reaches out of the window.
const beyond = `[...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className + " in " + (e.closest("[id]")?.id ?? "")).slice(0, 8)`

// A page of somebody else's gets nothing out of the lab: its scripts are refused, it cannot frame a
// page of the lab, and a name of its own that leads here (DNS rebinding) is refused.
func TestForeignPages(t *testing.T) {
	address := lab(t) + "?tls=1.3&seed=7&lang=en"
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<!doctype html><title>elsewhere</title><link rel=icon href="data:,"><p>elsewhere`))
	}))
	defer foreign.Close()

	tab := browsertest.OpenAddress(t, foreign.URL+"/")
	if said := browsertest.Eval[string](tab, fmt.Sprintf(`fetch(%q).then(r => r.text(), e => "refused: " + e)`, address)); !strings.HasPrefix(said, "refused: ") {
		t.Errorf("a foreign script reads %.60q", said)
	}
	if said := browsertest.Eval[string](tab, fmt.Sprintf(`fetch(%q, {mode: "no-cors"}).then(r => r.type, e => "refused: " + e)`, address)); !strings.HasPrefix(said, "refused: ") {
		t.Errorf("a foreign script that does not want to read gets %q", said)
	}
	framed := browsertest.Eval[bool](tab, fmt.Sprintf(`new Promise(done => {
		const f = document.createElement("iframe");
		f.onload = () => done(f.contentDocument === null); // another origin's: the browser's own page of refusal, or ours
		f.src = %q;
		document.body.append(f);
	})`, address))
	if !framed {
		t.Error("a frame stays empty: nothing was tested")
	}
	// What the lab answered, whatever of it the browser kept from the page.
	if got := tab.Answered(4); !slices.Equal(got, []int64{200, 403, 403, 403}) {
		t.Errorf("a foreign page is answered with %v", got)
	}
	note := func(text string) browsertest.Heard {
		return browsertest.Heard{Kind: browsertest.Console, Text: text}
	}
	tab.Provoked(note("ERR_FAILED"), note("NotSameOrigin"), note("Framing"), note("status of 403"), browsertest.Heard{Kind: browsertest.Violation, Text: "frame-ancestors"})
	// A link from elsewhere leads here, as to any page.
	do(tab, fmt.Sprintf("document.body.innerHTML = '<a id=here href=%q>the lesson</a>'", address))
	tab.Leave(func() { tab.Click("#here") })
	is(t, tab, `document.querySelectorAll(".row.arrow").length > 5`, "true")
	tab.Provoked(browsertest.Heard{Kind: browsertest.Request, Text: address})

	rebound := strings.Replace(address, "127.0.0.1", browsertest.Rebound, 1)
	tab = browsertest.OpenAddress(t, rebound)
	if said := browsertest.Eval[string](tab, "document.body.innerText"); !strings.Contains(said, "it answers to localhost and 127.0.0.1 alone") || strings.Contains(said, "ClientHello") {
		t.Errorf("by a name of somebody else's the lab says %.80q", said)
	}
	tab.Provoked(note("status of 421"))
}
