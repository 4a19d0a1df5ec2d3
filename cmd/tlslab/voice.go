package main

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
	"tlslab/pki"
)

const (
	statusFailed = 1
	statusUsage  = 2
)

// trouble is an error that knows what to do about it.
type trouble struct {
	status int
	what   string
	remedy string // "" if there is none to offer
	cause  error
}

func (t *trouble) Error() string { return t.what }
func (t *trouble) Unwrap() error { return t.cause }

// misuse is what was typed and makes no sense.
func misuse(remedy, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &trouble{statusUsage, err.Error(), remedy, errors.Unwrap(err)}
}

// failure is what was meant and did not work out.
func failure(remedy, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &trouble{statusFailed, err.Error(), remedy, errors.Unwrap(err)}
}

// errTold is a failure whose story the transcript has told.
var errTold = errors.New("told already")

// explain says what went wrong, if anything did, and returns the exit status.
func explain(w io.Writer, cmd *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, errTold) {
		return statusFailed
	}
	var t *trouble
	var o *scenario.OptionsError
	var v *pflag.InvalidValueError
	var p *pki.PEMError
	var c *pki.CertificateError
	switch {
	case errors.As(err, &c):
		t = certificateTrouble(cmd, c)
	case errors.As(err, &p):
		var more *trouble // of the verb: it knows which file could stand in place of this one
		if t = pemTrouble(cmd, p); errors.As(err, &more) && more.remedy != "" {
			t.remedy += "\n" + more.remedy
		}
	case errors.As(err, &t):
	case errors.As(err, &v):
		// Its cause speaks of strconv.
		f := v.GetFlag()
		t = &trouble{status: statusUsage, what: fmt.Sprintf("--%s %s: its value is %s", f.Name, v.GetValue(), valueWord(f.Value.Type()))}
	case errors.As(err, &o):
		t = &trouble{status: statusUsage, what: "these flags make no lesson: " + o.Why}
	case errors.As(err, new(*fs.PathError)): // standard output, which takes nothing
		t = &trouble{status: statusFailed, what: err.Error()}
	case cmd.Annotations[started] == "":
		// Cobra's own: an unknown verb or flag, too many arguments.
		t = &trouble{status: statusUsage, what: strings.TrimSpace(err.Error())}
	default:
		t = &trouble{status: statusFailed, what: err.Error()}
	}
	if t.remedy == "" && t.status == statusUsage {
		t.remedy = "See: " + cmd.CommandPath() + " --help"
	}
	fmt.Fprintln(w, "tlslab:", narrate.Fault(langOf(cmd), t))
	if t.remedy != "" {
		fmt.Fprintln(w, "  "+strings.ReplaceAll(t.remedy, "\n", "\n  "))
	}
	return t.status
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

// say is one of the command's own sentences in the reader's language, with name,
// value, name, value … filled in. A value may be a peer's: it is escaped.
func say(l narrate.Lang, key string, pairs ...string) string {
	title, _ := sayBoth(l, key, pairs...)
	return title
}

// sayBoth also returns the long form: for a trouble, the remedy.
func sayBoth(l narrate.Lang, key string, pairs ...string) (title, text string) {
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

// told is a failure in the reader's language: the entry's title is what happened,
// its text what to do.
func told(l narrate.Lang, cause error, key string, pairs ...string) error {
	what, remedy := sayBoth(l, key, pairs...)
	return &trouble{statusFailed, what, remedy, cause}
}

// enumerated joins items as the reader's language does.
func enumerated(lang narrate.Lang, items []string) string {
	if lang == narrate.Zh {
		return strings.Join(items, "、")
	}
	return strings.Join(items, ", ")
}
