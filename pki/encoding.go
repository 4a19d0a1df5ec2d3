package pki

import (
	"crypto/x509"

	"tlslab/handshake/reason"
	"tlslab/pki/der"
)

// A certificate must be DER, and of the shape that RFC 5280 gives it. crypto/x509 parses a
// good deal more than that, so its bytes are walked here (pki/der) before it is believed:
// two readers that take such bytes apart in two ways see two certificates.

// testEncoding is the first part of the row "profile". A certificate whose signature the
// cache knows was walked before it was put there, an anchor when it was installed.
func testEncoding(j *judgement, i int) *reason.Error {
	c := j.certs[i]
	if hasIssuer(j, i) && j.signatureResult(c, j.certs[i+1]).inOrder {
		return nil
	}
	bad, known := j.o.Roots.encoding(c)
	if !known {
		bad = der.Certificate(c.Raw)
	}
	if bad == nil {
		return nil
	}
	return &reason.Error{Reason: reason.CertificateMalformed, Ref: bad.Ref, Field: field(i, bad.Field), Off: bad.Off, Want: bad.Want, Got: bad.Got}
}

// wellFormed reports whether a certificate passes testEncoding.
func wellFormed(c *x509.Certificate) bool { return der.Certificate(c.Raw) == nil }

// encoding returns what is wrong with an anchor's encoding; known is false if it is no
// anchor of s.
func (s *TrustStore) encoding(c *x509.Certificate) (bad *der.Error, known bool) {
	if s == nil {
		return nil, false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	bad, known = s.encodings[c]
	return bad, known
}
