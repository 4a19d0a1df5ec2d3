package main

import (
	"bytes"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
)

// TestVerbsAreBuiltWhenAsked holds what a start costs: the flags of a verb are made for the line that names it.
func TestVerbsAreBuiltWhenAsked(t *testing.T) {
	for _, v := range verbs {
		if got := v.New().Name(); got != v.Name {
			t.Errorf("the verb %s is listed as %s", got, v.Name)
		}
		if asked := cli.Asked(verbs, []string{v.Name, "--help"}); len(asked) != 1 || asked[0].Name != v.Name {
			t.Errorf("tlslab %s builds %d verbs", v.Name, len(asked))
		}
	}
	if asked := cli.Asked(verbs, []string{"--version"}); len(asked) != 0 {
		t.Errorf("tlslab --version builds %d verbs", len(asked))
	}
}

// TestVerbsAskedAnswerAsAll: whoever types a line cannot tell that the other verbs were not built.
func TestVerbsAskedAnswerAsAll(t *testing.T) {
	lines := []string{"", "--version", "-v", "--version x", "--help", "help", "help run", "help nothing", "runn", "--x", "version", "completion", "completion bash",
		"--lang zh runn", "__complete ru", "__complete run --", "__complete ca "}
	for _, v := range verbs {
		lines = append(lines, v.Name+" --help", v.Name+" --nothing", v.Name+" --version", v.Name+" help x y z", "help "+v.Name)
	}
	for _, line := range lines {
		args := strings.Fields(line)
		var all, asked bytes.Buffer
		want := clitest.Command(newRoot(), t.Context(), strings.NewReader(""), &all, &all, args...)
		got := clitest.Command(newRootOf(cli.Asked(verbs, args)), t.Context(), strings.NewReader(""), &asked, &asked, args...)
		if want != got || all.String() != asked.String() {
			t.Errorf("tlslab %s: with all verbs it ends with %d and says\n%s\nwith those asked for, with %d and says\n%s", line, want, all.String(), got, asked.String())
		}
	}
}
