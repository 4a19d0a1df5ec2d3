package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/render/sheet"
)

// everyHelp is what cobra has to say of each command, by the command line without its first word.
func everyHelp(t *testing.T) map[string]string {
	all := map[string]string{}
	root := newRoot()
	clitest.Command(root, t.Context(), nil, io.Discard, io.Discard, "--help") // adds cobra's own: completion, help
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		about := cmd.Long
		if about == "" {
			about = cmd.Short
		}
		all[strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), "tlslab"))] = about + "\n\n" + cmd.UsageString()
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(root)
	return all
}

// TestHelpFits: help is as wide as the terminal, or 80 columns in a file, and all that cobra has to say is in it. In
// Chinese it says the same on each, and no line begins with a mark that belongs to the one before.
func TestHelpFits(t *testing.T) {
	t.Setenv("PAGER", "")
	unbroken := func(s string) string { // without what a line break adds or takes
		return strings.Join(strings.Fields(strings.ReplaceAll(s, " \\\n", "\n")), "")
	}
	for line, whole := range everyHelp(t) {
		args := append(strings.Fields(line), "--help")
		for _, lang := range []string{"en_US.UTF-8", "zh_CN.UTF-8"} {
			t.Setenv("LC_ALL", lang)
			want := ""
			if lang == "en_US.UTF-8" {
				want = unbroken(whole)
			}
			for _, columns := range []uint16{0, 40, 60, 100, 300} {
				var said string
				if columns == 0 {
					var b bytes.Buffer
					command(t.Context(), nil, &b, io.Discard, args...)
					said = b.String()
				} else {
					tty, seen := terminal(t, 24, columns)
					command(t.Context(), nil, tty, io.Discard, args...)
					said = seen()
				}
				what := fmt.Sprintf("tlslab %s --help in %s on %d columns", line, lang, columns)
				most := map[uint16]int{0: 80, 300: 120}[columns]
				if most == 0 {
					most = int(columns)
				}
				for l := range strings.Lines(said) {
					l = strings.TrimRight(l, "\n")
					if script := strings.HasPrefix(l, "\t"); !script && sheet.Width(l) > most { // cobra's, of completion
						t.Errorf("%s has a line of %d columns: %s", what, sheet.Width(l), l)
					}
					if l = strings.TrimLeft(l, " "); l != "" && strings.ContainsRune("，。、；：？！）”", []rune(l)[0]) {
						t.Errorf("%s has a line that begins with a mark: %s", what, l)
					}
				}
				if want == "" {
					want = unbroken(said)
				}
				if got := unbroken(said); got != want {
					t.Errorf("%s: it says\n%s\nwhich is not all of\n%s", what, said, want)
				}
			}
		}
	}
}

// TestHelpKeepsWords: at 80 columns nothing is broken that a reader would copy: an option, an address.
func TestHelpKeepsWords(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8")
	for line, whole := range everyHelp(t) {
		args := append(strings.Fields(line), "--help")
		var b bytes.Buffer
		command(t.Context(), nil, &b, io.Discard, args...)
		has := map[string]bool{}
		for _, w := range strings.Fields(b.String()) {
			has[w] = true
		}
		for _, w := range strings.Fields(whole) {
			if !has[w] {
				t.Errorf("tlslab %s --help breaks %s", line, w)
			}
		}
	}
}

// TestChineseHelpKeepsWords: nor is it in Chinese, and all that there is to say is said.
func TestChineseHelpKeepsWords(t *testing.T) {
	t.Setenv("LC_ALL", "zh_CN.UTF-8")
	latin := func(text string) []string {
		return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r > '~' })
	}
	zh := chineseHelp(t)
	for line, units := range helpUnits(t) {
		var b bytes.Buffer
		command(t.Context(), nil, &b, io.Discard, append(strings.Fields(line), "--help")...)
		has := map[string]bool{}
		for _, w := range latin(b.String()) {
			has[w] = true
		}
		said := strings.Join(strings.Fields(b.String()), "")
		for _, unit := range units {
			for part := range strings.SplitSeq(zh[unit], "%s") {
				if !strings.Contains(said, strings.Join(strings.Fields(part), "")) {
					t.Errorf("tlslab %s --help does not say %s", line, part)
				}
			}
			for _, w := range latin(zh[unit]) {
				if w != "%s" && !has[w] {
					t.Errorf("tlslab %s --help breaks %s", line, w)
				}
			}
		}
	}
}

// TestErrorsFitTheTerminal: on a terminal an error and what to do about it are broken between words; in a file each is
// one line.
func TestErrorsFitTheTerminal(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		for i, line := range wrong {
			if i%8 > 0 { // a few of them are enough of each kind
				continue
			}
			args := append(strings.Fields(line), "--lang", lang)
			var file bytes.Buffer
			command(t.Context(), strings.NewReader(""), io.Discard, &file, args...)
			tty, seen := terminal(t, 24, 60)
			status := command(t.Context(), strings.NewReader(""), io.Discard, cli.NewNotes(tty, tty), args...)
			said := seen()
			for l := range strings.Lines(said) {
				if l = strings.TrimRight(l, "\n"); sheet.Width(l) > 60 {
					t.Errorf("%s has a line of %d columns: %s", line, sheet.Width(l), l)
				}
			}
			if status != 2 || strings.Join(strings.Fields(said), "") != strings.Join(strings.Fields(file.String()), "") {
				t.Errorf("%s: in a file it says\n%son a terminal\n%s", line, &file, said)
			}
			if n := strings.Count(file.String(), "\n"); n > 3 { // what happened, and at most two pieces of advice
				t.Errorf("%s: in a file it has %d lines\n%s", line, n, &file)
			}
		}
	}
}
