package handshake

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"slices"

	"tlslab/handshake/certcompress"
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

// server is what a server's rows work on in both versions. After the handshake only the
// Endpoint stays.
type server struct {
	*Endpoint
	*serverHandshake
}

type serverHandshake struct {
	hello       *message.ClientHello
	random      message.Random
	certificate *Certificate
	scheme      *sig.Scheme
	answerName  bool
	giveTicket  bool
	usedTicket  [32]byte // the hash of the one marked as used in this handshake
	staple      bool
	peerLimit   int // the record_size_limit to be heeded; 0: none
}

// serverStart is what the row works on that settles the version.
type serverStart struct {
	*server
	tls12 *server12
	tls13 *server13
}

// server12 is what the rows of TLS 1.2 work on.
type server12 struct {
	*server
	*serverHandshake12
}

type serverHandshake12 struct {
	keys12
	common      []kx.Group // that both ends have and the suite can use, by our preference
	offer       kx.Offer
	renewTicket bool // the session came out of a ticket under the previous key
}

// server13 is what the rows of TLS 1.3 work on.
type server13 struct {
	*server
	*serverHandshake13
}

type serverHandshake13 struct {
	keys13
	group               kx.Group
	share               []byte               // the client's, of group; nil: it must come back with one
	retrying            bool                 // a HelloRetryRequest is due, or its answer
	pskWithDHE, pskOnly bool                 // how a pre-shared key may be used with this client
	selected            uint16               // which of those offered
	cookie              []byte               // that the second ClientHello must bring; nil: none
	pack                *certcompress.Method // what to compress our certificate with; nil: not
	ticketsSent         int
}

// serverEnd is all of that, and the tables that work on it.
type serverEnd struct {
	server
	start  serverStart
	tls12  server12
	tls13  server13
	first  table[serverStart]
	rows13 table[server13]
	rows12 table[server12]
	all    machine
}

func newServerEnd(e *Endpoint) *serverEnd {
	var handshake struct { // in one piece: it goes at one time
		both  serverHandshake
		tls12 serverHandshake12
		tls13 serverHandshake13
	}
	s := &serverEnd{server: server{e, &handshake.both}}
	s.tls12, s.tls13 = server12{&s.server, &handshake.tls12}, server13{&s.server, &handshake.tls13}
	s.start = serverStart{&s.server, &s.tls12, &s.tls13}
	return s
}

func (s *serverEnd) machine() *machine {
	s.first = table[serverStart]{event.Server, 0, serverMoves, &s.start}
	s.rows13 = table[server13]{event.Server, iana.TLS13, serverMoves13, &s.tls13}
	s.rows12 = table[server12]{event.Server, iana.TLS12, serverMoves12, &s.tls12}
	s.all = machine{[3]bound{&s.first, &s.rows13, &s.rows12}, s.forget}
	return &s.all
}

func (s *serverEnd) forget() {
	s.serverHandshake, s.tls12.serverHandshake12, s.tls13.serverHandshake13 = nil, nil, nil
}

// serverMoves is the server's table before a version is settled. Rows of one state are tried
// from top to bottom.
var serverMoves = []move[serverStart]{
	{In: event.Start, Dir: event.Receive, Msg: message.KindClientHello, If: serverSpeaks13, When: event.GuardSpeaks13, Do: recvClientHello, To: event.SendServerHello, Ref: "RFC 9846 §4.2.2"},
	{In: event.Start, Dir: event.Receive, Msg: message.KindClientHello, Do: recvClientHello, To: event.SendServerHello, Ref: "RFC 5246 §7.4.1.2"},
}

func serverSpeaks13(s *serverStart, _ message.Message) bool { return s.cfg.speaks(iana.TLS13) }

func (s *server) check() error {
	if err := s.cfg.check(); err != nil {
		return err
	}
	if len(s.cfg.Certificates) == 0 && s.cfg.ForClient == nil {
		return reason.Mistake("config.certificates", reason.Say("a certificate to show"), reason.Say("none"))
	}
	return nil
}

// recvClientHello makes all the server's choices. The sends that follow only say them.
func recvClientHello(s *serverStart, msg message.Message) error {
	m := msg.(*message.ClientHello)
	s.hello = m
	if s.cfg.ForClient != nil {
		cfg, err := s.cfg.ForClient(m)
		if err != nil {
			return err
		}
		if cfg != nil {
			listener, secrets, party, conn := s.cfg.Listener, s.cfg.ShowSecrets, s.cfg.Party, s.cfg.Conn
			own := *cfg
			own.Listener, own.ShowSecrets, own.Party, own.Conn = listener, secrets, party, conn
			s.cfg = &own
			if err := s.check(); err != nil {
				return err
			}
		}
	}
	for _, choose := range []func(*message.ClientHello) error{s.chooseVersion, s.readExtensions, s.chooseProtocol} {
		if err := choose(m); err != nil {
			return err
		}
	}
	if err := s.makeRandom(); err != nil {
		return err
	}
	if s.summary.Version == iana.TLS13 {
		return s.tls13.choose13(m)
	}
	s.tls12.clientRandom, s.tls12.serverRandom = m.Random, s.random
	return s.tls12.choose12(m)
}

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
	s.acceptEncryptThenMAC(m)
	if s.cfg.Sessions != nil && !s.giveTicket {
		s.summary.SessionID, err = s.randomBytes(32)
	}
	return err
}

func (s *server) chooseVersion(m *message.ClientHello) error {
	offered, field := offeredVersions(m)
	// A client that marks a fallback was kept from a version that we both have
	// (RFC 7507 §3). What it wanted it no longer says.
	ours := s.cfg.versions()
	if slices.Contains(m.CipherSuites, iana.FallbackSCSV) && !slices.Contains(offered, ours[0]) {
		return s.fault(reason.InappropriateFallback, "RFC 7507 §3", m, "client_hello.cipher_suites", ours[0], offered)
	}
	for _, v := range ours {
		if slices.Contains(offered, v) {
			s.summary.Version = v
			s.ch.wr.SetVersion(iana.TLS12) // in the headers, of TLS 1.3 too
			s.ch.rd.JudgeBy(v)
			s.decided(event.DecisionVersion, v, offered, event.WhyHighestCommon)
			return nil
		}
	}
	return s.fault(reason.UnsupportedVersion, s.versionRule(m), m, field, ours, offered)
}

// offeredVersions is what a client can do, and where it says so. With supported_versions in
// it client_version means nothing (RFC 9846 §4.3.1); without it the client cannot do TLS 1.3.
func offeredVersions(m *message.ClientHello) (offered []iana.Version, field string) {
	if v, ok := message.Get[*message.SupportedVersions](&m.Extensions); ok {
		return v.Versions, "client_hello.extensions.supported_versions"
	}
	return []iana.Version{min(m.Version, iana.TLS12)}, "client_hello.client_version"
}

// versionRule is where it stands that a client with whom we have no version in common is refused.
func (s *server) versionRule(m *message.ClientHello) string {
	switch {
	case m.Extensions.Find(iana.ExtSupportedVersions) != nil:
		return "RFC 9846 §4.3.1"
	case s.cfg.speaks(iana.TLS12):
		return "RFC 5246 §E.1"
	}
	return "RFC 9846 §E.2"
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

// readExtensions reads what a client of either version may want.
func (s *server) readExtensions(m *message.ClientHello) error {
	if n, ok := message.Get[*message.ServerName](&m.Extensions); ok {
		s.summary.ServerName, s.answerName = n.Name, true
	}
	if f, ok := message.Get[*message.MaxFragmentLength](&m.Extensions); ok {
		if f.Code.Bytes() == 0 {
			return s.fault(reason.BadValue, "RFC 6066 §4", m, "client_hello.extensions.max_fragment_length", reason.Say("1 to 4"), f.Code)
		}
		s.summary.MaxFragmentLength = f.Code
	}
	if l, ok := message.Get[*message.RecordSizeLimit](&m.Extensions); ok {
		if l.Limit < 64 {
			return s.fault(reason.BadValue, "RFC 8449 §4", m, "client_hello.extensions.record_size_limit", reason.Say("at least 64"), l.Limit)
		}
		if s.cfg.RecordSizeLimit != 0 {
			s.peerLimit = int(l.Limit)
		}
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

func (s *server) chooseProtocol(m *message.ClientHello) error {
	a, ok := message.Get[*message.ALPN](&m.Extensions)
	if !ok || len(s.cfg.ALPN) == 0 {
		return nil
	}
	for _, p := range s.cfg.ALPN {
		if slices.Contains(a.Protocols, p) {
			s.summary.Protocol = p
			s.decided(event.DecisionALPN, p, a.Protocols, event.WhyServerPreference)
			return nil
		}
	}
	return s.fault(reason.NoCommonProtocol, "RFC 7301 §3.2", m, "client_hello.extensions.application_layer_protocol_negotiation", s.cfg.ALPN, a.Protocols)
}

// makeRandom draws the server's random; one that could have done better than TLS
// 1.2 says so in its last eight bytes (RFC 9846 §4.2.3).
func (s *server) makeRandom() error {
	if _, err := io.ReadFull(s.cfg.rand(), s.random[:]); err != nil {
		return err
	}
	if s.summary.Version == iana.TLS12 && s.cfg.speaks(iana.TLS13) {
		copy(s.random[24:], downgradeToTLS12)
	}
	return nil
}

// chooseSuite takes the first of our suites for which everything is there: the
// client offers it, a group both ends have, a certificate with the right key, and
// a signature scheme that the client takes.
func (s *server12) chooseSuite(m *message.ClientHello) error {
	var why *unfit // against the suite that came nearest
	for _, su := range s.cfg.suites() {
		if su.Version != iana.TLS12 || !s.cfg.usable(su) || !slices.Contains(m.CipherSuites, su.ID) {
			continue
		}
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
			s.decided(event.DecisionCipherSuite, su.ID, m.CipherSuites, event.WhyServerPreference)
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

// clientGroups is what the client says it has; nil if it does not say.
func (s *server) clientGroups(m *message.ClientHello) []iana.Group {
	if g, ok := message.Get[*message.SupportedGroups](&m.Extensions); ok {
		return g.Groups
	}
	return nil
}

// silent reports whether the client does not say which groups it has for an exchange.
func (s *server12) silent(x iana.Kx, m *message.ClientHello) bool {
	theirs := s.clientGroups(m)
	if x == iana.KxDHE {
		return !slices.ContainsFunc(theirs, func(g iana.Group) bool { return g>>8 == 1 })
	}
	return theirs == nil
}

// commonGroups lists our groups that a suite can use with this client. A client
// without supported_groups may get any curve (RFC 8422 §4), and gets P-256 where we have
// it: who is older than the extension knows no younger curve. One that names no finite
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

// clientSchemes is what the client takes. One that does not say takes SHA-1
// (RFC 5246 §7.4.1.4.1).
func clientSchemes(m *message.ClientHello) []iana.SignatureScheme {
	if x, ok := message.Get[*message.SignatureAlgorithms](&m.Extensions); ok {
		return x.Schemes
	}
	return []iana.SignatureScheme{iana.RSAPKCS1SHA1, iana.ECDSASHA1}
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
	scheme := s.pickScheme(publicKey(leaf), clientSchemes(m))
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
