package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Help is written in English where the flags are, and stands in Chinese in one file, by the English: a text that two verbs
// share is said once. A text that has no Chinese is shown in English, so that nothing is lost; a test sees to it that
// there is none.

// helpWords say a text of help in the reader's language, and whether they know it. English has none: it is nil.
type helpWords func(english string) (said string, known bool)

// wordsFor are those of a language. The file is read when somebody asks for help in Chinese, and by no other start.
func wordsFor(l narrate.Lang) helpWords {
	if l != narrate.Zh {
		return nil
	}
	return func(english string) (string, bool) {
		said, known := chineseHelp()[english]
		return said, known
	}
}

// helpLang gives --lang to the command and to those of its verbs that have nothing to say but help.
func helpLang(root *cobra.Command) {
	for _, cmd := range append(root.Commands(), root) {
		if cmd.Flags().Lookup("lang") == nil {
			new(View).LangFlag(cmd)
		}
	}
}

// HelpUnits are the texts of a command's help that have to be there in each language, once each, by which HelpInChinese has them.
func HelpUnits(cmd *cobra.Command) (units []string) {
	helpIn(cmd, sheet.DefaultWidth, func(english string) (string, bool) {
		if !slices.Contains(units, english) {
			units = append(units, english)
		}
		return "", false
	})
	return units
}

// HelpInChinese are all texts of help, by the English. A "%s" is the name of the command that it is about.
func HelpInChinese() (map[string]string, error) { return parseHelp(chineseFile) }

//go:embed zh/help.txt
var chineseFile string

var chineseHelp = sync.OnceValue(func() map[string]string {
	all, err := HelpInChinese()
	if err != nil {
		panic("zh/help.txt: " + err.Error()) // it is in the binary
	}
	return all
})

// parseHelp reads a file of texts:
//
//	# a comment
//	= An English text,
//	  which may go on in indented lines; they are joined by spaces.
//	它的中文，可以有几行，
//	直接接在一起。
//
// Blank lines may stand anywhere.
func parseHelp(file string) (map[string]string, error) {
	if !utf8.ValidString(file) {
		return nil, errors.New("not UTF-8")
	}
	all := map[string]string{}
	english, chinese := "", ""
	end := func() error {
		switch _, twice := all[english]; {
		case english == "":
			return nil
		case chinese == "":
			return fmt.Errorf("%q has no Chinese", english)
		case twice:
			return fmt.Errorf("%q comes twice", english)
		}
		all[english], english, chinese = chinese, "", ""
		return nil
	}
	n := 0
	for line := range strings.Lines(file) {
		n++
		text := strings.TrimSpace(line)
		var err error
		switch {
		case text == "" || strings.HasPrefix(line, "# "):
		case strings.HasPrefix(line, "= "):
			err = end()
			english = oneLine(line[len("= "):])
		case english == "":
			err = fmt.Errorf("%q belongs to no English text", text)
		case line[0] == ' ' && chinese != "":
			err = fmt.Errorf("%q is indented, and stands behind Chinese", text)
		case line[0] == ' ':
			english += " " + oneLine(text)
		default:
			chinese += text
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return all, end()
}

// oneLine is a text with one space between any two words.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// say is a text of help in the reader's language.
func (p *helpPage) say(english string) string {
	if p.words == nil || english == "" {
		return english
	}
	format, name := nameless(oneLine(english))
	said, known := p.words(format)
	switch {
	case !known:
		return english
	case name != "":
		return strings.Replace(said, "%s", name, 1)
	}
	return said
}

// nameless is a text of cobra's without the name of the command that it is about, and that name.
func nameless(text string) (format, name string) {
	for _, around := range [][2]string{{"help for ", ""}, {"version for ", ""}, {`Use "`, ` [command] --help" for more information about a command.`}} {
		if rest, ok := strings.CutPrefix(text, around[0]); ok {
			if name, ok = strings.CutSuffix(rest, around[1]); ok {
				return around[0] + "%s" + around[1], name
			}
		}
	}
	return text, ""
}

// sayRows says in the reader's language what stands in a table whose texts begin in a column, and returns the column
// in which they begin then.
func (p *helpPage) sayRows(rows []helpRow, column int) int {
	if p.words == nil {
		return column
	}
	english, said := 0, 0
	for i := range rows {
		r := &rows[i]
		if r.text == "" {
			for _, word := range []string{"[flags]", "[command]"} {
				if before, after, found := strings.Cut(r.name, word); found {
					r.name = before + p.say(word) + after
				}
			}
			continue
		}
		english = max(english, sheet.Width(r.name))
		r.name, r.text = p.sayValue(r.name), p.sayUsage(r.text)
		said = max(said, sheet.Width(r.name))
	}
	return column - english + said
}

// sayValue says what an option takes where pflag names it by a word, "--out file". A name such as OLD=NEW is its own: the
// usage says more of it.
func (p *helpPage) sayValue(option string) string {
	at := strings.LastIndexByte(option, ' ') + 1
	value, without, _ := strings.Cut(option[at:], "[=")
	if !strings.Contains(option[:at], "--") || strings.ContainsFunc(value, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return option
	}
	if without != "" {
		without = "[=" + without
	}
	return option[:at] + p.say(value) + without
}

// sayUsage says the text beside an option. What holds without the option pflag has added.
func (p *helpPage) sayUsage(text string) string {
	const before, after = " (default ", ")"
	if at := strings.LastIndex(text, before); at > 0 && strings.HasSuffix(text, after) {
		value := strings.TrimSuffix(text[at+len(before):], after)
		holds := strings.Replace(p.say(before[1:]+"%s"+after), "%s", value, 1)
		if holds[0] == '(' {
			holds = " " + holds
		}
		return p.say(text[:at]) + holds
	}
	return p.say(text)
}
