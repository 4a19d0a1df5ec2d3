package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"strings"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
)

// The row "key_usage": an issuer must be allowed to sign certificates. A leaf must be
// allowed what TLS does with a key: all of what the caller has in mind, or, if he says
// nothing, any of it.

// OrUsage stands between key usages of which one is enough, in the value of InWantedUsage.
const OrUsage = " or "

// wantedUsage is what certificate i must be allowed to do.
type wantedUsage struct {
	bits x509.KeyUsage
	any  bool // one of them is enough
}

func (w wantedUsage) allowedBy(have x509.KeyUsage) bool {
	if w.any {
		return have&w.bits != 0
	}
	return have&w.bits == w.bits
}

func (w wantedUsage) String() string {
	if w.any {
		return strings.Join(KeyUsageNames(w.bits), OrUsage)
	}
	return strings.Join(KeyUsageNames(w.bits), ", ")
}

// phrase is String for an error.
func (w wantedUsage) phrase() any {
	if w.any {
		return reason.Say("%v", reason.OneOf(KeyUsageNames(w.bits)))
	}
	return w.String()
}

// wantedKeyUsage: a server's key signs, decrypts or agrees (RFC 5246 §7.4.2), a client's
// signs or agrees (§7.4.6), as for OpenSSL's purposes sslserver and sslclient. From TLS 1.3 on
// both sign: the engine asks for that itself, with VerifyOptions.KeyUsage. A bit for what a
// key of this kind cannot do is of no use: OpenSSL counts it, and its handshake then finds
// no cipher suite.
func (j *judgement) wantedKeyUsage(i int) wantedUsage {
	switch {
	case i > 0:
		return wantedUsage{bits: x509.KeyUsageCertSign}
	case j.o.KeyUsage != 0:
		return wantedUsage{bits: j.o.KeyUsage}
	}
	bits := usesInTLS(PublicKey(j.certs[i]))
	if j.o.Usage == ClientAuth {
		bits &^= x509.KeyUsageKeyEncipherment
	}
	return wantedUsage{bits: bits, any: true}
}

// usesInTLS is what a leaf's key of this kind can do there.
func usesInTLS(pub crypto.PublicKey) x509.KeyUsage {
	switch pub.(type) {
	case *ecdsa.PublicKey: // agrees in ECDH_ECDSA (RFC 4492 §2.1), which RFC 8422 has left out; it deciphers nothing
		return x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement
	case ed25519.PublicKey, ed448.PublicKey, *sig.PSSPublicKey: // sign, and do nothing else (RFC 8410 §5, RFC 4055 §1.2)
		return x509.KeyUsageDigitalSignature
	}
	return x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
}

// hasKeyUsageRule: without the extension a key may do everything.
func hasKeyUsageRule(j *judgement, i int) bool { return j.carry().keyUsage>>i&1 == 1 }

func testKeyUsage(j *judgement, i int) *reason.Error {
	want, got := j.wantedKeyUsage(i), j.certs[i].KeyUsage
	if want.allowedBy(got) {
		return nil
	}
	var allowed any = strings.Join(KeyUsageNames(got), ", ")
	if allowed == "" {
		allowed = reason.Say("no bit")
	}
	return reason.New(reason.CertificateUsage, keyUsageRule(i), field(i, "key_usage"), want.phrase(), allowed)
}

// keyUsageRule cites the rule that says what a certificate must be allowed to do: an
// issuer's certificate, or the leaf.
func keyUsageRule(i int) string {
	if i > 0 {
		return "RFC 5280 §6.1.4 (n)"
	}
	return "RFC 5280 §4.2.1.3"
}

// leafKeyUsageRule is RFC 5280's meaning of the bits, and which of them TLS wants.
func leafKeyUsageRule(j *judgement) string { return keyUsageRule(0) + ", " + j.tlsRule() }

// tlsRule cites the place where the TLS that is spoken says what a leaf and its key must be
// good for. If the version is not known, this is the place in TLS 1.2, which lets a key do
// more.
func (j *judgement) tlsRule() string {
	switch {
	case j.o.Version == iana.TLS13:
		return "RFC 9846 §4.5.1.2"
	case j.o.Usage == ClientAuth:
		return "RFC 5246 §7.4.6"
	}
	return "RFC 5246 §7.4.2"
}

func showKeyUsage(j *judgement, i int) []Input {
	return j.shown(Input{InKeyUsage, (*keyUsageOf)(j.certs[i])}, Input{InWantedUsage, j.wantedKeyUsage(i).String()})
}
