package pki

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/binary"
	"slices"

	"tlslab/pki/der"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Distinguished names, compared as RFC 5280 §7.1 says: the same attributes in the
// same order, without regard to case, to insignificant spaces, and to the string
// type in which a value happens to be written. A relative name of several attributes
// is a set, whose order does not matter.
//
// For that a name is brought into a form of its own, in which two names are equal
// byte for byte exactly if they match:
//
//	form      = one after the other, for each relative name: length (4 bytes) attributes
//	attribute = type (DER) how (1 byte) length (uvarint) value
//
// Each relative name says how long it is, so that one form is a prefix of another
// exactly if the other name lies in the subtree of the first (§7.1, last sentence).

// How the value of an attribute stands in a form.
const (
	asWritten = 0 // tag and content: no string that we know, so its bytes are compared
	prepared  = 1 // a string after RFC 4518
	asLabel   = 2 // domainComponent: a label of a domain name, in lower case (RFC 5280 §7.3)
)

// Types of attributes, as DER has them in a name.
var (
	derDomainComponent = []byte{6, 10, 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19} // 0.9.2342.19200300.100.1.25
	derEmailAddress    = []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01}        // 1.2.840.113549.1.9.1
)

// nameRoom is where most names' forms fit, without an allocation.
type nameRoom [192]byte

// SameName reports whether two DER encoded Names (x509.Certificate.RawSubject,
// RawIssuer) are one name by RFC 5280 §7.1. What is no Name equals only itself.
func SameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var roomA, roomB nameRoom
	formA, ok := appendName(roomA[:0], a)
	if !ok {
		return false
	}
	formB, ok := appendName(roomB[:0], b)
	return ok && bytes.Equal(formA, formB)
}

// nameForm returns the form of a Name. What is no Name gets a form that no name has.
func nameForm(der []byte) string {
	var room nameRoom
	if form, ok := appendName(room[:0], der); ok {
		return string(form)
	}
	return "\xff" + string(der) // no relative name is 0xff000000 bytes long
}

// appendName appends the form of a DER encoded Name. ok is false if it is not a Name.
func appendName(dst, der []byte) (_ []byte, ok bool) {
	outer, name := cryptobyte.String(der), cryptobyte.String(nil)
	if !outer.ReadASN1(&name, cbasn1.SEQUENCE) || !outer.Empty() {
		return nil, false
	}
	for !name.Empty() {
		var relative cryptobyte.String
		if !name.ReadASN1(&relative, cbasn1.SET) || relative.Empty() {
			return nil, false
		}
		start := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		if dst, ok = appendRelative(dst, relative); !ok {
			return nil, false
		}
		binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4)) // the DER itself is shorter than that
	}
	return dst, true
}

// appendRelative appends the attributes of one relative name, sorted.
func appendRelative(dst []byte, set cryptobyte.String) (_ []byte, ok bool) {
	start, first := len(dst), 0
	for n := 0; !set.Empty(); n++ {
		if n == 1 {
			first = len(dst)
		}
		if dst, ok = appendAttribute(dst, &set); !ok {
			return nil, false
		}
	}
	if first == 0 {
		return dst, true // one attribute, as nearly always
	}
	var each [][]byte
	for rest := bytes.Clone(dst[start:]); len(rest) > 0; {
		n := attributeLen(rest)
		each, rest = append(each, rest[:n]), rest[n:]
	}
	slices.SortFunc(each, bytes.Compare)
	return append(dst[:start], bytes.Join(each, nil)...), true
}

// attributeLen is the length of the attribute at the beginning of a form that
// appendAttribute made.
func attributeLen(form []byte) int {
	rest, id := cryptobyte.String(form), cryptobyte.String(nil)
	rest.ReadASN1Element(&id, cbasn1.OBJECT_IDENTIFIER)
	n := len(id) + 1
	length, size := binary.Uvarint(form[n:])
	return n + size + int(length)
}

// appendAttribute takes an AttributeTypeAndValue off set.
func appendAttribute(dst []byte, set *cryptobyte.String) (_ []byte, ok bool) {
	id, tag, value, ok := readAttribute(set)
	if !ok {
		return nil, false
	}
	dst = append(dst, id...)
	how, length := len(dst), len(dst)+1
	dst = append(dst, prepared, 0) // most values are shorter than 128 bytes: one byte of length
	if bytes.Equal(id, derDomainComponent) && asciiString(tag) && isASCII(value) {
		dst[how] = asLabel
		for _, c := range value {
			dst = append(dst, lower(c))
		}
	} else if dst, ok = appendPrepared(dst, tag, value); !ok {
		dst = append(dst[:length+1], byte(tag))
		dst[how] = asWritten
		dst = append(dst, value...)
	}
	if n := len(dst) - length - 1; n < 0x80 {
		dst[length] = byte(n)
	} else {
		long := binary.AppendUvarint(nil, uint64(n))
		dst = slices.Replace(dst, length, length+1, long...)
	}
	return dst, true
}

// readAttribute takes an AttributeTypeAndValue off set: its type in DER, and tag and
// content of its value.
func readAttribute(set *cryptobyte.String) (id cryptobyte.String, tag cbasn1.Tag, value cryptobyte.String, ok bool) {
	var pair cryptobyte.String
	ok = set.ReadASN1(&pair, cbasn1.SEQUENCE) && pair.ReadASN1Element(&id, cbasn1.OBJECT_IDENTIFIER) &&
		pair.ReadAnyASN1(&value, &tag) && pair.Empty()
	return id, tag, value, ok
}

// emailAddresses returns the values of the emailAddress attributes of a Name, which
// old certificates have in place of an rfc822Name (RFC 5280 §4.1.2.6).
func emailAddresses(der []byte) []string {
	var found []string
	outer, name := cryptobyte.String(der), cryptobyte.String(nil)
	if !outer.ReadASN1(&name, cbasn1.SEQUENCE) {
		return nil
	}
	for !name.Empty() {
		var set cryptobyte.String
		if !name.ReadASN1(&set, cbasn1.SET) {
			return found
		}
		for !set.Empty() {
			id, tag, value, ok := readAttribute(&set)
			if !ok {
				return found
			}
			if !bytes.Equal(id, derEmailAddress) {
				continue
			}
			text, ok := decodeString(tag, value)
			if !ok {
				text = string(value) // no mailbox: refused where mailboxes are constrained
			}
			found = append(found, text)
		}
	}
	return found
}

// nameString writes a Name for a reader.
func nameString(raw []byte) string {
	var name pkix.RDNSequence
	if err := der.Unmarshal(raw, &name); err != nil {
		return "an unreadable name"
	}
	return name.String()
}
