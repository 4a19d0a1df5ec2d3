package cli

import (
	"errors"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/idn"
	"tlslab/handshake/reason"
)

// Names are typed as people write them and go on as the protocol carries them: no verb
// hands one beyond ASCII to the engine, to a certificate or to the resolver.

// otherName is the remedy for what is no name.
const otherName = "Letters, digits and hyphens between dots, in any script; see RFC 5891 for what else is no name."

// ASCIIName is a name that a flag gives, in the form that the protocol carries.
func ASCIIName(flag, name string) (string, error) { return named(flag, name, idn.ToASCII) }

// CertName is ASCIIName for a name in a certificate, which may be a wildcard.
func CertName(flag, name string) (string, error) { return named(flag, name, idn.ToPattern) }

func named(flag, name string, toASCII func(string) (string, error)) (string, error) {
	ascii, err := toASCII(name)
	var bad *idn.NameError
	switch {
	case errors.As(err, &bad) && flag == "":
		return "", noName("", bad)
	case errors.As(err, &bad):
		return "", noName(flag+": ", bad)
	}
	return ascii, err
}

// noName refuses what a flag gives, if it is one that does.
func noName(flag string, bad *idn.NameError) error {
	t := misuse(reason.Usagef(`%s"%s" is no DNS name: %v (%s)`, flag, foreign.Quote(bad.Name), whyNot(bad.Why), bad.Ref), reason.Usagef(otherName))
	t.Cause = bad
	return t
}

// whyNot is what package idn says is wrong with a name, of which some is of the library below it.
func whyNot(why string) reason.Usage {
	for _, known := range []reason.Usage{
		reason.Usagef("it takes far more than 253 octets"), reason.Usagef("it is not UTF-8"), reason.Usagef("a label is empty"), reason.Usagef("it takes more than 253 octets in its xn-- form"),
		reason.Usagef("a label takes more than 63 octets in its xn-- form, %s", ""), reason.Usagef("invalid label %s", ""), reason.Usagef("disallowed rune %s", ""),
	} {
		if rest, ok := strings.CutPrefix(why, known.String()); ok && (rest == "" || len(known.Args) > 0) {
			if len(known.Args) > 0 {
				known.Args = []any{foreign.Line(rest)}
			}
			return known
		}
	}
	return reason.Usagef("%s", foreign.Line(why))
}
