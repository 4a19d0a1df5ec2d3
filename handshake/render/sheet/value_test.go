package sheet

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What is cut before it is quoted reads as if it were cut after.
func TestBeginningIsTheCutLine(t *testing.T) {
	parts := []string{"a", " ", `\`, `"`, "密", "e\u0301", "\u0301", "🏻", "👩\u200d💻", "\x00", "\x1b[2J", "\r", "\u202e", "\u0d4e", "\x80", "\xe4\xbd", "\xf0\x9f\x8f", "\t"}
	r := rand.New(rand.NewPCG(7, 8))
	for range 20000 {
		var b strings.Builder
		some := parts[r.IntN(len(parts)):]
		for range r.IntN(150) {
			b.WriteString(some[r.IntN(min(len(some), 4))])
		}
		if r.IntN(4) == 0 {
			b.WriteString("\r\r\nsecond line")
		}
		data, n := []byte(b.String()), r.IntN(60)-2
		if got, want := Beginning(data, n), Cut(FirstLine(data), n); got != want {
			t.Fatalf("beginning(%q, %d)\n got %q\nwant %q", data, n, got, want)
		}
	}
}
