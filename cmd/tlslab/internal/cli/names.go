package cli

import (
	"errors"
	"slices"
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

// HostName is a name of one host, or an IP address: what is demanded of a peer's certificate. It is
// judged, too: a URL, a port, a wildcard, what no name has.
func HostName(flag, name string) (string, error) { return named(flag, name, idn.Hostname) }

// HostPattern is HostName for a name that we put into a certificate of ours, which may be a wildcard.
func HostPattern(flag, name string) (string, error) { return named(flag, name, idn.HostPattern) }

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

// nameAlone is the remedy for what is more than a name.
const nameAlone = "Give the name alone, such as www.example.org, without a port."

// moreThanName is what package idn says of what is more than a name.
var moreThanName = []reason.Usage{
	reason.Usagef("it is a URL, and a name is one part of it"), reason.Usagef("a path stands behind the name"), reason.Usagef("a port stands behind the name"),
	reason.Usagef("somebody's name stands before the host's"), reason.Usagef("it has an asterisk: a wildcard is a certificate's, and stands for its first label"),
}

var bracketed = reason.Usagef("an IP address stands here without brackets")

// noName refuses what a flag gives, if it is one that does.
func noName(flag string, bad *idn.NameError) error {
	remedy := reason.Usagef(otherName)
	switch is := func(u reason.Usage) bool { return u.String() == bad.Why }; {
	case slices.ContainsFunc(moreThanName, is):
		remedy = reason.Usagef(nameAlone)
	case is(bracketed):
		remedy = reason.Usagef("Leave the brackets out.")
	}
	t := misuse(reason.Usagef(`%s"%s" is no DNS name: %v (%s)`, flag, foreign.Quote(bad.Name), whyNot(bad.Why), bad.Ref), remedy)
	t.Cause = bad
	return t
}

// whyNot is what package idn says is wrong with a name, of which some is of the library below it.
func whyNot(why string) reason.Usage {
	for _, known := range append(slices.Clip(moreThanName),
		bracketed, reason.Usagef("an asterisk stands for a label of a name, and an IP address has none"), reason.Usagef("it has a colon"), reason.Usagef("it has a space"),
		reason.Usagef("it has a character that no name has, %s", ""),
		reason.Usagef("a label takes more than 63 octets"), reason.Usagef("it takes more than 253 octets"), reason.Usagef("a label begins or ends with a hyphen"),
		reason.Usagef("it takes far more than 253 octets"), reason.Usagef("it is not UTF-8"), reason.Usagef("a label is empty"), reason.Usagef("it takes more than 253 octets in its xn-- form"),
		reason.Usagef("a label takes more than 63 octets in its xn-- form, %s", ""), reason.Usagef("invalid label %s", ""), reason.Usagef("disallowed rune %s", ""),
	) {
		if rest, ok := strings.CutPrefix(why, known.String()); ok && (rest == "" || len(known.Args) > 0) {
			if len(known.Args) > 0 {
				known.Args = []any{foreign.Line(rest)}
			}
			return known
		}
	}
	return reason.Usagef("%s", foreign.Line(why))
}
