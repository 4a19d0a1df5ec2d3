package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"tlslab/handshake/reason"
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
	return checkStaple(j.o.Staple, j.certs[0], j.signer(0), j.o.Time)
}

// certStatus is what a response says about one certificate.
type certStatus struct {
	status                             OCSPStatus
	producedAt, thisUpdate, nextUpdate time.Time
	revokedAt                          time.Time
	responder                          *x509.Certificate
	algorithm                          algorithm
	tbs, signature                     []byte
	id                                 ocspCertID
}

func badStatus(field string, want, got any) *reason.Error {
	return reason.New(reason.BadStatusResponse, "certificate_status."+field, want, got)
}

// checkStaple makes the checks of RFC 6960 §3.2 in its order. What was learned is
// returned even if a later check fails.
func checkStaple(der []byte, leaf, issuer *x509.Certificate, now time.Time) (*certStatus, *reason.Error) {
	if len(der) == 0 {
		return nil, badStatus("response", "a stapled OCSP response", "none")
	}
	basic, err := parseOCSP(der)
	if err != nil { // an asn1 error says nothing to whoever did not write the parser
		return nil, badStatus("response", "an OCSP response (RFC 6960 §4.2.1)", fmt.Sprintf("%d bytes that are none", len(der)))
	}
	st := &certStatus{
		producedAt: basic.TBS.ProducedAt,
		algorithm:  algorithmFrom(basic.Algorithm),
		tbs:        basic.TBS.Raw,
		signature:  basic.Signature.RightAlign(),
	}

	single, ok := findSingle(basic.TBS.Responses, leaf, issuer)
	if !ok {
		return st, badStatus("cert_id", fmt.Sprintf("a status of serial %x from this issuer", leaf.SerialNumber), "one of other certificates")
	}
	st.id, st.thisUpdate, st.nextUpdate = single.ID, single.ThisUpdate, single.NextUpdate

	var refused *reason.Error
	if st.responder, refused = authorized(basic, issuer, now); refused != nil {
		return st, refused
	}
	if bad := checkSignature(st.algorithm, PublicKey(st.responder), st.tbs, st.signature); bad != nil {
		return st, badStatus("signature", bad.Want, bad.Got)
	}
	for _, e := range slices.Concat(basic.TBS.Extensions, single.Extensions) {
		if e.Critical {
			return st, badStatus("extensions", "no critical extension that we do not process", e.Id.String())
		}
	}
	if now.Before(st.thisUpdate) {
		return st, badStatus("this_update", "produced before "+now.UTC().Format(time.RFC3339), st.thisUpdate.UTC().Format(time.RFC3339))
	}
	// Without nextUpdate there is newer information at any time (§2.4), which a
	// stapled response cannot deliver.
	fresh := st.nextUpdate
	if fresh.IsZero() {
		fresh = st.thisUpdate.Add(maxStapleAge)
	}
	if now.After(fresh) {
		return st, badStatus("next_update", "fresh until "+fresh.UTC().Format(time.RFC3339), "checked at "+now.UTC().Format(time.RFC3339))
	}
	return st, st.judge(single.Status)
}

// maxStapleAge is how long a response that does not say when it ends is believed:
// as long as the longest that public CAs issue (ten days at most, commonly seven).
const maxStapleAge = 7 * 24 * time.Hour

func (st *certStatus) judge(status asn1.RawValue) *reason.Error {
	if status.Class == asn1.ClassContextSpecific {
		switch status.Tag {
		case ocspGood:
			st.status = StatusGood
			return nil
		case ocspRevokes:
			st.status = StatusRevoked
			var info ocspRevoked
			when := "at an unreadable time"
			content, _ := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: status.Bytes})
			if unmarshalAll(content, &info) == nil {
				st.revokedAt = info.At
				when = "at " + info.At.UTC().Format(time.RFC3339)
			}
			return reason.New(reason.CertificateRevoked, "certificate_status.cert_status", "good", "revoked "+when)
		case ocspUnknown:
			st.status = StatusUnknown
		}
	}
	return badStatus("cert_status", "good", "unknown")
}

// findSingle looks for the answer about leaf: its serial, under the hashes of its
// issuer's name and key.
func findSingle(all []ocspSingle, leaf, issuer *x509.Certificate) (*ocspSingle, bool) {
	for i := range all {
		id := &all[i].ID
		if id.Serial == nil || id.Serial.Cmp(leaf.SerialNumber) != 0 {
			continue
		}
		name, key, ok := certIDHashes(id.Hash.Algorithm, leaf.RawIssuer, issuer)
		if ok && bytes.Equal(name, id.NameHash) && bytes.Equal(key, id.KeyHash) {
			return &all[i], true
		}
	}
	return nil, false
}

// authorized finds who signed the response and whether he may: the issuer itself,
// or one to whom the issuer gave a certificate for just that (RFC 6960 §4.2.2.2).
func authorized(basic *ocspBasic, issuer *x509.Certificate, now time.Time) (*x509.Certificate, *reason.Error) {
	id := basic.TBS.Responder
	if identifies(id, issuer) {
		return issuer, nil
	}
	for _, raw := range basic.Certs {
		c, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil || !identifies(id, c) {
			continue
		}
		switch {
		case !SameName(c.RawIssuer, issuer.RawSubject) ||
			checkCert(c, PublicKey(issuer)) != nil:
			return nil, badStatus("responder", "one certified by "+issuer.Subject.String(), c.Subject.String()+", certified by another key")
		case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
			return nil, badStatus("responder", "one with the extended key usage OCSPSigning", c.Subject.String()+" without")
		case now.Before(c.NotBefore) || now.After(c.NotAfter):
			return nil, badStatus("responder", "one whose certificate is valid at "+now.UTC().Format(time.RFC3339), c.Subject.String())
		}
		return c, nil
	}
	return nil, badStatus("responder", "the issuer, or one it certified for OCSPSigning", "another")
}

func showStaple(j *judgement, _ int) []Input {
	st, _ := j.status()
	if st == nil {
		return []Input{{InStatus, "none"}}
	}
	inputs := []Input{{InResponse, j.o.Staple}, {InProducedAt, st.producedAt}}
	if st.status != "" {
		inputs = append(inputs, Input{InStatus, string(st.status)})
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
	inputs = append(inputs, Input{InCheckedAt, j.o.Time.UTC()})
	if st.responder != nil {
		inputs = append(inputs,
			Input{InResponder, st.responder.Subject.String()},
			Input{InSignatureAlgorithm, st.algorithm.String()},
			Input{InSignature, st.signature})
		inputs = append(inputs, explainSignature(st.algorithm, PublicKey(st.responder), st.tbs, st.signature)...)
	}
	return inputs
}
