package narrate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tlslab/handshake/foreign"
)

// Sentence is what is to be said, before it is said in a language: a key, and the values of
// its placeholders. The zero Sentence says nothing.
type Sentence struct {
	Kind Kind
	Key  string
	// Values are, by placeholder: a string, which is taken for a peer's; a Sentence, which is
	// said in its place; Sentences, which are listed; anything else as foreign.Value has it.
	Values map[string]any
}

// Sentences are clauses or names that are listed.
type Sentences []Sentence

// In says it in a language. What is a whole sentence begins with a capital; a caption, which
// stands beside a name, is a Phrase.
func (s Sentence) In(l Lang) string {
	text := s.Phrase(l)
	if s.Kind != Summaries {
		return text
	}
	r, n := utf8.DecodeRuneInString(text)
	if n == 0 {
		return text
	}
	return string(unicode.ToUpper(r)) + text[n:]
}

// Phrase says it as it stands within another, or beside a name.
func (s Sentence) Phrase(l Lang) string {
	if s.Key == "" {
		return ""
	}
	e := Must(l, s.Kind, s.Key)
	return FillFunc(e.Title, func(name string) (string, bool) {
		v, ok := s.Values[name]
		if !ok {
			return "", false
		}
		switch v := v.(type) {
		case Sentence:
			return v.Phrase(l), true
		case Sentences:
			parts := make([]string, len(v))
			for i, p := range v {
				parts[i] = p.Phrase(l)
			}
			return list(l, parts), true
		}
		return foreign.Value(v), true
	})
}

// list is "a", "a or b", "a, b or c"; in Chinese with 和, as the sentences there are built.
func list(l Lang, parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	if l == Zh {
		return strings.Join(parts[:last], "、") + "和" + parts[last]
	}
	return strings.Join(parts[:last], ", ") + " or " + parts[last]
}

// Keys are its key and those of all that is said in it.
func (s Sentence) keys(of Kind) (keys []string) {
	if s.Key == "" {
		return nil
	}
	if s.Kind == of {
		keys = append(keys, s.Key)
	}
	for _, v := range s.Values {
		switch v := v.(type) {
		case Sentence:
			keys = append(keys, v.keys(of)...)
		case Sentences:
			for _, p := range v {
				keys = append(keys, p.keys(of)...)
			}
		}
	}
	return keys
}
