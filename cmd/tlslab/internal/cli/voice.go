package cli

// How we speak to a person:
//
//   - One line says what happened, in terms of what they typed or of TLS, never of our
//     functions. The next, indented, says what to do about it.
//   - No "failed to": the line would then begin with what was wanted, and end with
//     what happened; nobody reads that far.
//   - Nothing is said twice. A refusal that the transcript has just explained ends the
//     program with status 1 and no more words.
//   - Status 0: done. 1: the handshake or the check failed, or the world (a file, a
//     socket) did. 2: what was typed makes no sense, and nothing was done.
//   - What is part of a lesson is said in the reader's language and comes from package
//     narrate. What is about flags is English, as the flags are.
//   - What goes wrong is said on standard error; standard output is for results.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tlslab/handshake/foreign"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
	"tlslab/pki"
)

const (
	StatusFailed = 1
	statusUsage  = 2
)

// Trouble is an error that knows what to do about it.
type Trouble struct {
	Status int
	What   string
	Remedy string // "" if there is no remedy
	Cause  error
}

// Error is what happened.
func (t *Trouble) Error() string { return t.What }

// Unwrap is why it happened, if an error says so.
func (t *Trouble) Unwrap() error { return t.Cause }

// Misuse is what was typed and makes no sense.
func Misuse(remedy, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Trouble{statusUsage, err.Error(), remedy, errors.Unwrap(err)}
}

// Failure is what was meant and did not work out.
func Failure(remedy, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Trouble{StatusFailed, err.Error(), remedy, errors.Unwrap(err)}
}

// ErrTold is a failure whose story the transcript has told.
var ErrTold = errors.New("told already")

// Explain says what went wrong, if anything did, and returns the exit status.
func Explain(w io.Writer, cmd *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, ErrTold) {
		return StatusFailed
	}
	var t *Trouble
	var o *scenario.OptionsError
	var v *pflag.InvalidValueError
	var p *pki.PEMError
	var c *pki.CertificateError
	var s *switches.Error
	switch {
	case errors.As(err, &c):
		t = certificateTrouble(cmd, c)
	case errors.As(err, &p):
		var more *Trouble // of the verb: it knows which file could stand in place of this one
		if t = pemTrouble(cmd, p); errors.As(err, &more) && more.Remedy != "" {
			t.Remedy += "\n" + more.Remedy
		}
	case errors.As(err, &t):
	case errors.As(err, &s):
		t = &Trouble{Status: statusUsage, What: s.Text, Remedy: s.Remedy}
	case errors.As(err, &v):
		// Its cause speaks of strconv.
		f := v.GetFlag()
		t = &Trouble{Status: statusUsage, What: fmt.Sprintf("--%s %s: its value is %s", f.Name, v.GetValue(), valueWord(f.Value.Type()))}
	case errors.As(err, &o):
		t = &Trouble{Status: statusUsage, What: "these flags make no lesson: " + o.Why}
	case errors.As(err, new(*fs.PathError)): // standard output, which takes nothing
		t = &Trouble{Status: StatusFailed, What: err.Error()}
	case cmd.Annotations[started] == "":
		// Cobra's own: an unknown verb or flag, too many arguments.
		t = &Trouble{Status: statusUsage, What: strings.TrimSpace(err.Error())}
	default:
		t = &Trouble{Status: StatusFailed, What: err.Error()}
	}
	if t.Remedy == "" && t.Status == statusUsage {
		t.Remedy = "See: " + cmd.CommandPath() + " --help"
	}
	fmt.Fprintln(w, "tlslab:", narrate.Fault(langOf(cmd), t))
	if t.Remedy != "" {
		fmt.Fprintln(w, "  "+strings.ReplaceAll(t.Remedy, "\n", "\n  "))
	}
	return t.Status
}

// valueWord is what a flag of this type takes.
func valueWord(kind string) string {
	switch kind {
	case "int", "intSlice":
		return "a whole number"
	case "bool":
		return "true or false"
	case "duration":
		return "a time with its unit, such as 5s or 2m"
	}
	return "a " + kind
}

// Say is one of the command's own sentences in the reader's language, with name,
// value, name, value … filled in. A value may be a peer's: it is escaped.
func Say(l narrate.Lang, key string, pairs ...string) string {
	title, _ := SayBoth(l, key, pairs...)
	return title
}

// SayBoth also returns the long form: for a trouble, the remedy.
func SayBoth(l narrate.Lang, key string, pairs ...string) (title, text string) {
	e := narrate.Must(l, narrate.UI, "cmd."+key)
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = foreign.Line(pairs[i+1])
		if pairs[i] == "error" { // it may speak of names; the others are as the user wrote them
			values["error"] = idn.BothForms(values["error"])
		}
	}
	return narrate.Fill(closeUp(e.Title, values), values), narrate.Fill(closeUp(e.Text, values), values)
}

// besideHan is a value with a space and Chinese before or after it.
var besideHan = regexp.MustCompile(`\p{Han} \{(\w+)\}|\{(\w+)\} \p{Han}`)

var han = regexp.MustCompile(`^\p{Han}+$`)

// closeUp takes out the space that a text has beside a value in Latin letters, an address,
// where the value that comes is a word in Chinese. What a user or a peer wrote stays as it is.
func closeUp(text string, values map[string]string) string {
	return besideHan.ReplaceAllStringFunc(text, func(s string) string {
		if name := besideHan.FindStringSubmatch(s); han.MatchString(values[name[1]+name[2]]) {
			return strings.Replace(s, " ", "", 1)
		}
		return s
	})
}

// Told is a failure in the reader's language: the entry's title is what happened,
// its text what to do.
func Told(l narrate.Lang, cause error, key string, pairs ...string) error {
	what, remedy := SayBoth(l, key, pairs...)
	return &Trouble{StatusFailed, what, remedy, cause}
}

// Enumerated joins items as the reader's language does.
func Enumerated(lang narrate.Lang, items []string) string {
	if lang == narrate.Zh {
		return strings.Join(items, "、")
	}
	return strings.Join(items, ", ")
}

// ColonOf is the colon of a language, with its space.
func ColonOf(lang narrate.Lang) string {
	if lang == narrate.Zh {
		return "："
	}
	return ": "
}
