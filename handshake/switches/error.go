package switches

import (
	"fmt"
	"strings"
)

// Error is a switch that makes no sense, by itself or beside others.
type Error struct {
	Text   string // which, as the command line names it, and why
	Remedy string // what to do; "" where there is no more to say
	// Switches are those that it is about, by name: one whose value makes no sense, or those of
	// which one has to go.
	Switches []string
}

// Error is the Text.
func (e *Error) Error() string { return e.Text }

// misuse is an Error about switches, whose names have spaces between them.
func misuse(switches, remedy, format string, args ...any) error {
	return &Error{Text: fmt.Sprintf(format, args...), Remedy: remedy, Switches: strings.Fields(switches)}
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
