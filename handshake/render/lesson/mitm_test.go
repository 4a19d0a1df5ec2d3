package lesson

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// The table of all combinations, in both languages; no line is wider than the page.
func TestMITMMatrix(t *testing.T) {
	verdicts, err := scenario.MITMMatrix(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range narrate.Langs() {
		var b bytes.Buffer
		if err := WriteMITMMatrix(&b, verdicts, render.TerminalOptions{Lang: lang}); err != nil {
			t.Fatal(err)
		}
		rendertest.Golden(t, "mitm_matrix."+string(lang)+".txt", b.Bytes())
		for _, l := range strings.Split(b.String(), "\n") {
			if sheet.Width(l) > sheet.DefaultWidth {
				t.Errorf("%s: %d columns: %s", lang, sheet.Width(l), l)
			}
		}
	}
}

// Combinations that come to different things do not share a row, and what nobody has
// words for is still told.
func TestMITMMatrixHidesNothing(t *testing.T) {
	v := scenario.MITMVerdict{Version: iana.TLS12, TrustMITM: true, ClickThrough: true, Page: true}
	w := scenario.MITMVerdict{Version: iana.TLS12, TrustMITM: true, StolenCA: true, Reason: reason.BadFinished, Refused: "client"}
	var b bytes.Buffer
	if err := WriteMITMMatrix(&b, []scenario.MITMVerdict{v, w}, render.TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "several of these"); n < 2 || !strings.Contains(b.String(), "bad_finished") {
		t.Error(b.String())
	}
}

var stepHead = regexp.MustCompile(`(?m)^   (Step|第) (\d) (?:of|步)`)

// The seven steps are told in order, at every level, in each language.
func TestSevenSteps(t *testing.T) {
	for _, lang := range narrate.Langs() {
		for _, level := range []render.Level{render.Default, render.Brief, render.Bytes} {
			got, _ := write(t, rendertest.Play(t, "mitm_changed").Events(), render.TerminalOptions{Lang: lang, Level: level})
			order := ""
			for _, m := range stepHead.FindAllStringSubmatch(got, -1) {
				order += m[2]
			}
			if order != "1234567" {
				t.Errorf("%s, level %d: steps %s", lang, level, order)
			}
		}
	}
}

// A worksheet gives no key away in the comparison of the legs either.
func TestLegsKeepBlanks(t *testing.T) {
	tr := rendertest.Play(t, "mitm")
	got, _ := write(t, tr.Events(), render.TerminalOptions{Worksheet: true})
	if key := tr.Secret(event.LabelMasterSecret); strings.Contains(got, sheet.Text(key[:8])) {
		t.Error("the master secret is shown")
	}
}

// Past a box that forwards bytes client and server speak with each other.
func TestPassthroughArrows(t *testing.T) {
	for _, level := range []render.Level{render.Default, render.Brief} {
		got, _ := write(t, rendertest.Play(t, "mitm_through").Events(), render.TerminalOptions{Level: level})
		if !strings.Contains(got, "client --> server  ClientHello") || strings.Contains(got, "--> interceptor") {
			t.Errorf("level %d draws the box as an end", level)
		}
	}
}
