package page_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
	"tlslab/pki"
	chains "tlslab/pki/lesson"
)

// judged is the page of a chain for another name, and the report that it is about.
func judged(t *testing.T, l narrate.Lang) (text string, r *pki.Report, chain [][]byte) {
	t.Helper()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	made, err := chains.New(chains.Options{Kind: chains.WrongHost, Time: now, Staple: "good"})
	if err != nil {
		t.Fatal(err)
	}
	certs, err := pki.Certificates(made.Chain)
	if err != nil {
		t.Fatal(err)
	}
	r, _ = pki.Verify(certs, pki.VerifyOptions{Roots: made.Roots, ServerName: made.Name, Time: now, Staple: made.Staple, Explain: true})
	var b bytes.Buffer
	if err := page.WriteReport(&b, r, page.Options{Lang: l, Staple: made.Staple}); err != nil {
		t.Fatal(err)
	}
	chain = nil
	for _, c := range r.Paths[0].Certs {
		chain = append(chain, c.Raw)
	}
	return b.String(), r, append(chain, made.Staple)
}

func saved(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The page of a judgement says what the terminal says, shows its one failure, and has each byte of
// each certificate and of the status under one field, to which an address leads.
func TestPageOfAJudgement(t *testing.T) {
	for _, l := range narrate.Langs() {
		text, r, documents := judged(t, l)
		tab := browsertest.Open(t, saved(t, text), "#cert.0.tbs_certificate.validity.not_after")
		is(t, tab, selected, "tbs_certificate.validity.not_after cert.0.tbs_certificate.validity.not_after")
		is(t, tab, `document.querySelectorAll(".ladder").length`, "0")
		is(t, tab, `document.querySelectorAll("table.checks .bad").length`, "1")
		browsertest.Eval[any](tab, openAll+"; null")
		for i, raw := range documents {
			got := browsertest.Eval[string](tab, `[...document.querySelectorAll(".record")][`+string(rune('0'+i))+`].querySelector(".hex").textContent.replace(/\s/g, "")`)
			if want := strings.ReplaceAll(sheet.Spaced(raw), " ", ""); got != want {
				t.Errorf("%s: document %d: %d digits of hex, want %d", l, i, len(got), len(want))
			}
		}
		is(t, tab, `[...document.querySelectorAll(".hex [data-f]")].filter(e => e.dataset.f == "unread").length`, "0")
		shown := browsertest.Eval[string](tab, `document.body.innerText.replace(/\s+/g, " ")`)
		err := render.WriteReport(io.Discard, r, render.TerminalOptions{Lang: l, Take: func(_ event.Event, b sheet.Block) {
			s := strings.Join(strings.Fields(sheet.Unpainted(b.Text)), " ")
			if b, err := hex.DecodeString(s); err == nil && len(b) > 64 {
				s = s[:32] + "… " // it folds
			}
			if !strings.Contains(shown, s) {
				t.Errorf("%s: the page does not say %q", l, s)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// So does the comparison's, and its bars stand below each other.
func TestPageOfAComparison(t *testing.T) {
	ways, err := scenario.Compare(t.Context(), scenario.CompareOptions{RTT: 50 * time.Millisecond, Seed: "1", KeyAlgs: []string{"ecdsa"}, Stapled: []bool{false}})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range narrate.Langs() {
		var b bytes.Buffer
		tell := func(to render.TerminalOptions) error { return lesson.WriteComparison(io.Discard, ways, to) }
		if err := page.Write(&b, "ways", page.Options{Lang: l}, tell); err != nil {
			t.Fatal(err)
		}
		tab := browsertest.Open(t, saved(t, b.String()), "")
		shown := browsertest.Eval[string](tab, `document.body.innerText.replace(/\s+/g, " ")`)
		if err := tell(render.TerminalOptions{Lang: l, Take: func(_ event.Event, b sheet.Block) {
			for _, s := range append([]string{sheet.Unpainted(b.Text)}, strings.Split(strings.Join(flat(b.Rows), "\n"), "\n")...) {
				if s = strings.Join(strings.Fields(s), " "); !strings.Contains(shown, s) {
					t.Errorf("%s: the page does not say %q", l, s)
				}
			}
		}}); err != nil {
			t.Fatal(err)
		}
		is(t, tab, `new Set([...document.querySelectorAll("dd.plain > .dim")].map(e => e.getBoundingClientRect().left)).size`, "1")
	}
}

func flat(rows [][]string) (cells []string) {
	for _, row := range rows {
		for _, c := range row {
			cells = append(cells, sheet.Unpainted(c))
		}
	}
	return cells
}
