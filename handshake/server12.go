package handshake

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// serverRows12 is the server's side of TLS 1.2, from ServerHello on.
var serverRows12 = rows[server12]{role: event.Server, version: iana.TLS12, moves: []move[server12]{
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindServerHello, If: (*server12).resumesWithTicket, When: event.GuardResumedTicket, Do: (*server12).sendServerHello, To: event.SendNewSessionTicket, Ref: "RFC 5077 §3.1"},
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindServerHello, If: (*server12).resumed, When: event.GuardResumed, Do: (*server12).sendServerHello, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.3"},
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindServerHello, Do: (*server12).sendServerHello, To: event.SendCertificate, Ref: "RFC 5246 §7.4.1.3"},

	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, If: (*server12).staples, When: event.GuardStaple, Do: (*server12).sendCertificate, To: event.SendCertificateStatus, Ref: "RFC 5246 §7.4.2"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, If: (*server12).ephemeral, When: event.GuardEphemeral, Do: (*server12).sendCertificate, To: event.SendServerKeyExchange, Ref: "RFC 5246 §7.4.2"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, If: (*server12).asks, When: event.GuardAsks, Do: (*server12).sendCertificate, To: event.SendCertificateRequest, Ref: "RFC 5246 §7.4.2"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, Do: (*server12).sendCertificate, To: event.SendServerHelloDone, Ref: "RFC 5246 §7.4.2"},

	{In: event.SendCertificateStatus, Dir: event.Send, Msg: message.KindCertificateStatus, If: (*server12).ephemeral, When: event.GuardEphemeral, Do: (*server12).sendCertificateStatus, To: event.SendServerKeyExchange, Ref: "RFC 6066 §8"},
	{In: event.SendCertificateStatus, Dir: event.Send, Msg: message.KindCertificateStatus, If: (*server12).asks, When: event.GuardAsks, Do: (*server12).sendCertificateStatus, To: event.SendCertificateRequest, Ref: "RFC 6066 §8"},
	{In: event.SendCertificateStatus, Dir: event.Send, Msg: message.KindCertificateStatus, Do: (*server12).sendCertificateStatus, To: event.SendServerHelloDone, Ref: "RFC 6066 §8"},

	{In: event.SendServerKeyExchange, Dir: event.Send, Msg: message.KindServerKeyExchange, If: (*server12).asks, When: event.GuardAsks, Do: (*server12).sendServerKeyExchange, To: event.SendCertificateRequest, Ref: "RFC 5246 §7.4.3"},
	{In: event.SendServerKeyExchange, Dir: event.Send, Msg: message.KindServerKeyExchange, Do: (*server12).sendServerKeyExchange, To: event.SendServerHelloDone, Ref: "RFC 5246 §7.4.3"},

	{In: event.SendCertificateRequest, Dir: event.Send, Msg: message.KindCertificateRequest, Do: (*server12).sendCertificateRequest, To: event.SendServerHelloDone, Ref: "RFC 5246 §7.4.4"},

	{In: event.SendServerHelloDone, Dir: event.Send, Msg: message.KindServerHelloDone, If: (*server12).asks, When: event.GuardAsks, Do: (*server12).sendServerHelloDone, To: event.WaitCertificate, Ref: "RFC 5246 §7.4.5"},
	{In: event.SendServerHelloDone, Dir: event.Send, Msg: message.KindServerHelloDone, Do: (*server12).sendServerHelloDone, To: event.WaitClientKeyExchange, Ref: "RFC 5246 §7.4.5"},

	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, Do: (*server12).recvCertificate, To: event.WaitClientKeyExchange, Ref: "RFC 5246 §7.4.6"},
	{In: event.WaitClientKeyExchange, Dir: event.Receive, Msg: message.KindClientKeyExchange, If: (*server12).wasShownCertificate, When: event.GuardShowedCertificate, Do: (*server12).recvClientKeyExchange, To: event.WaitCertificateVerify, Ref: "RFC 5246 §7.4.7"},
	{In: event.WaitClientKeyExchange, Dir: event.Receive, Msg: message.KindClientKeyExchange, Do: (*server12).recvClientKeyExchange, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.7"},
	{In: event.WaitCertificateVerify, Dir: event.Receive, Msg: message.KindCertificateVerify, Do: (*server12).recvCertificateVerify, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.8"},

	{In: event.WaitChangeCipherSpec, Dir: event.Receive, Msg: message.KindChangeCipherSpec, Do: (*server12).recvChangeCipherSpec, To: event.WaitFinished, Ref: "RFC 5246 §7.1"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: (*server12).resumed, When: event.GuardResumed, Do: (*server12).recvFinished, To: event.Connected, Ref: "RFC 5246 §7.4.9"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: (*server12).givesTicket, When: event.GuardTicket, Do: (*server12).recvFinished, To: event.SendNewSessionTicket, Ref: "RFC 5246 §7.4.9"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, Do: (*server12).recvFinished, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},

	{In: event.SendNewSessionTicket, Dir: event.Send, Msg: message.KindNewSessionTicket, Do: (*server12).sendNewSessionTicket, To: event.SendChangeCipherSpec, Ref: "RFC 5077 §3.3"},
	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: (*server12).sendChangeCipherSpec, To: event.SendFinished, Ref: "RFC 5246 §7.1"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, If: (*server12).resumed, When: event.GuardResumed, Do: (*server12).sendFinished, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, Do: (*server12).sendFinished, To: event.Connected, Ref: "RFC 5246 §7.4.9"},

	{In: event.Connected, Dir: event.Receive, Msg: message.KindClientHello, Do: (*server12).refuseClientHello, To: event.Connected, Ref: "RFC 5246 §7.2.2, RFC 5746 §3.7"},
}}

// Guards.

func (s *server12) ephemeral(_ message.Message) bool   { return s.exchange.Ephemeral() }
func (s *server12) staples(_ message.Message) bool     { return s.staple }
func (s *server12) asks(_ message.Message) bool        { return s.cfg.ClientAuth != NoClientCert }
func (s *server12) resumed(_ message.Message) bool     { return s.session != nil }
func (s *server12) givesTicket(_ message.Message) bool { return s.giveTicket }

func (s *server12) resumesWithTicket(_ message.Message) bool {
	return s.session != nil && s.giveTicket
}

func (s *server12) wasShownCertificate(_ message.Message) bool {
	return len(s.summary.PeerChain) > 0
}

// Moves.

func (s *server12) sendServerHello(_ message.Message) error {
	m := &message.ServerHello{Version: iana.TLS12, Random: s.serverRandom, SessionID: s.summary.SessionID,
		CipherSuite: s.summary.Suite.ID, Compression: s.summary.Compression}
	x := &m.Extensions
	if s.answerName && !s.summary.Resumed { // RFC 6066 §3
		x.Add(&message.ServerNameAck{})
	}
	if s.summary.SecureRenegotiation {
		x.Add(&message.RenegotiationInfo{})
	}
	if s.ems {
		x.Add(&message.ExtendedMasterSecret{})
	}
	if s.exchange.Kx() == iana.KxECDHE && s.hello.Extensions.Find(iana.ExtECPointFormats) != nil && s.session == nil {
		x.Add(&message.ECPointFormats{Formats: []iana.ECPointFormat{iana.Uncompressed}})
	}
	if s.giveTicket {
		x.Add(&message.SessionTicket{})
	}
	if s.summary.Protocol != "" {
		x.Add(&message.ALPN{Protocols: []string{s.summary.Protocol}})
	}
	if s.staple {
		x.Add(&message.StatusRequestAck{})
	}
	if s.timestamps {
		x.Add(&message.SignedCertTimestamps{List: s.certificate.Timestamps})
	}
	if s.summary.EncryptThenMAC {
		x.Add(&message.EncryptThenMAC{})
	}
	if s.peerLimit != 0 { // and so no max_fragment_length (RFC 8449 §5)
		x.Add(&message.RecordSizeLimit{Limit: uint16(s.cfg.recordSizeLimit(iana.TLS12))})
		s.summary.MaxFragmentLength = 0
	} else if c := s.summary.MaxFragmentLength; c != 0 {
		x.Add(&message.MaxFragmentLength{Code: c})
	}
	if err := s.send(m); err != nil {
		return err
	}
	if c := s.summary.MaxFragmentLength; c != 0 {
		s.limit(c)
	}
	if s.peerLimit != 0 {
		if err := s.limitRecords(s.peerLimit, "client_hello"); err != nil {
			return err
		}
	}
	if s.session == nil {
		return nil
	}
	if s.revealing() {
		s.tellSession(s.Endpoint)
	}
	return s.deriveKeys(s.Endpoint)
}

func (s *server12) sendCertificate(_ message.Message) error {
	return s.send(&message.Certificate12{Certificates: s.certificate.Chain})
}

func (s *server12) sendCertificateStatus(_ message.Message) error {
	return s.send(&message.CertificateStatus{Type: iana.StatusOCSP, Response: s.certificate.Staple})
}

func (s *server12) sendServerKeyExchange(_ message.Message) error {
	params, err := s.makeOffer()
	if err != nil {
		return err
	}
	if s.summary.Group = params.Group; s.exchange.Kx() == iana.KxDHE {
		s.summary.Group = fieldID(params.P)
	}
	m := serverKeyExchange(s.exchange.Kx(), params)
	if s.revealing() {
		s.secret(event.Secret{Label: event.LabelServerEphemeral, Exchange: s.exchange.Kx(), Group: s.groupOf(s.summary.Group), Method: s.groupName(s.summary.Group),
			Op: event.OpAsymmetric}, params.Share, explain(s.offer, nil, "")...)
	}
	signed, err := s.signedParams(m)
	if err != nil {
		return err
	}
	sg, err := s.sign(message.KindServerKeyExchange, s.scheme, s.certificate.Key, signed)
	if err != nil {
		return err
	}
	*m.Signed() = sg
	s.summary.Scheme = sg.Scheme
	return s.send(m)
}

// makeOffer draws the ephemeral key, or takes the certificate's.
func (s *server12) makeOffer() (p kx.Params, err error) {
	in := kx.ServerInput{Rand: s.cfg.rand(), Groups: s.common, ClientVersion: s.hello.Version, RevealPadding: s.cfg.Weak.RevealPadding}
	if s.certificate != nil {
		in.Key = s.certificate.Key
	}
	if s.offer, p, err = s.exchange.Offer(in); err == nil && s.offer == nil {
		err = nothingMade("server_key_exchange")
	}
	return p, err
}

func (s *server12) sendCertificateRequest(_ message.Message) error {
	s.summary.CertificateRequested = true
	m := &message.CertificateRequest12{Types: []iana.ClientCertificateType{iana.CertRSASign, iana.CertECDSASign}}
	m.Schemes = schemeIDs(s.cfg.schemes())
	if s.cfg.Roots != nil {
		m.Authorities = s.cfg.authorities()
	}
	return s.send(m)
}

func (s *server12) sendServerHelloDone(_ message.Message) error {
	return s.send(&message.ServerHelloDone{})
}

func (s *server12) recvCertificate(msg message.Message) error {
	chain, err := parseChain(msg.(*message.Certificate12).Certificates)
	if err != nil {
		return err
	}
	if len(chain) == 0 {
		if s.cfg.ClientAuth == RequireClientCert {
			return &reason.Error{Reason: reason.CertificateMissing, Ref: "RFC 5246 §7.4.6", Field: "certificate.certificate_list", Off: 4, Want: reason.Say("a client certificate")}
		}
		s.decided(event.DecisionClientCertificate, "none", nil, event.WhyOptional)
		return nil
	}
	s.summary.PeerChain = chain
	return s.verifyChain(chain, "", false, nil)
}

func (s *server12) recvClientKeyExchange(msg message.Message) error {
	if s.offer == nil { // static: the certificate's key is the offer
		if _, err := s.makeOffer(); err != nil {
			return err
		}
	}
	s.owing = true
	secret, err := s.offer.Finish(msg.(message.ClientKeyExchange).Share())
	if err != nil {
		return err
	}
	pre := s.exchange.PreMaster(secret)
	if err := needSecret(pre, "premaster_secret"); err != nil {
		return err
	}
	if s.revealing() {
		s.tellPreMaster(s.exchange, pre, explain(s.offer, s.offer.Share(), choose(s.exchange.Ephemeral(), event.LabelServerEphemeral, "")))
	}
	s.offer = nil // forward secrecy is this: the ephemeral key is gone
	s.deriveMaster(s.Endpoint, pre)
	return s.deriveKeys(s.Endpoint)
}

func (s *server12) recvCertificateVerify(msg message.Message) error {
	m := msg.(*message.CertificateVerify)
	return s.checkSignature(message.KindCertificateVerify, &m.Signature, publicKey(s.summary.PeerChain[0]), s.before())
}

func (s *server12) recvChangeCipherSpec(_ message.Message) error {
	// Not before: a client that has refused ServerHello sends its alert in a record of
	// the version that it began with.
	s.ch.rd.SetVersion(iana.TLS12)
	return s.change(s.Endpoint, event.Receive)
}

func (s *server12) recvFinished(m message.Message) error {
	if err := s.checkFinished(s.Endpoint, m.(*message.Finished)); err != nil {
		return err
	}
	if s.session != nil {
		return nil
	}
	s.keepSession()
	return nil
}

func (s *server12) sendNewSessionTicket(_ message.Message) error {
	sess := s.session
	if sess == nil {
		sess = s.newSession()
	}
	t, err := s.cfg.Tickets.Seal(sess, s.cfg.rand(), s.now())
	if err != nil || len(t) > maxTicket {
		s.decided(event.DecisionResumption, "not_kept", nil, event.WhyStoreFailed)
		t = nil // promised, so it must come; an empty one takes the promise back (RFC 5077 §3.3)
	}
	left := sess.Created.Add(sess.Lifetime).Sub(s.now())
	return s.send(&message.NewSessionTicket12{Lifetime: uint32(left.Seconds()), Ticket: t})
}

// maxTicket leaves a client room for its other extensions: their block's length has
// 16 bits.
const maxTicket = 1 << 15

func (s *server12) sendChangeCipherSpec(_ message.Message) error {
	return s.sendChange(s.Endpoint)
}

func (s *server12) sendFinished(_ message.Message) error { return s.writeFinished(s.Endpoint) }

func (s *server12) refuseClientHello(_ message.Message) error { return s.noRenegotiation() }

func (s *server) randomBytes(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(s.cfg.rand(), b)
	return b, err
}
