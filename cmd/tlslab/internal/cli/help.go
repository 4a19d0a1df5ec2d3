package cli

import (
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"tlslab/handshake/render/sheet"
)

// help is cobra's help of a command, in lines that fit the terminal: what we write of a flag is a sentence, and cobra
// puts it into one line, however long. Prose is filled anew, the text beside a flag or an example stays in its column,
// and a command is broken where a shell reads on.
func help(cmd *cobra.Command, _ []string) {
	out := cmd.OutOrStdout()
	_, _ = io.WriteString(out, helpIn(cmd, helpWidth(cmd, out), wordsFor(langOf(cmd)))) // Results keeps the error
}

// narrowest is how many columns help and a transcript have at least.
const narrowest = 40

// helpWidth is a transcript's: --width, the terminal's, or 80.
func helpWidth(cmd *cobra.Command, out io.Writer) int {
	if w, err := cmd.Flags().GetInt("width"); err == nil && w >= narrowest {
		return w
	}
	if f, ok := Unfiltered(out).(*os.File); ok {
		if n := Columns(f); n > 0 {
			return min(max(n, narrowest), maxWidth)
		}
	}
	return sheet.DefaultWidth
}

func helpIn(cmd *cobra.Command, width int, words helpWords) string {
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	p := &helpPage{width: width, words: words}
	p.prose(strings.TrimRight(about, " \n"))
	p.line("")
	title, section := "", []string(nil)
	end := func() {
		switch {
		case title == "Examples:":
			for _, line := range section {
				p.example(line)
			}
		case title != "":
			p.table(section)
		}
		title, section = "", nil
	}
	for line := range strings.SplitSeq(strings.TrimRight(cmd.UsageString(), "\n"), "\n") {
		switch {
		case title != "" && strings.HasPrefix(line, " "):
			section = append(section, line)
		case strings.HasSuffix(line, ":"):
			end()
			p.line(p.say(line))
			title = line
		default:
			end()
			p.prose(line)
		}
	}
	end()
	return p.text.String()
}

// helpPage is what is written of help so far.
type helpPage struct {
	text  strings.Builder
	width int
	words helpWords
}

func (p *helpPage) line(s string) { p.text.WriteString(strings.TrimRight(s, " ") + "\n") }

// hang writes text behind what its first line begins with, and below that what its others do.
func (p *helpPage) hang(first, others, text string) {
	for _, line := range sheet.Wrap(text, p.width-max(sheet.Width(first), sheet.Width(others))) {
		p.line(first + line)
		first = others
	}
}

// prose fills the lines of paragraphs. What is indented is no prose, and stays as it is.
func (p *helpPage) prose(text string) {
	var paragraph []string
	end := func() {
		switch text := p.say(strings.Join(paragraph, " ")); {
		case len(paragraph) == 1 && sheet.Width(text) <= p.width:
			p.line(text)
		case len(paragraph) > 0:
			p.hang("", "", text)
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == ' ' || line[0] == '\t' {
			end()
			p.line(line)
			continue
		}
		paragraph = append(paragraph, line)
	}
	end()
}

// beside is what stands left of a gap, and the text that stands right of it.
var beside = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^( +\S+(?: \S+)*) {2,}(\S.*)$`) })

// leastBeside is how many columns a text beside something has at least. Where there is no room for it, it stands below.
const leastBeside = 24

// helpRow is a flag or a verb, and the text beside it.
type helpRow struct{ name, text string }

// table writes flags or verbs, and the text beside each.
func (p *helpPage) table(lines []string) {
	var rows []helpRow
	column := 0
	for _, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch m := beside().FindStringSubmatchIndex(line); {
		case m != nil && (column == 0 || indent < column):
			rows = append(rows, helpRow{line[:m[3]], line[m[4]:]})
			column = max(column, sheet.Width(line[:m[4]]))
		case column > 0 && indent >= column: // more of the same text
			rows[len(rows)-1].text += " " + line[indent:]
		default:
			rows = append(rows, helpRow{line, ""})
		}
	}
	column = p.sayRows(rows, column)
	for _, r := range rows {
		widest := leastBeside
		for _, word := range strings.FieldsFunc(r.text, breaksBeside) {
			widest = max(widest, sheet.Width(word))
		}
		switch below := strings.Repeat(" ", 10); {
		case r.text == "":
			name := strings.TrimLeft(r.name, " ")
			at := r.name[:len(r.name)-len(name)]
			p.hang(at, at+"  ", name)
		case p.width-column >= widest:
			p.hang(sheet.Pad(r.name, column), strings.Repeat(" ", column), r.text)
		default:
			p.line(r.name)
			p.hang(below, below, r.text)
		}
	}
}

// breaksBeside reports whether a line may end in front of a character, or behind it, at all.
func breaksBeside(r rune) bool { return r == ' ' || sheet.Width(string(r)) == 2 }

// example writes a command line, and what it does.
func (p *helpPage) example(line string) {
	m := beside().FindStringSubmatchIndex(line)
	if m == nil {
		p.command(line)
		return
	}
	name, text, column := line[:m[3]], p.say(line[m[4]:]), sheet.Width(line[:m[4]])
	if p.width-column >= leastBeside {
		p.hang(sheet.Pad(name, column), strings.Repeat(" ", column), text)
		return
	}
	p.command(name)
	below := strings.Repeat(" ", 10)
	p.hang(below, below, text)
}

// shellWords is an option and its value, or another word of a shell's line.
var shellWords = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`-\S+ (?:'[^']*'|[^-'\s]\S*)|(?:'[^']*'|[^'\s])+`)
})

// command writes a line for a shell, broken in front of an option where it does not fit.
func (p *helpPage) command(line string) {
	if sheet.Width(line) <= p.width {
		p.line(line)
		return
	}
	const goesOn, below = ` \`, "      "
	at := line[:len(line)-len(strings.TrimLeft(line, " "))]
	var pieces []string
	for _, words := range shellWords().FindAllString(line, -1) {
		option, value, both := strings.Cut(words, " ")
		if both && words[0] == '-' && sheet.Width(below+words+goesOn) > p.width {
			pieces = append(pieces, option, value)
			continue
		}
		pieces = append(pieces, words)
	}
	for i, words := range pieces {
		switch {
		case i == 0:
			at += words
		case sheet.Width(at+" "+words+goesOn) > p.width:
			p.line(at + goesOn)
			at = below + words
		default:
			at += " " + words
		}
	}
	p.line(at)
}
