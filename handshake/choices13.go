package handshake

import (
	"crypto/x509"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/pki"
)

// What a TLS 1.3 server chooses from a ClientHello: all of it when the message is read, so
// that the sends of server13.go only say it.

// choose13 makes the server's choices from a ClientHello, the second as the first.
func (s *server13) choose13(m *message.ClientHello) error {
	if m.Version != iana.TLS12 { // RFC 9846 §4.2.2
		return s.fault(reason.UnsupportedVersion, "RFC 9846 §4.2.2", m, "client_hello.client_version", iana.TLS12, m.Version)
	}
	if !slices.Equal(m.Compressions, []iana.Compression{iana.CompressionNull}) {
		return s.fault(reason.BadValue, "RFC 9846 §4.2.2", m, "client_hello.compression_methods", reason.Say("null alone"), m.Compressions)
	}
	if err := s.checkPlaces(m, &m.Extensions); err != nil {
		return err
	}
	if n := len(m.Extensions.List); m.Extensions.Find(iana.ExtPreSharedKey) != nil {
		switch {
		case m.Extensions.List[n-1].Type() != iana.ExtPreSharedKey: // RFC 9846 §4.3.11
			return s.fault(reason.BadValue, "RFC 9846 §4.3.11", m, "client_hello.extensions.pre_shared_key", reason.Say("the last extension"), reason.Say("another behind it"))
		case m.Extensions.Find(iana.ExtPSKKeyExchangeModes) == nil:
			return s.fault(reason.MissingExtension, "RFC 9846 §4.3.9", m, "client_hello.extensions", "psk_key_exchange_modes", reason.Say("none"))
		}
	}
	s.ours, s.preferred = s.ranked(iana.TLS13, m.CipherSuites)
	if err := s.choosePSK(m); err != nil {
		return err
	}
	// What must be there depends on what is to be done (RFC 9846 §9.2).
	groups, ok := message.Get[*message.SupportedGroups](&m.Extensions)
	shares, shared := message.Get[*message.KeyShareClient](&m.Extensions)
	exchanges := s.psk == nil || s.pskWithDHE
	switch {
	case ok && !shared: // whatever is to be done
		return s.fault(reason.MissingExtension, "RFC 9846 §9.2", m, "client_hello.extensions", "key_share", reason.Say("none"))
	case shared && !ok:
		return s.fault(reason.MissingExtension, "RFC 9846 §9.2", m, "client_hello.extensions", "supported_groups", reason.Say("none"))
	case exchanges && !ok:
		return s.fault(reason.MissingExtension, "RFC 9846 §9.2", m, "client_hello.extensions", "supported_groups", reason.Say("none"))
	case exchanges && !shared:
		return s.fault(reason.MissingExtension, "RFC 9846 §9.2", m, "client_hello.extensions", "key_share", reason.Say("none"))
	case s.psk == nil && m.Extensions.Find(iana.ExtSignatureAlgorithms) == nil:
		return s.fault(reason.MissingExtension, "RFC 9846 §4.3.3", m, "client_hello.extensions", "signature_algorithms", reason.Say("none"))
	}
	if s.summary.Suite == nil && len(s.ours) > 0 {
		s.summary.Suite = s.ours[0]
	}
	if s.summary.Suite == nil {
		return s.fault(reason.NoCommonSuite, "RFC 9846 §4.2.1", m, "client_hello.cipher_suites", reason.Say("one of our suites of TLS 1.3"), m.CipherSuites)
	}
	if exchanges {
		if err := s.checkShares(m, groups.Groups, shares.Shares); err != nil {
			return err
		}
		if err := s.chooseGroup(m, groups.Groups, shares.Shares); err != nil {
			return err
		}
	} else {
		s.group, s.share, s.retrying, s.summary.Group = nil, nil, false, 0
	}
	if err := s.wantCookie(); err != nil {
		return err
	}
	if s.psk == nil {
		if err := s.chooseIdentity13(m); err != nil {
			return err
		}
	}
	if err := s.chooseEarlyData(m); err != nil {
		return err
	}
	modes, ok := message.Get[*message.PSKKeyExchangeModes](&m.Extensions)
	// What an external key has proved ends when that is withdrawn, and a ticket would not.
	external := s.psk != nil && s.psk.session == nil
	s.giveTicket = s.cfg.Tickets != nil && !external && ok && slices.ContainsFunc(modes.Modes, func(mode iana.PSKKeyExchangeMode) bool { return slices.Contains(s.cfg.pskModes(), mode) })
	if s.listening() {
		s.decided(event.DecisionCipherSuite, s.summary.Suite.ID, m.CipherSuites, choose(s.psk != nil, event.WhySuiteOfKey, s.preferred))
		if s.psk == nil {
			s.decided(event.DecisionSignatureScheme, s.scheme.ID, clientSchemes(m), event.WhyFitsKey)
		}
		s.decided(event.DecisionCompatibilityMode, len(m.SessionID) > 0, nil, choose(len(m.SessionID) > 0, event.WhySessionIDEchoed, event.WhySessionIDEmpty))
	}
	return nil
}

// chooseIdentity13 settles how the server will prove who it is.
func (s *server13) chooseIdentity13(m *message.ClientHello) error {
	if err := s.chooseCertificate13(m); err != nil {
		return err
	}
	if n, ok := message.Get[*message.StatusRequest](&m.Extensions); ok && n.StatusType == iana.StatusOCSP {
		s.staple = len(s.certificate.Staple) > 0
	}
	s.timestamps = len(s.certificate.Timestamps) > 0 && m.Extensions.Find(iana.ExtSignedCertTimestamp) != nil
	if n, ok := message.Get[*message.CompressCertificate](&m.Extensions); ok && s.pack == nil {
		s.pack = s.packing(n.Algorithms)
	}
	return nil
}

// checkShares refuses shares of groups that were not offered, and two of one group (RFC
// 9846 §4.3.8).
func (s *server13) checkShares(m *message.ClientHello, groups []iana.Group, shares []message.KeyShareEntry) error {
	left := make(map[iana.Group]bool, len(groups)) // there is room for thousands of either
	for _, g := range groups {
		left[g] = true
	}
	for _, e := range shares {
		if !left[e.Group] {
			return s.fault(reason.BadValue, "RFC 9846 §4.3.8", m, "client_hello.extensions.key_share", reason.Say("one share at most of each group in supported_groups"), e.Group)
		}
		left[e.Group] = false
	}
	return nil
}

// chooseGroup takes the first of our groups of which a share came; or else the first
// that both have, and a HelloRetryRequest.
func (s *server13) chooseGroup(m *message.ClientHello, theirs []iana.Group, shares []message.KeyShareEntry) error {
	s.group, s.share, s.retrying = nil, nil, false
	why := event.WhySharedShare
	for _, g := range s.cfg.groups() {
		i := slices.IndexFunc(shares, func(e message.KeyShareEntry) bool { return e.Group == g.ID() })
		if i >= 0 {
			s.group, s.share = g, shares[i].Share
			break
		}
		if s.group == nil && slices.Contains(theirs, g.ID()) {
			s.group = g // unless a share of a later one came
		}
	}
	if s.share == nil {
		s.retrying, why = true, event.WhyHelloRetry
	}
	if s.group == nil {
		return s.fault(reason.NoCommonGroup, "RFC 9846 §4.2.1", m, "client_hello.extensions.supported_groups", reason.Say("one of our groups"), theirs)
	}
	s.summary.Group = s.group.ID()
	if s.listening() {
		s.decided(event.DecisionGroup, s.group.ID(), theirs, why)
		if s.retrying {
			s.decided(event.DecisionHelloRetry, s.group.ID(), nil, event.WhyNoShare)
		}
	}
	return nil
}

// wantCookie sends the client back, once, where the Config says so.
func (s *server13) wantCookie() (err error) {
	if !s.cfg.RetryWithCookie || s.summary.Retried {
		return nil
	}
	s.retrying = true
	s.decided(event.DecisionHelloRetry, "cookie", nil, event.WhyCookieWanted)
	s.cookie, err = s.randomBytes(32)
	return err
}

// chooseCertificate13 takes the first certificate whose key can sign what the client can
// check: if there is one, for the name that it asks for and under its wishes about
// issuers and signatures in the chain.
func (s *server13) chooseCertificate13(m *message.ClientHello) error {
	var best *Certificate
	var bestScheme *sig.Scheme
	bestScore, forbidden := -1, false
	for i := range s.cfg.Certificates {
		cert := &s.cfg.Certificates[i]
		leaf, err := cert.leaf()
		if err != nil {
			return reason.Wrap(reason.Misuse, "", "config.certificates", err)
		}
		scheme := s.pickScheme(cert, publicKey(leaf), clientSchemes(m))
		if scheme == nil {
			continue
		}
		if !mayBeUsed(leaf, x509.KeyUsageDigitalSignature) { // RFC 9846 §4.5.1.2
			forbidden = true
			continue
		}
		score := 0
		if s.summary.ServerName == "" || leaf.VerifyHostname(s.summary.ServerName) == nil {
			score += 2
		}
		fits, err := cert.fitsWishes(m)
		if err != nil {
			return err
		}
		if fits {
			score++
		}
		if score > bestScore {
			best, bestScheme, bestScore = cert, scheme, score
		}
	}
	if best == nil && forbidden { // and a scheme there is
		return reason.New(reason.NoCommonScheme, "RFC 9846 §4.5.1.2", "config.certificates", reason.Say("a certificate whose key usage has digitalSignature"), reason.Say("none"))
	}
	if best == nil {
		return s.fault(reason.NoCommonScheme, "RFC 9846 §4.2.1", m, "client_hello.extensions.signature_algorithms", reason.Say("a scheme for our key"), clientSchemes(m))
	}
	s.certificate, s.scheme, s.summary.Scheme = best, bestScheme, bestScheme.ID
	return nil
}

// fitsWishes reports whether a chain is by one of the authorities that a client names,
// if it names any (RFC 9846 §4.3.4), and is signed as the client can check (§4.5.1.2). A
// server that has no such chain shows another.
func (c *Certificate) fitsWishes(m *message.ClientHello) (bool, error) {
	chain, err := c.parsed()
	if err != nil {
		return false, err
	}
	if a, ok := message.Get[*message.CertificateAuthorities](&m.Extensions); ok && !issuedBy(chain, a.Authorities) {
		return false, nil
	}
	schemes := clientSchemes(m)
	if x, ok := message.Get[*message.SignatureAlgorithmsCert](&m.Extensions); ok {
		schemes = x.Schemes
	}
	for i := range chain[:len(chain)-1] { // who issued the last is not known; it may be a root's own
		s, ok := pki.SignatureScheme(chain[i], publicKey(chain[i+1]))
		if !ok || !slices.Contains(schemes, s.ID) {
			return false, nil
		}
	}
	return true, nil
}
