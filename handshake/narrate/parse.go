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
	entries := map[string]Entry{}
	var keys []string
	var e Entry
	flush := func() error {
		if len(keys) > 0 && e.Title == "" {
			return fmt.Errorf("%q has no title", keys[0])
		}
		for _, k := range keys {
			if _, twice := entries[k]; twice {
				return fmt.Errorf("%q comes twice", k)
			}
			entries[k] = e
		}
		keys, e = nil, Entry{}
		return nil
	}
	for n, line := range strings.Split(file, "\n") {
		line = strings.TrimSpace(line)
		var err error
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "= "):
			if e != (Entry{}) {
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
			e.Text = join(e.Text, line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return entries, nil
}

// join puts two lines of a text together, as their language does.
func join(a, b string) string {
	if a == "" || endsWide(a) {
		return a + b
	}
	return a + " " + b
}

// endsWide reports whether s ends with a Chinese character or its punctuation.
func endsWide(s string) bool {
	r := []rune(s)
	return len(r) > 0 && r[len(r)-1] >= 0x2E80
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
