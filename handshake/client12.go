package handshake

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/pki"
)

// clientMoves12 is the client's side of TLS 1.2, from ServerHello on.
var clientMoves12 = []move[client]{
	// A server may answer with the session the client offered: an abbreviated handshake.
	{In: WaitServerHello, Dir: Receive, Msg: message.KindServerHello, If: resumesWithTicket, When: GuardResumedTicket, Do: recvServerHello, To: WaitNewSessionTicket, Ref: "RFC 5077 §3.1"},
	{In: WaitServerHello, Dir: Receive, Msg: message.KindServerHello, If: resumes, When: GuardResumed, Do: recvServerHello, To: WaitChangeCipherSpec, Ref: "RFC 5246 §7.3"},
	{In: WaitServerHello, Dir: Receive, Msg: message.KindServerHello, Do: recvServerHello, To: WaitCertificate, Ref: "RFC 5246 §7.4.1.3"},

	{In: WaitCertificate, Dir: Receive, Msg: message.KindCertificate, If: clientStapling, When: GuardStaple, Do: recvServerCertificate, To: WaitCertificateStatus, Ref: "RFC 5246 §7.4.2"},
	{In: WaitCertificate, Dir: Receive, Msg: message.KindCertificate, If: clientEphemeral, When: GuardEphemeral, Do: recvServerCertificate, To: WaitServerKeyExchange, Ref: "RFC 5246 §7.4.2"},
	{In: WaitCertificate, Dir: Receive, Msg: message.KindCertificate, Do: recvServerCertificate, To: WaitCertificateRequest, Ref: "RFC 5246 §7.4.2"},

	// A server that promised a status may still leave it out (RFC 6066 §8).
	{In: WaitCertificateStatus, Dir: Receive, Msg: message.KindCertificateStatus, If: clientEphemeral, When: GuardEphemeral, Do: recvCertificateStatus, To: WaitServerKeyExchange, Ref: "RFC 6066 §8"},
	{In: WaitCertificateStatus, Dir: Receive, Msg: message.KindCertificateStatus, Do: recvCertificateStatus, To: WaitCertificateRequest, Ref: "RFC 6066 §8"},
	{In: WaitCertificateStatus, Dir: Receive, Msg: message.KindServerKeyExchange, If: clientEphemeral, When: GuardEphemeral, Do: recvServerKeyExchange, To: WaitCertificateRequest, Ref: "RFC 5246 §7.4.3"},
	{In: WaitCertificateStatus, Dir: Receive, Msg: message.KindCertificateRequest, If: clientStatic, When: GuardStatic, Do: recvCertificateRequest, To: WaitServerHelloDone, Ref: "RFC 5246 §7.4.4"},
	{In: WaitCertificateStatus, Dir: Receive, Msg: message.KindServerHelloDone, If: clientStatic, When: GuardStatic, Do: recvServerHelloDone, To: SendClientKeyExchange, Ref: "RFC 5246 §7.4.5"},

	{In: WaitServerKeyExchange, Dir: Receive, Msg: message.KindServerKeyExchange, Do: recvServerKeyExchange, To: WaitCertificateRequest, Ref: "RFC 5246 §7.4.3"},

	{In: WaitCertificateRequest, Dir: Receive, Msg: message.KindCertificateRequest, Do: recvCertificateRequest, To: WaitServerHelloDone, Ref: "RFC 5246 §7.4.4"},
	{In: WaitCertificateRequest, Dir: Receive, Msg: message.KindServerHelloDone, Do: recvServerHelloDone, To: SendClientKeyExchange, Ref: "RFC 5246 §7.4.5"},

	{In: WaitServerHelloDone, Dir: Receive, Msg: message.KindServerHelloDone, Do: recvServerHelloDone, To: SendCertificate, Ref: "RFC 5246 §7.4.5"},

	{In: SendCertificate, Dir: Send, Msg: message.KindCertificate, Do: sendClientCertificate, To: SendClientKeyExchange, Ref: "RFC 5246 §7.4.6"},
	{In: SendClientKeyExchange, Dir: Send, Msg: message.KindClientKeyExchange, If: clientProves, When: GuardHasCertificate, Do: sendClientKeyExchange, To: SendCertificateVerify, Ref: "RFC 5246 §7.4.7"},
	{In: SendClientKeyExchange, Dir: Send, Msg: message.KindClientKeyExchange, Do: sendClientKeyExchange, To: SendChangeCipherSpec, Ref: "RFC 5246 §7.4.7"},
	{In: SendCertificateVerify, Dir: Send, Msg: message.KindCertificateVerify, Do: sendClientCertificateVerify, To: SendChangeCipherSpec, Ref: "RFC 5246 §7.4.8"},
	{In: SendChangeCipherSpec, Dir: Send, Msg: message.KindChangeCipherSpec, Do: sendClientChangeCipherSpec, To: SendFinished, Ref: "RFC 5246 §7.1"},

	{In: SendFinished, Dir: Send, Msg: message.KindFinished, If: clientResumed, When: GuardResumed, Do: sendClientFinished, To: Connected, Ref: "RFC 5246 §7.4.9"},
	{In: SendFinished, Dir: Send, Msg: message.KindFinished, If: clientTicketPromised, When: GuardTicket, Do: sendClientFinished, To: WaitNewSessionTicket, Ref: "RFC 5246 §7.4.9"},
	{In: SendFinished, Dir: Send, Msg: message.KindFinished, Do: sendClientFinished, To: WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},

	{In: WaitNewSessionTicket, Dir: Receive, Msg: message.KindNewSessionTicket, Do: recvNewSessionTicket, To: WaitChangeCipherSpec, Ref: "RFC 5077 §3.3"},
	{In: WaitChangeCipherSpec, Dir: Receive, Msg: message.KindChangeCipherSpec, Do: recvServerChangeCipherSpec, To: WaitFinished, Ref: "RFC 5246 §7.1"},
	{In: WaitFinished, Dir: Receive, Msg: message.KindFinished, If: clientResumed, When: GuardResumed, Do: recvServerFinished, To: SendChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},
	{In: WaitFinished, Dir: Receive, Msg: message.KindFinished, Do: recvServerFinished, To: Connected, Ref: "RFC 5246 §7.4.9"},

	{In: Connected, Dir: Receive, Msg: message.KindHelloRequest, Do: refuseHelloRequest, To: Connected, Ref: "RFC 5246 §7.4.1.1"},
}

// Guards.

func clientEphemeral(c *client, _ message.Message) bool { return c.exchange.Ephemeral() }
func clientStatic(c *client, _ message.Message) bool    { return !c.exchange.Ephemeral() }
func clientStapling(c *client, _ message.Message) bool  { return c.statusPromised }
func clientProves(c *client, _ message.Message) bool    { return c.certificate != nil }
func clientResumed(c *client, _ message.Message) bool   { return c.session != nil }

func clientTicketPromised(c *client, _ message.Message) bool { return c.ticketPromised }

// resumes tells an abbreviated handshake by the echoed session ID (RFC 5246
// §7.4.1.3). A client with a ticket sent an ID of its own making for this purpose
// (RFC 5077 §3.4).
func resumes(c *client, m message.Message) bool {
	return c.offered != nil && len(c.hello.SessionID) > 0 &&
		(m == nil || bytes.Equal(m.(*message.ServerHello).SessionID, c.hello.SessionID))
}

func resumesWithTicket(c *client, m message.Message) bool {
	return resumes(c, m) && (m == nil || m.(*message.ServerHello).Extensions.Find(iana.ExtSessionTicket) != nil)
}

// Moves.

func recvServerCertificate(c *client, m message.Message) error {
	var err error
	if c.chain, err = parseChain(m.(*message.Certificate12).Certificates); err != nil {
		return err
	}
	if len(c.chain) == 0 {
		return &reason.Error{Reason: reason.CertificateMissing, Ref: "RFC 5246 §7.4.2", Field: "certificate.certificate_list", Off: 4,
			Want: reason.Say("at least the server's certificate")}
	}
	c.summary.PeerChain = c.chain
	if err := fitsAuth(c.summary.Suite, c.chain[0]); err != nil {
		return err
	}
	if err := c.fitsGroups(c.chain[0]); err != nil {
		return err
	}
	if c.statusPromised {
		return nil // the chain and its status are judged together
	}
	return c.verifyServer()
}

// fitsGroups refuses an ECDSA key on a curve that we did not offer: in TLS 1.2
// supported_groups is about certificates, too (RFC 8422 §5.3). In TLS 1.3 the signature
// schemes name the curve.
func (c *client) fitsGroups(leaf *x509.Certificate) error {
	offered, ok := message.Get[*message.SupportedGroups](&c.hello.Extensions)
	id, curve := curveOf(leaf)
	if !ok || !curve || slices.Contains(offered.Groups, id) {
		return nil
	}
	return &reason.Error{Reason: reason.CertificateWrongKey, Ref: "RFC 8422 §5.3", Field: "certificate.certificate_list", Off: 7,
		Want: reason.Say("an ECDSA key on one of the curves offered, %v", offered.Groups), Got: pki.CertKeyName(leaf)}
}

func recvCertificateStatus(c *client, m message.Message) error {
	c.summary.Staple = m.(*message.CertificateStatus).Response
	return c.verifyServer()
}

// verifyServer judges the server's chain, once: before anything signed with its
// key is believed.
func (c *client) verifyServer() error {
	if c.verified {
		return nil
	}
	c.verified = true
	return c.verifyChain(c.chain, c.cfg.ServerName, true, c.summary.Staple)
}

func recvServerKeyExchange(c *client, msg message.Message) error {
	if err := c.verifyServer(); err != nil {
		return err
	}
	m := msg.(message.ServerKeyExchange)
	c.params = paramsOf(m)
	signed, err := c.signedParams(m)
	if err != nil {
		return err
	}
	if c.summary.Group = c.params.Group; c.exchange.Kx() == iana.KxDHE {
		c.summary.Group = fieldID(c.params.P)
	}
	c.summary.Scheme = m.Signed().Scheme
	return c.checkSignature("server_key_exchange", m.Signed(), publicKey(c.chain[0]), signed)
}

func recvCertificateRequest(c *client, msg message.Message) error {
	if err := c.verifyServer(); err != nil {
		return err
	}
	c.summary.CertificateRequested = true
	m := msg.(*message.CertificateRequest12)
	for i := range c.cfg.Certificates {
		cert := &c.cfg.Certificates[i]
		chain, err := cert.parsed()
		if err != nil {
			return err
		}
		if !requestTakes(m, chain) {
			continue
		}
		leaf := chain[0]
		if s := c.pickScheme(publicKey(leaf), m.Schemes); s != nil {
			c.certificate, c.scheme = cert, s
			c.noteShown()
			c.decided("client_certificate", leaf.Subject.String(), nil, "fits_request")
			return nil
		}
	}
	c.noteShown()
	c.decided("client_certificate", "none", nil, "nothing_fits_request")
	return nil
}

func recvServerHelloDone(c *client, _ message.Message) error { return c.verifyServer() }

func sendClientCertificate(c *client, _ message.Message) error {
	m := new(message.Certificate12)
	if c.certificate != nil {
		m.Certificates = c.certificate.Chain
	}
	return c.send(m)
}

func sendClientKeyExchange(c *client, _ message.Message) error {
	a, err := c.exchange.Answer(kx.ClientInput{Rand: c.cfg.rand(), Groups: c.cfg.groups(), Params: c.params,
		PublicKey: publicKey(c.chain[0]), ClientVersion: c.hello.Version})
	if err != nil {
		return err
	}
	if err := c.send(clientKeyExchange(c.exchange.Kx(), a.Share())); err != nil {
		return err
	}
	pre := c.exchange.PreMaster(a.Secret())
	if c.revealing() {
		c.secret(c.preMasterEvent(c.exchange, pre, explain(a)))
	}
	c.deriveMaster(c.Endpoint, pre)
	return c.deriveKeys(c.Endpoint)
}

func sendClientCertificateVerify(c *client, _ message.Message) error {
	s, err := c.sign("certificate_verify", c.scheme, c.certificate.Key, c.transcript)
	if err != nil {
		return err
	}
	return c.send(&message.CertificateVerify{Signature: s})
}

func sendClientChangeCipherSpec(c *client, _ message.Message) error {
	return c.sendChangeCipherSpec(c.Endpoint)
}

func sendClientFinished(c *client, _ message.Message) error {
	if err := c.sendFinished(c.Endpoint); err != nil {
		return err
	}
	c.falseStart()
	return nil
}

func recvNewSessionTicket(c *client, msg message.Message) error {
	m := msg.(*message.NewSessionTicket12)
	if len(m.Ticket) > 0 { // an empty one says: I changed my mind (RFC 5077 §3.3)
		c.ticket, c.ticketLifetime = m.Ticket, m.Lifetime
	}
	return nil
}

func recvServerChangeCipherSpec(c *client, _ message.Message) error {
	return c.change(c.Endpoint, Receive)
}

func recvServerFinished(c *client, m message.Message) error {
	if err := c.checkFinished(c.Endpoint, m.(*message.Finished)); err != nil {
		return err
	}
	c.keepSession()
	return nil
}

func refuseHelloRequest(c *client, _ message.Message) error { return c.noRenegotiation() }

// requestTakes reports whether a CertificateRequest would take a chain: by the
// leaf's kind of key, which must be allowed to sign (§7.4.6), and by an issuer if the
// request names any (RFC 5246 §7.4.4).
func requestTakes(m *message.CertificateRequest12, chain []*x509.Certificate) bool {
	want := iana.CertECDSASign // for EdDSA too (RFC 8422 §5.5)
	switch publicKey(chain[0]).(type) {
	case *rsa.PublicKey, *sig.PSSPublicKey:
		want = iana.CertRSASign
	}
	return slices.Contains(m.Types, want) && mayBeUsed(chain[0], x509.KeyUsageDigitalSignature) && (len(m.Authorities) == 0 || issuedBy(chain, m.Authorities))
}
