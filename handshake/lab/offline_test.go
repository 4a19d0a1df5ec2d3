package lab

import (
	"bytes"
	"flag"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
)

// The offline lab is an example; it is tested here because what drives a browser is internal to
// handshake.

var seconds = flag.Bool("seconds", false, "hold the offline lab to the seconds that it may take: for a machine that does nothing else")

// In seconds, how long it may take until the first lesson is shown, and until any other is.
const first, next = 3, 1

// most is how many bytes the file may have.
const most = 6_000_000

// made is the file, made once.
var made = sync.OnceValues(func() ([]byte, error) {
	run := exec.Command("go", "run", "./examples/offlinelab")
	run.Dir, run.Stderr = filepath.Join("..", ".."), os.Stderr
	return run.Output()
})

// offline opens the file in a browser, at an address, and waits for its lesson.
func offline(t *testing.T, at string) *browsertest.Tab {
	t.Helper()
	b, err := made()
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > most {
		t.Errorf("the file has %d bytes, more than %d", len(b), most)
	}
	file := filepath.Join(t.TempDir(), "lab.html")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	tab := browsertest.Open(t, file, at)
	tab.Wait(`document.getElementById("lab")`)
	return tab
}

// question is what an address asks for.
func question(t *testing.T, address string) Question {
	t.Helper()
	values, err := url.ParseQuery(address[1:])
	if err != nil {
		t.Fatal(err)
	}
	q, wrong := Parse(values, narrate.En)
	if wrong != nil {
		t.Fatal(wrong)
	}
	return q
}

// TestOffline: the file opens with a lesson, and goes on to every other by its links; each has the
// page that tlslab web has at that address, byte for byte.
func TestOffline(t *testing.T) {
	tab := offline(t, "?seed=7")
	b, _ := made()
	version := browsertest.Eval[string](tab, `document.querySelector("meta[name=generator]").content.replace("tlslab ", "")`)
	opened := browsertest.Eval[float64](tab, "performance.now()") / 1000
	tab.Shot("offline")
	t.Logf("%d bytes; the first lesson after %.2f s", len(b), opened)
	if *seconds && opened > first {
		t.Errorf("the first lesson after %.2f s, want %d", opened, first)
	}
	tab.Wait(`(window.last = null, window.asked = tlslabAnswer, window.tlslabAnswer = (at, lang) => last = asked(at, lang))`)
	n := browsertest.Eval[int](tab, `document.querySelectorAll("nav.lessons a").length`)
	if n != len(Openings()) {
		t.Fatalf("%d links to lessons", n)
	}
	for i := range n {
		took := browsertest.Eval[float64](tab, `new Promise(done => {
			const from = performance.now();
			document.querySelectorAll("nav.lessons a")[`+strconv.Itoa(i)+`].click();
			requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - from)));
		})`) / 1000
		at := browsertest.Eval[string](tab, "location.search")
		t.Logf("%.2f s %s", took, at)
		if *seconds && took > next {
			t.Errorf("%s after %.2f s, want %d", at, took, next)
		}
		q := question(t, at)
		if q.Lesson.Seed != "7" || !browsertest.Eval[bool](tab, `document.querySelector("nav.lessons a[aria-current]") === document.querySelectorAll("nav.lessons a")[`+strconv.Itoa(i)+`]`) {
			t.Errorf("lesson %d is shown at %s", i, at)
		}
		want, err := (&Lab{Version: version}).Answer(t.Context(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		page := strings.Replace(string(want.Page), `<option value="brotli"></option>`, "", 1) // which is not built in
		if got := browsertest.Eval[string](tab, "last.page"); got != page {
			t.Errorf("%s: a page of %d bytes, want %d, and they differ", at, len(got), len(page))
		}
	}
}

// TestOfflineJSON: what happens in a lesson is the same as on a command line, to the last byte.
func TestOfflineJSON(t *testing.T) {
	tab := offline(t, "?plain=on&seed=7")
	for _, o := range Openings() {
		o.Lesson.Seed = "8"
		q := Question{Lang: narrate.En, Lesson: o.Lesson}
		so, err := q.Lesson.Options()
		if err != nil {
			t.Fatal(err)
		}
		tr, err := scenario.Run(t.Context(), so, nil)
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := lesson.WriteJSON(&want, tr); err != nil {
			t.Fatal(err)
		}
		if got := browsertest.Eval[string](tab, "tlslabJSON("+strconv.Quote(q.Address().String())+")"); got != want.String() {
			t.Errorf("%s: %d bytes of JSON, want %d, and they differ", o.Key, len(got), want.Len())
		}
	}
}

// TestOfflineAddress: the address is the lesson, as in tlslab web: it is gone back to, reloaded, and
// has the page's own addresses behind it.
func TestOfflineAddress(t *testing.T) {
	tab := offline(t, "?tls=1.3&seed=7#c1.server_hello")
	at := func(want string) {
		t.Helper()
		if got := browsertest.Eval[string](tab, "location.search + location.hash"); got != want {
			t.Errorf("it is at %s, want %s", got, want)
		}
	}
	opened := `document.querySelector("[id='c1.server_hello'].selected")`
	tab.Wait(opened)
	at("?tls=1.3&seed=7&lang=en#c1.server_hello") // an address that leaves out the language gets it

	// A switch and the language are set in the form, which asks for no page from anywhere.
	tab.Click("#lab details:nth-of-type(2) > summary")
	tab.Click("[name=client-auth]")
	browsertest.Eval[string](tab, `document.querySelector("[name=lang]").value = "zh"`)
	tab.Click("#lab button")
	tab.Wait(`document.documentElement.lang === "zh-Hans"`)
	at("?tls=1.3&client-auth=on&seed=7&lang=zh")
	if n := browsertest.Eval[int](tab, `document.querySelectorAll("[id^='c1.certificate_request']").length`); n == 0 {
		t.Error("the server asks for no certificate")
	}

	// What did it change?
	tab.Click("#lab a[href*='beside=client-auth']")
	tab.Wait(`document.querySelector("table.pair")`)
	at("?tls=1.3&client-auth=on&beside=client-auth%3D&seed=7&lang=zh")
	if n := browsertest.Eval[int](tab, `document.querySelectorAll("details.differs").length`); n == 0 {
		t.Error("nothing differs")
	}

	tab.Back(`!document.querySelector("table.pair")`)
	at("?tls=1.3&client-auth=on&seed=7&lang=zh")
	tab.Back(opened)
	at("?tls=1.3&seed=7&lang=en#c1.server_hello")
	tab.Reload()
	tab.Wait(opened)
	at("?tls=1.3&seed=7&lang=en#c1.server_hello")

	// Within a page its addresses lead where they lead, and the lesson stays.
	browsertest.Eval[bool](tab, `window.same = true`)
	tab.Click("[id='c1.client_hello'] > summary")
	tab.Wait("location.hash === '#c1.client_hello'")
	if !browsertest.Eval[bool](tab, "window.same === true && location.search === '?tls=1.3&seed=7&lang=en'") {
		t.Error("the lesson was left")
	}
}

// TestOfflinePredict: questions are asked, and what is answered counts, after a page without any.
func TestOfflinePredict(t *testing.T) {
	tab := offline(t, "?tls=1.3&seed=7")
	tab.Click(".lessons a") // so that a page has been shown after the first
	tab.Wait(`document.querySelector("[aria-current=page]")`)
	tab.Click(".lab form > details:last-of-type > summary")
	tab.Click("[name=predict]")
	tab.Click(".lab [type=submit]")
	tab.Wait(`document.querySelector("fieldset.ask")`)
	tab.Click(".ask [data-right]")
	tab.Click(".ask .reveal summary")
	tab.Wait(`document.querySelector("#score .tally").textContent === "1"`)
}

// TestOfflineRefusals: what makes no lesson is told as in tlslab web, at that address, and what
// needs tlslab web says so.
func TestOfflineRefusals(t *testing.T) {
	tab := offline(t, "?tls=1.3&kx=rsa&seed=7&lang=en")
	says := func(want string) {
		t.Helper()
		if got := browsertest.Eval[string](tab, `document.body.innerText`); !strings.Contains(got, want) {
			t.Errorf("it says %q, and not %q", got, want)
		}
	}
	says("These switches make no lesson")
	tab.Click("main a")
	tab.Wait(`document.querySelector(".ladder")`)
	for _, x := range []struct{ at, want string }{
		{"?attack=early-data&seed=7&lang=en", "tlslab web"},
		{"?compress-cert=brotli&seed=7&lang=en", "tlslab web"},
		{"?unheard-of=1", "no lesson has such a switch"},
		{"?tls=%zz", "invalid URL escape"},
	} {
		tab.Go(x.at)
		tab.Wait(`document.getElementById("lab")`)
		says(x.want)
	}
	if got := browsertest.Eval[string](tab, `document.querySelector("#lab").textContent`); !strings.Contains(got, "They are in: tlslab web") {
		t.Error("the form does not say where the replays are")
	}
}

// TestOfflineUnable: a browser that cannot play says so, in both languages.
func TestOfflineUnable(t *testing.T) {
	tab := offline(t, "")
	for _, x := range []struct{ before, en, zh string }{
		{"delete self.DecompressionStream", "no DecompressionStream", "没有"},
		{"delete self.WebAssembly", "no WebAssembly", "没有"},
		{"self.DecompressionStream ??= TransformStream; WebAssembly = {instantiate: () => Promise.reject(Error('out of memory'))}", "out of memory", "没有启动"},
	} {
		tab.Before(x.before)
		tab.Go("")
		tab.Wait(`document.querySelector("#loading") && document.querySelector("#loading").hidden`)
		if got := browsertest.Eval[string](tab, "document.body.innerText"); !strings.Contains(got, x.en) || !strings.Contains(got, x.zh) {
			t.Errorf("%s: it says %q", x.before, got)
		}
		tab.Shot("offline-" + strings.ReplaceAll(x.en, " ", "-"))
	}
	tab.WithoutScripts()
	tab.Go("")
	if got := browsertest.Eval[string](tab, "document.body.innerText"); !strings.Contains(got, "JavaScript is turned off") || !strings.Contains(got, "关闭了 JavaScript") {
		t.Errorf("without scripts it says %q", got)
	}
}
