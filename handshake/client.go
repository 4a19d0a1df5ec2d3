package handshake

import (
	"bytes"
	"crypto/x509"
	"io"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/session"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
)

// client is what a client's rows work on in both versions. After the handshake only the
// Endpoint stays.
type client struct {
	*Endpoint
	*clientHandshake
}

type clientHandshake struct {
	hello       *message.ClientHello
	chain       []*x509.Certificate
	verified    bool
	certificate *Certificate // to show the server
	scheme      *sig.Scheme  // to sign CertificateVerify with
}

// clientStart is what the rows work on that come before a version is settled: a ClientHello
// speaks of both.
type clientStart struct {
	*client
	tls12 *client12
	tls13 *client13
}

// client12 is what the rows of TLS 1.2 work on.
type client12 struct {
	*client
	*clientHandshake12
}

type clientHandshake12 struct {
	keys12
	offered      *session.Session    // what hello offers to resume
	offeredChain []*x509.Certificate // the server's, of that

	statusPromised, ticketPromised bool
	params                         kx.Params
	ticket                         []byte
	ticketLifetime                 uint32 // seconds
}

// client13 is what the rows of TLS 1.3 work on.
type client13 struct {
	*client
	*clientHandshake13
}

type clientHandshake13 struct {
	keys13
	kept    *psk                 // the ticket that hello offers
	whyNot  event.Why            // there is none; "": nothing was kept
	psks    []psk                // in the order offered
	offers  []groupOffer         // whose shares are in hello
	retry   *message.ServerHello // the HelloRetryRequest
	retried bool                 // it has been answered
	asked   bool                 // a CertificateRequest came
	pack    *certcompress.Method // what to compress our certificate with; nil: not
}

// clientEnd is all of that, and the tables that work on it.
type clientEnd struct {
	client
	start  clientStart
	tls12  client12
	tls13  client13
	first  table[clientStart]
	rows13 table[client13]
	rows12 table[client12]
	all    machine
}

func newClientEnd(e *Endpoint) *clientEnd {
	var handshake struct { // in one piece: it goes at one time
		both  clientHandshake
		tls12 clientHandshake12
		tls13 clientHandshake13
	}
	c := &clientEnd{client: client{e, &handshake.both}}
	c.tls12, c.tls13 = client12{&c.client, &handshake.tls12}, client13{&c.client, &handshake.tls13}
	c.start = clientStart{&c.client, &c.tls12, &c.tls13}
	return c
}

func (c *clientEnd) machine() *machine {
	c.first = table[clientStart]{event.Client, 0, clientMoves, &c.start}
	c.rows13 = table[client13]{event.Client, iana.TLS13, clientMoves13, &c.tls13}
	c.rows12 = table[client12]{event.Client, iana.TLS12, clientMoves12, &c.tls12}
	c.all = machine{[3]bound{&c.first, &c.rows13, &c.rows12}, c.forget}
	return &c.all
}

func (c *clientEnd) forget() {
	c.clientHandshake, c.tls12.clientHandshake12, c.tls13.clientHandshake13 = nil, nil, nil
}

// groupOffer is a share that went out, and what belongs to it.
type groupOffer struct {
	group kx.Group
	offer kx.Offer
}

// clientMoves is the client's table before a version is settled. Rows of one state are tried
// from top to bottom. A client that offers early data speaks TLS 1.3 alone from there on (RFC
// 9846 §E.3).
var clientMoves = []move[clientStart]{
	{In: event.Start, Dir: event.Send, Msg: message.KindClientHello, If: offersEarlyDataInDisguise, When: event.GuardOffersEarlyDisguised, Do: sendClientHello, To: event.SendEarlyChangeCipherSpec, Ref: "RFC 9846 §4.2.2", Ver: iana.TLS13},
	{In: event.Start, Dir: event.Send, Msg: message.KindClientHello, If: clientOffers13, When: event.GuardOffers13, Do: sendClientHello, To: event.WaitServerHello, Ref: "RFC 9846 §4.2.2"},
	{In: event.Start, Dir: event.Send, Msg: message.KindClientHello, Do: sendClientHello, To: event.WaitServerHello, Ref: "RFC 5246 §7.4.1.2"},
}

func clientOffers13(c *clientStart, _ message.Message) bool { return c.cfg.speaks(iana.TLS13) }

// check finds out early what could never work.
func (c *client) check() error {
	if err := c.cfg.check(); err != nil {
		return err
	}
	if c.cfg.ServerName == "" && c.cfg.VerifyChain == nil && !c.cfg.Weak.SkipVerify {
		return reason.Mistake("config.server_name", reason.Say("a name that the certificate must bear"), reason.Say("none"))
	}
	if strings.ContainsFunc(c.cfg.ServerName, beyondASCII) {
		return reason.Mistake("config.server_name", reason.Say("a name in ASCII, its other labels as A-labels (idn.ToASCII makes them; RFC 6066 §3)"), c.cfg.ServerName)
	}
	return nil
}

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

func sendClientHello(c *clientStart, _ message.Message) error {
	m := &message.ClientHello{Version: iana.TLS12, CipherSuites: c.offer(), Compressions: []iana.Compression{iana.CompressionNull}}
	if _, err := io.ReadFull(c.cfg.rand(), m.Random[:]); err != nil {
		return err
	}
	c.tls12.clientRandom, c.hello = m.Random, m
	if c.cfg.Weak.Compression && !c.cfg.speaks(iana.TLS13) { // which forbids to offer any (RFC 9846 §4.2.2)
		m.Compressions = []iana.Compression{iana.CompressionDEFLATE, iana.CompressionNull}
	}
	if c.cfg.Fallback {
		m.CipherSuites = append(m.CipherSuites, iana.FallbackSCSV)
	}
	if err := c.tls12.offerSession(m); err != nil {
		return err
	}
	if err := c.extend(m, c.tls12.oldTicket()); err != nil {
		return err
	}
	if c.cfg.speaks(iana.TLS13) {
		if err := c.tls13.extend13(m); err != nil {
			return err
		}
	}
	if err := c.tls13.sendHello(m); err != nil {
		return err
	}
	// The first record alone is for servers that know no more: an alert about their answer
	// must not say TLS 1.0 (RFC 9846 §5.1).
	c.ch.wr.SetVersion(iana.TLS12)
	if c.summary.EarlyData != EarlyDataOffered {
		return nil
	}
	if err := c.tls13.startEarly(); err != nil {
		return err
	}
	if offersEarlyDataInDisguise(c, nil) {
		return nil // when the ChangeCipherSpec is out
	}
	return c.tls13.openEarlyData()
}

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
	if groups := c.groupIDs(); len(groups) > 0 {
		x.Add(&message.SupportedGroups{Groups: groups})
		if tls12 {
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
	if l := c.cfg.RecordSizeLimit; l != 0 {
		x.Add(&message.RecordSizeLimit{Limit: uint16(l)})
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
// exchange of ours can.
func (c *client) groupIDs() []iana.Group {
	var ids []iana.Group
	for _, g := range c.cfg.groups() {
		if c.cfg.speaks(iana.TLS13) {
			ids = append(ids, g.ID())
			continue
		}
		for _, x := range c.cfg.exchanges() {
			if kx.Serves(x.Kx(), g) {
				ids = append(ids, g.ID())
				break
			}
		}
	}
	return ids
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

// recvServerHello takes a TLS 1.2 server's choices, each only if it was offered.
func recvServerHello(c *client12, msg message.Message) error {
	m := msg.(*message.ServerHello)
	if err := c.checkVersion(m); err != nil {
		return err
	}
	s := suiteIn(c.cfg.suites(), m.CipherSuite)
	if s == nil || !c.cfg.usable(s) || s.Version != iana.TLS12 {
		return c.fault(reason.NotOffered, "RFC 5246 §7.4.1.3", m, "server_hello.cipher_suite", reason.Say("one of the suites offered"), m.CipherSuite)
	}
	c.summary.Version, c.summary.Suite = iana.TLS12, s
	c.exchange, c.serverRandom = c.cfg.exchange(s.Kx), m.Random
	c.summary.SessionID = bytes.Clone(m.SessionID) // or the transcript would live as long as the connection
	if err := c.takeCompression(m); err != nil {
		return err
	}
	if err := c.takeExtensions(m); err != nil {
		return err
	}
	c.ch.wr.SetVersion(iana.TLS12)
	c.ch.rd.SetVersion(iana.TLS12)
	if c.listening() {
		c.decided(event.DecisionVersion, iana.TLS12, nil, choose(c.cfg.speaks(iana.TLS13), event.WhyServerChoice, event.WhyOnlyVersion))
		c.decided(event.DecisionCipherSuite, s.ID, c.hello.CipherSuites, event.WhyServerChoice)
	}
	if len(m.SessionID) > 0 && c.offered == nil && bytes.Equal(m.SessionID, c.hello.SessionID) {
		// We made it up for middleboxes to see: no server can know it (RFC 9846 §E.4).
		return c.fault(reason.NotOffered, "RFC 5246 §7.4.1.3", m, "server_hello.session_id", reason.Say("an ID of the server's own, or none"), m.SessionID)
	}
	if !resumes(c, m) {
		return nil
	}
	return c.resume(m)
}

// checkVersion refuses what we do not speak, and what tells of a downgrade
// (RFC 9846 §4.2.3).
func (c *client12) checkVersion(m *message.ServerHello) error {
	sentinel := string(m.Random[24:])
	known := sentinel == downgradeToTLS11 || sentinel == downgradeToTLS12
	if known && c.cfg.speaks(iana.TLS13) || sentinel == downgradeToTLS11 && m.Version < iana.TLS12 {
		return &reason.Error{Reason: reason.DowngradeDetected, Ref: "RFC 9846 §4.2.3", Field: "server_hello.random", Off: 6,
			Want: reason.Say("no downgrade sentinel"), Got: sentinel[:7]}
	}
	if m.Version != iana.TLS12 || !c.cfg.speaks(iana.TLS12) ||
		c.early != nil { // which a server of TLS 1.2 could not make sense of (RFC 9846 §E.3)
		return &reason.Error{Reason: reason.UnsupportedVersion, Ref: c.versionRule(), Field: "server_hello.server_version", Off: 4, Want: c.cfg.versions(), Got: m.Version}
	}
	return nil
}

// versionRule is where it stands that a version which we did not offer ends the handshake.
func (c *client12) versionRule() string {
	switch {
	case c.early != nil:
		return "RFC 9846 §E.3"
	case c.cfg.speaks(iana.TLS13):
		return "RFC 9846 §E.1"
	}
	return "RFC 5246 §E.1"
}

// The last eight bytes of the random of a server that could have done better.
const (
	downgradeToTLS12 = "DOWNGRD\x01"
	downgradeToTLS11 = "DOWNGRD\x00"
)

func (c *client12) takeCompression(m *message.ServerHello) error {
	switch {
	case m.Compression == iana.CompressionNull:
		return nil
	case m.Compression == iana.CompressionDEFLATE && c.cfg.Weak.Compression:
		c.summary.Compression = m.Compression
		c.compress, c.decompress = record.NewDEFLATE(), record.NewDEFLATE()
		return nil
	}
	return c.fault(reason.NotOffered, "RFC 5246 §7.4.1.3", m, "server_hello.compression_method", reason.Say("one of the methods offered"), m.Compression)
}

// takeExtensions refuses an answer to a question we did not ask, and takes the others.
func (c *client12) takeExtensions(m *message.ServerHello) error {
	for _, x := range m.Extensions.List {
		// GREASE is there to be ignored; whoever answers it has not (RFC 8701 §3.1).
		if c.hello.Extensions.Find(x.Type()) == nil || iana.IsGREASE(uint16(x.Type())) {
			field := "server_hello.extensions." + x.Type().String()
			return c.fault(reason.UnsolicitedExtension, "RFC 5246 §7.4.1.4", m, field, reason.Say("answers to our extensions only"), x.Type())
		}
		switch x := x.(type) {
		case *message.RenegotiationInfo:
			if len(x.RenegotiatedConnection) != 0 {
				return c.fault(reason.RenegotiationInfo, "RFC 5746 §3.4", m, "server_hello.extensions.renegotiation_info", reason.Say("nothing in a first handshake"), x.RenegotiatedConnection)
			}
			c.summary.SecureRenegotiation = true
		case *message.ExtendedMasterSecret:
			c.ems, c.summary.ExtendedMasterSecret = true, true
		case *message.EncryptThenMAC:
			// RFC 7366 §3: the server must not answer it for other ciphers. OpenSSL
			// answers it for NULL, where both orders give the same bytes.
			switch c.summary.Suite.Cipher.Kind {
			case suite.CBC:
				c.summary.EncryptThenMAC = true
			case suite.AEAD:
				return reason.New(reason.UnsolicitedExtension, "RFC 7366 §3", "server_hello.extensions.encrypt_then_mac", reason.Say("a CBC suite"), c.summary.Suite.ID)
			}
		case *message.StatusRequestAck:
			c.statusPromised = true
		case *message.SessionTicket:
			c.ticketPromised = true
		case *message.MaxFragmentLength:
			if x.Code != c.cfg.MaxFragmentLength {
				return c.fault(reason.NotOffered, "RFC 6066 §4", m, "server_hello.extensions.max_fragment_length", c.cfg.MaxFragmentLength, x.Code)
			}
			if m.Extensions.Find(iana.ExtRecordSizeLimit) != nil {
				return c.fault(reason.BadValue, "RFC 8449 §5", m, "server_hello.extensions.max_fragment_length", reason.Say("not both limits"), x.Code)
			}
			c.limit(x.Code)
		case *message.RecordSizeLimit:
			if err := c.limitRecords(int(x.Limit), "server_hello"); err != nil {
				return err
			}
		case *message.ECPointFormats:
			if !slices.Contains(x.Formats, iana.Uncompressed) { // RFC 8422 §5.2
				return c.fault(reason.BadValue, "RFC 8422 §5.2", m, "server_hello.extensions.ec_point_formats", iana.Uncompressed, x.Formats)
			}
		case *message.ALPN:
			if err := c.takeProtocol(m, x); err != nil {
				return err
			}
		}
	}
	if c.listening() {
		if !resumes(c, m) { // a session brings its master secret with it
			c.decided(event.DecisionExtendedMasterSecret, c.ems, nil, choose(c.ems, event.WhyBothWantEMS, event.WhyNoEMS))
		}
		c.decided(event.DecisionSecureRenegotiation, c.summary.SecureRenegotiation, nil, choose(c.summary.SecureRenegotiation, event.WhySignalled, event.WhyNotSignalled))
	}
	return nil
}

// takeProtocol takes the application protocol that the server chose (RFC 7301 §3.1).
func (c *client) takeProtocol(m message.Message, x *message.ALPN) error {
	if len(x.Protocols) != 1 || !slices.Contains(c.cfg.ALPN, x.Protocols[0]) {
		field := m.Kind().String() + ".extensions.application_layer_protocol_negotiation"
		return c.fault(reason.NotOffered, "RFC 7301 §3.1", m, field, c.cfg.ALPN, x.Protocols)
	}
	c.summary.Protocol = x.Protocols[0]
	return nil
}

// suiteIn finds a row by number, or nil.
func suiteIn(rows []*suite.Suite, id iana.CipherSuite) *suite.Suite {
	for _, s := range rows {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func clientKey(serverName string) string { return "client:" + serverName }

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

func choose[T any](b bool, yes, no T) T {
	if b {
		return yes
	}
	return no
}
