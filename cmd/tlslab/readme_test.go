package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// What the README shows of a run is what that run prints.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)<!-- [a-z ]+: tlslab ([^\n]+) -->\n```text\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(shown) != 3 {
		t.Fatalf("the README shows %d runs, want 3", len(shown))
	}
	for _, s := range shown {
		cmd := exec.Command(os.Args[0], strings.Fields(s[1])...)
		cmd.Args[0] = "tlslab"
		cmd.Env = append(os.Environ(), "LC_ALL=C", "NO_COLOR=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), s[2]) {
			t.Errorf("tlslab %s prints something else than the README shows", s[1])
		}
	}
}
