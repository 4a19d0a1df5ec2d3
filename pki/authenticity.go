package pki

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"strconv"

	"tlslab/handshake/foreign"
	"tlslab/handshake/reason"
	"tlslab/pki/internal/algid"
)

// Where no path is accepted, one of them gives the report its error: the one that shows
// most of the chain to be genuine. A certificate whose real issuer was sent, but is not
// trusted, is not to be blamed for what the key of another CA of that name says of it.

// surpasses reports whether a is the path to tell of, and not b. Only in the second round
// do paths differ in it: in the first every link is good, and the first path stays.
func (v *verifier) surpasses(a, b *Path) bool {
	if !v.anySigns {
		return false
	}
	if more, less := v.linked(a), v.linked(b); more != less {
		return more > less
	}
	return a.Anchored && !b.Anchored
}

// linked counts the signatures that are good, from the leaf up to the first that is not.
func (v *verifier) linked(p *Path) int {
	for i := range len(p.Certs) - 1 {
		if v.signature(p.Certs[i], p.Certs[i+1]) != nil {
			return i
		}
	}
	return len(p.Certs) - 1
}

// signsItself: issued under its own name, and really signed with its own key. A
// self-issued certificate may also be signed with the key that it follows.
func (v *verifier) signsItself(c *x509.Certificate) bool {
	return selfIssued(c) && v.signature(c, c) == nil
}

// namesAnother makes a more exact error of bad if the child names a key as its issuer's,
// and it is not the key under which the signature failed. Then another CA of the same name
// has issued the child: as a rule, the CA was made anew. The key identifier alone refuses
// nothing (RFC 5280 §4.2.1.1), but here the signature has failed already, and the
// identifier tells why.
func namesAnother(child, issuer *x509.Certificate, bad *reason.Error) *reason.Error {
	if bad.Reason != reason.CertificateBadSignature || algid.Of(child).Kind == 0 || keyIDRank(child, issuer) != keyIDDiffers {
		return bad
	}
	return reason.New(bad.Reason, "RFC 5280 §6.1.3 (a)(1)", CauseNamesAnother,
		reason.Say("a signature by the key %x, which the certificate names as its issuer's", child.AuthorityKeyId),
		reason.Say("an issuer %s with the key %x, under which it does not verify", quoted(issuer.Subject), issuer.SubjectKeyId))
}

// quoted is a name in a sentence, in quotation marks.
func quoted(n pkix.Name) foreign.Sentence { return foreign.Sentence(strconv.Quote(n.String())) }

// sameName returns an anchor with the subject of c that is not c itself; nil if there is no
// such anchor.
func (s *TrustStore) sameName(c *x509.Certificate) *x509.Certificate {
	for _, anchor := range s.FindBySubject(c.RawSubject) {
		if !bytes.Equal(anchor.Raw, c.Raw) {
			return anchor
		}
	}
	return nil
}

// untrustedRoot says that a self-signed certificate, number i of the path, is no anchor.
func (j *judgement) untrustedRoot(i int, installed reason.Phrase) *reason.Error {
	top := j.certs[i]
	if anchor := j.o.Roots.sameName(top); anchor != nil {
		return reason.New(reason.CertificateUntrusted, "RFC 5280 §6.1.1 (d)", field(i, "subject."+CauseSameName),
			reason.Say("the self-signed %s with the SHA-256 fingerprint %x to be installed as a trust anchor", quoted(top.Subject), sha256.Sum256(top.Raw)),
			reason.Say("another of that name with the fingerprint %x", sha256.Sum256(anchor.Raw)))
	}
	return reason.New(reason.CertificateUntrusted, "RFC 5280 §6.1.1 (d)", field(i, "subject"),
		reason.Say("the self-signed %s to be installed as a trust anchor", quoted(top.Subject)), installed)
}
