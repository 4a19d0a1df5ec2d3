package handshake

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/pki"
)

// clientMoves12 is the client's side of TLS 1.2, from ServerHello on.
var clientMoves12 = []move[client12]{
	// A server may answer with the session the client offered: an abbreviated handshake.
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, If: resumesWithTicket, When: event.GuardResumedTicket, Do: recvServerHello, To: event.WaitNewSessionTicket, Ref: "RFC 5077 §3.1"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, If: resumes, When: event.GuardResumed, Do: recvServerHello, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.3"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, Do: recvServerHello, To: event.WaitCertificate, Ref: "RFC 5246 §7.4.1.3"},

	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, If: clientStapling, When: event.GuardStaple, Do: recvServerCertificate, To: event.WaitCertificateStatus, Ref: "RFC 5246 §7.4.2"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, If: clientEphemeral, When: event.GuardEphemeral, Do: recvServerCertificate, To: event.WaitServerKeyExchange, Ref: "RFC 5246 §7.4.2"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, Do: recvServerCertificate, To: event.WaitCertificateRequest, Ref: "RFC 5246 §7.4.2"},

	// A server that promised a status may still leave it out (RFC 6066 §8).
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindCertificateStatus, If: clientEphemeral, When: event.GuardEphemeral, Do: recvCertificateStatus, To: event.WaitServerKeyExchange, Ref: "RFC 6066 §8"},
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindCertificateStatus, Do: recvCertificateStatus, To: event.WaitCertificateRequest, Ref: "RFC 6066 §8"},
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindServerKeyExchange, If: clientEphemeral, When: event.GuardEphemeral, Do: recvServerKeyExchange, To: event.WaitCertificateRequest, Ref: "RFC 5246 §7.4.3"},
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindCertificateRequest, If: clientStatic, When: event.GuardStatic, Do: recvCertificateRequest, To: event.WaitServerHelloDone, Ref: "RFC 5246 §7.4.4"},
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindServerHelloDone, If: clientStatic, When: event.GuardStatic, Do: recvServerHelloDone, To: event.SendClientKeyExchange, Ref: "RFC 5246 §7.4.5"},

	{In: event.WaitServerKeyExchange, Dir: event.Receive, Msg: message.KindServerKeyExchange, Do: recvServerKeyExchange, To: event.WaitCertificateRequest, Ref: "RFC 5246 §7.4.3"},

	{In: event.WaitCertificateRequest, Dir: event.Receive, Msg: message.KindCertificateRequest, Do: recvCertificateRequest, To: event.WaitServerHelloDone, Ref: "RFC 5246 §7.4.4"},
	{In: event.WaitCertificateRequest, Dir: event.Receive, Msg: message.KindServerHelloDone, Do: recvServerHelloDone, To: event.SendClientKeyExchange, Ref: "RFC 5246 §7.4.5"},

	{In: event.WaitServerHelloDone, Dir: event.Receive, Msg: message.KindServerHelloDone, Do: recvServerHelloDone, To: event.SendCertificate, Ref: "RFC 5246 §7.4.5"},

	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, Do: sendClientCertificate, To: event.SendClientKeyExchange, Ref: "RFC 5246 §7.4.6"},
	{In: event.SendClientKeyExchange, Dir: event.Send, Msg: message.KindClientKeyExchange, If: clientProves, When: event.GuardHasCertificate, Do: sendClientKeyExchange, To: event.SendCertificateVerify, Ref: "RFC 5246 §7.4.7"},
	{In: event.SendClientKeyExchange, Dir: event.Send, Msg: message.KindClientKeyExchange, Do: sendClientKeyExchange, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.4.7"},
	{In: event.SendCertificateVerify, Dir: event.Send, Msg: message.KindCertificateVerify, Do: sendClientCertificateVerify, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.4.8"},
	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: sendClientChangeCipherSpec, To: event.SendFinished, Ref: "RFC 5246 §7.1"},

	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, If: clientResumed, When: event.GuardResumed, Do: sendClientFinished, To: event.Connected, Ref: "RFC 5246 §7.4.9"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, If: clientTicketPromised, When: event.GuardTicket, Do: sendClientFinished, To: event.WaitNewSessionTicket, Ref: "RFC 5246 §7.4.9"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, Do: sendClientFinished, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},

	{In: event.WaitNewSessionTicket, Dir: event.Receive, Msg: message.KindNewSessionTicket, Do: recvNewSessionTicket, To: event.WaitChangeCipherSpec, Ref: "RFC 5077 §3.3"},
	{In: event.WaitChangeCipherSpec, Dir: event.Receive, Msg: message.KindChangeCipherSpec, Do: recvServerChangeCipherSpec, To: event.WaitFinished, Ref: "RFC 5246 §7.1"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: clientResumed, When: event.GuardResumed, Do: recvServerFinished, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, Do: recvServerFinished, To: event.Connected, Ref: "RFC 5246 §7.4.9"},

	{In: event.Connected, Dir: event.Receive, Msg: message.KindHelloRequest, Do: refuseHelloRequest, To: event.Connected, Ref: "RFC 5246 §7.4.1.1"},
}

// Guards.

func clientEphemeral(c *client12, _ message.Message) bool { return c.exchange.Ephemeral() }
func clientStatic(c *client12, _ message.Message) bool    { return !c.exchange.Ephemeral() }
func clientStapling(c *client12, _ message.Message) bool  { return c.statusPromised }
func clientProves(c *client12, _ message.Message) bool    { return c.certificate != nil }
func clientResumed(c *client12, _ message.Message) bool   { return c.session != nil }

func clientTicketPromised(c *client12, _ message.Message) bool { return c.ticketPromised }

// resumes tells an abbreviated handshake by the echoed session ID (RFC 5246
// §7.4.1.3). A client with a ticket sent an ID of its own making for this purpose
// (RFC 5077 §3.4).
func resumes(c *client12, m message.Message) bool {
	return c.offered != nil && len(c.hello.SessionID) > 0 &&
		(m == nil || bytes.Equal(m.(*message.ServerHello).SessionID, c.hello.SessionID))
}

func resumesWithTicket(c *client12, m message.Message) bool {
	return resumes(c, m) && (m == nil || m.(*message.ServerHello).Extensions.Find(iana.ExtSessionTicket) != nil)
}

// Moves.

func recvServerCertificate(c *client12, m message.Message) error {
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
func (c *client12) fitsGroups(leaf *x509.Certificate) error {
	offered, ok := message.Get[*message.SupportedGroups](&c.hello.Extensions)
	id, curve := curveOf(leaf)
	if !ok || !curve || slices.Contains(offered.Groups, id) {
		return nil
	}
	return &reason.Error{Reason: reason.CertificateWrongKey, Ref: "RFC 8422 §5.3", Field: "certificate.certificate_list", Off: 7,
		Want: reason.Say("an ECDSA key on one of the curves offered, %v", offered.Groups), Got: pki.CertKeyName(leaf)}
}

func recvCertificateStatus(c *client12, m message.Message) error {
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

func recvServerKeyExchange(c *client12, msg message.Message) error {
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
	return c.checkSignature(message.KindServerKeyExchange, m.Signed(), publicKey(c.chain[0]), signed)
}

func recvCertificateRequest(c *client12, msg message.Message) error {
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
			c.decided(event.DecisionClientCertificate, leaf.Subject.String(), nil, event.WhyFitsRequest)
			return nil
		}
	}
	c.noteShown()
	c.decided(event.DecisionClientCertificate, "none", nil, event.WhyNothingFitsRequest)
	return nil
}

func recvServerHelloDone(c *client12, _ message.Message) error { return c.verifyServer() }

func sendClientCertificate(c *client12, _ message.Message) error {
	m := new(message.Certificate12)
	if c.certificate != nil {
		m.Certificates = c.certificate.Chain
	}
	return c.send(m)
}

func sendClientKeyExchange(c *client12, _ message.Message) error {
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
		c.secret(c.preMasterEvent(c.exchange, pre, explain(a, nil, "")))
	}
	c.deriveMaster(c.Endpoint, pre)
	return c.deriveKeys(c.Endpoint)
}

func sendClientCertificateVerify(c *client12, _ message.Message) error {
	s, err := c.sign(message.KindCertificateVerify, c.scheme, c.certificate.Key, c.transcript.bytes)
	if err != nil {
		return err
	}
	return c.send(&message.CertificateVerify{Signature: s})
}

func sendClientChangeCipherSpec(c *client12, _ message.Message) error {
	return c.sendChangeCipherSpec(c.Endpoint)
}

func sendClientFinished(c *client12, _ message.Message) error {
	if err := c.sendFinished(c.Endpoint); err != nil {
		return err
	}
	c.falseStart()
	return nil
}

func recvNewSessionTicket(c *client12, msg message.Message) error {
	m := msg.(*message.NewSessionTicket12)
	if len(m.Ticket) > 0 { // an empty one says: I changed my mind (RFC 5077 §3.3)
		c.ticket, c.ticketLifetime = m.Ticket, m.Lifetime
	}
	return nil
}

func recvServerChangeCipherSpec(c *client12, _ message.Message) error {
	return c.change(c.Endpoint, event.Receive)
}

func recvServerFinished(c *client12, m message.Message) error {
	if err := c.checkFinished(c.Endpoint, m.(*message.Finished)); err != nil {
		return err
	}
	c.keepSession()
	return nil
}

func refuseHelloRequest(c *client12, _ message.Message) error { return c.noRenegotiation() }

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
