package lesson

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
)

// walk types these lines at the prompts of TLS 1.3 and returns what stood where the prompts
// stand, the transcript, and why it ended.
func walk(t *testing.T, lines ...string) (asked, shown string, err error) {
	t.Helper()
	var prompts, page bytes.Buffer
	s := newStepper(&page, strings.NewReader(strings.Join(lines, "\n")+"\n"), &prompts, render.TerminalOptions{})
	s.show(lesson.NewTerminal(s, render.TerminalOptions{}), lesson.NewTerminal)
	_, err = scenario.Run(context.Background(), scenario.Options{Version: iana.TLS13, Seed: "1", BeforeMove: s.beforeMove}, s)
	if err != nil && !errors.Is(err, errQuit) {
		t.Fatal(err)
	}
	if end := s.term.Close(); end != nil {
		t.Fatal(end)
	}
	if end := s.ended(); end != nil && !errors.Is(end, errQuit) {
		t.Fatal(end)
	}
	return prompts.String(), page.String(), err
}

// What the keys do: each is tried where two moves have been shown.
func TestKeys(t *testing.T) {
	press := narrate.Must(narrate.En, narrate.UI, "press_enter").Title
	for name, c := range map[string]struct {
		lines       []string
		asks, shows string // what must be there
		not         string // what must not be asked
		quits       bool
	}{
		"help":               {lines: []string{"?"}, asks: narrate.Must(narrate.En, narrate.UI, "step_help").Title[:20]},
		"unknown":            {lines: []string{"x"}, asks: "none of the keys: x"},
		"hostile":            {lines: []string{"\x1b[2J"}, asks: `none of the keys: \x1b[2J`},
		"back":               {lines: []string{"", "b"}, asks: " 1 client --> server  ClientHello"},
		"back to the start":  {lines: []string{"", "b", "b", "b"}, asks: "There is nothing before this."},
		"deeper":             {lines: []string{"", "d"}, asks: "offset bytes"},
		"deeper, behind b":   {lines: []string{"", "", "b", "b", "d"}, asks: "client_hello"},
		"search":             {lines: []string{"/who the server is for"}, asks: "did not come any more"},
		"search, found":      {lines: []string{"/CertificateVerify", "q"}, shows: " 6 client <-- server  CertificateVerify", quits: true},
		"search, over lines": {lines: []string{"/in one flight; its next", "q"}, shows: " 7 client <-- server  Finished", quits: true},
		"search again":       {lines: []string{"/ChangeCipherSpec", "/", "q"}, shows: " 3 client <-- server  ChangeCipherSpec", quits: true},
		"nothing to search":  {lines: []string{"/"}, asks: "Nothing was looked for yet"},
		"quit":               {lines: []string{"q"}, asks: "Stopped. client: START", not: "server:", quits: true},
	} {
		t.Run(name, func(t *testing.T) {
			asked, shown, err := walk(t, c.lines...)
			if !strings.Contains(asked, c.asks) {
				t.Errorf("no %q in %s", c.asks, asked)
			}
			if !strings.Contains(shown, c.shows) {
				t.Errorf("no %q in %s", c.shows, shown)
			}
			if c.not != "" && strings.Contains(asked, c.not) {
				t.Errorf("%q in %s", c.not, asked)
			}
			if quits := errors.Is(err, errQuit); quits != c.quits {
				t.Errorf("it ended with %v", err)
			}
			if !c.quits && !strings.Contains(shown, "done: ") { // the input ends, the lesson goes on without it
				t.Error("the lesson does not go on to its end")
			}
			if strings.Count(asked, press) == 0 {
				t.Error("no prompt")
			}
		})
	}
}

// Whoever stops sees no more, and what was shown is the beginning of the whole.
func TestQuitShowsNoMore(t *testing.T) {
	_, part, _ := walk(t, "", "", "q")
	_, whole, _ := walk(t)
	if !strings.HasPrefix(whole, part) || len(part) == 0 || len(part) > len(whole)/2 {
		t.Errorf("%d bytes of %d are shown", len(part), len(whole))
	}
}
