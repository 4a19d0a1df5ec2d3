package cli

import (
	"strings"
	"testing"

	"tlslab/handshake/narrate"
)

// TestHelpFile: what is no file of texts is refused with its line; what is one may break lines wherever it likes.
func TestHelpFile(t *testing.T) {
	got, err := parseHelp("# a comment\n\n= An English  text,\n  which goes on.\n它的中文，\n接着写。\n\n= #### Linux:\n#### Linux：\n")
	if err != nil || len(got) != 2 || got["An English text, which goes on."] != "它的中文，接着写。" || got["#### Linux:"] != "#### Linux：" {
		t.Errorf("%q, %v", got, err)
	}
	for file, fault := range map[string]string{
		"中文\n":           "line 1",
		"= a\n= b\n中文\n": "line 2",
		"= a\n":          "no Chinese",
		"= a\n中文\n= a\n中文\n= b\n中文\n": "twice",
		"= a\n中文\n  b\n":              "indented",
		"= a\n\xff\n":                 "UTF-8",
	} {
		if _, err := parseHelp(file); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%q: %v, want %q", file, err, fault)
		}
	}
}

// TestHelpInEnglishReadsNothing: whoever asks for help in English does not pay for the Chinese.
func TestHelpInEnglishReadsNothing(t *testing.T) {
	if wordsFor(narrate.En) != nil || wordsFor(narrate.Zh) == nil {
		t.Error("help in English looks for its words in a file, or help in Chinese does not")
	}
}

// TestHelpWithoutWords: a text without Chinese is shown as it is, and so is what pflag says beside it.
func TestHelpWithoutWords(t *testing.T) {
	p := &helpPage{width: 80, words: func(english string) (string, bool) {
		switch english {
		case "said":
			return "说过", true
		case "help for %s":
			return "%s 的帮助", true
		case "(default %s)":
			return "（默认 %s）", true
		case "file":
			return "文件", true
		}
		return "", false
	}}
	for english, want := range map[string]string{
		"not  said": "not  said", "said": "说过", "help for run": "run 的帮助", "help is for run": "help is for run",
	} {
		if got := p.say(english); got != want {
			t.Errorf("%q: %q, want %q", english, got, want)
		}
	}
	for text, want := range map[string]string{
		`said (default "a (b)")`: `说过（默认 "a (b)"）`, "said (default 30s)": "说过（默认 30s）", "said (default: none)": "said (default: none)", "said": "说过",
	} {
		if got := p.sayUsage(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for option, want := range map[string]string{
		"      --out file": "      --out 文件", "  -o, --out file": "  -o, --out 文件", `      --out file[="x"]`: `      --out 文件[="x"]`,
		"      --out OLD=NEW": "      --out OLD=NEW", "      --quiet": "      --quiet", "  file": "  file", "      --n [HOST]:PORT": "      --n [HOST]:PORT",
	} {
		if got := p.sayValue(option); got != want {
			t.Errorf("%q: %q, want %q", option, got, want)
		}
	}
}
