package pki

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"
	"weak"

	"tlslab/handshake/reason"
	"tlslab/pki/internal/ocsp"
)

// What tests look at, and users cannot. Tests make their chains with pki/authority and
// pki/lesson, which import pki, so they are a package of their own.

// Waits reports whether a value is computed when it is looked at, and whether it was not yet.
func Waits(in Input) (promised, waits bool) {
	d, ok := in.value.(deferredValue)
	return ok, ok && d.of.shown == nil
}

// OnTheSpot explains the signature that a promised value belongs to, of copies of all bytes.
func OnTheSpot(in Input) []Input {
	d := in.value.(deferredValue).of
	return slices.Clone(explainSignature(d.by, d.pub, bytes.Clone(d.message), bytes.Clone(d.signature)))
}

// ReadStaple tests a staple, shows it, and reports whether showing it has read it again.
func ReadStaple(chain []*x509.Certificate, staple []byte, at time.Time) (refused *reason.Error, shown []Input, again bool) {
	j := &judgement{verifier: &verifier{o: VerifyOptions{Staple: staple, Time: at}}, certs: chain}
	refused = testStaple(j, 0)
	read := j.staple
	shown = showStaple(j, 0)
	status, _ := j.status()
	return refused, shown, read == nil || j.staple != read || status != read.status
}

// Len is how many good signatures are remembered.
func (sc *SignatureCache) Len() int { return len(sc.good) }

// Asked are the names that the store remembers to have been asked for.
func (s *TrustStore) Asked() (names []string) {
	for name := range s.asked {
		names = append(names, name)
	}
	return names
}

// ExtKeyUsage is crypto/x509's name of a usage.
func (u Usage) ExtKeyUsage() x509.ExtKeyUsage { return u.extKeyUsage() }

// ID names the certificate that a status is about.
func (st *certStatus) ID() ocsp.CertID { return st.id }

// TBS is what a status was signed over.
func (st *certStatus) TBS() []byte { return st.tbs }

// RevokedFor is why the certificate was revoked.
func (st *certStatus) RevokedFor() string { return st.revokedFor }

// Comparisons judges a chain, and counts how often a name was compared with a subtree.
func Comparisons(chain []*x509.Certificate, o VerifyOptions) (int, *reason.Error) {
	v := newVerifier(o)
	bad := v.build(chain)
	return v.names.comparisons, bad
}

// KeptConstraints is what was read of an authority's constraints, if it is kept.
func KeptConstraints(of *x509.Certificate) (any, bool) { return keptConstraints.Load(weak.Make(of)) }

// TakenForCertificate reports whether b, which should be something else, looks like a certificate.
func TakenForCertificate(b []byte) bool { return contentOf(b) == &certificateName }

// Types, limits and functions, by their own names.

type NameKind = nameKind

const (
	AnyPolicy                 = anyPolicy
	DNSName                   = dNSName
	DirectoryName             = directoryName
	EdiPartyName              = ediPartyName
	IPAddress                 = iPAddress
	MaxAsked                  = maxAsked
	MaxFormName               = maxFormName
	MaxPathLen                = maxPathLen
	MaxPaths                  = maxPaths
	MaxShown                  = maxShown
	MaxSignatures             = maxSignatures
	OtherName                 = otherName
	PemBegin                  = pemBegin
	PemEnd                    = pemEnd
	RegisteredID              = registeredID
	Rfc822Name                = rfc822Name
	TagBMPString              = tagBMPString
	TagUniversalString        = tagUniversalString
	UniformResourceIdentifier = uniformResourceIdentifier
	Utf8Mark                  = utf8Mark
	X400Address               = x400Address
)

var (
	AppendName             = appendName
	AppendPrepared         = appendPrepared
	CheckCert              = checkCert
	CriticalIn             = criticalIn
	DecodeString           = decodeString
	DerDomainComponent     = derDomainComponent
	DerEmailAddress        = derEmailAddress
	DigestInto             = digestInto
	Ed448Sides             = ed448Sides
	EmailAddresses         = emailAddresses
	ExplainSignature       = explainSignature
	Extension              = extension
	Field                  = field
	FindSingles            = findSingles
	Folded                 = folded
	HoldsAll               = holdsAll
	InnerCheckSignature    = checkSignature
	InnerCheckStaple       = checkStaple
	IsASCII                = isASCII
	KeyFault               = keyFault
	NameError              = nameError
	NameForm               = nameForm
	NameString             = nameString
	OidCPS                 = oidCPS
	OidCertificatePolicies = oidCertificatePolicies
	OidKeyUsage            = oidKeyUsage
	OidNameConstraints     = oidNameConstraints
	OidString              = oidString
	OidSubjectAltName      = oidSubjectAltName
	OidTLSFeature          = oidTLSFeature
	OidUserNotice          = oidUserNotice
	ParseIP                = parseIP
	ParseOCSP              = parseOCSP
	PolicyName             = policyName
	Prepare                = prepare
	RsaNumbers             = rsaNumbers
	SameCert               = sameCert
	SmallOrder             = smallOrder
	SmallOrder25519        = smallOrder25519
	SmallOrder448          = smallOrder448
)

const MaxPolicyNodes = maxPolicyNodes

// PolicyGraphSize counts what the processing of policies keeps of a path, leaf first and with its
// anchor; the error is that of the processing.
func PolicyGraphSize(path []*x509.Certificate, in PolicyInputs) (nodes, edges int, err error) {
	j := judgement{verifier: newVerifier(VerifyOptions{Policy: in}), certs: path, anchored: true}
	s, bad := j.policies()
	for _, level := range s.graph.levels {
		nodes += len(level)
		for _, n := range level {
			edges += len(n.parents)
		}
	}
	if bad != nil {
		err = bad
	}
	return nodes, edges, err
}
