package ocsp

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

// Response is an OCSPResponse.
type Response struct {
	Status asn1.Enumerated
	Bytes  ResponseBytes `asn1:"explicit,tag:0,optional"`
}

// ResponseBytes holds a response of some type; ours is OIDBasic.
type ResponseBytes struct {
	Type     asn1.ObjectIdentifier
	Response []byte
}

// Basic is a BasicOCSPResponse. Signature is over TBS.Raw.
type Basic struct {
	TBS       Data
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
	Certs     []asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

// Data is a ResponseData: who answers, when, and what.
type Data struct {
	Raw        asn1.RawContent
	Version    int `asn1:"optional,default:0,explicit,tag:0"`
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []Single
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

// Single is a SingleResponse: the status of one certificate. Status is a CHOICE by tag: Good,
// Revoked (its content is that of a RevokedInfo) or Unknown.
type Single struct {
	ID         CertID
	Status     asn1.RawValue
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

// CertID names a certificate by its issuer and its serial number.
type CertID struct {
	Hash     pkix.AlgorithmIdentifier
	NameHash []byte
	KeyHash  []byte
	Serial   *big.Int
}

// RevokedInfo says when a certificate was revoked, and why (a CRLReason, RFC 5280 §5.3.1).
type RevokedInfo struct {
	At     time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
}

// The tags of ResponderID.
const (
	ByName = 1
	ByKey  = 2
)

// The tags of CertStatus.
const (
	Good    = 0
	Revoked = 1
	Unknown = 2
)

// OIDBasic is id-pkix-ocsp-basic.
var OIDBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
