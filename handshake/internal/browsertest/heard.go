package browsertest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Kind is a kind of thing that a page of ours has no business with.
type Kind string

// What is listened for.
const (
	Console   Kind = "console"   // a line on the console, the browser's own and uncaught errors among them
	Request   Kind = "request"   // anything that was to be fetched, but for the page itself and data: addresses
	Violation Kind = "violation" // of the Content-Security-Policy
	Dialog    Kind = "dialog"    // alert and its like
)

// Heard is one such thing, with what the browser said of it.
type Heard struct {
	Kind Kind
	Text string
}

// ears collect what a tab reports. The browser's messages come in one goroutine, the test
// asks from another.
type ears struct {
	mu    sync.Mutex
	pages []string // addresses of what was opened, the last at the end
	gone  []string // addresses that the test went to, without a hash
	heard []noted

	answered []int64 // statuses

	more chan struct{} // closed when one of these has grown, and then another one

	loaded chan struct{} // closed when a page is there, and then another one
}

// take notes what has arrived, and tells whoever waits for it.
func (e *ears) take(how func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	how()
	close(e.more)
	e.more = make(chan struct{})
}

// next is closed when the next page is there.
func (e *ears) next() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.loaded
}

// noted is what was heard, and of a request the browser's name for it.
type noted struct {
	Heard
	id network.RequestID
}

// list takes the names off.
func list(all []noted) (heard []Heard) {
	for _, n := range all {
		heard = append(heard, n.Heard)
	}
	return heard
}

func (e *ears) opens(page string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pages = append(e.pages, page)
}

func (e *ears) opened() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pages[len(e.pages)-1]
}

// goes says that it is the test that asks for what is at an address.
func (e *ears) goes(address string) {
	address, _, _ = strings.Cut(address, "#")
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gone = append(e.gone, address)
}

// asked reports whether the test itself has asked for what is at an address, or for another page of
// the same server, or for a stream of it.
func (e *ears) asked(r *network.EventRequestWillBeSent) bool {
	address, _, _ := strings.Cut(r.Request.URL, "#")
	e.mu.Lock()
	defer e.mu.Unlock()
	return address == "about:blank" || strings.HasPrefix(address, "data:") || slices.Contains(e.gone, address) ||
		(r.Type == network.ResourceTypeDocument || r.Type == network.ResourceTypeEventSource) && slices.ContainsFunc(e.pages, func(page string) bool { return sameServer(page, address) })
}

// sameServer reports whether two addresses are of one server; files have none.
func sameServer(one, two string) bool {
	a, errA := url.Parse(one)
	b, errB := url.Parse(two)
	return errA == nil && errB == nil && a.Host != "" && a.Scheme == b.Scheme && a.Host == b.Host
}

// report is the name by which a page's own event of a breach of its policy reaches us.
const report = "browsertestViolation"

func (tab *Tab) listen() {
	tab.t.Helper()
	call(tab, audits.Enable, cdp.Empty{})
	call(tab, runtime.AddBinding, runtime.AddBindingParams{Name: report})
	call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		addEventListener("securitypolicyviolation", e => ` + report + `(e.violatedDirective + " " + e.blockedURI), true)`})
}

// hear is called with each event of the tab, in order; it must not call the browser.
func (tab *Tab) hear(ev any) {
	note := func(k Kind, text string) {
		tab.ears.take(func() { tab.ears.heard = append(tab.ears.heard, noted{Heard: Heard{k, text}}) })
	}
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, a := range ev.Args {
			note(Console, fmt.Sprint(ev.Type, " ", string(a.Value), a.Description))
		}
	case *runtime.EventExceptionThrown:
		note(Console, fmt.Sprint(ev.ExceptionDetails.Text, " ", ev.ExceptionDetails.Exception.Description))
	case *log.EventEntryAdded:
		note(Console, fmt.Sprint(ev.Entry.Source, " ", ev.Entry.Text))
	case *network.EventRequestWillBeSent:
		if !tab.ears.asked(ev) {
			tab.ears.take(func() {
				tab.ears.heard = append(tab.ears.heard, noted{Heard{Request, ev.Request.URL}, ev.RequestID})
			})
		}
	case *network.EventLoadingFailed:
		if ev.BlockedReason == network.BlockedReasonCsp { // it never left: the violation is told apart
			tab.ears.mu.Lock()
			tab.ears.heard = slices.DeleteFunc(tab.ears.heard, func(n noted) bool { return n.Kind == Request && n.id == ev.RequestID })
			tab.ears.mu.Unlock()
		}
	case *audits.EventIssueAdded:
		if ev.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
			note(Violation, "the browser: "+string(ev.Issue.Details.ContentSecurityPolicyIssueDetails.ViolatedDirective))
		}
	case *runtime.EventBindingCalled:
		if ev.Name == report {
			note(Violation, "the page: "+ev.Payload)
		}
	case *network.EventResponseReceivedExtraInfo:
		tab.ears.take(func() { tab.ears.answered = append(tab.ears.answered, ev.StatusCode) })
	case *page.EventLoadEventFired:
		tab.ears.mu.Lock()
		defer tab.ears.mu.Unlock()
		close(tab.ears.loaded)
		tab.ears.loaded = make(chan struct{})
	case *page.EventJavascriptDialogOpening:
		note(Dialog, ev.Message)
		go func() { // the page stands still until it is answered
			_, _ = chromedp.Call(tab.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

// Heard is what the tab has reported so far.
func (tab *Tab) Heard() []Heard {
	tab.t.Helper()
	// What happened before this answer has been reported before it: two frames, so that
	// what a change of the page asks for has been asked for. A page without scripts has none.
	frames := "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
	if tab.silent {
		frames = "true"
	}
	Eval[bool](tab, frames)
	tab.ears.mu.Lock()
	defer tab.ears.mu.Unlock()
	return list(tab.ears.heard)
}

// until waits until what the tab has reported is enough. Two frames are no measure of it where
// the browser has several processes to ask first, or notes on its console what a server said.
func (tab *Tab) until(what string, enough func() bool) {
	tab.t.Helper()
	for {
		tab.ears.mu.Lock()
		more, done := tab.ears.more, enough()
		tab.ears.mu.Unlock()
		if done {
			return
		}
		select {
		case <-more:
		case <-tab.ctx.Done():
			tab.ears.mu.Lock()
			defer tab.ears.mu.Unlock()
			tab.t.Fatalf("never heard: %s; heard %q", what, list(tab.ears.heard))
		}
	}
}

// Answered are the statuses with which servers answered the tab, in order, once there are as many
// as the test knows of: also where the browser kept the answer from the page.
func (tab *Tab) Answered(atLeast int) []int64 {
	tab.t.Helper()
	tab.until(fmt.Sprint(atLeast, " answers"), func() bool { return len(tab.ears.answered) >= atLeast })
	tab.Heard()
	tab.ears.mu.Lock()
	defer tab.ears.mu.Unlock()
	return slices.Clone(tab.ears.answered)
}

// Provoked is what the tab has reported since the test made it: it is forgotten then, and does
// not fail the test. What is sure to come, of a kind and with this in its text, is waited for.
func (tab *Tab) Provoked(sure ...Heard) []Heard {
	tab.t.Helper()
	for _, s := range sure {
		tab.until(fmt.Sprintf("%s: %s", s.Kind, s.Text), func() bool {
			return slices.ContainsFunc(tab.ears.heard, func(n noted) bool { return n.Kind == s.Kind && strings.Contains(n.Text, s.Text) })
		})
	}
	tab.Heard()
	tab.ears.mu.Lock()
	defer tab.ears.mu.Unlock()
	heard := list(tab.ears.heard)
	tab.ears.heard = nil
	return heard
}

func (tab *Tab) quiet() {
	if tab.t.Failed() || tab.t.Skipped() { // the tab may be of no use any more
		return
	}
	tab.t.Helper()
	for _, h := range tab.Heard() {
		tab.t.Errorf("the page was not quiet: %s: %s", h.Kind, h.Text)
	}
}
