package authority

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"sync"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/sig"
	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
)

// Certificates and requests for, or signed by, keys that crypto/x509 does not handle.
// It lays out everything else, so it makes the document with a stand-in key, and then
// the stand-in's key, algorithm and signature are replaced by the real ones.

// standIn is a key that belongs to nobody: no signature that it makes is kept.
var standIn = sync.OnceValue(func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) })

// The positions of the fields that are replaced, in TBSCertificate (RFC 5280 §4.1), where
// version is always written, and in CertificationRequestInfo (RFC 2986 §4.1).
const (
	certAlgorithm, certKey = 2, 6
	requestKey             = 2
)

// beyondX509 reports whether crypto/x509 refuses to handle this key.
func beyondX509(pub crypto.PublicKey) bool {
	switch pub.(type) {
	case ed448.PublicKey, *sig.PSSPublicKey:
		return true
	}
	return false
}

func createBeyond(rand io.Reader, template, parent *x509.Certificate, pub crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	if above := pki.PublicKey(parent); above != nil {
		if k, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !k.Equal(above) {
			return nil, errors.New("the signing key is not that of the issuer's certificate")
		}
	}
	a := algid.Default(signer.Public())
	if template.SignatureAlgorithm != 0 {
		a = algid.Named(template.SignatureAlgorithm)
	}
	spki, err := pki.MarshalPublicKey(pub)
	if err != nil {
		return nil, err
	}
	t, p := *template, *parent
	t.SignatureAlgorithm, p.PublicKey = x509.PureEd25519, nil
	if t.IsCA && len(t.SubjectKeyId) == 0 {
		if t.SubjectKeyId, err = keyID(spki); err != nil {
			return nil, err
		}
	}
	der, err := x509.CreateCertificate(nil, &t, &p, standIn().Public(), standIn())
	if err != nil {
		return nil, err
	}
	id, err := a.Identifier()
	if err != nil {
		return nil, err
	}
	algorithm, err := asn1.Marshal(id)
	if err != nil {
		return nil, err
	}
	der, err = resign(rand, der, a, signer, map[int][]byte{certAlgorithm: algorithm, certKey: spki})
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	// As crypto/x509 does: a broken key's signature is not given out.
	if err := pki.VerifySignature(c, signer.Public()); err != nil {
		return nil, err
	}
	return c, nil
}

func requestBeyond(rand io.Reader, template *x509.CertificateRequest, key crypto.Signer) ([]byte, error) {
	spki, err := pki.MarshalPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(nil, template, standIn())
	if err != nil {
		return nil, err
	}
	der, err = resign(rand, der, algid.Default(key.Public()), key, map[int][]byte{requestKey: spki})
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	if err := pki.VerifyRequest(csr); err != nil {
		return nil, err
	}
	return der, nil
}

// resign replaces fields of a document's to-be-signed part, by index, and signs it.
func resign(rand io.Reader, document []byte, a algid.Algorithm, key crypto.Signer, replace map[int][]byte) ([]byte, error) {
	var doc algid.Signed
	if err := der.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	var fields []asn1.RawValue
	if err := der.Unmarshal(doc.TBS.FullBytes, &fields); err != nil {
		return nil, err
	}
	for i, field := range replace {
		fields[i] = asn1.RawValue{FullBytes: field}
	}
	tbs, err := asn1.Marshal(fields)
	if err != nil {
		return nil, err
	}
	signature, err := a.Sign(rand, key, tbs)
	if err != nil {
		return nil, err
	}
	doc.TBS, doc.Signature = asn1.RawValue{FullBytes: tbs}, algid.BitString(signature)
	if doc.Algorithm, err = a.Identifier(); err != nil {
		return nil, err
	}
	return asn1.Marshal(doc)
}

// keyID makes a key identifier as crypto/x509 does: method 1 of RFC 7093 §2.
func keyID(spki []byte) ([]byte, error) {
	bits, err := algid.KeyBits(spki)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bits)
	return bytes.Clone(sum[:20]), nil
}
