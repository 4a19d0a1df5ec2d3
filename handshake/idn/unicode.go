package idn

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/bidi"

	"tlslab/handshake/foreign"
)

const prefix = "xn--" // of an A-label (RFC 5890 §2.3.2.5)

// ToUnicode returns the form of a name that people write, if it has one of its own:
// "xn--fsqu00a.example" is "例子.example". A name that somebody else chose must not be shown
// as what it is not, so there is no such form unless
//
//   - each label is valid as it stands and makes the same A-label again (RFC 5890 §2.3.2.1);
//   - each character beyond ASCII is a letter, a mark or a digit, or a joiner where RFC
//     5892 allows one (§2.1, §A.1, §A.2). UTS #46 alone also lets through what looks like
//     a slash, a bracket or a line;
//   - the whole name keeps the rules for labels that run from right to left (RFC 5893 §2).
//
// Letters of different scripts look alike all the same: show it beside the A-label, never
// in its place. The result is not quoted yet.
func ToUnicode(name string) (string, bool) {
	ascii := strings.ToLower(name) // it is compared without regard to case (RFC 5890 §2.3.2.4)
	if len(name) > maxName+1 || !isASCII(name) || !hasALabel(ascii) {
		return "", false // of a name as long as a peer likes nothing is decoded
	}
	written, err := idna.Registration.ToUnicode(ascii)
	if err != nil || strings.ContainsFunc(written, unwritten) {
		return "", false
	}
	if again, err := idna.Registration.ToASCII(written); err != nil || again != ascii {
		return "", false
	}
	return written, true
}

func hasALabel(name string) bool {
	return strings.HasPrefix(name, prefix) || strings.Contains(name, "."+prefix)
}

// unwritten reports whether r is a character that we show in no peer's name: it is beyond
// ASCII, and is not one of the LetterDigits of RFC 5892 §2.1, nor a joiner, whose
// neighbours idna has looked at. The punctuation that RFC 5892 §2.6 makes exceptions for is
// left out: idna does not look at its neighbours, and a middle dot is easily taken for a
// full stop.
func unwritten(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r >= utf8.RuneSelf && r != nonJoiner && r != joiner &&
		!unicode.In(r, unicode.Ll, unicode.Lo, unicode.Lm, unicode.Mn, unicode.Mc, unicode.Nd)
}

// BothForms is a text of ours or a peer's, quoted already, with the form that people write
// behind each name in it that has one: "DNS:xn--fsqu00a.example (例子.example)". One that
// runs from right to left is marked "RTL"; the letters also keep what follows from being
// drawn into it. A text that has been through here stays as it is.
func BothForms(s string) string {
	if !mayHold(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		n := strings.IndexFunc(s, inName)
		if n < 0 {
			break
		}
		b.WriteString(s[:n])
		s = s[n:]
		if n = strings.IndexFunc(s, func(r rune) bool { return !inName(r) }); n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		said := aside(s[:n])
		if s = s[n:]; !strings.HasPrefix(s, said) {
			b.WriteString(said)
		}
	}
	b.WriteString(s)
	return b.String()
}

// mayHold spares most texts the work.
func mayHold(s string) bool {
	for i := range len(s) - len(prefix) + 1 {
		if strings.EqualFold(s[i:i+len(prefix)], prefix) {
			return true
		}
	}
	return false
}

// inName reports whether r may stand in a name, or before it in a wildcard.
func inName(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-._*", r))
}

// aside is what BothForms adds behind a word; "" where it is no name beyond ASCII. The dots
// around it may be a sentence's, or a name constraint's.
func aside(word string) string {
	name, wild := strings.CutPrefix(strings.Trim(word, "."), "*.")
	written, ok := ToUnicode(name)
	if !ok {
		return ""
	}
	rtl := strings.ContainsFunc(written, rightToLeft)
	if written = foreign.Quote(written); wild {
		written = "*." + written
	}
	if rtl {
		written += ", RTL"
	}
	return " (" + written + ")"
}

func rightToLeft(r rune) bool {
	p, _ := bidi.LookupRune(r)
	return p.Class() == bidi.R || p.Class() == bidi.AL
}
