package handshake

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// choose12 makes the choices that only TLS 1.2 knows.
func (s *server12) choose12(m *message.ClientHello) error {
	if err := s.chooseCompression(m); err != nil {
		return err
	}
	if err := s.readExtensions12(m); err != nil {
		return err
	}
	resumed, err := s.tryResume(m)
	if err != nil || resumed {
		return err
	}
	if s.listening() {
		s.decided(event.DecisionExtendedMasterSecret, s.ems, nil, choose(s.ems, event.WhyBothWantEMS, event.WhyNoEMS))
	}
	if err := s.chooseSuite(m); err != nil {
		return err
	}
	if n, ok := message.Get[*message.StatusRequest](&m.Extensions); ok && n.StatusType == iana.StatusOCSP {
		s.staple = len(s.certificate.Staple) > 0
	}
	s.timestamps = len(s.certificate.Timestamps) > 0 && m.Extensions.Find(iana.ExtSignedCertTimestamp) != nil
	s.acceptEncryptThenMAC(m)
	if s.cfg.Sessions != nil && !s.giveTicket {
		s.summary.SessionID, err = s.randomBytes(32)
	}
	return err
}

func (s *server12) chooseCompression(m *message.ClientHello) error {
	if s.cfg.Weak.Compression && slices.Contains(m.Compressions, iana.CompressionDEFLATE) {
		s.summary.Compression = iana.CompressionDEFLATE
		s.compress, s.decompress = record.NewDEFLATE(), record.NewDEFLATE()
		return nil
	}
	if !slices.Contains(m.Compressions, iana.CompressionNull) {
		return s.fault(reason.NoCommonCompression, "RFC 5246 §7.4.1.2", m, "client_hello.compression_methods", iana.CompressionNull, m.Compressions)
	}
	return nil
}

// readExtensions12 reads what only TLS 1.2 knows.
func (s *server12) readExtensions12(m *message.ClientHello) error {
	if r, ok := message.Get[*message.RenegotiationInfo](&m.Extensions); ok {
		if len(r.RenegotiatedConnection) != 0 {
			return s.fault(reason.RenegotiationInfo, "RFC 5746 §3.6", m, "client_hello.extensions.renegotiation_info", reason.Say("nothing in a first handshake"), r.RenegotiatedConnection)
		}
		s.summary.SecureRenegotiation = true
	}
	if slices.Contains(m.CipherSuites, iana.EmptyRenegotiationInfoSCSV) {
		s.summary.SecureRenegotiation = true
	}
	curves := slices.ContainsFunc(s.clientGroups(m), func(g iana.Group) bool { return g>>8 == 0 })
	if f, ok := message.Get[*message.ECPointFormats](&m.Extensions); ok && curves && !slices.Contains(f.Formats, iana.Uncompressed) {
		return s.fault(reason.BadValue, "RFC 8422 §5.1.2", m, "client_hello.extensions.ec_point_formats", iana.Uncompressed, f.Formats)
	}
	s.ems = m.Extensions.Find(iana.ExtExtendedMasterSecret) != nil && !s.cfg.Weak.NoExtendedMasterSecret
	s.summary.ExtendedMasterSecret = s.ems
	s.giveTicket = m.Extensions.Find(iana.ExtSessionTicket) != nil && s.cfg.Tickets != nil
	return nil
}

// chooseSuite takes the first suite, as they are ranked, for which everything is there: the
// client offers it, a group both ends have, a certificate with the right key, and
// a signature scheme that the client takes.
func (s *server12) chooseSuite(m *message.ClientHello) error {
	var why *unfit // against the suite that came nearest
	ours, preferred := s.ranked(iana.TLS12, m.CipherSuites)
	for _, su := range ours {
		x := s.cfg.exchange(su.Kx)
		groups, against := s.commonGroups(su, m)
		var cert *Certificate
		var scheme *sig.Scheme
		if against == nil {
			cert, scheme, against = s.pickCertificate(su, x, m)
		}
		if against != nil {
			why = why.nearer(against)
			continue
		}
		s.summary.Suite, s.exchange, s.common = su, x, groups
		s.certificate, s.scheme = cert, scheme
		if s.listening() {
			s.decided(event.DecisionCipherSuite, su.ID, m.CipherSuites, preferred)
			if len(groups) > 0 {
				s.decided(event.DecisionGroup, groups[0].ID(), s.clientGroups(m), choose(s.silent(su.Kx, m), event.WhyClientSilent, event.WhyServerPreference))
			}
			if scheme != nil {
				s.decided(event.DecisionSignatureScheme, scheme.ID, clientSchemes(m), event.WhyFitsKey)
			}
		}
		return nil
	}
	if why == nil {
		why = lacks(0, reason.NoCommonSuite, "RFC 5246 §7.4.1.2", "client_hello.cipher_suites", reason.Say("one of our suites"), m.CipherSuites)
	}
	why.err.Off = s.offset(m, why.err.Field)
	return why.err
}

// unfit is what speaks against a suite, or against a certificate for it.
type unfit struct {
	err *reason.Error
	met int // how much of what it takes was there
}

// What a suite takes, in the order in which it is looked for, counted by unfit.met.
const (
	metNone  = iota // a group
	metGroup        // a key of the suite's kind
	metKind         // which may be used so
	metUsage        // on a curve that the client has
	metCurve        // a scheme that the client takes
	metAll          // and still it fails: the alert is a MUST, or it is our own fault
)

func lacks(met int, r reason.Reason, ref, field string, want, got any) *unfit {
	return &unfit{reason.New(r, ref, field, want, got), met}
}

// nearer is whichever of the two came nearer, u among equals: that is what has to be mended.
func (u *unfit) nearer(other *unfit) *unfit {
	if u == nil || other.met > u.met {
		return other
	}
	return u
}

// silent reports whether the client does not say which groups it has for an exchange.
func (s *server12) silent(x iana.Kx, m *message.ClientHello) bool {
	theirs := s.clientGroups(m)
	if x == iana.KxDHE {
		return !slices.ContainsFunc(theirs, func(g iana.Group) bool { return g.FiniteField() })
	}
	return theirs == nil
}

// commonGroups lists our groups that a suite can use with this client. A client
// without supported_groups may get any curve (RFC 8422 §4), and gets P-256 where we have
// it: a client older than the extension knows no younger curve. One that names no finite
// field may get any field (RFC 7919 §4).
func (s *server12) commonGroups(su *suite.Suite, m *message.ClientHello) ([]kx.Group, *unfit) {
	if su.Kx != iana.KxECDHE && su.Kx != iana.KxDHE {
		return nil, nil
	}
	theirs, silent := s.clientGroups(m), s.silent(su.Kx, m)
	var common []kx.Group
	for _, g := range s.cfg.groups() {
		if kx.Serves(su.Kx, g) && (silent || slices.Contains(theirs, g.ID())) {
			common = append(common, g)
		}
	}
	if su.Kx == iana.KxECDHE && silent {
		if i := slices.IndexFunc(common, func(g kx.Group) bool { return g.ID() == iana.P256 }); i > 0 {
			p256 := common[i]
			copy(common[1:], common[:i])
			common[0] = p256
		}
	}
	if len(common) == 0 && su.Kx == iana.KxDHE && !silent {
		return nil, lacks(metAll, reason.NoCommonField, "RFC 7919 §4", "client_hello.extensions.supported_groups", reason.Say("one of our finite fields"), theirs)
	}
	if len(common) == 0 {
		return nil, lacks(metNone, reason.NoCommonGroup, curveRule(su.Kx), "client_hello.extensions.supported_groups", reason.Say("one of our groups"), theirs)
	}
	return common, nil
}

// curveRule is where it stands that a suite needs a group that the client has.
func curveRule(k iana.Kx) string {
	if k == iana.KxDHE {
		return "RFC 7919 §4"
	}
	return "RFC 8422 §5.1"
}

// pickCertificate finds a certificate for a suite: one for the name that the
// client asks for if there is any, else the first.
func (s *server12) pickCertificate(su *suite.Suite, x kx.Exchange, m *message.ClientHello) (*Certificate, *sig.Scheme, *unfit) {
	var first *Certificate
	var firstScheme *sig.Scheme
	var why *unfit // against the certificate that came nearest
	for i := range s.cfg.Certificates {
		cert := &s.cfg.Certificates[i]
		leaf, err := cert.leaf()
		if err != nil {
			return nil, nil, &unfit{reason.Wrap(reason.Misuse, "", "config.certificates", err), metAll}
		}
		if !kindFits(su, leaf) {
			continue
		}
		scheme, against := s.fits(cert, leaf, su, x, m)
		if against != nil {
			why = why.nearer(against)
			continue
		}
		if s.summary.ServerName == "" || leaf.VerifyHostname(s.summary.ServerName) == nil {
			return cert, scheme, nil
		}
		if first == nil {
			first, firstScheme = cert, scheme
		}
	}
	if first == nil && why == nil {
		why = lacks(metGroup, reason.NoCommonSuite, "RFC 5246 §7.4.2", "config.certificates", reason.Say("a certificate with an %v key", su.Auth), reason.Say("none"))
	}
	if first == nil {
		return nil, nil, why
	}
	return first, firstScheme, nil
}

// fits looks for what speaks against a certificate of a suite's kind, and else returns the
// scheme to sign with; nil where nothing is signed.
func (s *server12) fits(cert *Certificate, leaf *x509.Certificate, su *suite.Suite, x kx.Exchange, m *message.ClientHello) (*sig.Scheme, *unfit) {
	const field = "config.certificates"
	switch usage := usageFor(su); {
	case !mayBeUsed(leaf, usage):
		return nil, lacks(metKind, reason.NoCommonSuite, "RFC 5246 §7.4.2", field, reason.Say("a certificate whose key usage has %s", usageName(usage)), allowed(leaf))
	case su.Kx == iana.KxRSA && !decrypts(cert.Key):
		return nil, lacks(metKind, reason.NoCommonSuite, "RFC 5246 §8.1.1", field, reason.Say("an RSA key that decrypts"), reason.Say("one that can only sign"))
	case !s.curveTaken(leaf, m):
		return nil, lacks(metUsage, reason.NoCommonGroup, "RFC 8422 §5.3", "client_hello.extensions.supported_groups", reason.Say("the curve of our key, %s", pki.CertKeyName(leaf)), s.clientGroups(m))
	case !x.Ephemeral():
		return nil, nil
	}
	scheme := s.pickScheme(cert, publicKey(leaf), clientSchemes(m))
	if scheme == nil {
		return nil, lacks(metCurve, reason.NoCommonScheme, "RFC 5246 §7.4.3", "client_hello.extensions.signature_algorithms", reason.Say("a scheme for our key"), clientSchemes(m))
	}
	return scheme, nil
}

// decrypts reports whether a key can do RSA key transport: a crypto.Signer alone, such
// as a key in a token, cannot.
func decrypts(key crypto.PrivateKey) bool {
	_, ok := key.(*rsa.PrivateKey)
	return ok
}

// curveTaken reports whether the client has the curve of an ECDSA key (RFC 8422 §5.1.1).
func (s *server) curveTaken(leaf *x509.Certificate, m *message.ClientHello) bool {
	id, ok := curveOf(leaf)
	theirs := s.clientGroups(m)
	return !ok || theirs == nil || slices.Contains(theirs, id)
}

// acceptEncryptThenMAC answers RFC 7366 where it means something.
func (s *server12) acceptEncryptThenMAC(m *message.ClientHello) {
	s.summary.EncryptThenMAC = s.cfg.EncryptThenMAC && s.summary.Suite.Cipher.Kind == suite.CBC &&
		m.Extensions.Find(iana.ExtEncryptThenMAC) != nil
}
