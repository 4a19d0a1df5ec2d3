package watch

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// seen is a list in a browser.
type seen struct {
	t    *testing.T
	feed *Feed
	tab  *browsertest.Tab

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// look opens a list in a browser.
func look(t *testing.T, entries int, query string) *seen {
	t.Helper()
	x := &seen{t: t, feed: NewFeed(), conns: map[net.Conn]bool{}}
	x.add(1, entries)
	srv := httptest.NewUnstartedServer(New(x.feed, Options{Address: "127.0.0.1:8080", Lang: narrate.En, Kept: func(int) bool { return true }, Page: func(to io.Writer, n, _ int, o page.Options) string {
		_ = page.WriteNotice(to, fmt.Sprintf("page of %d", n), "", o)
		return ""
	}}))
	srv.Config.ConnState = func(c net.Conn, state http.ConnState) {
		x.mu.Lock()
		defer x.mu.Unlock()
		if state == http.StateClosed {
			delete(x.conns, c)
		} else {
			x.conns[c] = true
		}
	}
	srv.Start()
	t.Cleanup(func() {
		x.feed.Close()
		srv.CloseClientConnections()
		srv.Close()
	})
	x.tab = browsertest.OpenAddress(t, srv.URL+"/"+query)
	return x
}

// cut ends every connection that there is.
func (x *seen) cut() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for c := range x.conns {
		_ = c.Close()
	}
}

func (x *seen) add(from, to int) {
	for n := from; n <= to; n++ {
		x.feed.Add(some(n))
	}
}

const (
	shownEntries = `[...document.getElementById("entries").rows].map(r => Number(r.id.slice(1)))`
	isLive       = `document.documentElement.dataset.state == "live"`
	focused      = `(document.activeElement.closest("tr") || document.activeElement).id`
)

// shows waits until the page has these entries, in this order.
func (x *seen) shows(want []int) {
	x.t.Helper()
	x.tab.Wait(fmt.Sprintf(`%s.join() == %q`, shownEntries, strings.Trim(strings.ReplaceAll(fmt.Sprint(want), " ", ","), "[]")))
}

func (x *seen) is(expression, want string) {
	x.t.Helper()
	if got := browsertest.Eval[string](x.tab, "String("+expression+")"); got != want {
		x.t.Errorf("%s is %q, want %q", expression, got, want)
	}
}

// down are the numbers from one to another, the highest first.
func down(from, to int) (list []int) {
	for n := from; n >= to; n-- {
		list = append(list, n)
	}
	return list
}

// In a browser the list goes on by itself, the newest on top; what failed is said aloud; a peer's
// markup is text.
func TestBrowser(t *testing.T) {
	x := look(t, 3, "")
	x.tab.Wait(isLive)
	x.add(4, 20)
	x.shows(down(20, 1))
	x.is(`document.getElementById("said").textContent`, "")
	const hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202egnp.exe\x00"
	e := some(21)
	for lang, l := range e.Said {
		l.Where, l.Method, l.Legs = hostile, hostile, hostile
		l.Remarks = []page.Remark{{Weight: page.Fault, Text: "refused by " + hostile}}
		e.Said[lang] = l
	}
	e.Host = hostile
	x.feed.Add(e)
	x.shows(down(21, 1))
	x.is(`document.querySelectorAll("img, #entries script").length`, "0")
	x.is(`document.getElementById("e21").querySelector("a").textContent.includes("<img src=x")`, "true")
	x.is(`document.body.textContent.includes("\u202e")`, "false")
	x.is(`document.getElementById("said").textContent.includes("refused by <img")`, "true")
	x.tab.Reload() // and as it stands in the document
	x.tab.Wait(isLive)
	x.shows(down(21, 1))
	x.is(`document.querySelectorAll("img, #entries script").length`, "0")
	x.is(`document.querySelectorAll("#hosts option").length`, "6")
}

// A list that was cut off goes on where it was; a list of which too much was missed is loaded again; a
// proxy that has ended is told of.
func TestBrowserReconnects(t *testing.T) {
	x := look(t, 2, "")
	x.tab.Wait(isLive)
	for i := range 3 {
		x.cut()
		x.tab.Provoked(browsertest.Heard{Kind: browsertest.Console, Text: "ERR_INCOMPLETE_CHUNKED_ENCODING"}) // the browser's own note of a stream that broke
		x.add(3+10*i, 12+10*i)
		x.shows(down(12+10*i, 1))
		x.tab.Wait(isLive)
	}
	x.add(33, 1100)
	x.shows(down(1100, 101)) // as many as a page has
	x.tab.Click("#hold")
	x.is(`document.getElementById("hold").getAttribute("aria-pressed")`, "true")
	x.add(1101, 1105)
	x.is(shownEntries+`[0]`, "1100")
	x.tab.Click("#hold")
	x.shows(down(1105, 106))
	x.tab.Click("#hold")
	x.add(1106, 1106+maxEntries)
	x.tab.Leave(func() { x.tab.Click("#hold") })
	x.shows(down(1106+maxEntries, 107+maxEntries))
	x.tab.Wait(isLive)
	x.feed.Close()
	x.tab.Wait(`document.documentElement.dataset.state == "over"`)
	x.is(`document.querySelector(".state[data-state=over]").checkVisibility() && !document.querySelector(".state[data-state=live]").checkVisibility()`, "true")
}

// Who chooses gets what was chosen, then and as it comes, in both languages.
func TestBrowserFilter(t *testing.T) {
	for _, lang := range narrate.Langs() {
		x := look(t, 30, "?lang="+string(lang))
		x.is("document.documentElement.lang", map[narrate.Lang]string{narrate.En: "en", narrate.Zh: "zh-Hans"}[lang])
		x.tab.Click(`input[name=host]`)
		x.tab.Press("h", "o", "s", "t", "1")
		x.tab.Leave(func() { x.tab.Press(browsertest.Enter) })
		x.tab.Wait(isLive)
		x.shows([]int{26, 21, 16, 11, 6, 1})
		x.add(31, 36)
		x.shows([]int{36, 31, 26, 21, 16, 11, 6, 1})
		x.tab.Leave(func() {
			browsertest.Eval[bool](x.tab, `(document.querySelector("select[name=outcome]").value = "failed", true)`)
			x.tab.Click("form button")
		})
		x.shows([]int{36, 21, 6})
		x.is(`document.querySelector("input[name=host]").value + document.querySelector("select[name=outcome]").value + document.documentElement.lang.slice(0, 2)`, "host1failed"+string(lang))
		if wrong, n := x.tab.Names(); len(wrong) > 0 || n < 8 {
			t.Errorf("%s: %d controls: %q", lang, n, wrong)
		}
	}
}

// With keys alone one goes through the list, opens an entry, and comes back to it. A click anywhere on
// a row opens it as well.
func TestBrowserKeys(t *testing.T) {
	x := look(t, 40, "?host=lab")
	x.tab.Wait(isLive)
	x.tab.Press(browsertest.Down)
	x.is(focused, "e40")
	x.tab.Press(browsertest.Down, browsertest.Down, browsertest.Up)
	x.is(focused, "e39")
	x.tab.Press(browsertest.TabKey)
	x.is(focused, "e38")
	x.add(41, 45) // what comes moves nobody
	x.shows(down(45, 1))
	x.is(focused, "e38")
	x.tab.Press(browsertest.EndKey)
	x.is(focused, "e1")
	x.tab.Press(browsertest.Home)
	x.is(focused, "e45")
	x.tab.Press(browsertest.Down)
	x.tab.Leave(func() { x.tab.Press(browsertest.Enter) })
	x.is(`document.querySelector("h1").textContent`, "page of 44")
	x.tab.Leave(func() { x.tab.Click(".lab a") })
	x.tab.Wait(isLive)
	x.is(focused, "e44")
	x.is(`document.querySelector("input[name=host]").value`, "lab")
	x.tab.Leave(func() { x.tab.Click("#e43 td:nth-child(2)") })
	x.is(`document.querySelector("h1").textContent`, "page of 43")
}

// Without scripts the list is all there as it stood, can be chosen from, and says that it does not go
// on; what would do nothing is not there.
func TestBrowserWithoutScripts(t *testing.T) {
	x := look(t, 5, "")
	x.tab.WithoutScripts()
	x.tab.Reload()
	x.is(`document.querySelector(".state[data-state=still]").checkVisibility()`, "true")
	x.is(`document.getElementById("hold").checkVisibility()`, "false")
	x.add(6, 8)
	x.tab.Leave(func() { x.tab.Click("#state a") })
	if got := browsertest.Eval[[]int](x.tab, shownEntries); !slices.Equal(got, down(8, 1)) {
		t.Error(got)
	}
	x.tab.Click(`input[name=host]`)
	x.tab.Press("2")
	x.tab.Leave(func() { x.tab.Press(browsertest.Enter) })
	if got := browsertest.Eval[[]int](x.tab, shownEntries); !slices.Equal(got, []int{7, 2}) {
		t.Error(got)
	}
	x.tab.Leave(func() { x.tab.Click("#e7 a") })
	x.is(`document.querySelector("h1").textContent`, "page of 7")
}

// A thousand entries: how long it took is said, and not judged; that all are there, and go on, is.
func TestBrowserThousand(t *testing.T) {
	x := look(t, 1000, "")
	x.tab.Wait(isLive)
	for range 3 {
		began := time.Now()
		x.tab.Reload()
		x.tab.Wait(isLive + ` && ` + shownEntries + `.length == 1000`)
		ms := browsertest.Eval[float64](x.tab, `performance.getEntriesByType("navigation")[0].loadEventEnd`)
		t.Logf("1,000 entries: loaded after %.0f ms as the browser counts; live after %v as the test does", ms, time.Since(began))
	}
	x.add(1001, 1001)
	x.shows(down(1001, 2))
}

// TestShots are pictures of the list, for whoever works on it (-shots DIR).
func TestShots(t *testing.T) {
	if !browsertest.Shooting() {
		t.Skip("pictures are for looking at: -shots DIR keeps them")
	}
	for _, lang := range narrate.Langs() {
		x := look(t, 40, "?lang="+string(lang))
		e := some(41)
		for l, said := range e.Said {
			said.Where = "www.lab.test/" + strings.Repeat("a-long-path/", 30)
			said.Time, said.Status, said.Sent, said.Received, said.Legs = "12:34:56", "502", "0 B", "1.2 KiB", "client TLS 1.3 x25519 | server TLS 1.3 X25519MLKEM768"
			said.Outcomes = []page.Outcome{page.Failed, page.ByClient}
			said.Remarks = []page.Remark{{Weight: page.Warning, Text: "in clear"}, {Weight: page.Fault, Text: "the client refused, alert unknown_ca: it does not trust the proxy's root"}, {Weight: page.Fault, Text: "How to have it trust that: tlslab proxy ca."}}
			e.Said[l] = said
		}
		x.tab.Wait(isLive)
		x.feed.Add(e)
		x.shows(down(41, 1))
		for _, width := range []int64{1400, 800, 360} {
			x.tab.Viewport(width, 800)
			x.tab.Shot(fmt.Sprintf("list-%s-%d", lang, width))
		}
		x.tab.Viewport(1400, 800)
		x.tab.Colours(browsertest.Dark)
		x.tab.Press(browsertest.Down)
		x.tab.Shot(fmt.Sprintf("list-%s-dark", lang))
		x.tab.Leave(func() { x.tab.Press(browsertest.Enter) })
		x.tab.Shot(fmt.Sprintf("list-%s-entry", lang))
	}
}
