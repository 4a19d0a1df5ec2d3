package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"strings"

	"tlslab/handshake/reason"
)

// What the blocks of a PEM text hold. The reader of the text is in pem.go, and there is
// no other.

const (
	labelCertificate = "CERTIFICATE"
	labelPrivateKey  = "PRIVATE KEY"
	labelPKCS12      = "PKCS12" // no RFC's: PKCS #12 has no PEM
)

// Conversion is the command that makes PEM certificates of a block whose label says
// that there is one inside, in a form that is not read here; "" of any other label.
func Conversion(label string) string {
	if label == "TRUSTED CERTIFICATE" {
		return "openssl x509 -in FILE -out NEW"
	}
	return ""
}

// Bag is what a text of certificates holds.
type Bag struct {
	Certs []*x509.Certificate
	// Unordered says that the first came in a bundle (PKCS #7), whose order says nothing. Of other
	// texts the first is the leaf.
	Unordered bool
	Bundles   [][]byte // each bundle, DER
	PEM       bool     // the text is PEM: what is in it is written in base64
}

// ParsePEM is ReadCertificates without the order.
func ParsePEM(text []byte) ([]*x509.Certificate, error) {
	bag, err := ReadCertificates(text)
	return bag.Certs, err
}

// ReadCertificates reads every certificate of a text, in its order: PEM, or DER, one behind the
// other; and bundles of PKCS #7 in both. Blocks of other things
// are passed over, such as keys in a file that holds both; certificates in another form
// (trusted ones) are not, for a chain without them would look whole. A certificate that
// cannot be parsed, or none at all, is an error: of the text, a *PEMError, and of what is inside, a
// *CertificateError.
func ReadCertificates(text []byte) (Bag, error) {
	blocks, err := ReadPEM(text)
	if err != nil {
		return Bag{}, err
	}
	switch {
	case len(blocks) > 0:
	case isDER(text):
		return readDER(text)
	case bytes.HasPrefix(text, []byte{0x30, 0x80}): // the end is marked, and not announced
		return Bag{}, &CertificateError{Err: reason.New(reason.CertificateMalformed, "X.690 §10.1", "content_info."+CauseBundleEncoding, reason.Say("a SignedData in DER"), reason.Say("BER that does not announce its length"))}
	}
	bag := Bag{PEM: true}
	other := ""
	for i := range blocks {
		b := &blocks[i]
		switch {
		case b.isCertificate():
			c, bad := parseCertificate(b.Bytes)
			if bad != nil {
				return Bag{}, &CertificateError{N: len(bag.Certs) + 1, Line: b.Line, Err: bad}
			}
			bag.Certs = append(bag.Certs, c)
		case b.IsBundle():
			if err := bag.unpack(b.Bytes, b.Line); err != nil {
				return Bag{}, err
			}
		case Conversion(b.Type) != "":
			return Bag{}, &PEMError{Fault: PEMOtherForm, Line: b.Line, Label: b.Type}
		default:
			other = b.Type
		}
	}
	if len(bag.Certs) == 0 {
		return Bag{}, nothing(text, labelCertificate, other)
	}
	return bag, nil
}

// nothing is the error that a text has no block of this label, but another.
func nothing(text []byte, label, other string) *PEMError {
	if len(bytes.TrimSpace(bytes.TrimPrefix(text, []byte(utf8Mark)))) == 0 {
		return &PEMError{Fault: PEMBlank, Label: label}
	}
	return &PEMError{Fault: PEMNothing, Label: label, Got: excerpt(other)}
}

// isDER reports whether a text without PEM begins as contents do: text may begin with 0, which is 30.
func isDER(text []byte) bool {
	var outer asn1.RawValue
	if size, ok := announced(text); !ok || size > len(text) {
		return ok && len(text) > 64 // cut short
	} else if _, err := asn1.Unmarshal(text[:size], &outer); err != nil || len(outer.Bytes) == 0 {
		return false
	}
	switch outer.Bytes[0] {
	case 0x30, asn1.TagInteger, asn1.TagOID, asn1.TagEnum:
		return true
	}
	return false
}

// readDER reads documents in DER that stand one behind the other.
func readDER(text []byte) (bag Bag, err error) {
	for len(text) > 0 {
		one := text
		if size, ok := announced(text); ok && size < len(text) {
			one = text[:size]
		}
		if contentOf(one) == &cmsName {
			if err := bag.unpack(one, 0); err != nil {
				return Bag{}, err
			}
		} else {
			c, bad := parseCertificate(one)
			if bad != nil {
				n := len(bag.Certs) + 1
				if strings.HasPrefix(bad.Field, "certificate."+CauseOtherContent) && len(one) == len(text) && n == 1 {
					n = 0 // the file as a whole
				}
				if bad.Field == "certificate."+CauseNotDER && n > 1 { // what follows is no document
					n--
					bad.Field = "certificate." + CauseTrailing
				}
				return Bag{}, &CertificateError{N: n, Err: bad}
			}
			bag.Certs = append(bag.Certs, c)
		}
		text = text[len(one):]
	}
	return bag, nil
}

// unpack takes in the certificates of a bundle.
func (bag *Bag) unpack(b []byte, line int) error {
	all, bad := bundled(b)
	if bad != nil {
		return &CertificateError{Line: line, Err: bad}
	}
	bag.Bundles = append(bag.Bundles, b)
	bag.Unordered = bag.Unordered || len(bag.Certs) == 0
	for _, raw := range all {
		c, bad := parseCertificate(raw)
		if bad != nil {
			return &CertificateError{N: len(bag.Certs) + 1, Line: line, Err: bad}
		}
		bag.Certs = append(bag.Certs, c)
	}
	return nil
}

// IsBundle reports whether the block is a message of PKCS #7, or CMS (RFC 7468 §8, §9). The long label is an old one of
// OpenSSL's.
func (b *PEMBlock) IsBundle() bool {
	switch b.Type {
	case "PKCS7", "PKCS #7 SIGNED DATA", "CMS":
		return true
	}
	return false
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

// ParseKeyPEM reads the first private key of a PEM text, or of one in DER: PKCS #8, PKCS #1 or SEC 1.
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
	if len(blocks) == 0 {
		switch contentOf(text) {
		case &privateKeyName:
			return parseKeyDER(text)
		case &encryptedKeyName:
			return nil, &PEMError{Fault: PEMEncrypted, Label: labelPrivateKey}
		case &pkcs12Name:
			return nil, nothing(text, labelPrivateKey, labelPKCS12)
		}
	}
	return nil, nothing(text, labelPrivateKey, "")
}

// parseKeyDER reads the same forms without PEM around them, which no label tells apart.
func parseKeyDER(text []byte) (crypto.Signer, error) {
	key, err := parsePKCS8(text)
	if err != nil {
		if rsaKey, bad := x509.ParsePKCS1PrivateKey(text); bad == nil {
			return rsaKey, nil
		}
		if ecKey, bad := x509.ParseECPrivateKey(text); bad == nil {
			return ecKey, nil
		}
		return nil, fmt.Errorf("the private key cannot be read: %w", err)
	}
	if signer, ok := key.(crypto.Signer); ok {
		return signer, nil
	}
	return nil, fmt.Errorf("a %T cannot sign", key)
}

// EncodeCert returns one DER certificate as PEM.
func EncodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: labelCertificate, Bytes: der})
}
