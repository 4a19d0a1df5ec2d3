package lesson_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// blocksOf are the blocks of a lesson.
func blocksOf(t *testing.T, o scenario.Options, lang narrate.Lang) (about []event.Event, blocks []sheet.Block) {
	t.Helper()
	term := lesson.NewTerminal(io.Discard, render.TerminalOptions{Lang: lang, Take: func(e event.Event, b sheet.Block) {
		about, blocks = append(about, e), append(blocks, b)
	}})
	if _, err := scenario.Run(t.Context(), o, term); err != nil {
		t.Fatal(err)
	}
	if err := term.Close(); err != nil {
		t.Fatal(err)
	}
	return about, blocks
}

// A face that takes blocks says what the terminal says: each line of prose that is on the
// terminal is in a block, but for what is said of the terminal itself.
func TestBlocksSayWhatTheTerminalSays(t *testing.T) {
	for name, o := range map[string]scenario.Options{
		"tls13":   {Version: iana.TLS13},
		"rsa":     {Kx: []iana.Kx{iana.KxRSA}},
		"mitm":    {Version: iana.TLS13, MITM: true, TrustMITM: true},
		"resumed": {Resume: scenario.ResumeByTicket},
		"0rtt":    {Resume: scenario.ResumeEarly},
		"refused": {Version: iana.TLS13, Cert: "expired"},
	} {
		for _, lang := range narrate.Langs() {
			o.Seed = "blocks"
			_, blocks := blocksOf(t, o, lang)
			var all strings.Builder
			for _, b := range blocks {
				all.WriteString(sheet.Unpainted(b.Label) + " " + sheet.Unpainted(b.Text) + "\n")
			}
			said := strings.Join(strings.Fields(all.String()), "")
			var b strings.Builder
			term := lesson.NewTerminal(&b, render.TerminalOptions{Lang: lang})
			if _, err := scenario.Run(t.Context(), o, term); err != nil {
				t.Fatal(err)
			}
			if err := term.Close(); err != nil {
				t.Fatal(err)
			}
			say := sheet.Speak(lang)
			lines, missing := 0, 0
			for _, paragraph := range prose(b.String()) {
				lines++
				if !strings.Contains(said, strings.Join(strings.Fields(paragraph), "")) && !ofTheTerminal(say, paragraph) {
					missing++
					t.Errorf("%s, %s: no block says %q", name, lang, paragraph)
				}
			}
			if lines < 25 {
				t.Errorf("%s, %s: %d paragraphs are too few to tell", name, lang, lines)
			}
		}
	}
}

// prose are the paragraphs of a transcript that are sentences: lines of one indentation, of
// which each but the last is full.
func prose(transcript string) (out []string) {
	indent, at := 0, -1
	for l := range strings.Lines(transcript) {
		l = strings.TrimRight(l, "\n")
		text := strings.TrimLeft(l, " ")
		if n := len(l) - len(text); text == "" || n < 3 || n != indent || at < 0 {
			indent, at = n, -1
			if text == "" || n < 3 {
				continue
			}
			out, at = append(out, text), len(out)
			continue
		}
		out[at] += " " + text
	}
	return slices.DeleteFunc(out, func(s string) bool {
		return !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "。") || strings.Contains(s, "…") || strings.Contains(s, "  ")
	})
}

// ofTheTerminal reports whether a paragraph says how the terminal shows things.
func ofTheTerminal(say sheet.Voice, paragraph string) bool {
	for _, key := range []string{"commands_in_bytes", "brief_flow", "brief_flow_tls13", "brief_moves", "brief_leg", "legend"} {
		if strings.Contains(strings.Join(strings.Fields(paragraph), ""), strings.Join(strings.Fields(say.UI(key)), "")) {
			return true
		}
	}
	return false
}

// Each block of a handshake says which event it is about, and no value in one is cut.
func TestBlocksAreAboutEvents(t *testing.T) {
	about, blocks := blocksOf(t, scenario.Options{Seed: "blocks", Version: iana.TLS13}, narrate.En)
	wire := sheet.Speak(narrate.En).UI("on_the_wire")
	tables, commands := 0, 0
	for i, b := range blocks {
		if about[i] == nil {
			t.Errorf("%q is about no event", b.Text)
		}
		switch b.Kind {
		case sheet.Table:
			tables++
		case sheet.Command:
			commands++
		case sheet.Row:
			// Of a record the wire begins here, and its bytes are elsewhere; what is said of a
			// value's parts stands behind the value.
			if strings.Contains(b.Text, "…") && sheet.Unpainted(b.Label) != wire && !strings.Contains(b.Text, " = ") {
				t.Errorf("%s: %q is cut", b.Label, b.Text)
			}
		}
		if strings.ContainsRune(sheet.Unpainted(b.Text), 0x1b) {
			t.Errorf("%q has the mark of a style left", b.Text)
		}
	}
	if tables != 1 || commands < 20 {
		t.Errorf("%d tables and %d commands", tables, commands)
	}
}
