package lesson

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

var compared = sync.OnceValues(func() ([]scenario.Way, error) {
	return scenario.Compare(context.Background(), scenario.CompareOptions{Seed: "1", RTT: 40 * time.Millisecond})
})

func ways(t *testing.T) []scenario.Way {
	t.Helper()
	w, err := compared()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func writeComparison(t *testing.T, w []scenario.Way, o render.TerminalOptions) string {
	t.Helper()
	var b strings.Builder
	if err := WriteComparison(&b, w, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every way has its row in each table and its bar, in a line of no more than 80 columns
// and in words of the language.
func TestWriteComparison(t *testing.T) {
	for _, l := range narrate.Langs() {
		got := writeComparison(t, ways(t), render.TerminalOptions{Lang: l})
		for line := range strings.Lines(got) {
			if n := sheet.Width(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", l, n, line)
			}
		}
		for _, leak := range []string{"compare_", "{"} {
			if strings.Contains(got, leak) {
				t.Errorf("%s: %q is left in the text", l, leak)
			}
		}
		for _, name := range scenario.WayNames() {
			rows, bars := 4, 1
			if name == "rsa" {
				rows = 2 // an ECDSA key cannot encrypt
			}
			title := sheet.Speak(l).UI("compare_way." + name)
			if n := len(regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(title)+` {2,}\d[^=.\n]*$`).FindAllString(got, -1)); n != rows {
				t.Errorf("%s: %s has %d rows, want %d", l, name, n, rows)
			}
			if n := len(regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(title)+` +\d+ ms  \.+=*>+$`).FindAllString(got, -1)); n != bars {
				t.Errorf("%s: %s has %d bars", l, name, n)
			}
		}
		if !strings.Contains(got, sheet.Speak(l).UI("compare_replay")[:20]) {
			t.Errorf("%s: nobody is warned of replay", l)
		}
	}
}

// A bar is as long as its time: as many marks for every round trip.
func TestComparisonBars(t *testing.T) {
	got := writeComparison(t, ways(t), render.TerminalOptions{})
	per := 0
	for _, w := range ways(t) {
		bar := regexp.MustCompile(`(?m)^` + sheet.Speak("en").UI("compare_way."+w.Name) + ` +(\d+) ms  (\.*)(=*)(>*)$`).FindStringSubmatch(got)
		if bar == nil {
			t.Fatalf("%s has no bar", w.Name)
		}
		if per == 0 {
			per = len(bar[4])
		}
		tcp, tls, answer := strings.Count(bar[2], "."), len(bar[3]), len(bar[4])
		if bar[1] != fmt.Sprint(w.FirstByte.Milliseconds()) || tcp != per || tls != per*(w.RoundTrips-1) || answer != per {
			t.Errorf("%s: %q, with %d marks a round trip", w.Name, bar[0], per)
		}
	}
}

// What is not among the ways is not spoken of, and what does not fit TCP's window is.
func TestComparisonNotes(t *testing.T) {
	var full []scenario.Way
	for _, w := range ways(t) {
		if w.KeyAlg == "rsa" && w.Name == "tls13" {
			w.LargestFlight = initialWindow + 1
			full = append(full, w)
		}
	}
	got := writeComparison(t, full, render.TerminalOptions{})
	for _, text := range []string{"0-RTT: ", "False Start", "can only sign", "it fits"} {
		if strings.Contains(got, text) {
			t.Errorf("%q is said of TLS 1.3 alone", text)
		}
	}
	if !strings.Contains(got, "14601 bytes, and TCP's first window 14600") {
		t.Errorf("nobody is told of the window: %s", got)
	}
	if got := writeComparison(t, nil, render.TerminalOptions{}); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

// A wide number makes a wide column, and still fits: the longest shares there are.
func TestComparisonOfLongShares(t *testing.T) {
	g, err := private.ByName("FrodoKEM-640-SHAKE")
	if err != nil {
		t.Fatal(err)
	}
	w, err := scenario.Compare(context.Background(), scenario.CompareOptions{Groups: []kx.Group{g}, KeyAlgs: []string{"rsa"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range narrate.Langs() {
		for line := range strings.Lines(writeComparison(t, w, render.TerminalOptions{Lang: l})) {
			if n := sheet.Width(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", l, n, line)
			}
		}
	}
}

// What a smaller certificate saves is told in the numbers of the table, and only where there
// are two kinds to compare.
func TestCertificateSizes(t *testing.T) {
	got := strings.Join(strings.Fields(writeComparison(t, ways(t), render.TerminalOptions{})), " ")
	var rsa, ecdsa int
	for _, w := range ways(t) {
		if w.Name == "ecdhe" && !w.Stapled && w.KeyAlg == "rsa" {
			rsa = w.Bytes
		} else if w.Name == "ecdhe" && !w.Stapled {
			ecdsa = w.Bytes
		}
	}
	if want := fmt.Sprintf("ECDHE takes %d bytes with RSA, %d bytes with ECDSA P-256.", rsa, ecdsa); !strings.Contains(got, want) || ecdsa >= rsa {
		t.Errorf("no %q in %s", want, got)
	}
	var one []scenario.Way
	for _, w := range ways(t) {
		if w.KeyAlg == "rsa" {
			one = append(one, w)
		}
	}
	if got := writeComparison(t, one, render.TerminalOptions{}); strings.Contains(got, "smaller certificate") {
		t.Error("one kind of certificate is compared with itself")
	}
}
