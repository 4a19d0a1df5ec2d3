package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strconv"
	"strings"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/ocsp"
)

// The status that a server staples to its certificate: RFC 6066 §8 carries it, RFC
// 6960 §3.2 says what to check. It tells whether the certificate was revoked, and
// nothing about its dates, which are in the certificate.

// hasStaple: a path without an issuer cannot tell who may speak about the leaf. An
// anchor that is its own leaf answers for itself if at all.
func hasStaple(j *judgement, i int) bool {
	return i == 0 && (len(j.o.Staple) > 0 || j.o.RequireStaple) && (hasIssuer(j, 0) || j.anchored)
}

func testStaple(j *judgement, _ int) *reason.Error {
	_, err := j.status()
	return err
}

func (j *judgement) status() (*certStatus, *reason.Error) {
	if j.staple == nil { // it is asked for by the test, and again to be shown
		st, err := checkStaple(j.o.Staple, j.certs[0], j.signer(0), j.o.Time)
		j.staple = &stapleResult{st, err}
	}
	return j.staple.status, j.staple.err
}

// stapleResult is what one path's reading of the staple came to.
type stapleResult struct {
	status *certStatus
	err    *reason.Error
}

// certStatus is what a response says about one certificate.
type certStatus struct {
	status                             string // as InStatus has it; "" if it is something else
	producedAt, thisUpdate, nextUpdate time.Time
	revokedAt                          time.Time
	revokedFor                         string // a CRLReason's name; "" if none was given
	byName                             bool   // how the response names its responder; else by the key's hash
	responder                          *x509.Certificate
	algorithm                          algid.Algorithm
	tbs, signature                     []byte // not the caller's bytes: asn1 copies the OCTET STRING that they are in
	signed                             bool   // signature is over tbs, by the responder
	id                                 ocsp.CertID
}

func badStatus(ref, field string, want, got any) *reason.Error {
	return reason.New(reason.BadStatusResponse, ref, "certificate_status."+field, want, got)
}

// checkStaple makes the checks of RFC 6960 §3.2, and those of the times. What was learned
// is returned even if a check fails.
func checkStaple(raw []byte, leaf, issuer *x509.Certificate, now time.Time) (*certStatus, *reason.Error) {
	if len(raw) == 0 {
		return nil, badStatus("RFC 6066 §8", "response_missing", reason.Say("a stapled OCSP response"), reason.Say("none"))
	}
	basic, refused := parseOCSP(raw)
	if refused != nil {
		return nil, refused
	}
	st := &certStatus{
		producedAt: basic.TBS.ProducedAt,
		algorithm:  algid.From(basic.Algorithm),
		tbs:        basic.TBS.Raw,
		signature:  basic.Signature.RightAlign(),
	}
	answers := findSingles(basic.TBS.Responses, leaf, issuer)
	if len(answers) == 0 {
		return st, badStatus("RFC 6960 §3.2", "cert_id", reason.Say("a status of serial %x from this issuer", serialBytes(leaf)), reason.Say("one of other certificates"))
	}
	st.take(answers[0])
	st.byName = readResponderID(basic.TBS.Responder).byName
	if st.responder, refused = authorized(basic, issuer, now); refused != nil {
		return st, refused
	}
	if st.algorithm.Hash == crypto.SHA1 {
		return st, badStatus("RFC 6960 §4.3", "signature_algorithm", strongHash, st.algorithm.String())
	}
	if bad := checkSignature(st.algorithm, PublicKey(st.responder), st.tbs, st.signature); bad != nil {
		what := bad.Field
		if strings.HasPrefix(what, "signature_algorithm") { // which alone is about SHA-1
			what = "signature"
		}
		return st, badStatus("RFC 6960 §3.2", what, bad.Want, bad.Got)
	}
	st.signed = true
	if e := criticalIn(basic.TBS.Extensions, answers); e != nil {
		return st, badStatus("RFC 5280 §4.2", "extensions", reason.Say("no critical extension that we do not process"), e.Id.String())
	}
	if verdict := st.worst(answers, now); verdict != nil {
		return st, verdict
	}
	// A response is signed when what it says is known, and not before (§2.4).
	if now.Before(st.producedAt) {
		at, produced := instants(now, st.producedAt)
		return st, badStatus("RFC 6960 §2.4", "produced_at", reason.Say("signed by %s", at), reason.Say("producedAt %s", produced))
	}
	if st.producedAt.Before(st.thisUpdate.Truncate(producedPrecision)) {
		known, produced := instants(st.thisUpdate, st.producedAt)
		return st, badStatus("RFC 6960 §2.4", "produced_at", reason.Say("signed when the status was known, at %s or later", known), reason.Say("producedAt %s", produced))
	}
	return st, nil
}

// producedPrecision is how exactly responders write when they signed: those that are made
// with golang.org/x/crypto/ocsp cut the seconds off there, and leave them in thisUpdate.
const producedPrecision = time.Minute

// criticalIn finds the first critical extension, of the response or of an answer.
func criticalIn(ofAll []pkix.Extension, answers []*ocsp.Single) *pkix.Extension {
	first := func(list []pkix.Extension) *pkix.Extension {
		for i := range list {
			if list[i].Critical {
				return &list[i]
			}
		}
		return nil
	}
	found := first(ofAll)
	for i := 0; found == nil && i < len(answers); i++ {
		found = first(answers[i].Extensions)
	}
	return found
}

// strongHash is what we ask of a response's signature and of its signer's certificate. It is
// our policy, as for certificates: RFC 6960 §4.3 has clients take RSA with SHA-1.
var strongHash = reason.Say("SHA-256 or stronger, which is our policy (RFC 6960 §4.3 still has SHA-1)")

// maxStapleAge is how long a response that does not say when it ends is believed:
// as long as the longest that public CAs issue (ten days at most, commonly seven).
const maxStapleAge = 7 * 24 * time.Hour

// take shows an answer: what the report is about.
func (st *certStatus) take(a *ocsp.Single) {
	st.id, st.thisUpdate, st.nextUpdate = a.ID, a.ThisUpdate, a.NextUpdate
	st.status, st.revokedAt = "", time.Time{}
}

// worst judges every answer about the certificate and takes the worst: revoked before
// unknown before one out of its time. A responder that signs both "good" and "revoked" has
// had, at least once, a reason to revoke the certificate.
func (st *certStatus) worst(answers []*ocsp.Single, now time.Time) (verdict *reason.Error) {
	worst := -1
	for _, a := range answers {
		one := *st
		one.take(a)
		bad := one.judge(a.Status)
		rank := 0
		switch {
		case bad != nil && one.status == "revoked":
			rank = 3
		case bad != nil:
			rank = 2
		default:
			if bad = one.timely(now); bad != nil {
				rank = 1
			}
		}
		if rank > worst {
			worst, verdict, *st = rank, bad, one
		}
	}
	return verdict
}

func (st *certStatus) timely(now time.Time) *reason.Error {
	if now.Before(st.thisUpdate) {
		at, this := instants(now, st.thisUpdate)
		return badStatus("RFC 6960 §4.2.2.1", "this_update", reason.Say("a status that was known by %s", at), reason.Say("thisUpdate %s", this))
	}
	// Without nextUpdate there is newer information at any time (§2.4), which a
	// stapled response cannot deliver.
	fresh := st.nextUpdate
	if fresh.IsZero() {
		fresh = st.thisUpdate.Add(maxStapleAge)
	}
	if now.After(fresh) {
		until, at := instants(fresh, now)
		return badStatus("RFC 6960 §4.2.2.1", "next_update", reason.Say("fresh until %s", until), reason.Say("checked at %s", at))
	}
	return nil
}

func (st *certStatus) judge(status asn1.RawValue) *reason.Error {
	if status.Class == asn1.ClassContextSpecific {
		switch status.Tag {
		case ocsp.Good:
			st.status = "good"
			return nil
		case ocsp.Revoked:
			st.status = "revoked"
			var info ocsp.RevokedInfo
			when := reason.Say("revoked at an unreadable time")
			content, _ := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: status.Bytes})
			if der.Unmarshal(content, &info) == nil {
				st.revokedAt, st.revokedFor = info.At, revocationReason(info.Reason)
				at := info.At.UTC().Format(time.RFC3339)
				if when = reason.Say("revoked at %s", at); st.revokedFor != "" {
					when = reason.Say("revoked at %s, for the reason %s", at, st.revokedFor)
				}
			}
			return reason.New(reason.CertificateRevoked, "RFC 5280 §6.1.3 (a)(3)", "certificate_status.cert_status", "good", when)
		case ocsp.Unknown:
			st.status = "unknown"
		}
	}
	return badStatus("RFC 6960 §2.2", "cert_status", "good", "unknown")
}

// revocationReasons are the names of CRLReason (RFC 5280 §5.3.1); 7 is not used.
var revocationReasons = map[asn1.Enumerated]string{
	1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation", 6: "certificateHold",
	8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise",
}

// revocationReason is a reason's name, or its number if it has no name. No reason and 0
// (unspecified) mean the same, and for both it is "".
func revocationReason(r asn1.Enumerated) string {
	if name := revocationReasons[r]; name != "" || r == 0 {
		return name
	}
	return strconv.Itoa(int(r))
}

// findSingles looks for the answers about leaf: its serial, under the hashes of its
// issuer's name and key. Those are made once: answers may be many, and the name long.
func findSingles(all []ocsp.Single, leaf, issuer *x509.Certificate) (found []*ocsp.Single) {
	var ids []ocsp.CertID
	for _, hash := range ocsp.CertIDAlgorithms {
		if name, key, ok := ocsp.CertIDHashes(hash, leaf.RawIssuer, issuer); ok {
			ids = append(ids, ocsp.CertID{Hash: pkix.AlgorithmIdentifier{Algorithm: hash}, NameHash: name, KeyHash: key, Serial: leaf.SerialNumber})
		}
	}
	for i := range all {
		got := &all[i].ID
		if got.Serial == nil {
			continue
		}
		for _, id := range ids {
			if got.Hash.Algorithm.Equal(id.Hash.Algorithm) && got.Serial.Cmp(id.Serial) == 0 &&
				bytes.Equal(got.NameHash, id.NameHash) && bytes.Equal(got.KeyHash, id.KeyHash) {
				found = append(found, &all[i])
			}
		}
	}
	return found
}

// authorized finds who signed the response and whether he may: the issuer itself,
// or one to whom the issuer gave a certificate for just that (RFC 6960 §4.2.2.2).
func authorized(basic *ocsp.Basic, issuer *x509.Certificate, now time.Time) (*x509.Certificate, *reason.Error) {
	id := readResponderID(basic.TBS.Responder)
	if id.means(issuer) {
		return issuer, nil
	}
	for _, raw := range basic.Certs {
		c, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil || !id.means(c) {
			continue
		}
		if refused := mayAnswer(c, issuer, now); refused != nil {
			return nil, refused
		}
		return c, nil
	}
	return nil, badStatus("RFC 6960 §4.2.2.2", "responder", reason.Say("the issuer, or one it certified for OCSPSigning"), reason.Say("another"))
}

// mayAnswer makes of a responder's certificate the checks that the rows of the table make of a
// path's: it is no weaker link than those.
func mayAnswer(c, issuer *x509.Certificate, now time.Time) *reason.Error {
	who := c.Subject.String()
	_, limited := extension(c, oidKeyUsage)
	pub := PublicKey(c)
	ref, want, got, cause := keyFault(pub)
	switch {
	case !SameName(c.RawIssuer, issuer.RawSubject) || checkCert(c, PublicKey(issuer)) != nil:
		return badStatus("RFC 6960 §4.2.2.2", "responder", reason.Say("one certified by %s", issuer.Subject.String()), reason.Say("%s, certified by another key", who))
	case algid.Of(c).Hash == crypto.SHA1:
		return badStatus("RFC 6960 §4.3", "responder", reason.Say("one certified over %v", strongHash), reason.Say("%s, certified with %s", who, SignatureName(c)))
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return badStatus("RFC 6960 §4.2.2.2", "responder", reason.Say("one with the extended key usage OCSPSigning"), reason.Say("%s without", who))
	case limited && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0: // RFC 5280 §4.2.1.12
		return badStatus("RFC 5280 §4.2.1.12", "responder", reason.Say("one with the key usage digitalSignature or nonRepudiation"), reason.Say("%s without", who))
	case len(c.UnhandledCriticalExtensions) > 0:
		return badStatus("RFC 5280 §4.2", "responder", reason.Say("one without critical extensions that we do not process"), reason.Say("%s with %s", who, c.UnhandledCriticalExtensions[0].String()))
	case cause != "":
		return badStatus(ref, "responder", want, reason.Say("%s with %v", who, got))
	case now.Before(c.NotBefore):
		from, at := instants(c.NotBefore, now)
		return badStatus("RFC 5280 §6.1.3 (a)(2)", "responder", reason.Say("one whose certificate is valid at %s", at), reason.Say("%s, valid from %s", who, from))
	case now.After(c.NotAfter):
		until, at := instants(c.NotAfter, now)
		return badStatus("RFC 5280 §6.1.3 (a)(2)", "responder", reason.Say("one whose certificate is valid at %s", at), reason.Say("%s, valid until %s", who, until))
	}
	return nil
}

func showStaple(j *judgement, _ int) []Input {
	st, _ := j.status()
	if st == nil {
		return []Input{{InStatus, "none"}}
	}
	inputs := []Input{{InResponse, j.o.Staple}, {InProducedAt, st.producedAt}}
	if st.status != "" {
		inputs = append(inputs, Input{InStatus, st.status})
	}
	if st.id.Serial != nil {
		inputs = append(inputs,
			Input{InSerial, st.id.Serial.Bytes()},
			Input{InIssuerNameHash, st.id.NameHash},
			Input{InIssuerKeyHash, st.id.KeyHash},
			Input{InThisUpdate, st.thisUpdate})
	}
	if !st.nextUpdate.IsZero() {
		inputs = append(inputs, Input{InNextUpdate, st.nextUpdate})
	}
	if !st.revokedAt.IsZero() {
		inputs = append(inputs, Input{InRevokedAt, st.revokedAt})
	}
	if st.revokedFor != "" {
		inputs = append(inputs, Input{InRevokedFor, st.revokedFor})
	}
	inputs = append(inputs, Input{InCheckedAt, deciding(j.o.Time, st.thisUpdate, st.nextUpdate, st.producedAt)})
	if st.responder != nil {
		inputs = append(inputs,
			Input{InResponder, (*nameOf)(&st.responder.Subject)},
			Input{InSignatureAlgorithm, st.algorithm.String()},
			Input{InSignature, st.signature})
		explain := explainSignature
		if st.signed {
			explain = explainLater
		}
		inputs = append(inputs, explain(st.algorithm, PublicKey(st.responder), st.tbs, st.signature)...)
	}
	return inputs
}
