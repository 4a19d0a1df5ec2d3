package pki

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki/der"
)

// The OCSP response of RFC 6960 §4.2.1 as encoding/asn1 reads and writes it.
//
// golang.org/x/crypto/ocsp has one too, and the tests hold ours against it both
// ways. It will not do for a lesson: it stamps producedAt from the wall clock and
// signs with its own randomness, so a seeded run would differ from itself; it knows
// no Ed25519; and it matches a response to a certificate by serial number alone and
// takes any certificate of the issuer for a delegated responder.

type ocspResponse struct {
	Status asn1.Enumerated
	Bytes  ocspResponseBytes `asn1:"explicit,tag:0,optional"`
}

type ocspResponseBytes struct {
	Type     asn1.ObjectIdentifier
	Response []byte
}

type ocspBasic struct {
	TBS       ocspData
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
	Certs     []asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type ocspData struct {
	Raw        asn1.RawContent
	Version    int `asn1:"optional,default:0,explicit,tag:0"`
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []ocspSingle
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type ocspSingle struct {
	ID         ocspCertID
	Status     asn1.RawValue
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type ocspCertID struct {
	Hash     pkix.AlgorithmIdentifier
	NameHash []byte
	KeyHash  []byte
	Serial   *big.Int
}

type ocspRevoked struct {
	At     time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
}

// The tags of ResponderID and CertStatus.
const (
	responderByName = 1
	responderByKey  = 2

	ocspGood    = 0
	ocspRevokes = 1
	ocspUnknown = 2
)

var (
	oidOCSPBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// responseStatuses are the names of OCSPResponseStatus (RFC 6960 §4.2.1); 4 is not used.
var responseStatuses = map[asn1.Enumerated]string{
	1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized",
}

// parseOCSP reads a successful basic response.
func parseOCSP(b []byte) (*ocspBasic, *reason.Error) {
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
	var outer ocspResponse
	if err := unmarshalAll(b, &outer); err != nil {
		return nil, badStatus("RFC 6960 §4.2.1", "response", ocspName, reason.Say("%d bytes that Go cannot read", len(b)))
	}
	if outer.Status != 0 {
		name, known := responseStatuses[outer.Status]
		if !known {
			name = "no status of RFC 6960"
		}
		return nil, badStatus("RFC 6960 §4.2.1", "response_status", reason.Say("successful, and with it a status"), reason.Say("the responder's error %s (%d)", name, outer.Status))
	}
	if !outer.Bytes.Type.Equal(oidOCSPBasic) {
		return nil, badStatus("RFC 6960 §4.2.1", "response_type", reason.Say("a basic OCSP response"), outer.Bytes.Type.String())
	}
	var basic ocspBasic
	if err := unmarshalAll(outer.Bytes.Response, &basic); err != nil {
		return nil, badStatus("RFC 6960 §4.2.1", "response", reason.Say("a basic OCSP response"), reason.Say("%d bytes that Go cannot read", len(outer.Bytes.Response)))
	}
	if basic.TBS.Version != 0 {
		return nil, badStatus("RFC 6960 §4.2.1", "version", reason.Say("version 1"), basic.TBS.Version+1)
	}
	return &basic, nil
}

func unmarshalAll(der []byte, to any) error {
	rest, err := asn1.Unmarshal(der, to)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes are left over")
	}
	return err
}

// certIDAlgorithms are the hashes that certIDHashes knows.
var certIDAlgorithms = []asn1.ObjectIdentifier{oidSHA1, oidSHA256}

// certIDHashes are the hashes by which a response names the issuer: of its name as
// the certificate in question writes it (RFC 6960 §4.1.1), and of its key's bits. SHA-1
// is usual here and harmless: what matters is signed.
func certIDHashes(hash asn1.ObjectIdentifier, issuerName []byte, issuer *x509.Certificate) (name, key []byte, ok bool) {
	bits, ok := keyBits(issuer)
	switch {
	case !ok:
	case hash.Equal(oidSHA1):
		n, k := sha1.Sum(issuerName), sha1.Sum(bits)
		return n[:], k[:], true
	case hash.Equal(oidSHA256):
		n, k := sha256.Sum256(issuerName), sha256.Sum256(bits)
		return n[:], k[:], true
	}
	return nil, nil, false
}

// keyBits returns the subjectPublicKey of a certificate without tag and length.
func keyBits(c *x509.Certificate) ([]byte, bool) {
	var spki subjectPublicKeyInfo
	if unmarshalAll(c.RawSubjectPublicKeyInfo, &spki) != nil {
		return nil, false
	}
	return spki.Key.RightAlign(), true
}

// responderID is a ResponderID as certificates are held against it; the zero value is
// nobody's.
type responderID struct {
	byName  bool
	form    string // of the name
	keyHash []byte // if not by name
}

func readResponderID(id asn1.RawValue) (r responderID) {
	switch {
	case id.Class != asn1.ClassContextSpecific:
	case id.Tag == responderByName:
		r.byName, r.form = true, nameForm(id.Bytes)
	case id.Tag == responderByKey && unmarshalAll(id.Bytes, &r.keyHash) != nil:
		r.keyHash = nil
	}
	return r
}

// means reports whether r is this certificate's subject or the hash of its key.
func (r responderID) means(c *x509.Certificate) bool {
	if r.byName {
		return r.form == nameForm(c.RawSubject)
	}
	bits, ok := keyBits(c)
	sum := sha1.Sum(bits)
	return ok && bytes.Equal(r.keyHash, sum[:])
}
