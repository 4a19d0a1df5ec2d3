package handshake

import (
	"crypto/x509"
	"io"
	"slices"
	"strings"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
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
	whyNot  event.Why            // why kept is nil; "": nothing was kept
	psks    []psk                // in the order offered
	offers  []groupOffer         // whose shares are in hello
	retry   *message.ServerHello // the HelloRetryRequest
	retried bool                 // it has been answered
	asked   bool                 // a CertificateRequest came
	choose  func() error         // asks Config.ClientCertificate, once the server has finished; nil: nothing is left to ask
	pack    *certcompress.Method // what to compress our certificate with; nil: not
}

// clientStart is what the rows work on that come before a version is settled: a ClientHello
// speaks of both. It has the tables that work on it and on its parts.
type clientStart struct {
	client
	tls12 client12
	tls13 client13
	tables[clientStart, client13, client12]
}

func newClient(e *Endpoint) *clientStart {
	var handshake struct { // in one piece: it goes at one time
		both  clientHandshake
		tls12 clientHandshake12
		tls13 clientHandshake13
	}
	c := &clientStart{client: client{e, &handshake.both}}
	c.tls12, c.tls13 = client12{&c.client, &handshake.tls12}, client13{&c.client, &handshake.tls13}
	c.tables = tables[clientStart, client13, client12]{table[clientStart]{&clientRows, c}, table[client13]{&clientRows13, &c.tls13}, table[client12]{&clientRows12, &c.tls12}}
	return c
}

func (c *clientStart) forget() {
	c.clientHandshake, c.tls12.clientHandshake12, c.tls13.clientHandshake13 = nil, nil, nil
}

// clientRows is the client's table before a version is settled. Rows of one state are tried
// from top to bottom. A client that offers early data speaks TLS 1.3 alone from there on (RFC
// 9846 §E.3).
var clientRows = rows[clientStart]{role: event.Client, moves: []move[clientStart]{
	{In: event.Start, Dir: event.Send, Msg: message.KindClientHello, If: (*clientStart).offersEarlyDataInDisguise, When: event.GuardOffersEarlyDisguised, Do: (*clientStart).sendClientHello, To: event.SendEarlyChangeCipherSpec, Ref: "RFC 9846 §4.2.2", Ver: iana.TLS13},
	{In: event.Start, Dir: event.Send, Msg: message.KindClientHello, If: (*clientStart).offers13, When: event.GuardOffers13, Do: (*clientStart).sendClientHello, To: event.WaitServerHello, Ref: "RFC 9846 §4.2.2"},
	{In: event.Start, Dir: event.Send, Msg: message.KindClientHello, Do: (*clientStart).sendClientHello, To: event.WaitServerHello, Ref: "RFC 5246 §7.4.1.2"},
}}

func (c *clientStart) offers13(_ message.Message) bool { return c.cfg.speaks(iana.TLS13) }

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

func (c *clientStart) sendClientHello(_ message.Message) error {
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
	if c.offersEarlyDataInDisguise(nil) {
		return nil // when the ChangeCipherSpec is out
	}
	return c.tls13.openEarlyData()
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

func choose[T any](b bool, yes, no T) T {
	if b {
		return yes
	}
	return no
}
