package browsertest

import (
	"fmt"
	"strconv"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The keys that are no characters.
const (
	Up        = kb.ArrowUp
	Down      = kb.ArrowDown
	Left      = kb.ArrowLeft
	Right     = kb.ArrowRight
	Enter     = kb.Enter
	Escape    = kb.Escape
	TabKey    = kb.Tab
	Home      = kb.Home
	EndKey    = kb.End
	SpaceKey  = " "
	BackTab   = "\x00BackTab" // Shift and Tab
	noElement = "there is no such element: "
)

// Press presses keys one after the other: characters, or the keys above.
func (tab *Tab) Press(keys ...string) {
	tab.t.Helper()
	for _, k := range keys {
		step := chromedp.KeyEvent(k)
		if k == BackTab {
			step = chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
		}
		tab.do(chromedp.Do(tab.ctx, step))
	}
}

// Click moves the mouse to the middle of the first rectangle of the element that selector
// (CSS) finds, and clicks: what lies there gets the click, whichever element it is. The
// element is scrolled into view first.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	x, y := tab.middle(selector)
	tab.do(chromedp.Do(tab.ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y), chromedp.MouseClickXY(x, y)))
}

// Hover moves the mouse there, and does not click.
func (tab *Tab) Hover(selector string) {
	tab.t.Helper()
	x, y := tab.middle(selector)
	tab.do(chromedp.Do(tab.ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y)))
}

func (tab *Tab) middle(selector string) (x, y float64) {
	tab.t.Helper()
	at := Eval[[]float64](tab, fmt.Sprintf(`(() => {
		const e = document.querySelector(%s);
		if (!e) return [];
		e.scrollIntoView({block: "center", inline: "nearest"});
		const r = e.getClientRects()[0];
		return r ? [r.left + r.width / 2, r.top + r.height / 2] : [];
	})()`, strconv.Quote(selector)))
	if len(at) != 2 {
		tab.t.Fatal(noElement, selector)
	}
	return at[0], at[1]
}
