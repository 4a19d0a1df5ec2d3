package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"sync"

	"tlslab/pki/internal/algid"
)

// computed is a value that is computed when somebody looks.
type computed interface{ compute() any }

// deferred is the explanation of a signature that was found good. Nothing in it is computed
// until somebody looks: a listener that shows a line of a report, or throws it away, pays
// for no second look at the signature. What it will be computed from does not change: it is
// part of a parsed certificate, request or response.
//
// It is data, and no function, so that reports can still be compared.
type deferred struct {
	by                 algid.Algorithm
	pub                crypto.PublicKey
	message, signature []byte

	once  sync.Once
	shown []Input
}

// deferredValue is one value of it.
type deferredValue struct {
	of   *deferred
	name string
}

func (d deferredValue) compute() any {
	d.of.once.Do(func() { d.of.shown = explainSignature(d.of.by, d.of.pub, d.of.message, d.of.signature) })
	return valueOf(d.of.shown, d.name)
}

// explainLater returns what explainSignature does, of a signature that checkSignature has
// accepted, to be computed when it is looked at. Only an accepted signature has values that
// are known beforehand: a bad one may open to anything.
func explainLater(a algid.Algorithm, pub crypto.PublicKey, message, signature []byte) []Input {
	d := &deferred{by: a, pub: pub, message: message, signature: signature}
	names := valuesOfGood(a, pub)
	inputs := make([]Input, len(names))
	for i, name := range names {
		inputs[i] = Input{name, deferredValue{d, name}}
	}
	return inputs
}

// ExplainRequest returns what a check of the request's signature computes, as an explained
// report has it of a certificate's; VerifyRequest must have accepted the request.
func ExplainRequest(csr *x509.CertificateRequest) []Input {
	return explainLater(algid.Find(csr.SignatureAlgorithm, csr.Raw), RequestKey(csr), csr.RawTBSCertificateRequest, csr.Signature)
}

// valuesOfGood names what explainSignature shows of a good signature, in its order.
func valuesOfGood(a algid.Algorithm, pub crypto.PublicKey) []string {
	switch a.Kind {
	case algid.PKCS1:
		return []string{InHash, InTBSHash, InRecoveredBlock, InPadding, InDigestInfo, InRecoveredDigest}
	case algid.PSS:
		return []string{InHash, InTBSHash, InEncodedMessage, InSalt}
	case algid.ECDSA:
		if k := pub.(*ecdsa.PublicKey); arithmetic(k) == nil {
			return []string{InHash, InTBSHash, InR, InS}
		}
		return []string{InHash, InTBSHash, InR, InS, InXOfR}
	case algid.Ed25519, algid.Ed448:
		return []string{InHash, InSB, InRPlusKA}
	}
	return nil
}
