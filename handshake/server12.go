package handshake

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// serverMoves12 is the server's side of TLS 1.2, from ServerHello on.
var serverMoves12 = []move[server12]{
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindServerHello, If: serverResumesWithTicket, When: event.GuardResumedTicket, Do: sendServerHello, To: event.SendNewSessionTicket, Ref: "RFC 5077 §3.1"},
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindServerHello, If: serverResumed, When: event.GuardResumed, Do: sendServerHello, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.3"},
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindServerHello, Do: sendServerHello, To: event.SendCertificate, Ref: "RFC 5246 §7.4.1.3"},

	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, If: serverStapling, When: event.GuardStaple, Do: sendServerCertificate, To: event.SendCertificateStatus, Ref: "RFC 5246 §7.4.2"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, If: serverEphemeral, When: event.GuardEphemeral, Do: sendServerCertificate, To: event.SendServerKeyExchange, Ref: "RFC 5246 §7.4.2"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, If: serverAsks, When: event.GuardAsks, Do: sendServerCertificate, To: event.SendCertificateRequest, Ref: "RFC 5246 §7.4.2"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, Do: sendServerCertificate, To: event.SendServerHelloDone, Ref: "RFC 5246 §7.4.2"},

	{In: event.SendCertificateStatus, Dir: event.Send, Msg: message.KindCertificateStatus, If: serverEphemeral, When: event.GuardEphemeral, Do: sendCertificateStatus, To: event.SendServerKeyExchange, Ref: "RFC 6066 §8"},
	{In: event.SendCertificateStatus, Dir: event.Send, Msg: message.KindCertificateStatus, If: serverAsks, When: event.GuardAsks, Do: sendCertificateStatus, To: event.SendCertificateRequest, Ref: "RFC 6066 §8"},
	{In: event.SendCertificateStatus, Dir: event.Send, Msg: message.KindCertificateStatus, Do: sendCertificateStatus, To: event.SendServerHelloDone, Ref: "RFC 6066 §8"},

	{In: event.SendServerKeyExchange, Dir: event.Send, Msg: message.KindServerKeyExchange, If: serverAsks, When: event.GuardAsks, Do: sendServerKeyExchange, To: event.SendCertificateRequest, Ref: "RFC 5246 §7.4.3"},
	{In: event.SendServerKeyExchange, Dir: event.Send, Msg: message.KindServerKeyExchange, Do: sendServerKeyExchange, To: event.SendServerHelloDone, Ref: "RFC 5246 §7.4.3"},

	{In: event.SendCertificateRequest, Dir: event.Send, Msg: message.KindCertificateRequest, Do: sendCertificateRequest, To: event.SendServerHelloDone, Ref: "RFC 5246 §7.4.4"},

	{In: event.SendServerHelloDone, Dir: event.Send, Msg: message.KindServerHelloDone, If: serverAsks, When: event.GuardAsks, Do: sendServerHelloDone, To: event.WaitCertificate, Ref: "RFC 5246 §7.4.5"},
	{In: event.SendServerHelloDone, Dir: event.Send, Msg: message.KindServerHelloDone, Do: sendServerHelloDone, To: event.WaitClientKeyExchange, Ref: "RFC 5246 §7.4.5"},

	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, Do: recvClientCertificate, To: event.WaitClientKeyExchange, Ref: "RFC 5246 §7.4.6"},
	{In: event.WaitClientKeyExchange, Dir: event.Receive, Msg: message.KindClientKeyExchange, If: clientShowedCertificate, When: event.GuardShowedCertificate, Do: recvClientKeyExchange, To: event.WaitCertificateVerify, Ref: "RFC 5246 §7.4.7"},
	{In: event.WaitClientKeyExchange, Dir: event.Receive, Msg: message.KindClientKeyExchange, Do: recvClientKeyExchange, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.7"},
	{In: event.WaitCertificateVerify, Dir: event.Receive, Msg: message.KindCertificateVerify, Do: recvClientCertificateVerify, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.8"},

	{In: event.WaitChangeCipherSpec, Dir: event.Receive, Msg: message.KindChangeCipherSpec, Do: recvClientChangeCipherSpec, To: event.WaitFinished, Ref: "RFC 5246 §7.1"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: serverResumed, When: event.GuardResumed, Do: recvClientFinished, To: event.Connected, Ref: "RFC 5246 §7.4.9"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: serverGivesTicket, When: event.GuardTicket, Do: recvClientFinished, To: event.SendNewSessionTicket, Ref: "RFC 5246 §7.4.9"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, Do: recvClientFinished, To: event.SendChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},

	{In: event.SendNewSessionTicket, Dir: event.Send, Msg: message.KindNewSessionTicket, Do: sendNewSessionTicket, To: event.SendChangeCipherSpec, Ref: "RFC 5077 §3.3"},
	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: sendServerChangeCipherSpec, To: event.SendFinished, Ref: "RFC 5246 §7.1"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, If: serverResumed, When: event.GuardResumed, Do: sendServerFinished, To: event.WaitChangeCipherSpec, Ref: "RFC 5246 §7.4.9"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, Do: sendServerFinished, To: event.Connected, Ref: "RFC 5246 §7.4.9"},

	{In: event.Connected, Dir: event.Receive, Msg: message.KindClientHello, Do: refuseClientHello, To: event.Connected, Ref: "RFC 5246 §7.2.2, RFC 5746 §3.7"},
}

// Guards.

func serverEphemeral(s *server12, _ message.Message) bool   { return s.exchange.Ephemeral() }
func serverStapling(s *server12, _ message.Message) bool    { return s.staple }
func serverAsks(s *server12, _ message.Message) bool        { return s.cfg.ClientAuth != NoClientCert }
func serverResumed(s *server12, _ message.Message) bool     { return s.session != nil }
func serverGivesTicket(s *server12, _ message.Message) bool { return s.giveTicket }

func serverResumesWithTicket(s *server12, _ message.Message) bool {
	return s.session != nil && s.giveTicket
}

func clientShowedCertificate(s *server12, _ message.Message) bool {
	return len(s.summary.PeerChain) > 0
}

// Moves.

func sendServerHello(s *server12, _ message.Message) error {
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
	if s.summary.EncryptThenMAC {
		x.Add(&message.EncryptThenMAC{})
	}
	if s.peerLimit != 0 { // and so no max_fragment_length (RFC 8449 §5)
		x.Add(&message.RecordSizeLimit{Limit: uint16(s.cfg.RecordSizeLimit)})
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

func sendServerCertificate(s *server12, _ message.Message) error {
	return s.send(&message.Certificate12{Certificates: s.certificate.Chain})
}

func sendCertificateStatus(s *server12, _ message.Message) error {
	return s.send(&message.CertificateStatus{Type: iana.StatusOCSP, Response: s.certificate.Staple})
}

func sendServerKeyExchange(s *server12, _ message.Message) error {
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
			Op: event.OpAsymmetric, Inputs: explain(s.offer, nil, ""), Value: params.Share})
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
	s.offer, p, err = s.exchange.Offer(in)
	return p, err
}

func sendCertificateRequest(s *server12, _ message.Message) error {
	s.summary.CertificateRequested = true
	m := &message.CertificateRequest12{Types: []iana.ClientCertificateType{iana.CertRSASign, iana.CertECDSASign}}
	m.Schemes = schemeIDs(s.cfg.schemes())
	if s.cfg.Roots != nil {
		m.Authorities = s.cfg.authorities()
	}
	return s.send(m)
}

func sendServerHelloDone(s *server12, _ message.Message) error {
	return s.send(&message.ServerHelloDone{})
}

func recvClientCertificate(s *server12, msg message.Message) error {
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

func recvClientKeyExchange(s *server12, msg message.Message) error {
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
	if s.revealing() {
		s.secret(s.preMasterEvent(s.exchange, pre, explain(s.offer, s.offer.Share(), choose(s.exchange.Ephemeral(), event.LabelServerEphemeral, ""))))
	}
	s.offer = nil // forward secrecy is this: the ephemeral key is gone
	s.deriveMaster(s.Endpoint, pre)
	return s.deriveKeys(s.Endpoint)
}

func recvClientCertificateVerify(s *server12, msg message.Message) error {
	m := msg.(*message.CertificateVerify)
	return s.checkSignature(message.KindCertificateVerify, &m.Signature, publicKey(s.summary.PeerChain[0]), s.before())
}

func recvClientChangeCipherSpec(s *server12, _ message.Message) error {
	// Not before: a client that has refused ServerHello sends its alert in a record of
	// the version that it began with.
	s.ch.rd.SetVersion(iana.TLS12)
	return s.change(s.Endpoint, event.Receive)
}

func recvClientFinished(s *server12, m message.Message) error {
	if err := s.checkFinished(s.Endpoint, m.(*message.Finished)); err != nil {
		return err
	}
	if s.session != nil {
		return nil
	}
	s.keepSession()
	return nil
}

func sendNewSessionTicket(s *server12, _ message.Message) error {
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

func sendServerChangeCipherSpec(s *server12, _ message.Message) error {
	return s.sendChangeCipherSpec(s.Endpoint)
}

func sendServerFinished(s *server12, _ message.Message) error { return s.sendFinished(s.Endpoint) }

func refuseClientHello(s *server12, _ message.Message) error { return s.noRenegotiation() }

func serverKey(id []byte) string { return "server:" + string(id) }

func (s *server) randomBytes(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(s.cfg.rand(), b)
	return b, err
}
