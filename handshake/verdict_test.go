package handshake_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// standard is the verifier that a student of Go writes first.
func standard(in handshake.ChainInput) (*pki.Report, error) {
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), DNSName: in.ServerName, CurrentTime: in.Time}
	for _, c := range in.Roots.All() {
		o.Roots.AddCert(c)
	}
	for _, c := range in.Chain[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := in.Chain[0].Verify(o)
	return nil, err
}

// TestStandardVerifier: crypto/x509 as the verifier, over every kind of bad chain. The
// client names the fault that crypto/x509 found, and the server gets its alert (RFC 9846
// §6.2).
func TestStandardVerifier(t *testing.T) {
	want := map[lesson.Kind]struct {
		why   reason.Reason
		alert iana.AlertDescription
	}{
		lesson.Expired:         {reason.CertificateExpired, iana.CertificateExpired},
		lesson.NotYetValid:     {reason.CertificateNotYetValid, iana.CertificateExpired}, // "or is not currently valid"
		lesson.WrongHost:       {reason.CertificateWrongName, iana.BadCertificate},
		lesson.NoSAN:           {reason.CertificateWrongName, iana.BadCertificate},
		lesson.SelfSigned:      {reason.CertificateUntrusted, iana.UnknownCA},
		lesson.UntrustedRoot:   {reason.CertificateUntrusted, iana.UnknownCA},
		lesson.IncompleteChain: {reason.CertificateUntrusted, iana.UnknownCA},
		lesson.BadSignature:    {reason.CertificateUntrusted, iana.UnknownCA}, // crypto/x509 found no path, and says no more
		lesson.SHA1:            {reason.CertificateUntrusted, iana.UnknownCA}, // the same
		lesson.NotACA:          {reason.CertificateUntrusted, iana.UnknownCA}, // the same
		lesson.WrongUsage:      {reason.CertificateUsage, iana.UnsupportedCertificate},
		lesson.PathLen:         {reason.CertificateConstraint, iana.BadCertificate},
		lesson.NameConstraint:  {reason.CertificateConstraint, iana.BadCertificate},
		lesson.ExpiredRoot:     {reason.CertificateExpired, iana.CertificateExpired},
		lesson.Good:            {}, lesson.ReversedChain: {},
		lesson.Revoked: {}, lesson.MustStaple: {}, // crypto/x509 asks nobody
	}
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, kind := range lesson.Kinds() {
			l, err := lesson.New(lesson.Options{Kind: kind, KeyAlg: "ecdsa", Name: "www.lab.test", Time: clock()})
			if err != nil {
				t.Fatal(err)
			}
			cc, sc := ends13(l)
			cc.MaxVersion, cc.VerifyChain = version, standard
			c, s := shake(t, cc, sc)
			row, ok := want[kind]
			if !ok {
				t.Fatalf("%s is not in the table", kind)
			}
			if row.why == reason.None {
				if !c.Done() || !s.Done() {
					t.Errorf("%v, %s: %v, %v", version, kind, c.Err(), s.Err())
				}
				continue
			}
			checkRefusal(t, fmt.Sprintf("%v, %s", version, kind), c, s, row.why, row.alert)
		}
	}
}

// checkRefusal demands that c refused for why, and that s heard the alert.
func checkRefusal(t *testing.T, name string, c, s *handshake.Endpoint, why reason.Reason, alert iana.AlertDescription) {
	t.Helper()
	if reason.Of(c.Err()) != why {
		t.Errorf("%s: refused for %v, expected %s", name, c.Err(), why)
	}
	checkChinese(t, c.Err())
	var re *reason.Error
	if !errors.As(s.Err(), &re) || re.Reason != reason.PeerAlert || re.Got != alert {
		t.Errorf("%s: the peer heard %v, expected %v", name, s.Err(), alert)
	}
}

// verdict is what becomes of a client whose verifier returns err, and of its server.
func verdict(t *testing.T, err error) (c, s *handshake.Endpoint) {
	t.Helper()
	cc, sc := ends13(newLesson(t, "ecdsa"))
	cc.VerifyChain = func(handshake.ChainInput) (*pki.Report, error) { return nil, err }
	return shake(t, cc, sc)
}

// TestVerifierErrors: what a verifier may return besides.
func TestVerifierErrors(t *testing.T) {
	late := &x509.Certificate{NotBefore: clock().Add(time.Hour)}
	for _, row := range []struct {
		err   error
		why   reason.Reason
		alert iana.AlertDescription
	}{
		{x509.CertificateInvalidError{Reason: x509.Expired}, reason.CertificateExpired, iana.CertificateExpired},
		{x509.CertificateInvalidError{Reason: x509.Expired, Cert: late}, reason.CertificateNotYetValid, iana.CertificateExpired},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, reason.CertificateConstraint, iana.BadCertificate},
		{x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, reason.CertificateUsage, iana.UnsupportedCertificate},
		{x509.CertificateInvalidError{Reason: x509.NameMismatch}, reason.CertificateUntrusted, iana.UnknownCA},
		{x509.CertificateInvalidError{Reason: x509.NoValidChains}, reason.CertificateConstraint, iana.BadCertificate},
		{x509.UnhandledCriticalExtension{}, reason.CertificateConstraint, iana.BadCertificate},
		{x509.InsecureAlgorithmError(x509.SHA1WithRSA), reason.CertificateBadSignature, iana.BadCertificate},
		{x509.ConstraintViolationError{}, reason.CertificateConstraint, iana.BadCertificate},
		{x509.SystemRootsError{Err: errors.New("no such file")}, reason.Internal, iana.InternalError},
		// As crypto/tls wraps them, and a person.
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, reason.CertificateUntrusted, iana.UnknownCA},
		{fmt.Errorf("my verifier: %w", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a.test"}), reason.CertificateWrongName, iana.BadCertificate},
		{fmt.Errorf("my verifier: %w", reason.New(reason.CertificateRevoked, "", "certificate", nil, nil)), reason.CertificateRevoked, iana.CertificateRevoked},
		// From a connection of the verifier's own: our peer is there, and must hear something.
		{reason.New(reason.PeerAlert, "", "", nil, iana.UnknownCA), reason.CertificatePolicy, policyAlert},
		{reason.New(reason.TruncatedStream, "", "", nil, nil), reason.CertificatePolicy, policyAlert},
		{errors.New("not on a Thursday"), reason.CertificatePolicy, policyAlert},
	} {
		c, s := verdict(t, row.err)
		checkRefusal(t, fmt.Sprintf("%T %v", row.err, row.err), c, s, row.why, row.alert)
	}
}

// policyAlert is what a peer hears whom a verifier refuses without a reason that TLS knows.
const policyAlert = iana.CertificateUnknown
