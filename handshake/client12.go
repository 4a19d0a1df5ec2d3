package handshake

import (
	"bytes"
	"crypto/x509"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// clientRows12 is the client's side of TLS 1.2, from ServerHello on.
var clientRows12 = rows[client12]{role: event.Client, version: iana.TLS12, moves: []move[client12]{
	// A server may answer with the session the client offered: an abbreviated handshake.
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, If: (*client12).resumesWithTicket, When: event.GuardResumedTicket, Do: (*client12).recvServerHello, To: event.WaitNewSessionTicket, Ref: "RFC 5077 §3.1"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, If: (*client12).resumes, When: event.GuardResumed, Do: (*client12).recvServerHello, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.3"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, Do: (*client12).recvServerHello, To: event.WaitCertificate, Ref: "RFC 5246 §7.4.1.3"},

	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, If: (*client12).stapled, When: event.GuardStaple, Do: (*client12).recvCertificate, To: event.WaitCertificateStatus, Ref: "RFC 5246 §7.4.2"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, If: (*client12).ephemeral, When: event.GuardEphemeral, Do: (*client12).recvCertificate, To: event.WaitServerKeyExchange, Ref: "RFC 5246 §7.4.2"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, Do: (*client12).recvCertificate, To: event.WaitCertificateRequest, Ref: "RFC 5246 §7.4.2"},

	// A server that promised a status may still leave it out (RFC 6066 §8).
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindCertificateStatus, If: (*client12).ephemeral, When: event.GuardEphemeral, Do: (*client12).recvCertificateStatus, To: event.WaitServerKeyExchange, Ref: "RFC 6066 §8"},
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindCertificateStatus, Do: (*client12).recvCertificateStatus, To: event.WaitCertificateRequest, Ref: "RFC 6066 §8"},
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindServerKeyExchange, If: (*client12).ephemeral, When: event.GuardEphemeral, Do: (*client12).recvServerKeyExchange, To: event.WaitCertificateRequest, Ref: "RFC 5246 §7.4.3"},
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindCertificateRequest, If: (*client12).static, When: event.GuardStatic, Do: (*client12).recvCertificateRequest, To: event.WaitServerHelloDone, Ref: "RFC 5246 §7.4.4"},
	{In: event.WaitCertificateStatus, Dir: event.Receive, Msg: message.KindServerHelloDone, If: (*client12).static, When: event.GuardStatic, Do: (*client12).recvServerHelloDone, To: event.SendClientKeyExchange, Ref: "RFC 5246 §7.4.5"},

	{In: event.WaitServerKeyExchange, Dir: event.Receive, Msg: message.KindServerKeyExchange, Do: (*client12).recvServerKeyExchange, To: event.WaitCertificateRequest, Ref: "RFC 5246 §7.4.3"},

	{In: event.WaitCertificateRequest, Dir: event.Receive, Msg: message.KindCertificateRequest, Do: (*client12).recvCertificateRequest, To: event.WaitServerHelloDone, Ref: "RFC 5246 §7.4.4"},
	{In: event.WaitCertificateRequest, Dir: event.Receive, Msg: message.KindServerHelloDone, Do: (*client12).recvServerHelloDone, To: event.SendClientKeyExchange, Ref: "RFC 5246 §7.4.5"},

	{In: event.WaitServerHelloDone, Dir: event.Receive, Msg: message.KindServerHelloDone, Do: (*client12).recvServerHelloDone, To: event.SendCertificate, Ref: "RFC 5246 §7.4.5"},

	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, Do: (*client12).sendCertificate, To: event.SendClientKeyExchange, Ref: "RFC 5246 §7.4.6"},
	{In: event.SendClientKeyExchange, Dir: event.Send, Msg: message.KindClientKeyExchange, If: (*client12).proves, When: event.GuardHasCertificate, Do: (*client12).sendClientKeyExchange, To: event.SendCertificateVerify, Ref: "RFC 5246 §7.4.7"},
	{In: event.SendClientKeyExchange, Dir: event.Send, Msg: message.KindClientKeyExchange, Do: (*client12).sendClientKeyExchange, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.4.7"},
	{In: event.SendCertificateVerify, Dir: event.Send, Msg: message.KindCertificateVerify, Do: (*client12).sendCertificateVerify, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.4.8"},
	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: (*client12).sendChangeCipherSpec, To: event.SendFinished, Ref: "RFC 5246 §7.1"},

	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, If: (*client12).resumed, When: event.GuardResumed, Do: (*client12).sendFinished, To: event.Connected, Ref: "RFC 5246 §7.4.9"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, If: (*client12).promisedTicket, When: event.GuardTicket, Do: (*client12).sendFinished, To: event.WaitNewSessionTicket, Ref: "RFC 5246 §7.4.9"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, Do: (*client12).sendFinished, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},

	{In: event.WaitNewSessionTicket, Dir: event.Receive, Msg: message.KindNewSessionTicket, Do: (*client12).recvNewSessionTicket, To: event.WaitChangeCipherSpec, Ref: "RFC 5077 §3.3"},
	{In: event.WaitChangeCipherSpec, Dir: event.Receive, Msg: message.KindChangeCipherSpec, Do: (*client12).recvChangeCipherSpec, To: event.WaitFinished, Ref: "RFC 5246 §7.1"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: (*client12).resumed, When: event.GuardResumed, Do: (*client12).recvFinished, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, Do: (*client12).recvFinished, To: event.Connected, Ref: "RFC 5246 §7.4.9"},

	{In: event.Connected, Dir: event.Receive, Msg: message.KindHelloRequest, Do: (*client12).refuseHelloRequest, To: event.Connected, Ref: "RFC 5246 §7.4.1.1"},
}}

// Guards.

func (c *client12) ephemeral(_ message.Message) bool { return c.exchange.Ephemeral() }
func (c *client12) static(_ message.Message) bool    { return !c.exchange.Ephemeral() }
func (c *client12) stapled(_ message.Message) bool   { return c.statusPromised }
func (c *client12) proves(_ message.Message) bool    { return c.certificate != nil }
func (c *client12) resumed(_ message.Message) bool   { return c.session != nil }

func (c *client12) promisedTicket(_ message.Message) bool { return c.ticketPromised }

// resumes tells an abbreviated handshake by the echoed session ID (RFC 5246
// §7.4.1.3). A client with a ticket sent an ID of its own making for this purpose
// (RFC 5077 §3.4).
func (c *client12) resumes(m message.Message) bool {
	return c.offered != nil && len(c.hello.SessionID) > 0 &&
		(m == nil || bytes.Equal(m.(*message.ServerHello).SessionID, c.hello.SessionID))
}

func (c *client12) resumesWithTicket(m message.Message) bool {
	return c.resumes(m) && (m == nil || m.(*message.ServerHello).Extensions.Find(iana.ExtSessionTicket) != nil)
}

// Moves.

func (c *client12) recvCertificate(m message.Message) error {
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

func (c *client12) recvCertificateStatus(m message.Message) error {
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

func (c *client12) recvServerKeyExchange(msg message.Message) error {
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

func (c *client12) recvCertificateRequest(msg message.Message) error {
	if err := c.verifyServer(); err != nil {
		return err
	}
	c.summary.CertificateRequested = true
	return c.chooseOwn(requested12(msg.(*message.CertificateRequest12)))
}

func (c *client12) recvServerHelloDone(_ message.Message) error { return c.verifyServer() }

func (c *client12) sendCertificate(_ message.Message) error {
	m := new(message.Certificate12)
	if c.certificate != nil {
		m.Certificates = c.certificate.Chain
	}
	return c.send(m)
}

func (c *client12) sendClientKeyExchange(_ message.Message) error {
	a, err := c.exchange.Answer(kx.ClientInput{Rand: c.cfg.rand(), Groups: c.cfg.groups(), Params: c.params,
		PublicKey: publicKey(c.chain[0]), ClientVersion: c.hello.Version})
	if err != nil {
		return err
	}
	if a == nil {
		return nothingMade("client_key_exchange")
	}
	// Empty it may be: a script that attacks RSA sends such a ClientKeyExchange, and the message has room for it.
	if err := c.send(clientKeyExchange(c.exchange.Kx(), a.Share())); err != nil {
		return err
	}
	pre := c.exchange.PreMaster(a.Secret())
	if err := needSecret(pre, "premaster_secret"); err != nil {
		return err
	}
	if c.revealing() {
		c.tellPreMaster(c.exchange, pre, explain(a, nil, ""))
	}
	c.deriveMaster(c.Endpoint, pre)
	return c.deriveKeys(c.Endpoint)
}

func (c *client12) sendCertificateVerify(_ message.Message) error {
	s, err := c.sign(message.KindCertificateVerify, c.scheme, c.certificate.Key, c.transcript.bytes)
	if err != nil {
		return err
	}
	return c.send(&message.CertificateVerify{Signature: s})
}

func (c *client12) sendChangeCipherSpec(_ message.Message) error {
	return c.sendChange(c.Endpoint)
}

func (c *client12) sendFinished(_ message.Message) error {
	if err := c.writeFinished(c.Endpoint); err != nil {
		return err
	}
	c.falseStart()
	return nil
}

func (c *client12) recvNewSessionTicket(msg message.Message) error {
	m := msg.(*message.NewSessionTicket12)
	if len(m.Ticket) > 0 { // an empty one says: I changed my mind (RFC 5077 §3.3)
		c.ticket, c.ticketLifetime = m.Ticket, m.Lifetime
	}
	return nil
}

func (c *client12) recvChangeCipherSpec(_ message.Message) error {
	return c.change(c.Endpoint, event.Receive)
}

func (c *client12) recvFinished(m message.Message) error {
	if err := c.checkFinished(c.Endpoint, m.(*message.Finished)); err != nil {
		return err
	}
	c.keepSession()
	return nil
}

func (c *client12) refuseHelloRequest(_ message.Message) error { return c.noRenegotiation() }
