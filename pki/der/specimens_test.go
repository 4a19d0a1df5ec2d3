package der_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"tlslab/handshake/wire"
	"tlslab/pki/authority"
	"tlslab/pki/der"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// specimen is a document, and the walk that is made for it.
type specimen struct {
	name string
	der  []byte
	walk func([]byte) ([]wire.Field, error)
}

// specimens are the documents of this tree: of every lesson key, of every kind of lesson, and of
// each document one with all the extensions that it can have.
func specimens(t testing.TB) []specimen {
	all := []specimen{{"CRL", crl(t), der.WalkCRL}, {"SCTs", timestamped(t), der.WalkCertificate}, {"bundle", bundle(t), der.WalkContentInfo}}
	for name, b := range responses(t) {
		all = append(all, specimen{name, b, der.WalkOCSPResponse})
	}
	for _, file := range []string{"rich.pem", "cases.pem"} {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			all = append(all, specimen{file, block.Bytes, der.WalkCertificate})
		}
	}
	var lessons []lesson.Options
	for _, o := range pkitest.EverySignature() {
		o.Staple = "good"
		lessons = append(lessons, o)
	}
	for _, kind := range lesson.Kinds() {
		lessons = append(lessons, lesson.Options{Kind: kind})
	}
	for _, o := range lessons {
		l := pkitest.Lesson(t, o)
		name := fmt.Sprintf("lesson %s %s", o.Kind, o.KeyAlg)
		for _, b := range append(l.Chain, l.Root.Cert.Raw) {
			all = append(all, specimen{name, b, der.WalkCertificate})
		}
		if l.Staple != nil {
			all = append(all, specimen{name, l.Staple, der.WalkOCSPResponse})
		}
		csr, err := authority.NewRequest(l.Key, authority.Request{DNSNames: []string{"www.lab.test"}, Rand: pkitest.Seeded(1)})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, specimen{name, csr, der.WalkRequest})
	}
	return all
}

// extension is one whose value is in hexadecimal.
func extension(t testing.TB, id string, critical bool, value string) pkix.Extension {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(value, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	var oid asn1.ObjectIdentifier
	for arc := range strings.SplitSeq(id, ".") {
		n := 0
		fmt.Sscan(arc, &n)
		oid = append(oid, n)
	}
	return pkix.Extension{Id: oid, Critical: critical, Value: b}
}

// crl has every extension of RFC 5280 §5.2 and §5.3.
func crl(t testing.TB) []byte {
	by := pkitest.Lesson(t, lesson.Options{KeyAlg: "p384"}).Intermediate
	b, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(7), ThisUpdate: pkitest.Time, NextUpdate: pkitest.Time.Add(24 * time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{
			{SerialNumber: big.NewInt(0x1234), RevocationTime: pkitest.Time, ReasonCode: 1},
			{SerialNumber: big.NewInt(0x5678), RevocationTime: pkitest.Time, ExtraExtensions: []pkix.Extension{
				extension(t, "2.5.29.24", false, "18 0f 32303236303130313030303030305a"),               // invalidityDate 2026-01-01
				extension(t, "2.5.29.29", true, "30 10 a4 0e 30 0c 31 0a 30 08 06 03 550403 0c 01 41"), // CN=A
			}},
		},
		ExtraExtensions: []pkix.Extension{
			extension(t, "2.5.29.27", true, "02 01 05"), // delta to number 5
			extension(t, "2.5.29.28", true, "30 10 a0 07 a0 05 82 03 612e62 81 01 ff 83 02 01 06"),
			extension(t, "2.5.29.46", false, "30 0b 30 09 a0 07 a0 05 86 03 753a2f"),
		},
	}, by.Cert, by.Key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bundle is a SignedData with everything that it may hold: an algorithm, content, certificates, of which one is an
// attribute certificate, revocation lists, of which one is of another kind, and a signer.
func bundle(t testing.TB) []byte {
	element := func(tag byte, parts ...[]byte) []byte {
		b, err := asn1.Marshal(asn1.RawValue{Class: int(tag >> 6), Tag: int(tag & 0x1f), IsCompound: tag&0x20 != 0, Bytes: bytes.Join(parts, nil)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	oid := func(arcs ...int) []byte {
		b, err := asn1.Marshal(asn1.ObjectIdentifier(arcs))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one := []byte{2, 1, 1}
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	return element(0x30, oid(1, 2, 840, 113549, 1, 7, 2), element(0xa0, element(0x30,
		[]byte{2, 1, 3},
		element(0x31, element(0x30, oid(2, 16, 840, 1, 101, 3, 4, 2, 1))),
		element(0x30, oid(1, 2, 840, 113549, 1, 7, 1), element(0xa0, element(4, []byte("hi")))),
		element(0xa0, l.Root.Cert.Raw, l.Leaf.Leaf.Raw, element(0xa2, one)),
		element(0xa1, crl(t), element(0xa1)),
		element(0x31, element(0x30, one)))))
}

// timestamped is a precertificate's form and a certificate's in one: poison, and a list of two
// SCTs, the second of a version that nobody knows.
func timestamped(t testing.TB) []byte {
	by := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Intermediate
	b, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: pkitest.Time, NotAfter: pkitest.Time.Add(time.Hour),
		ExtraExtensions: []pkix.Extension{
			extension(t, "1.3.6.1.4.1.11129.2.4.3", true, "05 00"),
			extension(t, "1.3.6.1.4.1.11129.2.4.2", false, sctList),
		},
	}, by.Cert, by.Key.Public(), by.Key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sctList is an OCTET STRING with a SignedCertificateTimestampList (RFC 6962 §3.3), written by hand.
var sctList = "04 3d 003b 0034 00" + strings.Repeat("ab", 32) +
	"0000019b76daa800 0001 ee 0403 0004 deadbeef 0003 01 0102"

// responses have every extension of RFC 6960 §4.4, a delegated responder, and a refusal.
func responses(t testing.TB) map[string][]byte {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "p521"})
	responder, err := l.Intermediate.NewResponder(authority.Options{CommonName: "Responder", Key: lesson.KeyOf("p521", "ocsp"), NotBefore: pkitest.Time})
	if err != nil {
		t.Fatal(err)
	}
	delegated, err := l.Intermediate.OCSP(l.Leaf.Leaf, authority.StatusRevoked, authority.OCSPOptions{Time: pkitest.Time, Responder: responder})
	if err != nil {
		t.Fatal(err)
	}
	extended, err := ocsp.CreateResponse(l.Intermediate.Cert, l.Intermediate.Cert, ocsp.Response{
		Status: ocsp.Good, SerialNumber: big.NewInt(5), ThisUpdate: pkitest.Time,
		ExtraExtensions: []pkix.Extension{
			extension(t, "1.3.6.1.5.5.7.48.1.2", false, "04 02 abcd"),
			extension(t, "1.3.6.1.5.5.7.48.1.3", false, "30 1f a0 05 16 03 753a2f a1 03 02 01 09 a2 11 18 0f 32303236303130313030303030305a"),
			extension(t, "1.3.6.1.5.5.7.48.1.4", false, "30 0b 06 09 2b0601050507300101"),
			extension(t, "1.3.6.1.5.5.7.48.1.6", false, "18 0f 32303236303130313030303030305a"),
			extension(t, "1.3.6.1.5.5.7.48.1.7", false, "30 1f 30 0c 31 0a 30 08 06 03 550403 0c 01 41 30 0f 30 0d 06 08 2b06010505073001 86 01 75"),
			extension(t, "1.3.6.1.5.5.7.48.1.8", false, "30 0e 30 0c 30 0a 06 08 2a8648ce3d040302"),
			extension(t, "1.3.6.1.5.5.7.48.1.9", false, "05 00"),
			extension(t, "1.3.6.1.4.1.11129.2.4.5", false, sctList),
		},
	}, l.Intermediate.Key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"OCSP delegated": delegated, "OCSP extended": extended, "OCSP refused": {0x30, 3, 0x0a, 1, 6}}
}
