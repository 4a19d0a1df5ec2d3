package handshake

import (
	"io"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

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

// clientGroups is what the client says it has; nil if it does not say.
func (s *server) clientGroups(m *message.ClientHello) []iana.Group {
	if g, ok := message.Get[*message.SupportedGroups](&m.Extensions); ok {
		return g.Groups
	}
	return nil
}

// clientSchemes is what the client takes. One that does not say takes SHA-1
// (RFC 5246 §7.4.1.4.1).
func clientSchemes(m *message.ClientHello) []iana.SignatureScheme {
	if x, ok := message.Get[*message.SignatureAlgorithms](&m.Extensions); ok {
		return x.Schemes
	}
	return []iana.SignatureScheme{iana.RSAPKCS1SHA1, iana.ECDSASHA1}
}

// The last eight bytes of the random of a server that could have done better.
const (
	downgradeToTLS12 = "DOWNGRD\x01"
	downgradeToTLS11 = "DOWNGRD\x00"
)
