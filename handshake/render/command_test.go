package render

import (
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
)

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
	for _, e := range rendertest.Play(t, "ecdhe").Events() {
		s, ok := e.(*event.Secret)
		if !ok || s.Tag == "" || done[string(s.Label)] { // each PRF once; narrate's own tests run all
			continue
		}
		done[string(s.Label)] = true
		cmd, _ := narrate.Recompute(s)
		out, err := exec.Command("sh", "-c", strings.Join(wrapCommand(cmd, sheet.DefaultWidth), "\n")).Output()
		if err != nil || strings.TrimSpace(string(out)) != hex.EncodeToString(s.Value) {
			t.Errorf("%s: %v, %s", s.Label, err, out)
		}
		ran++
	}
	if ran < 4 {
		t.Errorf("only %d commands were run", ran)
	}
}
