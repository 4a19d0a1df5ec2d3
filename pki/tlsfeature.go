package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/pki/der"
)

// The TLS feature extension (RFC 7633): a certificate promises that whoever shows it
// answers certain extensions of a ClientHello. With status_request among them
// ("must-staple") nobody can use a stolen key after its certificate was revoked by just
// leaving the status out. status_request_v2 (17) is another promise, of an extension
// that RFC 9846 has removed together with RFC 6961, and that we never send.

var oidTLSFeature = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}

// TLSFeatures returns the TLS extensions that c promises an answer to, in its order; nil
// if it has no such extension. The error is an ASN.1 one.
func TLSFeatures(c *x509.Certificate) ([]iana.ExtensionType, error) {
	for i := range c.Extensions {
		if !c.Extensions[i].Id.Equal(oidTLSFeature) {
			continue
		}
		var numbers []int
		if err := der.Unmarshal(c.Extensions[i].Value, &numbers); err != nil {
			return nil, err
		}
		features := make([]iana.ExtensionType, len(numbers))
		for k, n := range numbers {
			if n < 0 || n > 0xffff {
				return nil, asn1.StructuralError{Msg: fmt.Sprintf("%d is the number of no TLS extension", n)}
			}
			features[k] = iana.ExtensionType(n)
		}
		return features, nil
	}
	return nil, nil
}

// PromisesStaple reports whether c promises that a status is stapled to it.
func PromisesStaple(c *x509.Certificate) bool {
	features, err := TLSFeatures(c)
	return err == nil && slices.Contains(features, iana.ExtStatusRequest)
}

// hasTLSFeature: the row is about a certificate that has the extension, and about one whose
// issuer's certificate has it.
func hasTLSFeature(j *judgement, i int) bool { return j.carry().tlsFeature>>i&3 != 0 }

// testTLSFeature holds two rules. The features of an issuer's certificate must also be in
// the certificates that it issues (§4.2.2). And a status that a leaf promises must come, if
// it was asked for. This row asks only whether one came; the row CheckStaple checks what it
// says.
func testTLSFeature(j *judgement, i int) *reason.Error {
	own, err := TLSFeatures(j.certs[i])
	if err != nil {
		return reason.New(reason.CertificateMalformed, "RFC 7633 §4.1", field(i, "tls_feature"), reason.Say("a list of numbers of TLS extensions"), foreign.Sentence(err.Error()))
	}
	if hasIssuer(j, i) {
		above, _ := TLSFeatures(j.certs[i+1]) // what is wrong with it is said there
		if !holdsAll(own, above) {
			return reason.New(reason.CertificateConstraint, "RFC 7633 §4.2.2", field(i, "tls_feature"),
				reason.Say("all features that its issuer's certificate has: %v", featureList(above)), featureList(own))
		}
	}
	if i == 0 && j.o.HeedMustStaple && slices.Contains(own, iana.ExtStatusRequest) && len(j.o.Staple) == 0 {
		return reason.New(reason.BadStatusResponse, "RFC 7633 §4", field(0, "tls_feature"), reason.Say("a stapled OCSP response, for the certificate promises one"), reason.Say("none"))
	}
	return nil
}

// holdsAll reports whether each of wanted is among own. Both lists are as long as a peer
// makes them, so they are not searched through for one another.
func holdsAll(own, wanted []iana.ExtensionType) bool {
	if len(wanted) == 0 {
		return true
	}
	among := make(map[iana.ExtensionType]bool, min(len(own), 1<<16))
	for _, f := range own {
		among[f] = true
	}
	return !slices.ContainsFunc(wanted, func(f iana.ExtensionType) bool { return !among[f] })
}

func showTLSFeature(j *judgement, i int) []Input {
	own, _ := TLSFeatures(j.certs[i])
	inputs := []Input{{InTLSFeatures, featureNames(own)}}
	if hasIssuer(j, i) {
		if above, _ := TLSFeatures(j.certs[i+1]); len(above) > 0 {
			inputs = append(inputs, Input{InIssuerTLSFeatures, featureNames(above)})
		}
	}
	if i == 0 {
		inputs = append(inputs, Input{InStatusAsked, j.o.HeedMustStaple}, Input{InStapled, len(j.o.Staple) > 0})
	}
	return inputs
}

func featureNames(features []iana.ExtensionType) []string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = f.String()
	}
	return names
}

func featureList(features []iana.ExtensionType) any {
	if len(features) == 0 {
		return reason.Say("none")
	}
	return strings.Join(featureNames(features), ", ")
}

// TLSFeatureExtension is the inverse of TLSFeatures. The extension is not critical: a
// client that does not know it can do without it.
func TLSFeatureExtension(features ...iana.ExtensionType) (pkix.Extension, error) {
	numbers := make([]int, len(features))
	for i, f := range features {
		numbers[i] = int(f)
	}
	value, err := asn1.Marshal(numbers)
	return pkix.Extension{Id: oidTLSFeature, Value: value}, err
}
