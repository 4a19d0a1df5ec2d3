package handshake

import (
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"tlslab/handshake/reason"
)

// What a verifier of the caller's own says of a chain, put into the words of this package:
// the reason, and by it the alert that the peer gets (RFC 9846 §6.2).

// judged gives the error of a VerifyChain its reason: its own, if it holds a *reason.Error;
// that of crypto/x509's error, if it holds one; else CertificatePolicy.
func judged(err error, now time.Time) error {
	if err == nil {
		return nil
	}
	var re *reason.Error
	if errors.As(err, &re) {
		if _, ok := reason.Alert(re.Reason); ok {
			return err
		}
		// It comes from a connection of the verifier's own, to a server that tells who was
		// revoked perhaps. Our peer has not gone, and must hear that it is refused.
		return reason.Wrap(reason.CertificatePolicy, "", "certificate", err)
	}
	return reason.Wrap(standardReason(err, now), "", "certificate", err)
}

// standardReason finds what crypto/x509 calls by a type.
func standardReason(err error, now time.Time) reason.Reason {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		algorithm x509.InsecureAlgorithmError
		critical  x509.UnhandledCriticalExtension
		issuer    x509.ConstraintViolationError
		system    x509.SystemRootsError
	)
	switch {
	case errors.As(err, &invalid):
		return invalidReason(invalid, now)
	case errors.As(err, &host):
		return reason.CertificateWrongName
	case errors.As(err, &algorithm):
		return reason.CertificateBadSignature
	case errors.As(err, &authority):
		return reason.CertificateUntrusted
	case errors.As(err, &critical), errors.As(err, &issuer):
		return reason.CertificateConstraint
	case errors.As(err, &system): // there are no roots to judge by, and that is no fault of the peer's
		return reason.Internal
	}
	return reason.CertificatePolicy
}

func invalidReason(e x509.CertificateInvalidError, now time.Time) reason.Reason {
	switch e.Reason {
	case x509.Expired: // or not yet valid, which the detail alone tells, by the verifier's clock
		if strings.Contains(e.Detail, " is before ") || e.Detail == "" && e.Cert != nil && now.Before(e.Cert.NotBefore) {
			return reason.CertificateNotYetValid
		}
		return reason.CertificateExpired
	case x509.NotAuthorizedToSign, x509.TooManyIntermediates, x509.CANotAuthorizedForThisName, x509.NameConstraintsWithoutSANs,
		x509.UnconstrainedName, x509.TooManyConstraints, x509.NoValidChains: // the last for a policy that none has
		return reason.CertificateConstraint
	case x509.IncompatibleUsage, x509.CANotAuthorizedForExtKeyUsage:
		return reason.CertificateUsage
	case x509.NameMismatch:
		return reason.CertificateUntrusted
	}
	return reason.CertificatePolicy
}
