package pki

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"

	"tlslab/handshake/reason"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/ocsp"
)

// responseStatuses are the names of OCSPResponseStatus (RFC 6960 §4.2.1); 4 is not used.
var responseStatuses = map[asn1.Enumerated]string{
	1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized",
}

// parseOCSP reads a successful basic response.
func parseOCSP(b []byte) (*ocsp.Basic, *reason.Error) {
	if is := contentOf(b); is != nil && is != &ocspName {
		return nil, badStatus("RFC 6960 §4.2.1", "response", ocspName, *is)
	}
	if bad := der.OCSPResponse(b); bad != nil {
		at := "certificate_status.response"
		if bad.Field != "" {
			at += "." + bad.Field
		}
		return nil, &reason.Error{Reason: reason.BadStatusResponse, Ref: bad.Ref, Field: at, Off: bad.Off, Want: bad.Want, Got: bad.Got}
	}
	var outer ocsp.Response
	if err := der.Unmarshal(b, &outer); err != nil {
		return nil, badStatus("RFC 6960 §4.2.1", "response", ocspName, reason.Say("%d bytes that Go cannot read", len(b)))
	}
	if outer.Status != 0 {
		name, known := responseStatuses[outer.Status]
		if !known {
			name = "no status of RFC 6960"
		}
		return nil, badStatus("RFC 6960 §4.2.1", "response_status", reason.Say("successful, and with it a status"), reason.Say("the responder's error %s (%d)", name, outer.Status))
	}
	if !outer.Bytes.Type.Equal(ocsp.OIDBasic) {
		return nil, badStatus("RFC 6960 §4.2.1", "response_type", reason.Say("a basic OCSP response"), outer.Bytes.Type.String())
	}
	var basic ocsp.Basic
	if err := der.Unmarshal(outer.Bytes.Response, &basic); err != nil {
		return nil, badStatus("RFC 6960 §4.2.1", "response", reason.Say("a basic OCSP response"), reason.Say("%d bytes that Go cannot read", len(outer.Bytes.Response)))
	}
	if basic.TBS.Version != 0 {
		return nil, badStatus("RFC 6960 §4.2.1", "version", reason.Say("version 1"), basic.TBS.Version+1)
	}
	return &basic, nil
}

// responderID is a ResponderID in the form in which certificates are compared with it. The
// zero value means no certificate.
type responderID struct {
	byName  bool
	form    string // of the name
	keyHash []byte // if not by name
}

func readResponderID(id asn1.RawValue) (r responderID) {
	switch {
	case id.Class != asn1.ClassContextSpecific:
	case id.Tag == ocsp.ByName:
		r.byName, r.form = true, nameForm(id.Bytes)
	case id.Tag == ocsp.ByKey && der.Unmarshal(id.Bytes, &r.keyHash) != nil:
		r.keyHash = nil
	}
	return r
}

// means reports whether r is this certificate's subject or the hash of its key.
func (r responderID) means(c *x509.Certificate) bool {
	if r.byName {
		return r.form == nameForm(c.RawSubject)
	}
	bits, err := algid.KeyBits(c.RawSubjectPublicKeyInfo)
	sum := sha1.Sum(bits)
	return err == nil && bytes.Equal(r.keyHash, sum[:])
}
