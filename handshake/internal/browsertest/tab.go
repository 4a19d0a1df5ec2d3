package browsertest

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Tab is one page in the browser, of 1,400 × 900 pixels and in light colours until told
// otherwise. Whatever goes wrong with the browser itself ends the test.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	ears ears

	silent bool // its pages run no scripts
}

// Open opens a file in a tab of its own, by a file: address as a double click would, with
// hash behind it ("#c1.server_hello", "?seed=7", or nothing). The tab is closed with the test, which
// fails if the page was not Quiet.
func Open(t testing.TB, file, hash string) *Tab {
	t.Helper()
	tab := open(t, file, hash)
	t.Cleanup(tab.quiet)
	return tab
}

// OpenAddress is Open for a page that is served, by its http: address. What is asked for at the same
// server as a page, by a link or a form, is none of what a page has no business with.
func OpenAddress(t testing.TB, address string) *Tab {
	t.Helper()
	tab := blank(t)
	tab.Visit(address)
	t.Cleanup(tab.quiet)
	return tab
}

// Blank is a tab with nothing in it yet, for a test that turns to several pages, or that has a wish
// before its first. It is closed as Open's is.
func Blank(t testing.TB) *Tab {
	t.Helper()
	tab := blank(t)
	t.Cleanup(tab.quiet)
	return tab
}

func open(t testing.TB, file, hash string) *Tab {
	t.Helper()
	tab := blank(t)
	tab.Turn(file, hash)
	return tab
}

// blank is a tab with nothing in it.
func blank(t testing.TB) *Tab {
	t.Helper()
	tab := &Tab{t: t}
	tab.ears.loaded, tab.ears.more = make(chan struct{}), make(chan struct{})
	ctx, closed := chromedp.NewContext(chromium(t), chromedp.WithListener(tab.hear))
	t.Cleanup(closed)
	tab.do(startTab(ctx)) // a tab lives as long as the context that it was started with: not the shorter one below
	ctx, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	tab.ctx = ctx

	tab.listen()
	call(tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // as if each tab were in front
	tab.Viewport(1400, 900)
	tab.Colours(Light)
	return tab
}

// Turn opens another file in the tab.
func (tab *Tab) Turn(file, hash string) {
	tab.t.Helper()
	abs, err := filepath.Abs(file)
	tab.do(err)
	tab.ears.opens((&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String())
	tab.Go(hash)
}

// Visit opens an http: address in the tab.
func (tab *Tab) Visit(address string) {
	tab.t.Helper()
	tab.ears.opens(address)
	tab.Go("")
}

// Leave does what leads to another page, and waits until that one is there.
func (tab *Tab) Leave(by func()) {
	tab.t.Helper()
	tab.Heard() // so that what has been loaded until now has been reported
	next := tab.ears.next()
	by()
	select {
	case <-next:
	case <-tab.ctx.Done():
		tab.t.Fatal("no other page was loaded")
	}
}

// At is the address that the tab is at.
func (tab *Tab) At() string {
	tab.t.Helper()
	return Eval[string](tab, "location.href")
}

func startTab(ctx context.Context) error { return chromedp.Do(ctx) }

func (tab *Tab) do(err error) {
	tab.t.Helper()
	if err != nil {
		tab.t.Fatal(err)
	}
}

func call[P, R any](tab *Tab, cmd cdp.Command[P, R], params P) R {
	tab.t.Helper()
	r, err := chromedp.Call(tab.ctx, cmd, params)
	tab.do(err)
	return r
}

// Go opens the page anew, with this hash.
func (tab *Tab) Go(hash string) {
	tab.t.Helper()
	address := tab.ears.opened() + hash
	if at := Eval[string](tab, "location.href"); strings.HasPrefix(at, tab.ears.opened()) {
		// From another page: a hash alone would be a jump on the page that is open.
		tab.do(chromedp.Do(tab.ctx, chromedp.Navigate("about:blank")))
	}
	tab.ears.goes(address)
	tab.do(chromedp.Do(tab.ctx, chromedp.Navigate(address)))
}

// Reload loads the page again, as the key F5 does: at the address that it is at.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.ears.goes(Eval[string](tab, "location.href"))
	tab.do(chromedp.Do(tab.ctx, chromedp.Reload()))
}

// Viewport sets the size of the window, in CSS pixels.
func (tab *Tab) Viewport(width, height int64) {
	tab.t.Helper()
	tab.do(chromedp.Do(tab.ctx, chromedp.EmulateViewport(width, height)))
}

// Colours are what a system asks its pages for.
type Colours string

// What prefers-color-scheme can say.
const (
	Light Colours = "light"
	Dark  Colours = "dark"
)

// Colours has the system ask for dark or for light pages; and for no motion, so that what a
// test sees does not depend on when it looks.
func (tab *Tab) Colours(c Colours) {
	tab.t.Helper()
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features(c)})
}

// ForcedColours has the system choose all colours itself, as a contrast theme does.
func (tab *Tab) ForcedColours() {
	tab.t.Helper()
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: append(features(Light), &emulation.MediaFeature{Name: "forced-colors", Value: "active"})})
}

// OnPaper shows the page as it is printed, in light colours.
func (tab *Tab) OnPaper() {
	tab.t.Helper()
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: features(Light)})
}

func features(c Colours) []*emulation.MediaFeature {
	return []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: string(c)},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}
}

// WithoutScripts turns JavaScript off for the pages that this tab opens from now on.
func (tab *Tab) WithoutScripts() {
	tab.t.Helper()
	tab.silent = true
	call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// Before runs a script on the pages that this tab opens from now on, before any of theirs.
func (tab *Tab) Before(script string) {
	tab.t.Helper()
	call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// Eval is the value of an expression of JavaScript on the page.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	v, err := chromedp.Run(tab.ctx, chromedp.Evaluate[T](expression, func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
	if err != nil {
		tab.t.Fatalf("%v: %s", err, expression)
	}
	return v
}

// Wait waits until an expression is true: it is looked at at each frame.
func (tab *Tab) Wait(expression string) {
	tab.t.Helper()
	Eval[bool](tab, `new Promise(done => { const look = () => (`+expression+`) ? done(true) : requestAnimationFrame(look); look(); })`)
}

// Back goes back by one in what the tab has shown, as the browser's button does, and waits
// until the expression is true.
func (tab *Tab) Back(until string) {
	tab.t.Helper()
	h := call(tab, page.GetNavigationHistory, cdp.Empty{})
	if h.CurrentIndex < 1 {
		tab.t.Fatal("there is nothing to go back to")
	}
	call(tab, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: h.Entries[h.CurrentIndex-1].ID})
	tab.Wait(until)
}
