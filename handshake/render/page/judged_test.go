package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// The page of a judgement is worked as one of a handshake is: a check leads to the fields that it
// looked at, a byte to its field, keys walk its certificates; it fits a phone, and is quiet.
func TestJudgementInBrowser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.html")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, e := range play(t, "expired") {
		if c, ok := e.(*event.Check); ok && c.Report != nil {
			if err := page.WriteReport(f, c.Report, page.Options{Lang: narrate.En}); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	const notAfter = "cert.0.tbs_certificate.validity.not_after"
	tab := browsertest.Open(t, file, "")
	is(t, tab, `document.querySelectorAll(".check.bad, .checks .bad").length > 0`, "true")
	browsertest.Eval[bool](tab, `(document.querySelector('main a[href="#`+notAfter+`"]').setAttribute("id", "leads"), true)`)
	tab.Click("#leads")
	tab.Wait(`document.querySelector(".selected")`)
	is(t, tab, selected, "tbs_certificate.validity.not_after "+notAfter)
	tab.Click(`[id="cert.0"] .hex [data-f="tbs_certificate.validity.not_before"]`)
	is(t, tab, "location.hash", "#cert.0.tbs_certificate.validity.not_before")
	tab.Press("?", "l", "l", "o", "o")
	browsertest.Eval[bool](tab, `(document.querySelector('[id="cert.0"] > summary').focus(), true)`)
	tab.Press(browsertest.Right)
	is(t, tab, `document.activeElement.closest("[id='cert.0'] .fields") !== null`, "true")
	tab.Press(browsertest.Escape, browsertest.Down)
	is(t, tab, focus, "cert.1")
	tab.Viewport(360, 720)
	is(t, tab, `[...document.querySelectorAll("main *")].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 360 && !e.closest(".scroll, .hex, .fields") && getComputedStyle(e).clipPath == "none").map(e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 40)).join("; ")`, "")
	is(t, tab, `document.documentElement.scrollWidth`, "360")
}
