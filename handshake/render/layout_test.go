package render

import (
	"encoding/hex"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
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
			if width(l) > n {
				t.Fatalf("%q is %d wide, not %d", l, width(l), n)
			}
		}
		strip := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if strip(strings.Join(lines, "")) != strip(b.String()) {
			t.Fatalf("%q became %q", b.String(), lines)
		}
	}
}

// The shell sees the same words whether a command is wrapped or not.
func TestWrapCommandIsTheSameCommand(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no sh on PATH")
		}
		t.Skip("no sh on PATH")
	}
	for _, cmd := range []string{
		"printf '%s|' a b c",
		"printf '%s|' " + strings.Repeat("0123456789abcdef", 20) + " b",
		"printf '%s|' 'seed:key expansion' " + strings.Repeat("word ", 40) + "\"double quoted " + strings.Repeat("x", 100) + "\"",
		"printf '%s|' hexsecret:" + strings.Repeat("ab", 48) + " \\\n  -kdfopt 'a b' | cat",
	} {
		wrapped := wrapCommand(cmd, 60)
		for _, l := range wrapped {
			if len(l) > 60 {
				t.Errorf("%q is %d wide", l, len(l))
			}
		}
		want, err := exec.Command(sh, "-c", cmd).Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := exec.Command(sh, "-c", strings.Join(wrapped, "\n")).Output()
		if err != nil {
			t.Fatalf("%v: %s", err, strings.Join(wrapped, "\n"))
		}
		if string(got) != string(want) {
			t.Errorf("%q became %q", want, got)
		}
	}
}

// A shown command, as wrapped for 80 columns, still computes what it says.
func TestShownCommandsRun(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no openssl on PATH")
		}
		t.Skip("no openssl on PATH")
	}
	ran := 0
	done := map[string]bool{}
	for _, e := range play(t, "ecdhe").Events() {
		s, ok := e.(*event.Secret)
		if !ok || s.Tag == "" || done[string(s.Label)] { // each PRF once; narrate's own tests run all
			continue
		}
		done[string(s.Label)] = true
		cmd, _ := narrate.Recompute(s)
		out, err := exec.Command("sh", "-c", strings.Join(wrapCommand(cmd, DefaultWidth), "\n")).Output()
		if err != nil || strings.TrimSpace(string(out)) != hex.EncodeToString(s.Value) {
			t.Errorf("%s: %v, %s", s.Label, err, out)
		}
		ran++
	}
	if ran < 4 {
		t.Errorf("only %d commands were run", ran)
	}
}
