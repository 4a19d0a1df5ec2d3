package page_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/scenario"
	chains "tlslab/pki/lesson"
)

func TestMain(m *testing.M) {
	tlstest.Issue()
	os.Exit(browsertest.Main(m))
}

// lessons are those that a browser is shown.
var lessons = map[string]scenario.Options{
	"tls13":   {Version: iana.TLS13},
	"mlkem":   {Version: iana.TLS13, Groups: []kx.Group{kx.X25519MLKEM768}, ALPN: []string{"h2"}},
	"rsa":     {Kx: []iana.Kx{iana.KxRSA}},
	"refused": {Version: iana.TLS13, UntrustedRoot: true},
	"expired": {Version: iana.TLS13, Cert: chains.Expired},
	"mitm":    {Version: iana.TLS13, MITM: true, TrustMITM: true},
	"0rtt":    {Resume: scenario.ResumeEarly},
}

var (
	playing sync.Mutex
	played  = map[string][]event.Event{}
)

// play is what a lesson's parties tell, always the same.
func play(t testing.TB, name string) []event.Event {
	t.Helper()
	playing.Lock()
	defer playing.Unlock()
	if played[name] == nil {
		o, ok := lessons[name]
		if !ok {
			t.Fatal("no lesson ", name)
		}
		o.Seed = "1"
		if _, err := scenario.Run(t.Context(), o, event.ListenerFunc(func(e event.Event) { played[name] = append(played[name], e) })); err != nil {
			t.Fatal(err)
		}
	}
	return played[name]
}

// laidOut writes the page of some events into a file of its own.
func laidOut(t testing.TB, events []event.Event, o page.Options) string {
	t.Helper()
	var b bytes.Buffer
	o.Teller = func(o render.TerminalOptions) page.Teller { return lesson.NewTerminal(io.Discard, o) }
	p := page.New(&b, o)
	for _, e := range events {
		p.Event(e)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// open shows a lesson's page in the browser. Its test fails if the page is not quiet.
func open(t testing.TB, name string, lang narrate.Lang, hash string) *browsertest.Tab {
	t.Helper()
	return browsertest.Open(t, laidOut(t, play(t, name), page.Options{Lang: lang}), hash)
}

// turn shows another lesson's page in the same tab.
func turn(t testing.TB, tab *browsertest.Tab, name string, lang narrate.Lang) {
	t.Helper()
	tab.Turn(laidOut(t, play(t, name), page.Options{Lang: lang}), "")
}

// is compares the text that an expression comes to.
func is(t testing.TB, tab *browsertest.Tab, expression, want string) {
	t.Helper()
	if got := browsertest.Eval[string](tab, "String("+expression+")"); got != want {
		t.Errorf("%s is %q, want %q", expression, got, want)
	}
}

// byID is a selector for an address: there are points in it.
func byID(address string) string { return fmt.Sprintf("[id=%s]", strconv.Quote(address)) }

// What a test asks of a page.
const (
	focus    = `(document.activeElement.id || document.activeElement.parentElement.id)`
	selected = `[...document.querySelectorAll(".selected")].map(e => e.id || e.dataset.f).join(" ")`
	said     = `document.getElementById("said").textContent`
	openAll  = `document.querySelectorAll("main details").forEach(d => d.open = true)`
)
