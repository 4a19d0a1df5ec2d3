package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"net/netip"
	"net/url"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// nameKind is a form of GeneralName, by its tag in RFC 5280 §4.2.1.6.
type nameKind uint8

const (
	otherName nameKind = iota
	rfc822Name
	dNSName
	x400Address
	directoryName
	ediPartyName
	uniformResourceIdentifier
	iPAddress
	registeredID
	nameKinds // how many there are
)

var kindNames = [nameKinds]string{
	"otherName", "rfc822Name", "dNSName", "x400Address", "directoryName", "ediPartyName",
	"uniformResourceIdentifier", "iPAddress", "registeredID",
}

func (k nameKind) String() string { return kindNames[k] }

// understood are the kinds that name constraints are applied to. RFC 5280 defines no
// subtrees for the others, except for x400Address, which nobody uses.
func (k nameKind) understood() bool {
	switch k {
	case rfc822Name, dNSName, directoryName, uniformResourceIdentifier, iPAddress:
		return true
	}
	return false
}

// generalName is one name in a certificate, or the base of a subtree.
type generalName struct {
	kind    nameKind
	subject bool     // it stands in the subject, not in the subjectAltName
	value   []byte   // the content; of a directoryName the Name, DER
	uri     *url.URL // of a uniformResourceIdentifier
}

// heldNames are the names in a certificate that name constraints apply to.
type heldNames struct {
	names   []generalName
	of      *x509.Certificate
	keys    []nameKey  // of each, made when a constraint is applied to it
	judged  []judgedBy // by whose constraints they were judged
	altName bool       // there is a subjectAltName
	broken  bool       // which cannot be read to its end
}

type judgedBy struct {
	by *nameConstraints
	x  *violation // nil: they keep to them
}

// key holds the parts of name i that are looked up.
func (h *heldNames) key(i int) *nameKey {
	if h.keys == nil {
		h.keys = make([]nameKey, len(h.names))
	}
	k := &h.keys[i]
	if !k.made {
		*k = keyOf(&h.names[i])
		k.made = true
	}
	return k
}

// namesOf lists what name constraints apply to (RFC 5280 §4.2.1.10): the subject if
// it is not empty, the emailAddress attributes in it if there is no subjectAltName,
// and every name in the subjectAltName, whether crypto/x509 shows it or not.
func namesOf(c *x509.Certificate) *heldNames {
	san, present := extensionValue(c, oidSubjectAltName)
	h := &heldNames{names: make([]generalName, 0, 1+len(c.DNSNames)+len(c.EmailAddresses)+len(c.IPAddresses)+len(c.URIs))}
	h.read(c.RawSubject, san, present, c.URIs)
	return h
}

// read lists the names in a subject and in the content of a subjectAltName, in which uris
// are the URIs in their order.
func (h *heldNames) read(subject []byte, san cryptobyte.String, altName bool, uris []*url.URL) {
	h.altName = altName
	if len(subject) > len(emptyName) {
		h.names = append(h.names, generalName{kind: directoryName, subject: true, value: subject})
	}
	if !altName {
		for _, address := range emailAddresses(subject) {
			h.names = append(h.names, generalName{kind: rfc822Name, subject: true, value: []byte(address)})
		}
		return
	}
	var list cryptobyte.String
	h.broken = !san.ReadASN1(&list, cbasn1.SEQUENCE) || !san.Empty()
	for !h.broken && !list.Empty() {
		kind, value, ok := readGeneralName(&list)
		if h.broken = !ok; h.broken {
			break
		}
		name := generalName{kind: kind, value: value}
		if kind == uniformResourceIdentifier && len(uris) > 0 {
			name.uri, uris = uris[0], uris[1:]
		}
		h.names = append(h.names, name)
	}
}

// readGeneralName takes a GeneralName off s.
func readGeneralName(s *cryptobyte.String) (nameKind, []byte, bool) {
	var value cryptobyte.String
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&value, &tag) {
		return 0, nil, false
	}
	kind := nameKind(tag & 0x1f)
	if kind >= nameKinds {
		return 0, nil, false
	}
	want := cbasn1.Tag(kind).ContextSpecific()
	switch kind {
	case otherName, x400Address, directoryName, ediPartyName:
		want = want.Constructed()
	}
	return kind, value, tag == want
}

// String writes the name as OpenSSL does: "DNS:www.lab.test", "IP:192.0.2.1".
func (n generalName) String() string {
	switch n.kind {
	case rfc822Name:
		return "email:" + string(n.value)
	case dNSName:
		return "DNS:" + string(n.value)
	case uniformResourceIdentifier:
		return "URI:" + string(n.value)
	case iPAddress:
		if ip, ok := netip.AddrFromSlice(n.value); ok {
			return "IP:" + ip.String()
		}
		return fmt.Sprintf("IP:%x", n.value)
	case directoryName:
		return "DirName:" + nameString(n.value)
	case registeredID:
		return "RID:" + oidString(n.value)
	case otherName:
		id := cryptobyte.String(nil)
		if s := cryptobyte.String(n.value); s.ReadASN1(&id, cbasn1.OBJECT_IDENTIFIER) {
			return "otherName:" + oidString(id)
		}
	}
	return n.kind.String()
}

// maxDottedOID is how many octets of an object identifier are written in its dotted form:
// 128 arcs of 32 bits, to which RFC 2578 §3.5 holds it. Making decimal digits of a longer
// arc takes time that grows as its square.
const maxDottedOID = 128 * 5

// oidString writes the content of an object identifier in its dotted form. If the content
// is longer than maxDottedOID, it writes the octets.
func oidString(content []byte) string {
	var id x509.OID
	if len(content) > maxDottedOID || id.UnmarshalBinary(content) != nil {
		return fmt.Sprintf("%x", content)
	}
	return id.String()
}

// extensionValue returns the content of an extension of c.
func extensionValue(c *x509.Certificate, id asn1.ObjectIdentifier) (value cryptobyte.String, present bool) {
	for i := range c.Extensions {
		if c.Extensions[i].Id.Equal(id) {
			return c.Extensions[i].Value, true
		}
	}
	return nil, false
}
