package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"slices"
	"unicode/utf16"

	"tlslab/handshake/reason"
	"tlslab/pki/der"
)

// The row "critical_extension". A critical extension must be known, and so must be what
// stands in it (RFC 5280 §4.2).

var oidCertificatePolicies = asn1.ObjectIdentifier{2, 5, 29, 32}

// The qualifiers of RFC 5280 §4.2.1.4: where to read the policy, and a notice. Neither
// restricts what the certificate is good for, and the report shows both.
var (
	oidCPS        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 1}
	oidUserNotice = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 2}
)

func testCriticalExtension(j *judgement, i int) *reason.Error {
	c := j.certs[i]
	refuse := func(ref, name string, want, got any) *reason.Error {
		return reason.New(reason.CertificateConstraint, ref, field(i, name), want, got)
	}
	for _, id := range c.UnhandledCriticalExtensions {
		if id.Equal(oidTLSFeature) && (j.o.HeedMustStaple || j.o.RequireStaple) {
			continue // processed by its own row, as far as RFC 7633 asks of a client that wants a status
		}
		if !processed(c, id) {
			return refuse(criticalRule(i), "extensions", reason.Say("no critical extension that we do not process"), id.String())
		}
	}
	if j.carry().criticalPolicies>>i&1 == 0 {
		return nil
	}
	qualifiers, ok := criticalQualifiers(c)
	if !ok {
		return refuse("RFC 5280 §4.2.1.4", "certificate_policies."+CauseQualifier, reason.Say("policies that we can read, for the extension is critical"), reason.Say("others"))
	}
	for _, q := range qualifiers {
		if !q.ID.Equal(oidCPS) && !q.ID.Equal(oidUserNotice) {
			return refuse("RFC 5280 §4.2.1.4", "certificate_policies."+CauseQualifier, reason.Say("no policy qualifier that we do not process, for the extension is critical"), q.ID.String())
		}
	}
	return nil
}

// criticalRule cites the rule that a critical extension must be processed: for an issuer,
// or for the leaf.
func criticalRule(i int) string {
	if i > 0 {
		return "RFC 5280 §6.1.4 (o)"
	}
	return "RFC 5280 §6.1.5 (f)"
}

type policyQualifier struct {
	ID    asn1.ObjectIdentifier
	Value asn1.RawValue
}

// criticalQualifiers returns the qualifiers of the certificate's policies. It returns nil
// if the extension is not critical, because then they bind nobody. ok is false if the
// extension cannot be read.
func criticalQualifiers(c *x509.Certificate) (all []policyQualifier, ok bool) {
	at := slices.IndexFunc(c.Extensions, func(e pkix.Extension) bool { return e.Critical && e.Id.Equal(oidCertificatePolicies) })
	if at < 0 {
		return nil, true
	}
	var policies []struct {
		Policy     asn1.ObjectIdentifier
		Qualifiers []policyQualifier `asn1:"optional"`
	}
	if der.Unmarshal(c.Extensions[at].Value, &policies) != nil {
		return nil, false // an object identifier with an arc beyond what Go holds, say
	}
	for _, p := range policies {
		all = append(all, p.Qualifiers...)
	}
	return all, true
}

// String says what the qualifier tells a reader: the address, or the notice.
func (q policyQualifier) String() string {
	text := func(v asn1.RawValue) string {
		if v.Tag == asn1.TagBMPString {
			units := make([]uint16, len(v.Bytes)/2)
			for i := range units {
				units[i] = binary.BigEndian.Uint16(v.Bytes[2*i:])
			}
			return string(utf16.Decode(units))
		}
		return string(v.Bytes)
	}
	var notice []asn1.RawValue
	switch {
	case q.ID.Equal(oidCPS):
		return text(q.Value)
	case q.ID.Equal(oidUserNotice) && der.Unmarshal(q.Value.FullBytes, &notice) == nil && len(notice) > 0 && !notice[len(notice)-1].IsCompound:
		return text(notice[len(notice)-1])
	}
	return q.ID.String()
}

func showCriticalExtension(j *judgement, i int) []Input {
	extensions := Input{InExtensions, (*criticalOf)(j.certs[i])}
	if qualifiers, _ := criticalQualifiers(j.certs[i]); len(qualifiers) > 0 {
		texts := make([]string, len(qualifiers))
		for k, q := range qualifiers {
			texts[k] = q.String()
		}
		return j.shown(extensions, Input{InQualifiers, texts})
	}
	return j.shown(extensions)
}
