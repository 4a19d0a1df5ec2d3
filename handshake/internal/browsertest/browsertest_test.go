package browsertest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// A page that does everything it has no business with is heard doing it: a test that hears
// nothing of another page has heard that page.
func TestHeard(t *testing.T) {
	tab := open(t, "testdata/loud.html", "")
	if h := tab.Heard(); len(h) > 0 {
		t.Errorf("before it was touched: %q", h)
	}
	tab.Click("#b")
	tab.Wait(`p.textContent == "clicked"`) // by the mouse, and not by a script
	tab.Provoked(
		Heard{Kind: Console, Text: "a line"}, Heard{Kind: Console, Text: "missing is not defined"}, Heard{Kind: Request, Text: "http://nowhere.example/picture.png"},
		Heard{Kind: Violation, Text: "style-src"}, Heard{Kind: Dialog, Text: "a dialog"})
}

func TestKeysAndHistory(t *testing.T) {
	tab := open(t, "testdata/loud.html", "#start")
	for _, k := range [][2]string{{Down, "ArrowDown"}, {"?", "Shift ?"}, {"l", "l"}, {Escape, "Escape"}, {Enter, "Enter"}, {BackTab, "Shift Tab"}} {
		if tab.Press(k[0]); Eval[string](tab, "p.textContent") != k[1] {
			t.Errorf("%q arrives as %q, want %q", k[0], Eval[string](tab, "p.textContent"), k[1])
		}
	}
	tab.Click("#b")
	tab.Wait(`location.hash == "#clicked"`)
	tab.Back(`location.hash == "#start"`)
	tab.Reload()
	if p := Eval[string](tab, "p.textContent + location.hash"); p != "nothing#start" {
		t.Errorf("loaded again it says %q", p)
	}
}

func TestQuiet(t *testing.T) {
	tab := Open(t, "testdata/quiet.html", "")
	colour := func() string { return Eval[string](tab, `getComputedStyle(document.querySelector("p")).color`) }
	light := colour()
	tab.Colours(Dark)
	dark := colour()
	tab.OnPaper()
	if print := colour(); light != "rgb(0, 0, 0)" || dark != "rgb(1, 2, 3)" || print != "rgb(4, 5, 6)" {
		t.Errorf("light %s, dark %s, on paper %s", light, dark, print)
	}
	tab.Viewport(360, 700)
	if w := Eval[int](tab, "innerWidth"); w != 360 {
		t.Errorf("the window is %d wide", w)
	}
	if p := string(tab.PDF()); !strings.HasPrefix(p, "%PDF-") {
		t.Errorf("printed: %.20q", p)
	}
	want := []Node{{"button", "One", "", true}, {"link", "Two", tab.ears.opened() + "#two", true}}
	got := slices.DeleteFunc(tab.Nodes(), func(n Node) bool { return n.Role != "button" && n.Role != "link" })
	if !slices.Equal(got, want) {
		t.Errorf("a screen reader is told of %v, want %v", got, want)
	}
}

// Without scripts nothing of a page's runs, and the test still reads the page.
func TestWithoutScripts(t *testing.T) {
	tab := open(t, "testdata/loud.html", "")
	tab.WithoutScripts()
	tab.Go("")
	tab.Click("#b")
	if p := Eval[string](tab, `document.getElementById("p").textContent`); p != "nothing" {
		t.Errorf("its script ran: %q", p)
	}
}
