package watch

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
)

// The list is tried as its readers have it: the command serves it, by a token, and a browser asks.

func TestMain(m *testing.M) {
	status := browsertest.Main(m)
	endServed()
	os.Exit(status)
}

// served are the proxy's address and that of its list, of the command tlslab proxy --web, built and
// started by the first test that asks.
var (
	served    = sync.OnceValues(serve)
	endServed = func() {}
)

type serving struct{ proxy, list string }

func serve() (s serving, err error) {
	out, end, err := browsertest.Start((*exec.Cmd).StderrPipe, "proxy", "--web", ":0", "--listen", "127.0.0.1:0", "--confdir", ".", "--quiet", "--upstream", "none", "--lang", "en")
	endServed = end
	if err != nil {
		return s, err
	}
	proxy, list := regexp.MustCompile(`on (127\.0\.0\.1:\d+);`), regexp.MustCompile(`^\s*(http://127\.0\.0\.1:\d+/\?token=\S+)$`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := proxy.FindStringSubmatch(lines.Text()); m != nil {
			s.proxy = m[1]
		}
		if m := list.FindStringSubmatch(lines.Text()); m != nil && s.proxy != "" {
			s.list = m[1]
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return s, nil
		}
	}
	return s, errors.New("the proxy says no address of its list")
}

// In a real browser the printed address leads to the list, which goes on; the token stays in no
// address, and no script can read it; whoever has it not, and a name that is not ours, is told nothing.
func TestServed(t *testing.T) {
	s, err := served()
	if err != nil {
		t.Fatal(err)
	}
	tab := browsertest.OpenAddress(t, s.list)
	tab.Wait(isLive)
	_, token, _ := strings.Cut(s.list, "token=")
	if at := tab.At(); strings.Contains(at, token) {
		t.Error(at)
	}
	if seen := browsertest.Eval[string](tab, `document.cookie + document.referrer + document.documentElement.outerHTML + JSON.stringify(performance.getEntriesByType("navigation").map(e => e.name))`); strings.Contains(seen, token) {
		t.Error("the token can be read on the page")
	}
	if hint := browsertest.Eval[string](tab, `document.querySelector("#none code").textContent`); !strings.Contains(hint, "curl --proxy http://"+s.proxy) {
		t.Errorf("what to do: %q", hint)
	}
	through := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: s.proxy})}, Timeout: patience}
	res, err := through.Get("http://127.0.0.1:1/%3Cscript%3E") // where nobody listens
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	through.CloseIdleConnections()
	tab.Wait(shownEntries + `.join() == "1"`)
	if row := browsertest.Eval[string](tab, `document.getElementById("e1").textContent`); !strings.Contains(row, "127.0.0.1:1/%3Cscript%3E") || !strings.Contains(row, "Connection refused") {
		t.Errorf("the entry is %q", row)
	}
	if said := browsertest.Eval[string](tab, `document.getElementById("said").textContent`); said == "" {
		t.Error("what failed is not said aloud")
	}
	tab.Provoked()
	tab.Leave(func() { tab.Click("#e1 a") }) // it was in clear: there is no handshake, which is said
	heard := tab.Provoked(browsertest.Heard{Kind: browsertest.Console, Text: "status of 404"})
	for _, h := range heard { // the browser notes the status
		if h.Kind != browsertest.Console || !strings.Contains(h.Text, "status of 404") {
			t.Errorf("%s: %s", h.Kind, h.Text)
		}
	}
	if said := browsertest.Eval[string](tab, "document.body.textContent"); !strings.Contains(said, "in clear") {
		t.Errorf("%q", said)
	}
	tab.Leave(func() { tab.Click(".lab a") })
	tab.Wait(isLive)

	inside := tab.At()
	address, err := url.Parse(inside)
	if err != nil {
		t.Fatal(err)
	}
	refused := narrate.Must(narrate.En, narrate.UI, "page.list_token").Title
	outside := "http://" + address.Host + "/"
	for _, at := range []string{outside, outside + "?token=" + token[1:], "http://" + browsertest.Rebound + ":" + address.Port() + "/?token=" + token} {
		tab.Visit(at)
		if text := browsertest.Eval[string](tab, "document.body.textContent"); strings.Contains(text, "script%3E") || strings.Contains(text, refused) == strings.Contains(at, browsertest.Rebound) {
			t.Errorf("%s: %q", at, text)
		}
		tab.Provoked(browsertest.Heard{Kind: browsertest.Console, Text: "the server responded with a status of"})
	}
}
