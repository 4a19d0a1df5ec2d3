package iana

import "strings"

// SignatureScheme names an algorithm, a hash and (in TLS 1.3) a curve (RFC 9846 §4.3.3).
// In TLS 1.2 its two bytes are SignatureAndHashAlgorithm: hash, then signature.
type SignatureScheme uint16

// The signature schemes.
const (
	RSAPKCS1SHA1     SignatureScheme = 0x0201
	ECDSASHA1        SignatureScheme = 0x0203
	RSAPKCS1SHA256   SignatureScheme = 0x0401
	RSAPKCS1SHA384   SignatureScheme = 0x0501
	RSAPKCS1SHA512   SignatureScheme = 0x0601
	ECDSAP256SHA256  SignatureScheme = 0x0403
	ECDSAP384SHA384  SignatureScheme = 0x0503
	ECDSAP521SHA512  SignatureScheme = 0x0603
	RSAPSSRSAESHA256 SignatureScheme = 0x0804
	RSAPSSRSAESHA384 SignatureScheme = 0x0805
	RSAPSSRSAESHA512 SignatureScheme = 0x0806
	Ed25519          SignatureScheme = 0x0807
	Ed448            SignatureScheme = 0x0808
	RSAPSSPSSSHA256  SignatureScheme = 0x0809
	RSAPSSPSSSHA384  SignatureScheme = 0x080a
	RSAPSSPSSSHA512  SignatureScheme = 0x080b
)

var schemeNames = numbers[SignatureScheme]{
	{RSAPKCS1SHA1, "rsa_pkcs1_sha1"}, {0x0202, "dsa_sha1"}, {ECDSASHA1, "ecdsa_sha1"}, {0x0301, "rsa_pkcs1_sha224"},
	{0x0302, "dsa_sha224"}, {0x0303, "ecdsa_sha224"}, {RSAPKCS1SHA256, "rsa_pkcs1_sha256"}, {0x0402, "dsa_sha256"},
	{ECDSAP256SHA256, "ecdsa_secp256r1_sha256"}, {RSAPKCS1SHA384, "rsa_pkcs1_sha384"}, {0x0502, "dsa_sha384"},
	{ECDSAP384SHA384, "ecdsa_secp384r1_sha384"}, {RSAPKCS1SHA512, "rsa_pkcs1_sha512"}, {0x0602, "dsa_sha512"},
	{ECDSAP521SHA512, "ecdsa_secp521r1_sha512"}, {RSAPSSRSAESHA256, "rsa_pss_rsae_sha256"},
	{RSAPSSRSAESHA384, "rsa_pss_rsae_sha384"}, {RSAPSSRSAESHA512, "rsa_pss_rsae_sha512"}, {Ed25519, "ed25519"},
	{Ed448, "ed448"}, {RSAPSSPSSSHA256, "rsa_pss_pss_sha256"}, {RSAPSSPSSSHA384, "rsa_pss_pss_sha384"},
	{RSAPSSPSSSHA512, "rsa_pss_pss_sha512"}, {0x081a, "ecdsa_brainpoolP256r1tls13_sha256"},
	{0x081b, "ecdsa_brainpoolP384r1tls13_sha384"}, {0x081c, "ecdsa_brainpoolP512r1tls13_sha512"}, {0x0904, "mldsa44"},
	{0x0905, "mldsa65"}, {0x0906, "mldsa87"},
}

// String returns the registry's name, or the number in hex.
func (s SignatureScheme) String() string { return name16(schemeNames, s) }

// SchemeByName finds a scheme by the registry's name, in any case.
func SchemeByName(name string) (SignatureScheme, bool) {
	for _, s := range schemeNames {
		if strings.EqualFold(s.name, name) {
			return s.number, true
		}
	}
	return 0, false
}
