package sheet

import (
	"testing"
	"time"

	"tlslab/handshake/narrate"
)

// TestSpan: the two largest units, and nothing between them left out.
func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0 s", 1500 * time.Millisecond: "1 s", 90 * time.Second: "1 min 30 s", time.Hour + time.Second: "1 h",
		24 * time.Hour: "1 d", 167*time.Hour + 59*time.Minute + 30*time.Second: "6 d 23 h"} {
		if got := Speak(narrate.En).Span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
