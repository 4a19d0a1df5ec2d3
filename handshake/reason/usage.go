package reason

import (
	"fmt"
	"strings"
)

// Usage is a sentence to whoever has typed what makes no sense, or of what to type instead: a format
// of package fmt and what goes into it, kept apart so that narrate can say it in another language.
// Unlike in a Phrase a string is what the user typed, and stays as it is: who prints it escapes it.
// It is an error, for packages that find such things.
type Usage struct {
	Format string
	Args   []any // an error, a Usage, Names or Both is said in the reader's language too
}

// Usagef makes a Usage. Its format is a constant, for narrate has an entry for each.
func Usagef(format string, args ...any) Usage { return Usage{format, args} }

// String is the sentence in English.
func (u Usage) String() string { return u.In(u.Format, u.Args) }

// Error is String.
func (u Usage) Error() string { return u.String() }

// Unwrap returns the arguments that are errors.
func (u Usage) Unwrap() (all []error) {
	for _, a := range u.Args {
		if err, ok := a.(error); ok {
			all = append(all, err)
		}
	}
	return all
}

// In is the sentence with another format and the arguments in another language.
func (u Usage) In(format string, args []any) string {
	if len(args) == 0 {
		return format // of a sentence without a value no % is a verb
	}
	return fmt.Sprintf(strings.ReplaceAll(format, "%w", "%v"), args...)
}

// Names are names in a row: an argument of a Usage.
type Names []string

// String is the names in English.
func (n Names) String() string { return strings.Join(n, ", ") }

// Both are a few names, of which all are meant: an argument of a Usage.
type Both []string

// String is the names in English.
func (b Both) String() string { return strings.Join(b, " and ") }
