package handshake

import (
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"unicode"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
)

// extend adds what a client says by extensions: TLS 1.2's own only if it may come to that,
// with the ticket of a session that is to be resumed, or nil.
func (c *client) extend(m *message.ClientHello, ticket []byte) error {
	x := &m.Extensions
	if c.cfg.GREASE {
		if err := c.grease(m); err != nil {
			return err
		}
	}
	if name := hostName(c.cfg.ServerName); name != "" {
		x.Add(&message.ServerName{Name: name})
		c.summary.ServerName = name
	}
	tls12 := c.cfg.speaks(iana.TLS12)
	if tls12 && !c.cfg.Weak.NoExtendedMasterSecret {
		x.Add(&message.ExtendedMasterSecret{})
	}
	if tls12 {
		x.Add(&message.RenegotiationInfo{})
	}
	if groups := c.groupIDs(m); len(groups) > 0 {
		x.Add(&message.SupportedGroups{Groups: groups})
		if tls12 && c.offersKx(m, iana.KxECDHE) { // RFC 8422 §4: not without a suite of elliptic curves
			x.Add(&message.ECPointFormats{Formats: []iana.ECPointFormat{iana.Uncompressed}})
		}
	}
	if tls12 && !c.cfg.NoTickets && c.cfg.Sessions != nil {
		x.Add(&message.SessionTicket{Ticket: ticket})
	}
	if len(c.cfg.ALPN) > 0 {
		x.Add(&message.ALPN{Protocols: c.cfg.ALPN})
	}
	if c.cfg.Stapling {
		x.Add(&message.StatusRequest{StatusType: iana.StatusOCSP})
	}
	if c.cfg.CertificateTimestamps {
		x.Add(&message.SignedCertTimestamp{})
	}
	x.Add(&message.SignatureAlgorithms{Schemes: schemeIDs(c.cfg.schemes())})
	if len(c.cfg.CertificateSchemes) > 0 {
		x.Add(&message.SignatureAlgorithmsCert{Schemes: schemeIDs(c.cfg.CertificateSchemes)})
	}
	if tls12 && c.cfg.EncryptThenMAC {
		x.Add(&message.EncryptThenMAC{})
	}
	if c.cfg.MaxFragmentLength != 0 {
		x.Add(&message.MaxFragmentLength{Code: c.cfg.MaxFragmentLength})
	}
	if c.cfg.RecordSizeLimit != 0 {
		x.Add(&message.RecordSizeLimit{Limit: uint16(c.cfg.recordSizeLimit(c.cfg.versions()[0]))})
	}
	return nil
}

func schemeIDs(schemes []*sig.Scheme) []iana.SignatureScheme {
	ids := make([]iana.SignatureScheme, len(schemes))
	for i, s := range schemes {
		ids[i] = s.ID
	}
	return ids
}

// hostName is what server_name may say of a ServerName: a DNS name without the dot
// of an absolute one, and no IP address in whatever form (RFC 6066 §3).
func hostName(name string) string {
	host := strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	host, _, _ = strings.Cut(host, "%") // an IPv6 zone
	if net.ParseIP(host) != nil {
		return ""
	}
	return strings.TrimSuffix(name, ".")
}

// beyondASCII finds what neither server_name nor a dNSName carries.
func beyondASCII(r rune) bool { return r > unicode.MaxASCII }

// groupIDs lists the groups that can be used: in TLS 1.3 any, in TLS 1.2 those that an
// exchange of ours can that a suite offered has (RFC 8422 §4, RFC 7919 §4).
func (c *client) groupIDs(m *message.ClientHello) []iana.Group {
	var ids []iana.Group
	for _, g := range c.cfg.groups() {
		if c.cfg.speaks(iana.TLS13) {
			ids = append(ids, g.ID())
			continue
		}
		for _, x := range c.cfg.exchanges() {
			if kx.Serves(x.Kx(), g) && c.offersKx(m, x.Kx()) {
				ids = append(ids, g.ID())
				break
			}
		}
	}
	return ids
}

// offersKx reports whether a suite that m offers has this key exchange.
func (c *client) offersKx(m *message.ClientHello, k iana.Kx) bool {
	return slices.ContainsFunc(c.cfg.suites(), func(s *suite.Suite) bool { return s.Kx == k && slices.Contains(m.CipherSuites, s.ID) })
}

// grease adds one reserved suite and one reserved extension (RFC 8701 §3.1).
func (c *client) grease(m *message.ClientHello) error {
	var b [2]byte
	if _, err := io.ReadFull(c.cfg.rand(), b[:]); err != nil {
		return err
	}
	m.CipherSuites = slices.Insert(m.CipherSuites, 0, iana.CipherSuite(reserved(b[0])))
	m.Extensions.Add(&message.Raw{ExtType: iana.ExtensionType(reserved(b[1]))})
	return nil
}

// reserved is one of the sixteen values of RFC 8701 §2.
func reserved(b byte) uint16 { return uint16(b&0xf0|0x0a) * 0x0101 }

// offer lists the suites that this end can use.
func (c *client) offer() []iana.CipherSuite {
	var ids []iana.CipherSuite
	for _, s := range c.cfg.suites() {
		if c.cfg.usable(s) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// extend13 adds what a TLS 1.3 client says by extensions, beside what it says anyway.
func (c *client13) extend13(m *message.ClientHello) error {
	x := &m.Extensions
	x.Add(&message.SupportedVersions{Versions: c.cfg.versions()})
	if c.cfg.Sessions != nil && !c.cfg.NoTickets || len(c.cfg.PSKs) > 0 {
		x.Add(&message.PSKKeyExchangeModes{Modes: c.cfg.pskModes()})
	}
	if a := c.cfg.CertificateCompression; len(a) > 0 {
		x.Add(&message.CompressCertificate{Algorithms: certcompress.Algorithms(a)})
	}
	if c.cfg.SendCertificateAuthorities && c.cfg.Roots != nil && c.cfg.Roots.Len() > 0 {
		x.Add(&message.CertificateAuthorities{Authorities: c.cfg.authorities()})
	}
	// A session ID that no server knows makes the answer look like a resumption.
	if !c.cfg.NoCompatibilityMode && len(m.SessionID) == 0 {
		m.SessionID = make([]byte, 32)
		if _, err := io.ReadFull(c.cfg.rand(), m.SessionID); err != nil {
			return err
		}
	}
	shares := &message.KeyShareClient{}
	for _, g := range c.cfg.keyShares() {
		share, err := c.offerShare(g)
		if err != nil {
			return err
		}
		shares.Shares = append(shares.Shares, share)
	}
	x.Add(shares)
	if c.cfg.GREASE {
		if err := c.grease13(m); err != nil {
			return err
		}
	}
	if c.offerPSKs(); len(c.psks) == 0 {
		return nil
	}
	if c.offersEarlyData() {
		x.Add(&message.EarlyData{})
		c.summary.EarlyData = EarlyDataOffered
	}
	return c.bind(m)
}

// grease13 adds a reserved version, and a reserved group with a share of one byte (RFC
// 8701 §3.1).
func (c *client13) grease13(m *message.ClientHello) error {
	var b [2]byte
	if _, err := io.ReadFull(c.cfg.rand(), b[:]); err != nil {
		return err
	}
	group := iana.Group(reserved(b[1]))
	for _, x := range m.Extensions.List {
		switch x := x.(type) {
		case *message.SupportedVersions:
			x.Versions = slices.Insert(x.Versions, 0, iana.Version(reserved(b[0])))
		case *message.SupportedGroups:
			x.Groups = slices.Insert(x.Groups, 0, group)
		case *message.KeyShareClient:
			x.Shares = slices.Insert(x.Shares, 0, message.KeyShareEntry{Group: group, Share: []byte{0}})
		}
	}
	return nil
}

// authorities lists the names of our roots.
func (c *Config) authorities() [][]byte {
	var names [][]byte
	for _, root := range c.Roots.All() {
		names = append(names, root.RawSubject)
	}
	return names
}

// offerShare makes a key pair and keeps it for the answer.
func (c *client13) offerShare(g kx.Group) (message.KeyShareEntry, error) {
	o, err := g.Offer(c.cfg.rand())
	if err != nil {
		return message.KeyShareEntry{}, err
	}
	public, err := kx.OwnShare(o, "client_hello.extensions.key_share.key_exchange", math.MaxUint16)
	if err != nil {
		return message.KeyShareEntry{}, err
	}
	c.offers = append(c.offers, groupOffer{g, o})
	if c.revealing() {
		c.secret(event.Secret{Label: event.LabelClientKeyShare, Version: iana.TLS13, Group: event.GroupOf(g), Method: g.Name(), Op: event.OpAsymmetric}, public, explain13(o, nil, "")...)
	}
	return message.KeyShareEntry{Group: g.ID(), Share: public}, nil
}

// sendHello sends a ClientHello, which bind has edited already if it has binders.
func (c *client13) sendHello(m *message.ClientHello) error {
	if len(c.psks) > 0 {
		return c.sendAsIs(m)
	}
	return c.send(m)
}

// groupOffer is a share that went out, and what belongs to it.
type groupOffer struct {
	group kx.Group
	offer kx.Offer
}
