package handshake

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

// A server names the authorities that it takes (RFC 9846 §4.3.4); a client's certificate
// fits if its issuer is the same name, in whatever string type and case it is written.
func TestIssuedByComparesNames(t *testing.T) {
	write := func(tag int, value string) []byte {
		der, err := asn1.Marshal(pkix.RDNSequence{{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: asn1.RawValue{Tag: tag, Bytes: []byte(value)}}}})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	chain := []*x509.Certificate{{RawIssuer: write(asn1.TagUTF8String, "Client CA")}}
	for name, want := range map[string]bool{"Client CA": true, "CLIENT  ca": true, "Client CB": false} {
		if got := issuedBy(chain, [][]byte{write(asn1.TagPrintableString, name)}); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
