package lab_test

import (
	"testing"

	"tlslab/handshake/internal/browsertest"
)

// Pictures of the lab as it is looked at, for whoever works on it (-shots DIR): what no test can say
// of a page is whether one would show it to a class.
func TestShots(t *testing.T) {
	if !browsertest.Shooting() {
		t.Skip("pictures are for looking at: -shots DIR keeps them")
	}
	const open = `document.querySelectorAll(".lab details").forEach(d => d.open = true)`
	const differing = `document.querySelectorAll("details.both.differs").forEach((d, i) => d.open = i < 4)`
	for name, page := range map[string]struct{ question, first string }{
		"lesson":       {"?tls=1.3&trust-mitm=on&mitm=on&seed=7", ""},
		"form":         {"?tls=1.3&cert=expired&click-through=on&seed=7", open},
		"refusal":      {"?tls=1.3&kx=rsa&seed=7", ""},
		"predict":      {"?tls=1.3&cert=expired&predict=on&seed=7", `document.querySelector(".ask input").checked = true`},
		"predict-pair": {"?kx=rsa&beside=kx%3Decdhe&predict=on&seed=7", `document.querySelectorAll(".ask").forEach(a => { a.querySelectorAll("input")[1].checked = true; a.querySelector(".reveal").open = true; })`},
		"answered":     {"?tls=1.3&trust-mitm=on&predict=on&seed=7", `document.querySelectorAll(".ask").forEach((a, i) => { a.querySelectorAll("input")[i % 3].checked = true; a.querySelector(".reveal").open = true; })`},
		"pair":         {"?kx=ecdhe&beside=tls%3D1.3%3Bkx%3D&seed=7", ""},
		"pair-end":     {"?tls=1.3&mitm=on&beside=trust-mitm%3Don%3Bmitm%3D&seed=7", differing},
	} {
		for _, lang := range []string{"en", "zh"} {
			t.Run(name+" "+lang, func(t *testing.T) {
				tab := visit(t, page.question+"&lang="+lang)
				if name == "refusal" {
					quietRefusal(t, tab)
				}
				if page.first != "" {
					do(tab, page.first)
				}
				for _, w := range []struct {
					name          string
					width, height int64
				}{{"1400", 1400, 900}, {"800", 800, 900}, {"360", 360, 780}} {
					tab.Viewport(w.width, w.height)
					for _, c := range []browsertest.Colours{browsertest.Light, browsertest.Dark} {
						tab.Colours(c)
						tab.LongShot(name+"-"+lang+"-"+w.name+"-"+string(c), 2600)
					}
				}
			})
		}
	}
}
