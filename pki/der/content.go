package der

import (
	"fmt"
	"time"
	"unicode/utf8"

	"tlslab/handshake/reason"
)

// What the primitive types may hold: X.690 §8 and §11, with the narrower forms that
// RFC 5280 §4.1.2.5 gives dates.

// The identifier octets of the universal types in the modules.
const (
	tagBoolean         = 1
	tagInteger         = 2
	tagBitString       = 3
	tagOctetString     = 4
	tagNull            = 5
	tagOID             = 6
	tagEnumerated      = 10
	tagUTF8String      = 12
	tagSequence        = 16 | constructed
	tagSet             = 17 | constructed
	tagNumericString   = 18
	tagPrintableString = 19
	tagTeletexString   = 20
	tagIA5String       = 22
	tagUTCTime         = 23
	tagGeneralizedTime = 24
	tagVisibleString   = 26
	tagUniversalString = 28
	tagBMPString       = 30
)

var tagNames = map[byte]string{
	tagBoolean: "BOOLEAN", tagInteger: "INTEGER", tagBitString: "BIT STRING", tagOctetString: "OCTET STRING", tagNull: "NULL",
	tagOID: "OBJECT IDENTIFIER", tagEnumerated: "ENUMERATED", tagUTF8String: "UTF8String", tagSequence: "SEQUENCE", tagSet: "SET",
	tagNumericString: "NumericString", tagPrintableString: "PrintableString", tagTeletexString: "TeletexString",
	tagIA5String: "IA5String", tagUTCTime: "UTCTime", tagGeneralizedTime: "GeneralizedTime", tagVisibleString: "VisibleString",
	tagUniversalString: "UniversalString", tagBMPString: "BMPString",
}

func tagName(id byte) reason.Phrase {
	if name, ok := tagNames[id]; ok {
		return reason.Say("%s", name)
	}
	of := reason.Say("constructed")
	if id&constructed == 0 {
		of = reason.Say("primitive")
	}
	switch {
	case id&0xc0 == context:
		return reason.Say("[%d], %v", id&0x1f, of)
	case id&0xc0 == 0 && tagNames[id^constructed] != "":
		return reason.Say("%s, %v", tagNames[id^constructed], of)
	}
	return reason.Say("the tag %02x", id)
}

// universalForm is the identifier octet with the form that DER has for the tag: SEQUENCE
// and SET are constructed, everything else is primitive (X.690 §10.2). EXTERNAL and
// EMBEDDED PDV, 8 and 11, hold elements as well.
func universalForm(id byte) byte {
	switch id &^ constructed {
	case 8, 11, 16, 17:
		return id | constructed
	}
	return id &^ constructed
}

// content judges a primitive's value. Its type is the syntax's tag, whatever IMPLICIT tag
// stands before it.
func (w *walker) content(s *syntax, at span) *Error {
	b := w.b[at.content:at.end]
	bad := func(i int, ref string, want reason.Phrase) *Error {
		got := reason.Say("an empty one")
		if len(b) > 0 {
			got = reason.Say("%s", fmt.Sprintf("%02x", b[i:min(len(b), i+16)]))
			if len(b) > i+16 {
				got = reason.Say("%s…", fmt.Sprintf("%02x", b[i:i+16]))
			}
		}
		return fault(at.content+i, ref, want, got)
	}
	switch s.tag {
	case tagBoolean:
		if len(b) != 1 || b[0] != 0 && b[0] != 0xff {
			return bad(0, "X.690 §11.1", reason.Say("a BOOLEAN of one byte, 00 or ff"))
		}
	case tagInteger, tagEnumerated:
		if len(b) == 0 || len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
			return bad(0, "X.690 §8.3.2", reason.Say("an integer in as few bytes as hold it"))
		}
	case tagBitString:
		if len(b) == 0 || b[0] > 7 || len(b) == 1 && b[0] != 0 {
			return bad(0, "X.690 §8.6.2", reason.Say("the number of unused bits, 0 to 7"))
		}
		if last := len(b) - 1; last > 0 && b[last]&(1<<b[0]-1) != 0 {
			return bad(last, "X.690 §11.2.1", reason.Say("unused bits of zero"))
		}
	case tagNull:
		if len(b) != 0 {
			return bad(0, "X.690 §8.8.2", reason.Say("NULL without content"))
		}
	case tagOID:
		if len(b) == 0 || b[len(b)-1] >= 0x80 {
			return bad(max(len(b)-1, 0), "X.690 §8.19", reason.Say("an object identifier that ends with its last arc"))
		}
		for i := range b {
			if b[i] == 0x80 && (i == 0 || b[i-1] < 0x80) {
				return bad(i, "X.690 §8.19.2", reason.Say("an arc in as few bytes as hold it"))
			}
		}
	case tagUTCTime:
		if !isTime("060102150405Z", b) {
			return bad(0, "RFC 5280 §4.1.2.5.1", reason.Say("UTCTime as YYMMDDHHMMSSZ"))
		}
	case tagGeneralizedTime:
		if !isTime("20060102150405Z", b) {
			return bad(0, "RFC 5280 §4.1.2.5.2", reason.Say("GeneralizedTime as YYYYMMDDHHMMSSZ"))
		}
	case tagUTF8String:
		for i := 0; i < len(b); {
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n < 2 {
				return bad(i, "RFC 3629 §3", reason.Say("UTF-8"))
			}
			i += n
		}
	case tagBMPString, tagUniversalString:
		if unit := map[byte]int{tagBMPString: 2, tagUniversalString: 4}[s.tag]; len(b)%unit != 0 {
			return bad(len(b)-len(b)%unit, "X.690 §8.23", reason.Say("characters of %d bytes each", unit))
		}
	default:
		if allowed := alphabets[s.tag]; allowed != nil {
			for i, c := range b {
				if !allowed(c) {
					return bad(i, "X.680 §41", reason.Say("characters of %v", tagName(s.tag)))
				}
			}
		}
	}
	if s.rule != nil && !s.rule(b) {
		return bad(0, "", reason.Say("INTEGER (0..MAX)"))
	}
	return nil
}

var alphabets = map[byte]func(byte) bool{
	tagNumericString:   func(c byte) bool { return c == ' ' || '0' <= c && c <= '9' },
	tagPrintableString: isPrintable,
	tagIA5String:       func(c byte) bool { return c < 0x80 },
	tagVisibleString:   func(c byte) bool { return ' ' <= c && c <= '~' },
}

// isPrintable takes "*" and "&" besides, as crypto/x509 does: authorities have written
// them into PrintableString for decades, and no reader takes them for anything else.
func isPrintable(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '\'' <= c && c <= '9', c == ' ', c == ':', c == '=', c == '?', c == '&':
		return true
	}
	return false
}

// isTime compares b with a layout digit by digit: time.Parse would also take a
// fraction that the layout does not have.
func isTime(layout string, b []byte) bool {
	if len(b) != len(layout) {
		return false
	}
	for _, c := range b[:len(b)-1] {
		if c < '0' || c > '9' {
			return false
		}
	}
	if b[len(b)-1] != 'Z' {
		return false
	}
	two := func(i int) int { return int(b[i]-'0')*10 + int(b[i+1]-'0') }
	n := len(b) - 11 // where the month begins
	year := two(n - 2)
	if n == 4 {
		year += 100 * two(0)
	} else if year >= 50 {
		year += 1900
	} else {
		year += 2000
	}
	day := time.Date(year, time.Month(two(n)), two(n+2), 0, 0, 0, 0, time.UTC)
	return int(day.Month()) == two(n) && day.Day() == two(n+2) && two(n+4) < 24 && two(n+6) < 60 && two(n+8) < 60
}

// notNegative is INTEGER (0..MAX).
//
// One rule of DER is left out: a list of named bits ends with the last that is set (X.690
// §11.2.2, RFC 5280 appendix B). Two roots in every public store break it in their keyUsage
// (Trustwave Global ECC P256 and P384), and no reader can take a zero bit for anything
// but a zero bit.
func notNegative(b []byte) bool { return b[0] < 0x80 }
