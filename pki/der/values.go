package der

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf16"

	"tlslab/handshake/iana"
)

// What the bytes of a leaf stand for: the Values of the fields of a walk.

// Header is the value of a leaf that is an element's identifier and length octets.
type Header struct {
	ID   byte // the identifier octet; the first, if there are more
	Type byte // the identifier octet that an IMPLICIT tag stands in for; 0 if it does not, or nobody knows
	Len  int  // of the content, in bytes
}

// String names the tag as ASN.1 writes it, and the length: "SEQUENCE (752)", "[2] IA5String (12)".
func (h Header) String() string {
	name, ok := tagNames[h.ID]
	switch {
	case ok:
	case h.ID&0x1f == 0x1f || h.ID&0xc0 != context:
		name = fmt.Sprintf("0x%02x", h.ID)
	default:
		name = fmt.Sprintf("[%d]", h.ID&0x1f)
	}
	if t := tagNames[h.Type]; t != "" {
		name += " " + t
	}
	return fmt.Sprintf("%s (%d)", name, h.Len)
}

// Number is a number that has a name.
type Number struct {
	N    int
	Name string // "" if nobody gave it one
}

// String is name and number: "v3 (2)".
func (n Number) String() string {
	if n.Name == "" {
		return fmt.Sprint(n.N)
	}
	return fmt.Sprintf("%s (%d)", n.Name, n.N)
}

// tagWord is the name of a component that nobody named: its type's, or its tag's.
func tagWord(id byte) string {
	if name, ok := tagNames[id]; ok {
		return strings.ReplaceAll(strings.ToLower(name), " ", "_")
	}
	if id&0xc0 == context && id&0x1f != 0x1f {
		return fmt.Sprintf("context_%d", id&0x1f)
	}
	return "element"
}

// asTagged is the value of content that keeps the rules of its tag.
func asTagged(tag byte, content []byte) any {
	switch tag {
	case tagBoolean:
		return content[0] != 0
	case tagInteger, tagEnumerated:
		if n, ok := smallNumber(content); ok {
			return n
		}
	case tagBitString:
		return content[1:]
	case tagOID:
		return OID(content)
	case tagUTCTime, tagGeneralizedTime:
		return asTime(content)
	case tagUTF8String, tagNumericString, tagPrintableString, tagTeletexString, tagIA5String, tagVisibleString:
		return string(content)
	case tagBMPString:
		units := make([]uint16, len(content)/2)
		for i := range units {
			units[i] = uint16(content[2*i])<<8 | uint16(content[2*i+1])
		}
		return string(utf16.Decode(units))
	case tagUniversalString:
		runes := make([]rune, len(content)/4)
		for i := range runes {
			c := content[4*i : 4*i+4]
			runes[i] = rune(c[0])<<24 | rune(c[1])<<16 | rune(c[2])<<8 | rune(c[3])
		}
		return string(runes)
	}
	return content
}

// asFound is the value of content that breaks the rules of its tag: text where it should be text.
func asFound(tag byte, content []byte) any {
	switch tag {
	case tagUTCTime, tagGeneralizedTime, tagUTF8String, tagNumericString, tagPrintableString, tagIA5String, tagVisibleString:
		return string(content)
	case tagBitString:
		return content[min(1, len(content)):]
	}
	return content
}

func asBytes(content []byte) any { return content }

// smallNumber reads an INTEGER that people read in decimal.
func smallNumber(content []byte) (n int, ok bool) {
	if len(content) > 4 { // so that it fits where int has 32 bits
		return 0, false
	}
	for i, c := range content {
		if i == 0 {
			n = int(int8(c))
			continue
		}
		n = n<<8 | int(c)
	}
	return n, true
}

// asTime reads a time that isTime took: RFC 5280 §4.1.2.5.1 says which century a UTCTime is in.
func asTime(content []byte) time.Time {
	s := string(content)
	if len(s) == len("060102150405Z") {
		century := "20"
		if s[0] >= '5' {
			century = "19"
		}
		s = century + s
	}
	t, _ := time.Parse("20060102150405Z", s)
	return t
}

// versionNumber counts from 0 and is called after the next.
func versionNumber(content []byte) any { return named(content, "v1", "v2", "v3") }

// bits names the bits of a BIT STRING that are set; one that has no name has its number.
func bits(content []byte, names []string) any {
	set := []string{}
	for i := 0; i < 8*(len(content)-1); i++ {
		if content[1+i/8]>>(7-i%8)&1 == 0 {
			continue
		}
		if i < len(names) {
			set = append(set, names[i])
		} else if len(set) > len(names)+8 { // nobody reads further
			return content[1:]
		} else {
			set = append(set, fmt.Sprintf("(%d)", i))
		}
	}
	return set
}

func keyUsageBits(content []byte) any {
	return bits(content, []string{"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"})
}

func reasonBits(content []byte) any {
	return bits(content, []string{"unused", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation", "certificateHold", "privilegeWithdrawn", "aACompromise"})
}

// named is a small number with its name, if it has one.
func named(content []byte, names ...string) any {
	n, ok := smallNumber(content)
	if !ok {
		return nil
	}
	return numberIn(n, names)
}

func numberIn(n int, names []string) Number {
	if n < 0 || n >= len(names) {
		return Number{N: n}
	}
	return Number{n, names[n]}
}

// responseStatus has no 4, and crlReason no 7.
func responseStatus(content []byte) any {
	return named(content, "successful", "malformedRequest", "internalError", "tryLater", "", "sigRequired", "unauthorized")
}

func crlReason(content []byte) any {
	return named(content, "unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
		"cessationOfOperation", "certificateHold", "", "removeFromCRL", "privilegeWithdrawn", "aACompromise")
}

func tlsFeature(content []byte) any {
	n, ok := smallNumber(content)
	if !ok || n < 0 || n > 0xffff {
		return nil
	}
	return iana.ExtensionType(n)
}

func shownAddress(content []byte) any {
	if a, ok := netip.AddrFromSlice(content); ok {
		return a
	}
	return nil
}

// shownNetwork is an address and a mask of as many bytes.
func shownNetwork(content []byte) any {
	half := len(content) / 2
	a, ok := netip.AddrFromSlice(content[:half])
	m, fits := netip.AddrFromSlice(content[half:])
	if !ok || !fits {
		return nil
	}
	ones := 0
	for mask := content[half:]; ones < 8*half && mask[ones/8]>>(7-ones%8)&1 == 1; ones++ {
	}
	if p := netip.PrefixFrom(a, ones); netip.PrefixFrom(m, ones).Masked().Addr() == m {
		return p
	}
	return a.String() + "/" + m.String()
}
