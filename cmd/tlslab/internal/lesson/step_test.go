package lesson

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
)

// TestStepShowsSomething holds that behind every Enter there is something to read, and
// that with and without the prompts the transcript is the same.
func TestStepShowsSomething(t *testing.T) {
	press := narrate.Must(narrate.En, narrate.UI, "press_enter").Title
	for name, o := range map[string]scenario.Options{
		"tls 1.3": {Version: iana.TLS13, HelloRetry: true, KeyUpdate: true},
		"tls 1.2": {Kx: []iana.Kx{iana.KxECDHE}, ClientAuth: true},
		"resumed": {Resume: scenario.ResumeByTicket},
		"box":     {MITM: true, TrustMITM: true},
		"mutual":  {MITM: true, TrustMITM: true, ClientAuth: true, Version: iana.TLS13},
		"click":   {MITM: true, ClickThrough: true},
	} {
		for _, level := range []render.Level{render.Default, render.Brief} {
			o.Seed, o.BeforeMove = "1", nil
			options := render.TerminalOptions{Level: level}
			var plain bytes.Buffer
			term := lesson.NewTerminal(&plain, options)
			if _, err := scenario.Run(context.Background(), o, term); err != nil {
				t.Fatal(err)
			}
			if err := term.Close(); err != nil {
				t.Fatal(err)
			}
			// The prompts go somewhere else, and leave a mark where they stood.
			var page marked
			s := newStepper(&page, strings.NewReader(strings.Repeat("\n", 1000)), prompts{&page}, options)
			s.show(lesson.NewTerminal(s, options), lesson.NewTerminal)
			o.BeforeMove = s.beforeMove
			if _, err := scenario.Run(context.Background(), o, s); err != nil {
				t.Fatal(err)
			}
			if err := s.term.Close(); err != nil {
				t.Fatal(err)
			}
			if page.String() != plain.String() {
				t.Errorf("%s: the transcript is another", name)
			}
			if len(page.at) < 5 || strings.Count(page.asked.String(), press) != len(page.at) {
				t.Errorf("%s: %d prompts", name, len(page.at))
			}
			for i, at := range page.at {
				next := page.Len()
				if i+1 < len(page.at) {
					next = page.at[i+1]
				}
				if strings.TrimSpace(page.String()[at:next]) == "" {
					t.Errorf("%s: nothing behind prompt %d", name, i+1)
				}
			}
		}
	}
}

// marked is a page that knows where prompts stood.
type marked struct {
	bytes.Buffer
	at    []int
	asked bytes.Buffer
}

// prompts takes them.
type prompts struct{ page *marked }

func (p prompts) Write(b []byte) (int, error) {
	p.page.at = append(p.page.at, p.page.Len())
	return p.page.asked.Write(b)
}
