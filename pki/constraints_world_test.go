package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// What tests need to write constraints and names that crypto/x509 does not write.

func primitive(kind pki.NameKind, content []byte) []byte {
	return asDER(cbasn1.Tag(kind).ContextSpecific(), content)
}

func constructed(kind pki.NameKind, content []byte) []byte {
	return asDER(cbasn1.Tag(kind).ContextSpecific().Constructed(), content)
}

// asDER is one value of DER.
func asDER(tag cbasn1.Tag, contents ...[]byte) []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, c := range contents {
			b.AddBytes(c)
		}
	})
	return b.BytesOrPanic()
}

func dns(s string) []byte      { return primitive(pki.DNSName, []byte(s)) }
func mail(s string) []byte     { return primitive(pki.Rfc822Name, []byte(s)) }
func uri(s string) []byte      { return primitive(pki.UniformResourceIdentifier, []byte(s)) }
func ip(octets ...byte) []byte { return primitive(pki.IPAddress, octets) }
func dir(name []byte) []byte   { return constructed(pki.DirectoryName, name) }

// upn is an otherName of Microsoft's kind.
func upn(s string) []byte {
	id := []byte{6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3}
	return constructed(pki.OtherName, append(id, asDER(cbasn1.Tag(0).ContextSpecific().Constructed(), asDER(cbasn1.UTF8String, []byte(s)))...))
}

// attribute types, with their DER prefix.
var (
	typeCN    = []byte{6, 3, 0x55, 4, 3}
	typeC     = []byte{6, 3, 0x55, 4, 6}
	typeO     = []byte{6, 3, 0x55, 4, 10}
	typeOU    = []byte{6, 3, 0x55, 4, 11}
	typeEmail = pki.DerEmailAddress
	typeDC    = pki.DerDomainComponent
)

// attr is a relative name of one attribute; join several with multi.
func attr(id []byte, tag cbasn1.Tag, value string) []byte {
	return multi(pair(id, tag, value))
}

func pair(id []byte, tag cbasn1.Tag, value string) []byte {
	return asDER(cbasn1.SEQUENCE, id, asDER(tag, []byte(value)))
}

func multi(pairs ...[]byte) []byte    { return asDER(cbasn1.SET, pairs...) }
func name(relatives ...[]byte) []byte { return asDER(cbasn1.SEQUENCE, relatives...) }

func org(o string) []byte { return name(attr(typeO, cbasn1.UTF8String, o)) }

func subtreeDER(base []byte, distance ...[]byte) []byte {
	return asDER(cbasn1.SEQUENCE, append([][]byte{base}, distance...)...)
}

// trees are subtrees without minimum and maximum.
func trees(bases ...[]byte) [][]byte {
	var all [][]byte
	for _, b := range bases {
		all = append(all, subtreeDER(b))
	}
	return all
}

func constraintsDER(permitted, excluded [][]byte) []byte {
	var parts [][]byte
	for i, list := range [][][]byte{permitted, excluded} {
		if len(list) > 0 {
			parts = append(parts, asDER(cbasn1.Tag(i).ContextSpecific().Constructed(), list...))
		}
	}
	return asDER(cbasn1.SEQUENCE, parts...)
}

func constraintsExt(critical bool, permitted, excluded [][]byte) pkix.Extension {
	return ext(pki.OidNameConstraints, critical, constraintsDER(permitted, excluded)...)
}

func sanExt(critical bool, names ...[]byte) pkix.Extension {
	return ext(pki.OidSubjectAltName, critical, asDER(cbasn1.SEQUENCE, names...)...)
}

// signed makes leaf, intermediate and root, each issuer's name written as issuers[i] says
// in the certificate below it, if that is not nil.
func (w *world) signed(t testing.TB, issuers ...[]byte) (chain []*x509.Certificate, root *x509.Certificate) {
	t.Helper()
	for i := len(w.certs) - 1; i >= 0; i-- {
		up := min(i+1, len(w.certs)-1)
		parent := *w.certs[up]
		if i < len(issuers) && issuers[i] != nil {
			parent.RawSubject = issuers[i]
		}
		c, err := authority.CreateCertificate(nil, w.certs[i], &parent, lesson.KeyOf(w.alg, w.signer[i]).Public(), lesson.KeyOf(w.alg, w.signer[up]))
		if err != nil {
			t.Fatal(err)
		}
		w.certs[i] = c
	}
	return w.certs[:len(w.certs)-1], w.root()
}
