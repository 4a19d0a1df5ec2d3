package narrate

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// parse reads one file of entries:
//
//	# a comment
//	= key
//	= another key with the same entry
//	Title, one line
//	Text, in as many lines as it takes; they are joined.
//	@ RFC 5246 §7.4.1.2
//
// An entry ends at the next key line or at the end of the file; blank lines and
// comments may stand anywhere. The text and the reference may be missing, the title
// may not, and no key may come twice. Chinese lines are joined without a space.
func parse(file string) (map[string]Entry, error) {
	if !utf8.ValidString(file) {
		return nil, errors.New("not UTF-8")
	}
	entries := make(map[string]Entry, strings.Count(file, "\n= ")+1) // grown to its size, it would be filled twice over
	var keys, text []string
	var e Entry
	flush := func() error {
		if len(keys) > 0 && e.Title == "" {
			return fmt.Errorf("%q has no title", keys[0])
		}
		e.Text = joined(text)
		for _, k := range keys {
			if _, twice := entries[k]; twice {
				return fmt.Errorf("%q comes twice", k)
			}
			entries[k] = e
		}
		keys, text, e = keys[:0], text[:0], Entry{}
		return nil
	}
	n := 0
	for line := range strings.SplitSeq(file, "\n") {
		n++
		line = strings.TrimSpace(line)
		var err error
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "= "):
			if e.Title != "" || e.Ref != "" {
				err = flush()
			}
			keys = append(keys, strings.TrimSpace(line[2:]))
		case len(keys) == 0:
			err = fmt.Errorf("%q belongs to no key", line)
		case strings.HasPrefix(line, "@ "):
			e.Ref = strings.TrimSpace(line[2:])
		case e.Title == "":
			e.Title = line
		default:
			text = append(text, line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return entries, nil
}

// joined puts the lines of a text together, as their language does.
func joined(lines []string) string {
	if len(lines) < 2 {
		return strings.Join(lines, "")
	}
	size := 0
	for _, line := range lines {
		size += len(line) + 1
	}
	var b strings.Builder
	b.Grow(size)
	for i, line := range lines {
		if i > 0 && !endsWide(lines[i-1]) {
			b.WriteByte(' ')
		}
		b.WriteString(line)
	}
	return b.String()
}

// endsWide reports whether s ends with a Chinese character or its punctuation.
func endsWide(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	return size > 0 && r >= 0x2E80
}

// Fill puts values into the {name} placeholders of a text. One that has no value
// stays as it is, to be seen. {name:byte|bytes} is what a noun or a verb is beside that number: the first of one, the
// other of none or several.
func Fill(text string, values map[string]string) string {
	return FillFunc(text, func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	})
}

// FillFunc is Fill with values that are asked for when a placeholder names them.
func FillFunc(text string, value func(name string) (v string, ok bool)) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			break
		}
		j := strings.IndexByte(text[i:], '}')
		if j < 0 {
			break
		}
		name, forms, agrees := strings.Cut(text[i+1:i+j], ":")
		if v, ok := value(name); ok {
			b.WriteString(text[:i])
			if agrees {
				v = agreeing(v, forms)
			}
			b.WriteString(v)
		} else {
			b.WriteString(text[:i+j+1])
		}
		text = text[i+j+1:]
	}
	b.WriteString(text)
	return b.String()
}

// agreeing is the form of a word, of "one|several", that a number asks for.
func agreeing(number, forms string) string {
	one, several, _ := strings.Cut(forms, "|")
	if number == "1" {
		return one
	}
	return several
}
