package reason

import (
	"fmt"

	"tlslab/handshake/foreign"
)

// Phrase is what was expected, or what came, in words: a format of package fmt and what
// goes into it, kept apart so that narrate can say it in another language. Want and Got
// hold one where a number or a name stands in a sentence; a sentence without any is a
// plain string.
type Phrase struct {
	Format string
	Args   []any
}

// Say makes a Phrase. Of its arguments a string is taken for a peer's, and quoted; a
// sentence of ours is a foreign.Sentence or a Phrase.
func Say(format string, args ...any) Phrase { return Phrase{format, args} }

// String is the phrase in English, in one line.
func (p Phrase) String() string { return p.In(p.Format) }

// In is the phrase with another format, which must take the same arguments.
func (p Phrase) In(format string) string {
	quoted := make([]any, len(p.Args))
	for i, a := range p.Args {
		if s, ok := a.(string); ok {
			a = foreign.Of(s)
		}
		quoted[i] = a
	}
	return foreign.Line(fmt.Sprintf(format, quoted...))
}

// MarshalText is String, so that a document says what a transcript says.
func (p Phrase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
