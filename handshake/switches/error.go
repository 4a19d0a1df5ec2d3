package switches

import (
	"strings"

	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
)

// Error is a switch that makes no sense, by itself or beside others.
type Error struct {
	Text   reason.Usage // which, as the command line names it, and why
	Remedy reason.Usage // what to do; the zero value where there is no more to say
	// Switches are those that it is about, by name: one whose value makes no sense, or those of
	// which one has to go.
	Switches []string
}

// Error is the Text, in English.
func (e *Error) Error() string { return e.Text.String() }

// Misuse is an Error about switches, whose names have spaces between them. remedy is a sentence
// without values, or a reason.Usage; it and format are constants, for package narrate has an entry
// for each.
func Misuse[R string | reason.Usage](switches string, remedy R, format string, args ...any) error {
	return &Error{Text: reason.Usagef(format, args...), Remedy: Remedy(remedy), Switches: strings.Fields(switches)}
}

// Remedy is what to do, as a reason.Usage.
func Remedy[R string | reason.Usage](r R) reason.Usage {
	if u, ok := any(r).(reason.Usage); ok {
		return u
	}
	return reason.Usage{Format: any(r).(string)}
}

// NoLesson is what scenario says of options, to whoever gave them as switches.
func NoLesson(e *scenario.OptionsError) reason.Usage {
	return reason.Usagef("these flags make no lesson: %v", e.Said)
}

// firstError returns the first of errs that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
