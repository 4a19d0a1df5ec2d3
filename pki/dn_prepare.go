package pki

import (
	"encoding/asn1"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/unicode/norm"
)

// String preparation for the matching rule caseIgnoreMatch: RFC 4518 with the
// clarifications of RFC 5280 §7.1. Its six steps are Transcode, Map, Normalize,
// Prohibit, Check bidi (which does nothing) and Insignificant Character Removal.
//
// The tables are those of the Unicode that Go has, not of Unicode 3.2, on which RFC
// 3454 stands: by the letter no name with a character from after 2002 could ever
// match. On the characters of 3.2 both give the same equalities (TestPreparedAsRFC4518).

// The tags of strings that crypto/cryptobyte has no name for.
const (
	tagVisibleString   = cbasn1.Tag(26)
	tagUniversalString = cbasn1.Tag(28)
	tagBMPString       = cbasn1.Tag(asn1.TagBMPString)
)

// appendPrepared appends a string value after preparation. ok is false if the value
// is no string or has characters that are prohibited; it is then compared as it is
// written, so that a name at least equals itself.
func appendPrepared(dst []byte, tag cbasn1.Tag, value []byte) (_ []byte, ok bool) {
	if asciiString(tag) && isASCII(value) {
		return appendPreparedASCII(dst, value), true
	}
	text, ok := decodeString(tag, value)
	if !ok {
		return dst, false
	}
	if text, ok = prepare(text); !ok {
		return dst, false
	}
	return append(dst, text...), true
}

// asciiString reports whether octets below 0x80 are the characters of ASCII in a string of
// this type. In a BMPString each of them is half a character, and in an INTEGER they are no
// characters.
func asciiString(tag cbasn1.Tag) bool {
	switch tag {
	case cbasn1.PrintableString, cbasn1.UTF8String, cbasn1.IA5String, tagVisibleString, cbasn1.T61String:
		return true
	}
	return false
}

// decodeString is the first step, Transcode.
func decodeString(tag cbasn1.Tag, value cryptobyte.String) (text string, ok bool) {
	switch tag {
	case cbasn1.UTF8String:
		return string(value), utf8.Valid(value)
	case cbasn1.PrintableString, cbasn1.IA5String, tagVisibleString:
		return string(value), isASCII(value)
	case cbasn1.T61String:
		// T.61 proper has accents in front of their letters; what certificates have
		// in it is Latin-1, and is read so by everyone.
		runes := make([]rune, len(value))
		for i, c := range value {
			runes[i] = rune(c)
		}
		return string(runes), true
	case tagBMPString: // UCS-2: what UTF-16 has surrogates for, it cannot say
		runes := make([]rune, 0, len(value)/2)
		for c := uint16(0); value.ReadUint16(&c); {
			if utf16.IsSurrogate(rune(c)) {
				return "", false
			}
			runes = append(runes, rune(c))
		}
		return string(runes), value.Empty()
	case tagUniversalString: // UCS-4
		runes := make([]rune, 0, len(value)/4)
		for c := uint32(0); value.ReadUint32(&c); {
			if c > unicode.MaxRune || !utf8.ValidRune(rune(c)) {
				return "", false
			}
			runes = append(runes, rune(c))
		}
		return string(runes), value.Empty()
	}
	return "", false
}

// prepare is the other five steps. Folding and normalizing are done twice: a
// character may come out of NFKC in upper case (U+2121, TEL), and RFC 3454's table
// B.2 has that worked in.
func prepare(text string) (_ string, ok bool) {
	text = strings.Map(mapped, text)
	for range 2 {
		text = norm.NFKC.String(folded(text))
	}
	for i, r := range text {
		if prohibited(r) || i == 0 && unicode.Is(unicode.M, r) {
			return "", false
		}
	}
	return removeSpaces(text), true
}

// mapped is RFC 4518 §2.2 without its step for case. A character that has no shape becomes
// nothing (-1), and one that looks like a space becomes a space.
func mapped(r rune) rune {
	switch {
	case '\t' <= r && r <= '\r' || r == '\u0085' || unicode.Is(unicode.Z, r):
		return ' '
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector), // U+00AD and U+200B are in Cf
		r == '\u1806', r == '\u034f', r == '\ufffc':
		return -1
	}
	return r
}

// folded takes case away, as Unicode's CaseFolding.txt does, from a text to which NFKC is
// applied afterwards. The file itself is in package cases, which brings along languages
// that no name needs. Where the file turns one letter into several, NFKC does the same,
// with two exceptions: the sharp s, and the iota below a Greek vowel, which is a letter of
// its own in upper case.
func folded(text string) string {
	out := make([]byte, 0, len(text)+8)
	for i, r := range text {
		apart := norm.NFD.PropertiesString(text[i:]).Decomposition()
		switch {
		case r == 'ß', r == 'ẞ':
			out = append(out, "ss"...)
		case apart == nil:
			out = utf8.AppendRune(out, foldedLetter(r))
		default:
			for _, r := range string(apart) {
				out = utf8.AppendRune(out, foldedLetter(r))
			}
		}
	}
	return string(out)
}

// foldedLetter turns one letter into one letter. It goes through upper case, because lower
// case has two sigmas.
func foldedLetter(r rune) rune {
	if r == 'ı' || unicode.Is(unicode.Cherokee, r) {
		return r // the upper case of ı is I, but ı is not i; Cherokee had no case until Unicode 8.0
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// prohibited is §2.4. It reports whether r is unassigned, is for private use, is no
// character, or is the sign for bytes that could not be read.
func prohibited(r rune) bool {
	return r == utf8.RuneError || !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z)
}

// removeSpaces is §2.6.1: one space at each end, two between words. A space that
// bears a combining mark is no space.
func removeSpaces(text string) string {
	out := make([]byte, 0, len(text)+8)
	gap := true
	for i, r := range text {
		if r == ' ' {
			next, _ := utf8.DecodeRuneInString(text[i+1:])
			if !unicode.Is(unicode.M, next) {
				gap = true
				continue
			}
		}
		if gap {
			out = appendGap(out, 0)
			gap = false
		}
		out = utf8.AppendRune(out, r)
	}
	return string(endSpaces(out, 0))
}

// appendPreparedASCII does all six steps where only ASCII is.
func appendPreparedASCII(dst, value []byte) []byte {
	start := len(dst)
	gap := true
	for _, c := range value {
		switch {
		case c == ' ' || '\t' <= c && c <= '\r':
			gap = true
			continue
		case c < ' ' || c == 0x7f:
			continue
		}
		if gap {
			dst = appendGap(dst, start)
			gap = false
		}
		dst = append(dst, lower(c))
	}
	return endSpaces(dst, start)
}

// appendGap begins a word.
func appendGap(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, ' ')
	}
	return append(dst, ' ', ' ')
}

// endSpaces ends the string; one without any word is two spaces.
func endSpaces(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, ' ', ' ')
	}
	return append(dst, ' ')
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
