package handshake

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// What a certificate lets its key do (RFC 5280 §4.2.1.3). It is asked here and not only where
// a chain is verified: whoever verifies in our place judges who it is, and TLS itself says
// what the key must be allowed to do (RFC 5246 §7.4.2, §7.4.6, RFC 9846 §4.5.1.2).

var oidKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 15}

// mayBeUsed reports whether a certificate lets its key do what usage says. Without the
// extension it may do all; with one that names nothing, nothing.
func mayBeUsed(leaf *x509.Certificate, usage x509.KeyUsage) bool {
	restricted := slices.ContainsFunc(leaf.Extensions, func(x pkix.Extension) bool { return x.Id.Equal(oidKeyUsage) })
	return !restricted || leaf.KeyUsage&usage != 0
}

// usageOf is what the peer's key is about to do.
func (e *Endpoint) usageOf(fromServer bool) x509.KeyUsage {
	if fromServer && e.summary.Version == iana.TLS12 {
		return usageFor(e.summary.Suite)
	}
	return x509.KeyUsageDigitalSignature // it signs CertificateVerify
}

// checkKeyUsage refuses a leaf that does not let its key do what it is about to do here.
func (e *Endpoint) checkKeyUsage(leaf *x509.Certificate, fromServer bool) error {
	usage := e.usageOf(fromServer)
	if mayBeUsed(leaf, usage) {
		return nil
	}
	return reason.New(reason.CertificateUsage, e.usageRule(fromServer), "certificate[0].key_usage", usageName(usage), allowed(leaf))
}

// allowed is what a certificate with the extension lets its key do, as RFC 5280 names it.
func allowed(leaf *x509.Certificate) any {
	if names := pki.KeyUsageNames(leaf.KeyUsage); len(names) > 0 {
		return strings.Join(names, ", ")
	}
	return reason.Say("no bit")
}

// usageRule is where TLS says what a certificate must let its key do.
func (e *Endpoint) usageRule(fromServer bool) string {
	if fromServer {
		return e.rule("RFC 9846 §4.5.1.2", "RFC 5246 §7.4.2")
	}
	return e.rule("RFC 9846 §4.5.1.2", "RFC 5246 §7.4.6")
}

// usageName is RFC 5280's name of one of the two usages that TLS has.
func usageName(usage x509.KeyUsage) string {
	if usage == x509.KeyUsageKeyEncipherment {
		return "keyEncipherment"
	}
	return "digitalSignature"
}

// usageFor is what a suite has the certificate's key do: key transport encrypts to it, all
// others verify with it (RFC 5246 §7.4.2).
func usageFor(s *suite.Suite) x509.KeyUsage {
	if s.Kx == iana.KxRSA {
		return x509.KeyUsageKeyEncipherment
	}
	return x509.KeyUsageDigitalSignature
}
