package pki

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"strings"

	"tlslab/handshake/reason"
	"tlslab/pki/internal/algid"
)

// CheckKey names a check of a certificate: narrate's key.
type CheckKey string

// The keys of the checks, in the order in which they are made on a certificate.
const (
	CheckSignatureAlgorithm CheckKey = "signature_algorithm"
	CheckSignature          CheckKey = "signature"
	CheckValidity           CheckKey = "validity"
	CheckStaple             CheckKey = "staple"
	CheckTLSFeature         CheckKey = "tls_feature"
	CheckIssuerName         CheckKey = "issuer_name"
	CheckName               CheckKey = "name"
	CheckBasicConstraints   CheckKey = "basic_constraints"
	CheckPathLength         CheckKey = "path_length"
	CheckDepth              CheckKey = "depth"
	CheckKeyUsage           CheckKey = "key_usage"
	CheckExtendedKeyUsage   CheckKey = "extended_key_usage"
	CheckNameConstraints    CheckKey = "name_constraints"
	CheckPolicy             CheckKey = "policy"
	CheckCriticalExtension  CheckKey = "critical_extension"
	CheckProfile            CheckKey = "profile"
	CheckPublicKey          CheckKey = "public_key"
	CheckTrustAnchor        CheckKey = "trust_anchor"
)

// CheckKeys lists the keys of every check, in the order made.
func CheckKeys() []CheckKey {
	keys := make([]CheckKey, len(rules))
	for i := range rules {
		keys[i] = rules[i].key
	}
	return keys
}

// rule is one row of the table of checks.
type rule struct {
	key     CheckKey
	ref     string
	leafRef func(*judgement) string             // where the rule stands for a leaf; nil: in ref too
	on      func(*judgement, int) bool          // does it apply to certificate i?
	test    func(*judgement, int) *reason.Error // is it kept?
	show    func(*judgement, int) []Input       // what did test look at? (Explain only)

	look func(*judgement, int, *reason.Error) []Looked // in which fields did it find that? (Explain only)
}

// rules is what a path must satisfy. Each certificate, from the leaf upwards, is
// taken through the rows in order: first what its issuer says (the textbook's
// "hash, open the signature, compare"), then what it says of itself. Rows hold
// independently of each other, so an explained path shows them all, and the first
// to fail gives the path's error; but a leaf without the name that was asked for gives
// it before all others, for that is known before anything is computed (build.go).
var rules = [...]rule{
	{CheckSignatureAlgorithm, "RFC 9846 §4.5.1.3", nil, hasIssuer, testSignatureAlgorithm, showSignatureAlgorithm, lookSignatureAlgorithm},
	{CheckSignature, "RFC 5280 §6.1.3 (a)(1)", nil, isSigned, testSignature, showSignature, lookSignature},
	{CheckValidity, "RFC 5280 §6.1.3 (a)(2)", nil, always, testValidity, showValidity, lookValidity},
	{CheckStaple, "RFC 5280 §6.1.3 (a)(3), RFC 6960 §3.2", nil, hasStaple, testStaple, showStaple, lookStaple},
	{CheckTLSFeature, "RFC 7633 §4", nil, hasTLSFeature, testTLSFeature, showTLSFeature, lookTLSFeature},
	{CheckIssuerName, "RFC 5280 §6.1.3 (a)(4)", nil, hasIssuer, testIssuerName, showIssuerName, lookIssuerName},
	{CheckName, "RFC 9525 §6", nil, isNamed, testName, showName, lookName},
	{CheckBasicConstraints, "RFC 5280 §6.1.4 (k)", nil, isIssuer, testBasicConstraints, showBasicConstraints, lookBasicConstraints},
	{CheckPathLength, "RFC 5280 §6.1.4 (l)(m)", nil, limitsPath, testPathLength, showPathLength, lookPathLength},
	{CheckDepth, "RFC 5280 §6.2", nil, limitsDepth, testDepth, showDepth, lookDepth},
	{CheckKeyUsage, "RFC 5280 §6.1.4 (n)", leafKeyUsageRule, hasKeyUsageRule, testKeyUsage, showKeyUsage, lookKeyUsage},
	{CheckExtendedKeyUsage, "RFC 5280 §4.2.1.12", nil, limitsUsage, testExtendedKeyUsage, showExtendedKeyUsage, lookExtendedKeyUsage},
	{CheckNameConstraints, "RFC 5280 §6.1.3 (b)(c)", nil, isConstrained, testNameConstraints, showNameConstraints, lookNameConstraints},
	{CheckPolicy, "RFC 5280 §6.1.3 (d)-(f), RFC 9618", nil, hasPolicyRule, testPolicy, showPolicy, lookPolicy},
	{CheckCriticalExtension, "RFC 5280 §6.1.4 (o)", func(*judgement) string { return "RFC 5280 §6.1.5 (f)" }, always, testCriticalExtension, showCriticalExtension, lookCriticalExtension},
	{CheckProfile, "RFC 5280 §4.1, §4.2", nil, always, testProfile, showProfile, lookProfile},
	{CheckPublicKey, "RFC 8017 §3.1, RFC 9325 §4.5", leafKeyRefs, always, testPublicKey, showPublicKey, lookPublicKey},
	{CheckTrustAnchor, "RFC 5280 §6.1.1 (d)", nil, isTop, testTrustAnchor, showTrustAnchor, lookTrustAnchor},
}

// refAnchor replaces a row's reference where the certificate is the trust anchor
// itself. RFC 5280's algorithm takes only a name and a key from it and leaves it to
// us whether to heed its dates and constraints; we do, as crypto/x509 does.
const refAnchor = "RFC 5280 §6.2"

// judgement is one path under the table.
type judgement struct {
	*verifier
	certs    []*x509.Certificate // at most maxPathLen
	anchored bool
	staple   *stapleResult // once read

	compared, selfIssuers uint64 // one bit a certificate: is it known, is it self-issued?
	carriers              carriers
}

// judge runs the table over p. Silent, it stops at the first failure.
func (v *verifier) judge(p *Path) {
	j := &v.judging
	*j = judgement{verifier: v, certs: p.Certs, anchored: p.Anchored}
	p.Err = v.misnamed
	if v.o.Explain {
		p.staple, p.policy = v.response(), v.o.Policy
		p.Checks, p.documents = make([]Check, 0, mostChecks*len(p.Certs)), make([]*document, 0, len(p.Certs))
	}
	for i, c := range p.Certs {
		subject := ""
		if v.o.Explain {
			subject = c.Subject.String() // once, for all its checks
			p.Notes = append(p.Notes, j.notes(i)...)
			p.documents = append(p.documents, v.document(c))
		}
		for k := range rules {
			row := &rules[k]
			if !row.on(j, i) {
				continue
			}
			err := row.test(j, i)
			if err != nil && j.isAnchor(i) && strings.HasPrefix(err.Ref, "RFC 5280 §6.1") && row.key != CheckTrustAnchor && len(p.Certs) > 1 {
				at := *err // it may be shared between paths
				at.Ref, err = refAnchor, &at
			}
			if v.o.Explain {
				check := Check{Key: row.key, Cert: i, Subject: subject, OK: err == nil, Ref: row.ref, Err: err}
				if i == 0 && row.leafRef != nil {
					check.Ref = row.leafRef(j)
				}
				if j.isAnchor(i) && row.key != CheckTrustAnchor && len(p.Certs) > 1 {
					check.Ref = refAnchor
				}
				check.Inputs, check.looks = row.show(j, i), row.look(j, i, err)
				check.misplaced = row.key == CheckProfile && err != nil && testEncoding(j, i) != nil
				p.Checks = append(p.Checks, check)
			}
			if err == nil {
				continue
			}
			if p.Err == nil {
				p.Err = err
			}
			if !v.o.Explain {
				return
			}
		}
	}
}

// mostChecks is how many rows commonly apply to a certificate.
const mostChecks = 10

// field names a certificate of the path, for errors.
func field(i int, name string) string { return fmt.Sprintf("certificate[%d].%s", i, name) }

func (j *judgement) isAnchor(i int) bool { return j.anchored && i == len(j.certs)-1 }

// selfIssued: subject and issuer are one name.
func selfIssued(c *x509.Certificate) bool { return SameName(c.RawSubject, c.RawIssuer) }

// selfIssued is the same of certificate i, compared once.
func (j *judgement) selfIssued(i int) bool {
	if bit := uint64(1) << i; j.compared&bit == 0 {
		j.compared |= bit
		if selfIssued(j.certs[i]) {
			j.selfIssuers |= bit
		}
	}
	return j.selfIssuers>>i&1 == 1
}

func always(*judgement, int) bool        { return true }
func hasIssuer(j *judgement, i int) bool { return i+1 < len(j.certs) }
func isIssuer(_ *judgement, i int) bool  { return i > 0 }
func isTop(j *judgement, i int) bool     { return i == len(j.certs)-1 }

// isSigned leaves out the anchor, whose own signature nobody checks: it is
// believed because it is installed. At the top of a path that found no anchor, an
// explained report also opens a self-signed certificate's signature, to show that
// a match is not yet trust.
func isSigned(j *judgement, i int) bool {
	return hasIssuer(j, i) || j.o.Explain && !j.anchored && j.selfSigned(i)
}

// selfSigned is signsItself of certificate i.
func (j *judgement) selfSigned(i int) bool { return j.selfIssued(i) && j.signsItself(j.certs[i]) }

func (j *judgement) signer(i int) *x509.Certificate {
	if hasIssuer(j, i) {
		return j.certs[i+1]
	}
	return j.certs[i]
}

func testSignatureAlgorithm(j *judgement, i int) *reason.Error {
	switch a := algid.Of(j.certs[i]); {
	case a.Kind == 0 && a.Std != x509.MD5WithRSA:
		e := unknownAlgorithm("RFC 9846 §4.5.1.3", a)
		e.Field = field(i, e.Field)
		return e
	case a.Kind == 0, a.Hash == crypto.SHA1:
		return reason.New(reason.CertificateBadSignature, "RFC 9846 §4.5.1.3", field(i, "signature_algorithm"),
			reason.Say("RSA or ECDSA with SHA-256 or stronger, or EdDSA"), a.String())
	}
	return nil
}

func showSignatureAlgorithm(j *judgement, i int) []Input {
	return j.shown(Input{InSignatureAlgorithm, (*algorithmOf)(j.certs[i])})
}

func testSignature(j *judgement, i int) *reason.Error {
	err := j.signature(j.certs[i], j.signer(i))
	if err == nil || err == j.limit {
		return err
	}
	at := *namesAnother(j.certs[i], j.signer(i), err) // shared between paths, in which the certificate may stand elsewhere
	at.Field = field(i, at.Field)
	return &at
}

func showSignature(j *judgement, i int) []Input {
	c, by := j.certs[i], j.signer(i)
	pair := [2]*x509.Certificate{c, by}
	shown, known := j.signed[pair]
	if !known {
		explain := explainLater
		if j.signature(c, by) != nil {
			explain = explainSignature
		}
		shown = explain(algid.Of(c), PublicKey(by), c.RawTBSCertificate, c.Signature)
		if j.signed == nil {
			j.signed = make(map[[2]*x509.Certificate][]Input)
		}
		j.signed[pair] = shown
	}
	room := [12]Input{
		{InIssuer, (*nameOf)(&by.Subject)},
		{InIssuerKey, (*keyNameOf)(by)},
		{InSignatureAlgorithm, (*algorithmOf)(c)},
		{InTBS, (*signedPartOf)(c)},
		{InSignature, (*signatureOf)(c)},
		{InSelfSigned, by == c},
	}
	return j.shown(append(room[:6], shown...)...)
}

func testValidity(j *judgement, i int) *reason.Error {
	c, at := j.certs[i], j.o.Time
	if at.Before(c.NotBefore) {
		from, now := instants(c.NotBefore, at)
		return reason.New(reason.CertificateNotYetValid, "RFC 5280 §6.1.3 (a)(2)", field(i, "not_before"), reason.Say("valid from %s", from), reason.Say("checked at %s", now))
	}
	if at.After(c.NotAfter) {
		until, now := instants(c.NotAfter, at)
		return reason.New(reason.CertificateExpired, "RFC 5280 §6.1.3 (a)(2)", j.dateField(i, "not_after"), reason.Say("valid until %s", until), reason.Say("checked at %s", now))
	}
	return nil
}

// dateField is the field of a date. It also says whose certificate it is, an anchor's or an
// issuer's; for the leaf it adds nothing.
func (j *judgement) dateField(i int, name string) string {
	switch {
	case i == 0:
		return field(i, name)
	case j.isAnchor(i):
		return field(i, name+"."+CauseAnchor)
	}
	return field(i, name+"."+CauseIssuer)
}

func showValidity(j *judgement, i int) []Input {
	c := j.certs[i]
	return j.shown(Input{InNotBefore, (*timeOf)(&c.NotBefore)}, Input{InNotAfter, (*timeOf)(&c.NotAfter)}, Input{InCheckedAt, deciding(j.o.Time, c.NotBefore, c.NotAfter)})
}

// testIssuerName always holds, for that is how paths are built; the row is here so
// that the report shows it.
func testIssuerName(j *judgement, i int) *reason.Error {
	if !SameName(j.certs[i].RawIssuer, j.certs[i+1].RawSubject) {
		return reason.New(reason.CertificateUntrusted, "RFC 5280 §6.1.3 (a)(4)", field(i, "issuer"), j.certs[i].Issuer.String(), j.certs[i+1].Subject.String())
	}
	return nil
}

func showIssuerName(j *judgement, i int) []Input {
	return j.shown(Input{InIssuer, (*nameOf)(&j.certs[i].Issuer)}, Input{InSubject, (*nameOf)(&j.certs[i+1].Subject)})
}

func testTrustAnchor(j *judgement, i int) *reason.Error {
	if j.anchored {
		return nil
	}
	top := j.certs[i]
	installed := reason.Say("no such anchor (roots at hand: %d)", j.o.Roots.Len())
	if j.selfSigned(i) {
		return j.untrustedRoot(i, installed)
	}
	want := reason.Say("the certificate of %s, issuer of %s", quoted(top.Issuer), quoted(top.Subject))
	if len(j.certs) >= maxPathLen {
		return reason.New(reason.CertificateUntrusted, "RFC 5280 §6.1.1 (d)", field(i, "issuer.too_long"),
			reason.Say("a path to a trust anchor of at most %d certificates", maxPathLen), reason.Say("one that has as many and would go on"))
	}
	if j.issuerPresent(top) {
		return reason.New(reason.CertificateUntrusted, "RFC 5280 §6.1", field(i, "issuer.loop"), want,
			reason.Say("only such as have name and key of one in the path already: a loop, which leads to no anchor"))
	}
	sent := len(j.chain) + len(j.o.Intermediates) - 1
	return reason.New(reason.CertificateUntrusted, "RFC 5280 §6.1.1 (d)", field(i, "issuer"), want,
		reason.Say("%s and no such certificate (sent beside the leaf: %d)", installed, sent))
}

// issuerPresent reports whether a certificate with the name of top's issuer was sent or is
// installed. If a path ends although there is such a certificate, and the path is not too
// long, then the name and key of each are already in the path (mayFollow).
func (j *judgement) issuerPresent(top *x509.Certificate) bool {
	form := nameForm(top.RawIssuer)
	for i := range j.candidates() {
		if j.subjectForm(i) == form {
			return true
		}
	}
	return len(j.o.Roots.FindBySubject(top.RawIssuer)) > 0
}

func showTrustAnchor(j *judgement, i int) []Input {
	c := j.certs[i]
	return j.shown(Input{InSubject, (*nameOf)(&c.Subject)}, Input{InIssuer, (*nameOf)(&c.Issuer)}, Input{InFingerprint, (*fingerprintOf)(c)},
		Input{InSelfIssued, j.selfIssued(i)}, Input{InAnchors, j.o.Roots.Len()})
}
