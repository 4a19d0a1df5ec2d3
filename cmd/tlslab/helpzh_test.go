package main

import (
	"bytes"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
)

// helpUnits are the texts of help of each command, by the command line without its first word.
func helpUnits(t *testing.T) map[string][]string {
	all := map[string][]string{}
	root := newRoot()
	clitest.Command(root, t.Context(), nil, io.Discard, io.Discard, "--help") // adds cobra's own: completion, help
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		all[strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), "tlslab"))] = cli.HelpUnits(cmd)
		for _, c := range cmd.Commands() {
			visit(c)
		}
	}
	visit(root)
	return all
}

// chineseHelp is what there is to say for them.
func chineseHelp(t *testing.T) map[string]string {
	all, err := cli.HelpInChinese()
	if err != nil {
		t.Fatal("zh/help.txt: ", err)
	}
	return all
}

// TestHelpIsInChinese: whatever help says of any command it can say in Chinese, and no Chinese waits for an English text
// that nothing says any more. Who changes the English text of a flag finds its Chinese here.
func TestHelpIsInChinese(t *testing.T) {
	zh, unused := chineseHelp(t), chineseHelp(t)
	for line, units := range helpUnits(t) {
		if len(units) < 3 {
			t.Errorf("tlslab %s --help has only %q", line, units)
		}
		for _, unit := range units {
			if zh[unit] == "" {
				t.Errorf("tlslab %s --help: zh/help.txt has no\n= %s", line, unit)
			}
			delete(unused, unit)
		}
	}
	for _, english := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("zh/help.txt: no help says\n= %s", english)
	}
}

// literal is what a text says in no language: an option, a file, an address, a constant, a number, a name that has a
// capital or a digit inside.
var literal = regexp.MustCompile(`(?:^|[\s(])--?[a-z][\w-]*|[\w.~*-]*(?:[/_=:]|\w\.\w|[a-z0-9][A-Z]|\w\d|[A-Z]{2})[\w.*/:=?&\[\]@-]*\w|\$[A-Z]+|\b[A-Z]\b|%s|\d+|§|\[[a-z]+\]`)

// plain are literals by that pattern that are words of English after all.
var plain = []string{"A", "[flags]", "[command]", "encrypt-then-MAC"}

// TestChineseHelpKeepsLiterals: what is to be typed, and every number and section, stands in the Chinese as in the English.
func TestChineseHelpKeepsLiterals(t *testing.T) {
	n := 0
	for english, chinese := range chineseHelp(t) {
		for _, word := range literal.FindAllString(english, -1) {
			n++
			word = strings.TrimLeft(word, " (")
			if !slices.Contains(plain, word) && !strings.Contains(chinese, word) {
				t.Errorf("%q is not in the Chinese of\n= %s\n%s", word, english, chinese)
			}
		}
		for _, option := range regexp.MustCompile(`--[a-zA-Z][\w-]*`).FindAllString(chinese, -1) {
			if !strings.Contains(english, option) {
				t.Errorf("the Chinese speaks of %s:\n= %s\n%s", option, english, chinese)
			}
		}
	}
	if n < 400 {
		t.Errorf("only %d literals were found", n)
	}
}

// TestChineseHelpTerms: help says of a thing what the lessons say of it.
func TestChineseHelpTerms(t *testing.T) {
	terms := []struct{ english, chinese string }{
		{`key share`, `密钥份额`}, {`interceptor|man in the middle`, `中间人`}, {`early data`, `早期数据`}, {`forward secrecy`, `前向保密`},
		{`trust anchor`, `信任锚`}, {`pre-shared key`, `预共享密钥`}, {`tickets?\b`, `票据|ticket`}, {`cipher suite`, `密码套件`},
		{`certificates?\b`, `证书|certificate`}, {`\brepl(y|ies)\b`, `响应`}, {`replay`, `重放|replay`}, {`middlebox`, `中间盒`}, {`\bleaf\b`, `终端实体证书`},
		{`\bstaple`, `装订`}, {`round trip`, `往返`}, {`extended master secret`, `扩展主密钥`}, {`listener`, `窃听者`}, {`\bdefences?\b`, `防御`},
		{`transcript`, `讲解`}, {`(^|[^-])\bgroups?\b`, `群|groups`}, {`key log\b`, `密钥日志`}, {`signed certificate timestamp`, `已签名的证书时间戳`},
		{`(^|[^-])\bresum(e|es|ption)\b`, `恢复`}, {`revocation list`, `吊销列表`}, {`\bpolicy\b`, `策略`}, {`\brecords?\b`, `记录|record`}, {`\bmode 0600\b`, `权限`},
		{`encrypt-then-MAC`, `先加密后认证`}, {`abbreviated handshake`, `简化握手`}, {`quantum-safe`, `抵御量子计算机`}, {`session ID`, `会话 ID`},
	}
	for _, term := range terms {
		said, of := 0, regexp.MustCompile(term.english)
		for english, chinese := range chineseHelp(t) {
			if of.MatchString(english) {
				said++
				if !regexp.MustCompile(term.chinese).MatchString(chinese) {
					t.Errorf("%q is not said as %s in\n= %s\n%s", term.english, term.chinese, english, chinese)
				}
			}
		}
		if said == 0 {
			t.Errorf("no help speaks of %q", term.english)
		}
	}
}

// TestChineseHelpMarks: its punctuation is Chinese, as in package narrate.
func TestChineseHelpMarks(t *testing.T) {
	for _, never := range []struct{ pattern, why string }{
		{`\p{Han} +\p{Han}`, "a space between two characters shows as a gap"},
		{`[，。、；：？！（）「」《》] | [，。、；：？！（）「」《》”]|[“”] \p{Han}|\p{Han} “`, "a space beside a full-width mark"},
		{`\p{Han}[,;:?!]|[,;:?!]\p{Han}`, "an ASCII mark next to a character"},
		{`\p{Han}\(|\)\p{Han}`, "ASCII brackets around Chinese"},
		{`[，。、；：？！][，。、；：？！]`, "two marks in a row"},
		{`\p{Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Han}|\p{Han}--|…\p{Latin}`, "no space between Chinese and Latin"},
	} {
		for english, chinese := range chineseHelp(t) {
			if strings.HasSuffix(chinese, ",…") { // the value of an option, as it is typed
				continue
			}
			if found := regexp.MustCompile(never.pattern).FindString(chinese); found != "" {
				t.Errorf("%q: %s\n= %s\n%s", found, never.why, english, chinese)
			}
		}
	}
	for english, chinese := range chineseHelp(t) {
		if strings.HasSuffix(english, ".") != strings.HasSuffix(chinese, "。") && !strings.HasSuffix(chinese, "……") && !strings.Contains(english, "%s") {
			t.Errorf("one of the two is no sentence:\n= %s\n%s", english, chinese)
		}
	}
}

// TestHelpLanguage: help is in the language that the command line asks for, wherever it does, or else in the
// environment's, by the rule of transcripts.
func TestHelpLanguage(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	for _, row := range []struct {
		all, messages, lang string // LC_ALL, LC_MESSAGES, LANG
		line                string
		chinese             bool
	}{
		{"", "", "", "run --help", false},
		{"", "", "zh_CN.UTF-8", "run --help", true},
		{"", "en_US.UTF-8", "zh_CN.UTF-8", "run --help", false},
		{"", "zh_TW", "C", "verify --help", true},
		{"C.UTF-8", "zh_CN", "zh_CN", "verify --help", false},
		{"zh_CN", "", "", "run --help --lang en", false},
		{"C", "", "", "run --help --lang zh", true},
		{"C", "", "", "run --lang zh --help", true},
		{"C", "", "", "run --lang=zh -h", true},
		{"C", "", "", "run --help --lang=zh", true},
		{"C", "", "", "ca issue --help --lang zh", true},
		{"C", "", "", "proxy ca --help --lang zh", true},
		{"C", "", "", "ca --help --lang zh", true},
		{"C", "", "", "ca --lang zh", true},
		{"C", "", "", "--help --lang zh", true},
		{"C", "", "", "--lang=zh", true},
		{"C", "", "", "help --lang zh", true},
		{"C", "", "", "help run --lang zh", true},
		{"C", "", "", "help --lang=zh ca init", true},
		{"zh_CN", "", "", "help ca init --lang en", false},
		{"zh_CN", "", "", "--help --lang en", false},
		{"zh_CN", "", "", "", true},
		{"zh_CN", "", "", "help run", true},
		{"zh_CN", "", "", "completion --help", true},
		{"zh_CN", "", "", "completion bash --help", true},
		{"C", "", "", "completion --help", false},
	} {
		t.Setenv("LC_ALL", row.all)
		t.Setenv("LC_MESSAGES", row.messages)
		t.Setenv("LANG", row.lang)
		for _, built := range [][]cli.Verb{verbs, cli.Asked(verbs, strings.Fields(row.line))} {
			var out, trouble bytes.Buffer
			status := clitest.Command(newRootOf(built), t.Context(), strings.NewReader(""), &out, &trouble, strings.Fields(row.line)...)
			if status != 0 || trouble.Len() > 0 || out.Len() == 0 || han.Match(out.Bytes()) != row.chinese {
				t.Errorf("%+v: status %d, it says\n%s%s", row, status, &out, &trouble)
			}
		}
	}
}
