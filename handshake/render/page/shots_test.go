package page_test

import (
	"testing"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
)

// Pictures of every lesson as it is looked at, for whoever works on the page (-shots DIR): what no
// test can say of a page is whether one would show it to a class.
func TestShots(t *testing.T) {
	if !browsertest.Shooting() {
		t.Skip("pictures are for looking at: -shots DIR keeps them")
	}
	for name := range lessons {
		for _, lang := range narrate.Langs() {
			t.Run(name+" "+string(lang), func(t *testing.T) {
				at := name + "-" + string(lang) + "-"
				tab := open(t, name, lang, "")
				for _, w := range []struct {
					name          string
					width, height int64
				}{{"1400", 1400, 900}, {"800", 800, 900}, {"360", 360, 780}} {
					tab.Viewport(w.width, w.height)
					tab.Shot(at + w.name)
					tab.LongShot(at+w.name+"-long", 4000)
				}
				tab.Viewport(1400, 900)
				tab.Colours(browsertest.Dark)
				tab.Shot(at + "dark")
				tab.Colours(browsertest.Light)
				tab.Press("l")
				tab.Shot(at + "lecture")
				tab.Press("l")
				for _, open := range []string{"c1.client_hello", "c1.certificate", "c1.w.client.3"} {
					tab.Go("#" + open)
					tab.Shot(at + "open-" + open)
				}
				tab.Go("#c1.server_hello")
				tab.OnPaper()
				tab.LongShot(at+"print", 3000)
			})
		}
	}
}
