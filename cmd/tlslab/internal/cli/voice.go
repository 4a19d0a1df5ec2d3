package cli

// How we speak to a person:
//
//   - One line says what happened, in terms of what they typed or of TLS, never of our
//     functions. The next, indented, says what to do about it.
//   - No "failed to": the line would then begin with what was wanted, and end with
//     what happened; nobody reads that far.
//   - Nothing is said twice. A refusal that the transcript has just explained ends the
//     program with status 1 and no more words.
//   - Status 0: done. 1: the handshake or the check failed, or the world (a socket, a full
//     disk) did. 2: what was typed makes no sense, or a file that it names cannot be used
//     (unusable.go); nothing was done.
//   - What is said is said in the reader's language, and comes from package narrate: of a
//     lesson, of what went wrong, and of what was typed (Misuse). The names of flags stay.
//   - What goes wrong is said on standard error; standard output is for results.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tlslab/handshake/foreign"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
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

	said, advice reason.Usage // of a Misuse and a Failure: What and Remedy, for other languages
	file         bool         // of a file, about which the help of the command says nothing
}

// Error is what happened.
func (t *Trouble) Error() string { return t.What }

// Unwrap is why it happened, if an error says so.
func (t *Trouble) Unwrap() error { return t.Cause }

// Misuse is what was typed and makes no sense. remedy is a sentence without values, or a
// reason.Usage; it and format are constants, for package narrate has an entry for each.
func Misuse[R string | reason.Usage](remedy R, format string, args ...any) error {
	return misuse(reason.Usagef(format, args...), switches.Remedy(remedy))
}

func misuse(said, advice reason.Usage) *Trouble {
	var cause error
	if causes := said.Unwrap(); len(causes) > 0 {
		cause = causes[0]
	}
	return &Trouble{Status: statusUsage, What: said.String(), Remedy: advice.String(), Cause: cause, said: said, advice: advice}
}

// Failure is what was meant and did not work out; remedy and format are as of a Misuse.
func Failure[R string | reason.Usage](remedy R, format string, args ...any) error {
	t := misuse(reason.Usagef(format, args...), switches.Remedy(remedy))
	t.Status = StatusFailed
	return t
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
	var l *pki.LeafError
	var s *switches.Error
	var f *fs.PathError
	switch {
	case errors.As(err, &c):
		t = certificateTrouble(cmd, c)
	case errors.As(err, &l):
		t = leafTrouble(cmd, l)
	case errors.As(err, &p):
		var more *Trouble // of the verb: it knows which file could stand in place of this one
		if t = pemTrouble(cmd, p); errors.As(err, &more) && more.Remedy != "" {
			t.Remedy += "\n" + more.Remedy
		}
	case errors.As(err, &t):
	case errors.As(err, &s):
		t = misuse(s.Text, s.Remedy)
	case errors.As(err, &v):
		// Its cause speaks of strconv.
		f := v.GetFlag()
		t = misuse(reason.Usagef("--%s %s: its value is %s", f.Name, v.GetValue(), valueWord(f.Value.Type())), reason.Usage{})
	case errors.As(err, &o):
		t = misuse(switches.NoLesson(o), reason.Usage{})
	case errors.As(err, &f) && opening(f):
		t = fileTrouble(cmd, f)
	case errors.As(err, new(*fs.PathError)): // standard output, which takes nothing
		t = &Trouble{Status: StatusFailed, What: err.Error(), Cause: err}
	case cmd.Annotations[started] == "":
		if !cmd.HasParent() && errors.As(noSuchVerb(cmd), &t) {
			break
		}
		t = misuse(unparsed(err), meant(cmd, err))
	default:
		t = &Trouble{Status: StatusFailed, What: err.Error(), Cause: err}
	}
	if t.Remedy == "" && t.Status == statusUsage && !t.file {
		t.advice = reason.Usagef("See: %s --help", cmd.CommandPath())
		t.Remedy = t.advice.String()
	}
	t.in(langOf(cmd))
	fmt.Fprintln(w, "tlslab:", narrate.Fault(langOf(cmd), t))
	if t.Remedy != "" {
		fmt.Fprintln(w, "  "+strings.ReplaceAll(t.Remedy, "\n", "\n  "))
	}
	return t.Status
}

// in says a Misuse, or a Failure, in a language.
func (t *Trouble) in(l narrate.Lang) {
	if t.said.Format != "" && l != narrate.En {
		t.What, t.Remedy = narrate.Usage(l, t.said), narrate.Usage(l, t.advice)
	}
}

// unparsed is what pflag and cobra say of a command line, in the same words.
func unparsed(err error) reason.Usage {
	var unknown *pflag.NotExistError
	var needs *pflag.ValueRequiredError
	var syntax *pflag.InvalidSyntaxError
	said := reason.Usagef("%s", strings.TrimSpace(err.Error()))
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		said = reason.Usagef("unknown shorthand flag: %q in -%s", rune(unknown.GetSpecifiedName()[0]), unknown.GetSpecifiedShortnames())
	case errors.As(err, &unknown):
		said = reason.Usagef("unknown flag: --%s", unknown.GetSpecifiedName())
	case errors.As(err, &needs) && needs.GetSpecifiedShortnames() != "":
		said = reason.Usagef("flag needs an argument: %q in -%s", rune(needs.GetSpecifiedName()[0]), needs.GetSpecifiedShortnames())
	case errors.As(err, &needs):
		said = reason.Usagef("flag needs an argument: --%s", needs.GetSpecifiedName())
	case errors.As(err, &syntax):
		said = reason.Usagef("bad flag syntax: %s", syntax.GetSpecifiedFlag())
	}
	return said
}

// valueWord is what a flag of this type takes.
func valueWord(kind string) reason.Usage {
	switch kind {
	case "int", "intSlice":
		return reason.Usagef("a whole number")
	case "bool":
		return reason.Usagef("true or false")
	case "duration":
		return reason.Usagef("a time with its unit, such as 5s or 2m")
	}
	return reason.Usagef("a %s", kind)
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
	title, text = e.Title, e.Text
	if l == narrate.Zh { // in English nothing stands beside them, and nothing need be compiled
		title, text = closeUp(title, values), closeUp(text, values)
	}
	return narrate.Fill(title, values), narrate.Fill(text, values)
}

// besideHan is a value with a space and Chinese before or after it.
var besideHan = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\p{Han} \{(\w+)\}|\{(\w+)\} \p{Han}`) })

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// closeUp takes out the space that a text has beside a value in Latin letters, an address,
// where the value that comes is a word in Chinese. What a user or a peer wrote stays as it is.
func closeUp(text string, values map[string]string) string {
	return besideHan().ReplaceAllStringFunc(text, func(s string) string {
		name := besideHan().FindStringSubmatch(s)
		if value := values[name[1]+name[2]]; value != "" && !strings.ContainsFunc(value, func(r rune) bool { return !isHan(r) }) {
			return strings.Replace(s, " ", "", 1)
		}
		return s
	})
}

// Told is a failure in the reader's language: the entry's title is what happened,
// its text what to do.
func Told(l narrate.Lang, cause error, key string, pairs ...string) error {
	what, remedy := SayBoth(l, key, pairs...)
	return &Trouble{Status: StatusFailed, What: what, Remedy: remedy, Cause: cause}
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
