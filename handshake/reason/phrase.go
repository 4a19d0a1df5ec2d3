package reason

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"tlslab/handshake/foreign"
)

// Phrase is what was expected, or what came, in words: a format of package fmt and what
// goes into it, kept apart so that narrate can say it in another language. Every sentence
// of ours in Want or Got is one, also "none": a plain string there is a name or a value,
// perhaps a peer's, and is never looked up.
type Phrase struct {
	Format string
	Args   []any
}

// Say makes a Phrase. Its format is a constant, for narrate has an entry for each. An
// argument that is a string is taken for a peer's, and quoted; a sentence of ours is a Phrase.
func Say(format string, args ...any) Phrase { return Phrase{format, args} }

// String is the phrase in English, in one line.
func (p Phrase) String() string { return p.In(agreeing(p.Format, p.Args)) }

// agreeing is an English format in which a noun is as the number before it asks for: "at least 1 byte".
func agreeing(format string, args []any) string {
	if !slices.ContainsFunc(args, isOne) {
		return format
	}
	out, rest := "", strings.ReplaceAll(format, "%%", "\x00")
	for _, arg := range args {
		before, after, ok := strings.Cut(rest, "%")
		if !ok {
			break
		}
		out, rest = out+before+"%", after
		for _, noun := range counted {
			if tail, ok := strings.CutPrefix(rest, "d "+noun+"s"); ok && isOne(arg) {
				out, rest = out+"d "+noun, tail
			}
		}
	}
	return strings.ReplaceAll(out+rest, "\x00", "%%")
}

// counted are the nouns that phrases count.
var counted = [...]string{"byte", "bit", "second", "octet"}

func isOne(v any) bool {
	switch n := reflect.ValueOf(v); {
	case !n.IsValid():
		return false
	case n.CanInt():
		return n.Int() == 1
	case n.CanUint():
		return n.Uint() == 1
	}
	return false
}

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

// OneOf are names of which any one is wanted: an argument of a Phrase.
type OneOf []string

// String is the names in English.
func (o OneOf) String() string { return foreign.Line(strings.Join(o, " or ")) }

// Cause is an error in our own words, the Err of an Error: other packages' are English.
type Cause struct{ Phrase Phrase }

// Because makes an error out of a Phrase. What of its arguments is an error is wrapped.
func Because(format string, args ...any) error { return &Cause{Say(format, args...)} }

// Error is the phrase in English.
func (c *Cause) Error() string { return c.Phrase.String() }

// Unwrap returns the arguments that are errors.
func (c *Cause) Unwrap() []error {
	var all []error
	for _, a := range c.Phrase.Args {
		if err, ok := a.(error); ok {
			all = append(all, err)
		}
	}
	return all
}
