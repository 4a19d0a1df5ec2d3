package pki

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// What the blocks of a PEM text hold. The reader of the text is in pem.go, and there is
// no other.

const (
	labelCertificate = "CERTIFICATE"
	labelPrivateKey  = "PRIVATE KEY"
)

// Conversion is the command that makes PEM certificates of a block whose label says
// that there are some inside, in a form that is not read here; "" of any other label.
func Conversion(label string) string {
	switch label {
	case "TRUSTED CERTIFICATE":
		return "openssl x509 -in FILE -out NEW"
	case "PKCS7", "PKCS #7 SIGNED DATA", "CMS":
		return "openssl pkcs7 -in FILE -print_certs -out NEW"
	}
	return ""
}

// ParsePEM reads every certificate of a PEM text, in its order. Blocks of other things
// are passed over, such as keys in a file that holds both; certificates in another form
// (PKCS #7) are not, for a chain without them would look whole. A certificate that
// cannot be parsed, or none at all, is an error; of the text, it is a *PEMError.
func ParsePEM(text []byte) ([]*x509.Certificate, error) {
	blocks, err := ReadPEM(text)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	other := ""
	for i := range blocks {
		b := &blocks[i]
		if !b.isCertificate() {
			if Conversion(b.Type) != "" {
				return nil, &PEMError{Fault: PEMOtherForm, Line: b.Line, Label: b.Type}
			}
			other = b.Type
			continue
		}
		c, bad := parseCertificate(b.Bytes)
		if bad != nil {
			return nil, &CertificateError{N: len(certs) + 1, Line: b.Line, Err: bad}
		}
		certs = append(certs, c)
	}
	if other := otherContent(text); other != nil {
		return nil, &CertificateError{N: 1, Err: other}
	}
	if len(certs) == 0 {
		return nil, &PEMError{Fault: PEMNothing, Label: labelCertificate, Got: excerpt(other)}
	}
	return certs, nil
}

// isCertificate: X509 CERTIFICATE is what SSLeay wrote, and others X.509 CERTIFICATE (RFC 7468
// §5.1). Passed over, they would leave a chain shorter than its file.
func (b *PEMBlock) isCertificate() bool {
	switch b.Type {
	case labelCertificate, "X509 CERTIFICATE", "X.509 CERTIFICATE":
		return true
	}
	return false
}

// IsRequest reports whether the block holds a PKCS #10 request (RFC 7468 §7).
func (b *PEMBlock) IsRequest() bool { return strings.HasSuffix(b.Type, "CERTIFICATE REQUEST") }

// ParseKeyPEM reads the first private key of a PEM text: PKCS #8, PKCS #1 or SEC 1.
// EC PARAMETERS, which openssl ecparam writes first, and certificates are passed
// over.
func ParseKeyPEM(text []byte) (crypto.Signer, error) {
	blocks, err := ReadPEM(text)
	if err != nil {
		return nil, err
	}
	for i := range blocks {
		b := &blocks[i]
		var key any
		var err error
		switch b.Type {
		case labelPrivateKey:
			key, err = parsePKCS8(b.Bytes)
		case "RSA PRIVATE KEY", "EC PRIVATE KEY":
			switch {
			case b.Headers["DEK-Info"] != "":
				return nil, &PEMError{Fault: PEMEncrypted, Line: b.Line, Label: b.Type}
			case b.Type == "RSA PRIVATE KEY":
				key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
			default:
				key, err = x509.ParseECPrivateKey(b.Bytes)
			}
		case "ENCRYPTED PRIVATE KEY":
			return nil, &PEMError{Fault: PEMEncrypted, Line: b.Line, Label: b.Type}
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: the private key cannot be read: %w", b.Line, err)
		}
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
		return nil, fmt.Errorf("line %d: a %T cannot sign", b.Line, key)
	}
	return nil, &PEMError{Fault: PEMNothing, Label: labelPrivateKey}
}

// EncodeCert returns one DER certificate as PEM.
func EncodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: labelCertificate, Bytes: der})
}
