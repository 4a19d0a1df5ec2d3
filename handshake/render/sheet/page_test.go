package sheet

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want []string
	}{
		{"", 10, []string{""}},
		{"one two three", 9, []string{"one two", "three"}},
		{"one two", 80, []string{"one two"}},
		{"a\nb", 80, []string{"a", "b"}},
		{"0123456789ab", 8, []string{"01234567", "89ab"}},
		{"01234567、89", 8, []string{"0123456", "7、89"}},
		{"0123456）。89", 8, []string{"012345", "6）。89"}},
		{"012345（01234", 8, []string{"012345", "（01234"}},
		{"、、、、、、", 8, []string{"、、、、", "、、"}},
		{"握手完成，响应已收到。", 10, []string{"握手完成，", "响应已收", "到。"}},
		{"用 TLS 1.2 握手", 8, []string{"用 TLS", "1.2 握手"}},
	} {
		if got := Wrap(c.text, c.n); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

// No line is too wide, and nothing but spaces is lost or added.
func TestWrapKeepsText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("ab c d，。（）密钥 交换…“”")
	for range 2000 {
		var b strings.Builder
		for range r.IntN(80) {
			b.WriteRune(alphabet[r.IntN(len(alphabet))])
		}
		n := 8 + r.IntN(40)
		lines := Wrap(b.String(), n)
		for _, l := range lines {
			if Width(l) > n {
				t.Fatalf("%q is %d wide, not %d", l, Width(l), n)
			}
		}
		strip := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if strip(strings.Join(lines, "")) != strip(b.String()) {
			t.Fatalf("%q became %q", b.String(), lines)
		}
	}
}

// A value that has no room beside its label stands below it, and deeper than it.
func TestHangsBelowItsLabel(t *testing.T) {
	for indent := range 16 {
		var b strings.Builder
		p := NewPage(&b, 30, false)
		p.Row(indent, "a_label_that_is_long", 20, "value", nil)
		lines := strings.Split(b.String(), "\n")
		if at := strings.Index(lines[1], "value"); at <= indent && at < 15 {
			t.Errorf("the label stands at %d and the value at %d:\n%s", indent, at, b.String())
		}
	}
}
