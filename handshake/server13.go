package handshake

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"io"
	"math"
	"slices"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// serverRows13 is the server's side of TLS 1.3, from its first answer on (RFC 9846
// §A.2).
var serverRows13 = rows[server13]{role: event.Server, version: iana.TLS13, moves: []move[server13]{
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindHelloRetryRequest, If: (*server13).retriesInDisguise, When: event.GuardRetryDisguised, Do: (*server13).sendHelloRetryRequest, To: event.SendChangeCipherSpec, Ref: "RFC 9846 §4.2.4"},
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindHelloRetryRequest, If: (*server13).retries, When: event.GuardRetry, Do: (*server13).sendHelloRetryRequest, To: event.WaitSecondClientHello, Ref: "RFC 9846 §4.2.4"},
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindServerHello, If: (*server13).disguised, When: event.GuardDisguised, Do: (*server13).sendServerHello, To: event.SendChangeCipherSpec, Ref: "RFC 9846 §4.2.3"},
	{In: event.SendServerHello, Dir: event.Send, Msg: message.KindServerHello, Do: (*server13).sendServerHello, To: event.SendEncryptedExtensions, Ref: "RFC 9846 §4.2.3"},

	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, If: (*server13).retries, When: event.GuardRetry, Do: (*server13).sendChangeCipherSpec, To: event.WaitSecondClientHello, Ref: "RFC 9846 §E.4"},
	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: (*server13).sendChangeCipherSpec, To: event.SendEncryptedExtensions, Ref: "RFC 9846 §E.4"},
	{In: event.WaitSecondClientHello, Dir: event.Receive, Msg: message.KindClientHello, Do: (*server13).recvSecondClientHello, To: event.SendServerHello, Ref: "RFC 9846 §4.2.2"},

	{In: event.SendEncryptedExtensions, Dir: event.Send, Msg: message.KindEncryptedExtensions, If: (*server13).hasPSK, When: event.GuardPSK, Do: (*server13).sendEncryptedExtensions, To: event.SendFinished, Ref: "RFC 9846 §4.4.1"},
	{In: event.SendEncryptedExtensions, Dir: event.Send, Msg: message.KindEncryptedExtensions, If: (*server13).asks, When: event.GuardAsks, Do: (*server13).sendEncryptedExtensions, To: event.SendCertificateRequest, Ref: "RFC 9846 §4.4.1"},
	{In: event.SendEncryptedExtensions, Dir: event.Send, Msg: message.KindEncryptedExtensions, Do: (*server13).sendEncryptedExtensions, To: event.SendCertificate, Ref: "RFC 9846 §4.4.1"},
	{In: event.SendCertificateRequest, Dir: event.Send, Msg: message.KindCertificateRequest, Do: (*server13).sendCertificateRequest, To: event.SendCertificate, Ref: "RFC 9846 §4.4.2"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCompressedCertificate, If: (*server13).packs, When: event.GuardPacks, Do: (*server13).sendCompressedCertificate, To: event.SendCertificateVerify, Ref: "RFC 8879 §4"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, Do: (*server13).sendCertificate, To: event.SendCertificateVerify, Ref: "RFC 9846 §4.5.1"},
	{In: event.SendCertificateVerify, Dir: event.Send, Msg: message.KindCertificateVerify, Do: (*server13).sendCertificateVerify, To: event.SendFinished, Ref: "RFC 9846 §4.5.2"},

	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, If: (*server13).takesEarly, When: event.GuardEarlyData, Do: (*server13).sendFinished, To: event.WaitEndOfEarlyData, Ref: "RFC 9846 §4.5.3"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, If: (*server13).hasAsked, When: event.GuardAsked, Do: (*server13).sendFinished, To: event.WaitCertificate, Ref: "RFC 9846 §4.5.3"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, Do: (*server13).sendFinished, To: event.WaitFinished, Ref: "RFC 9846 §4.5.3"},

	{In: event.WaitEndOfEarlyData, Dir: event.Receive, Msg: message.KindEndOfEarlyData, Do: (*server13).recvEndOfEarlyData, To: event.WaitFinished, Ref: "RFC 9846 §4.6"},

	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, If: (*server13).isShownCertificate, When: event.GuardHoldsCertificate, Do: (*server13).recvCertificate, To: event.WaitCertificateVerify, Ref: "RFC 9846 §4.5.1"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, Do: (*server13).recvCertificate, To: event.WaitFinished, Ref: "RFC 9846 §4.5.1"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCompressedCertificate, If: (*server13).unpacks, When: event.GuardUnpacks, Do: (*server13).recvCompressedCertificate, To: event.WaitCertificateVerify, Ref: "RFC 8879 §4"},
	{In: event.WaitCertificateVerify, Dir: event.Receive, Msg: message.KindCertificateVerify, Do: (*server13).recvCertificateVerify, To: event.WaitFinished, Ref: "RFC 9846 §4.5.2"},

	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: (*server13).givesTickets, When: event.GuardTicket, Do: (*server13).recvFinished, To: event.SendNewSessionTicket, Ref: "RFC 9846 §4.5.3"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, Do: (*server13).recvFinished, To: event.Connected, Ref: "RFC 9846 §4.5.3"},

	{In: event.SendNewSessionTicket, Dir: event.Send, Msg: message.KindNewSessionTicket, If: (*server13).givesMore, When: event.GuardMoreTickets, Do: (*server13).sendNewSessionTicket, To: event.SendNewSessionTicket, Ref: "RFC 9846 §4.7.1"},
	{In: event.SendNewSessionTicket, Dir: event.Send, Msg: message.KindNewSessionTicket, Do: (*server13).sendNewSessionTicket, To: event.Connected, Ref: "RFC 9846 §4.7.1"},

	{In: event.Connected, Dir: event.Send, Msg: message.KindKeyUpdate, If: (*server13).updates, When: event.GuardUpdateDue, Do: (*server13).sendKeyUpdate, To: event.Connected, Ref: "RFC 9846 §4.7.3"},
	{In: event.Connected, Dir: event.Receive, Msg: message.KindKeyUpdate, Do: (*server13).recvKeyUpdate, To: event.Connected, Ref: "RFC 9846 §4.7.3"},
}}

// Guards.

func (s *server13) retries(_ message.Message) bool { return s.retrying }

func (s *server13) retriesInDisguise(_ message.Message) bool {
	return s.retrying && len(s.hello.SessionID) > 0
}

// The ChangeCipherSpec follows the server's first message, whichever that is (RFC 9846
// §E.4).
func (s *server13) disguised(_ message.Message) bool {
	return len(s.hello.SessionID) > 0 && !s.summary.Retried
}

func (s *server13) takesEarly(_ message.Message) bool {
	return s.summary.EarlyData == EarlyDataAccepted
}
func (s *server13) hasPSK(_ message.Message) bool       { return s.psk != nil }
func (s *server13) asks(_ message.Message) bool         { return s.cfg.ClientAuth != NoClientCert }
func (s *server13) hasAsked(_ message.Message) bool     { return s.summary.CertificateRequested }
func (s *server13) packs(_ message.Message) bool        { return s.pack != nil }
func (s *server13) unpacks(_ message.Message) bool      { return len(s.cfg.CertificateCompression) > 0 }
func (s *server13) givesTickets(_ message.Message) bool { return s.giveTicket }
func (s *server13) givesMore(_ message.Message) bool {
	return s.ticketsSent+1 < s.cfg.sessionTickets()
}
func (s *server13) updates(_ message.Message) bool { return s.traffic.due() }

func (*server13) isShownCertificate(m message.Message) bool {
	return m == nil || len(m.(*message.Certificate13).Entries) > 0
}

// Moves.

func (s *server13) sendHelloRetryRequest(_ message.Message) error {
	if err := s.hashFirstHello(len(s.transcript.bytes)); err != nil {
		return err
	}
	m := &message.ServerHello{Version: iana.TLS12, Random: message.HelloRetryRequestRandom, SessionID: s.hello.SessionID,
		CipherSuite: s.summary.Suite.ID, Compression: iana.CompressionNull}
	m.Extensions.Add(&message.SelectedVersion{Version: iana.TLS13})
	if s.group != nil && s.share == nil {
		m.Extensions.Add(&message.KeyShareRetry{Group: s.group.ID()})
	}
	if s.cookie != nil {
		m.Extensions.Add(&message.Cookie{Cookie: s.cookie})
	}
	s.summary.Retried = true
	return s.send(m)
}

// recvSecondClientHello demands what was asked for, and nothing else changed.
func (s *server13) recvSecondClientHello(msg message.Message) error {
	m := msg.(*message.ClientHello)
	if field := s.changed(s.hello, m); field != "" {
		return s.fault(reason.BadValue, "RFC 9846 §4.2.2", m, field, reason.Say("as in the first ClientHello"), reason.Say("something else"))
	}
	wanted, shared := s.group, s.share != nil
	cookie, _ := message.Get[*message.Cookie](&m.Extensions)
	if s.cookie != nil {
		var err error
		if cookie == nil || subtle.ConstantTimeCompare(cookie.Cookie, s.cookie) != 1 {
			err = s.fault(reason.BadValue, "RFC 9846 §4.3.2", m, "client_hello.extensions.cookie", reason.Say("the cookie of the HelloRetryRequest"), reason.Say("none, or another"))
		}
		if s.listening() {
			s.checked(event.Check{What: event.CheckCookie, Err: err})
		}
		if err != nil {
			return err
		}
	}
	s.hello = m
	s.ch.rd.DropEarlyData(0)
	if err := s.choose13(m); err != nil {
		return err
	}
	shares, _ := message.Get[*message.KeyShareClient](&m.Extensions)
	if s.group == nil || wanted == nil && !s.retrying { // psk_ke, now or before: no group was asked for
		return nil
	}
	if wanted == nil {
		return s.fault(reason.BadValue, "RFC 9846 §4.2.4", m, "client_hello.extensions.key_share", reason.Say("a share of %s", s.group.Name()), reason.Say("none")) // a third hello there is not
	}
	if s.retrying || s.group != wanted || !shared && len(shares.Shares) != 1 {
		return s.fault(reason.BadValue, "RFC 9846 §4.3.8", m, "client_hello.extensions.key_share", reason.Say("one share, of %s", wanted.Name()), reason.Say("none, or others"))
	}
	return nil
}

// changed names the field in which a second ClientHello differs from the first although it
// must not (RFC 9846 §4.2.2), or "".
func (s *server13) changed(a, b *message.ClientHello) string {
	switch {
	case a.Version != b.Version:
		return "client_hello.client_version"
	case a.Random != b.Random:
		return "client_hello.random"
	case !bytes.Equal(a.SessionID, b.SessionID):
		return "client_hello.session_id"
	case !slices.Equal(a.CipherSuites, b.CipherSuites):
		return "client_hello.cipher_suites"
	case !slices.Equal(a.Compressions, b.Compressions):
		return "client_hello.compression_methods"
	}
	// What may change: the shares if another was asked for; a cookie, no early data any
	// more, PSKs and padding.
	fixed := func(m *message.ClientHello) []message.Extension {
		return slices.DeleteFunc(slices.Clone(m.Extensions.List), func(x message.Extension) bool {
			switch x.Type() {
			case iana.ExtKeyShare:
				return s.share == nil
			case iana.ExtCookie, iana.ExtEarlyData, iana.ExtPreSharedKey, iana.ExtPadding:
				return true
			}
			return false
		})
	}
	x, y := fixed(a), fixed(b)
	if len(x) != len(y) {
		return "client_hello.extensions"
	}
	for i := range x {
		p, err := wire.Append(nil, x[i], nil)
		q, err2 := wire.Append(nil, y[i], nil)
		if err != nil || err2 != nil || x[i].Type() != y[i].Type() || !bytes.Equal(p, q) {
			return "client_hello.extensions." + y[i].Type().String()
		}
	}
	return ""
}

func (s *server13) sendServerHello(_ message.Message) error {
	m := &message.ServerHello{Version: iana.TLS12, Random: s.random, SessionID: s.hello.SessionID,
		CipherSuite: s.summary.Suite.ID, Compression: iana.CompressionNull}
	var a kx.Answer
	var secret []byte // nil with psk_ke
	if s.group != nil {
		var err error
		if a, err = s.group.Answer(s.cfg.rand(), s.share); err != nil {
			return kx.BadShare("client_hello.extensions.key_share.key_exchange", err)
		}
		public, err := kx.OwnShare(a, "server_hello.extensions.key_share.key_exchange", math.MaxUint16)
		if err != nil {
			return err
		}
		m.Extensions.Add(&message.KeyShareServer{Entry: message.KeyShareEntry{Group: s.group.ID(), Share: public}})
		secret = a.Secret()
		if err := needSecret(secret, "shared_secret"); err != nil {
			return err
		}
	}
	m.Extensions.Add(&message.SelectedVersion{Version: iana.TLS13})
	if s.psk != nil {
		m.Extensions.Add(&message.PreSharedKeyServer{Selected: s.selected})
	}
	if err := s.send(m); err != nil {
		return err
	}
	if a != nil && s.revealing() {
		g := event.GroupOf(s.group)
		s.secret(event.Secret{Label: event.LabelServerKeyShare, Group: g, Method: g.Name, Op: event.OpAsymmetric}, a.Share(), explain13(a, nil, "")...)
		s.secret(event.Secret{Label: event.LabelSharedSecret, Group: g, Method: g.Name, Op: event.OpAsymmetric}, a.Secret(),
			explain13(a, a.Share(), event.LabelServerKeyShare)...)
	}
	s.ch.wr.SetVersion(iana.TLS13)
	s.ch.rd.SetVersion(iana.TLS13)
	return s.deriveHandshake(s.Endpoint, s.hello.Random[:], secret)
}

func (s *server13) sendChangeCipherSpec(_ message.Message) error {
	return s.sendDummyChangeCipherSpec()
}

// sendEncryptedExtensions sends the first message under keys. What comes from the client is
// under keys from here on, too.
func (s *server13) sendEncryptedExtensions(_ message.Message) error {
	if err := s.protect(event.Send, &s.serverTraffic, event.HandshakeKeys); err != nil {
		return err
	}
	m := new(message.EncryptedExtensions)
	x := &m.Extensions
	if s.summary.EarlyData == EarlyDataAccepted {
		if err := s.protect(event.Receive, &s.early.traffic, event.EarlyKeys); err != nil {
			return err
		}
		x.Add(&message.EarlyData{})
	} else if err := s.protect(event.Receive, &s.clientTraffic, event.HandshakeKeys); err != nil {
		return err
	}
	if s.answerName && !s.summary.Resumed { // RFC 6066 §3
		x.Add(&message.ServerNameAck{})
	}
	if s.summary.Protocol != "" {
		x.Add(&message.ALPN{Protocols: []string{s.summary.Protocol}})
	}
	code := s.summary.MaxFragmentLength
	switch {
	case s.peerLimit != 0: // and so no max_fragment_length (RFC 8449 §5)
		x.Add(&message.RecordSizeLimit{Limit: uint16(s.cfg.RecordSizeLimit)})
		s.summary.MaxFragmentLength = 0
	case code != 0:
		x.Add(&message.MaxFragmentLength{Code: code})
	}
	switch { // this message is the first that has to keep to it
	case s.peerLimit != 0:
		if err := s.limitRecords(s.peerLimit, "client_hello"); err != nil {
			return err
		}
	case code != 0:
		s.limit(code)
	}
	if s.summary.EarlyData == EarlyDataAccepted {
		s.ch.rd.SetLimit(0, 0) // early data was sealed before the client heard of a limit
	}
	return s.send(m)
}

func (s *server13) sendCertificateRequest(_ message.Message) error {
	s.summary.CertificateRequested = true
	m := new(message.CertificateRequest13)
	x := &m.Extensions
	x.Add(&message.SignatureAlgorithms{Schemes: schemeIDs(s.cfg.schemes())})
	if len(s.cfg.CertificateSchemes) > 0 {
		x.Add(&message.SignatureAlgorithmsCert{Schemes: schemeIDs(s.cfg.CertificateSchemes)})
	}
	if s.cfg.Roots != nil && s.cfg.Roots.Len() > 0 {
		x.Add(&message.CertificateAuthorities{Authorities: s.cfg.authorities()})
	}
	if a := s.cfg.CertificateCompression; len(a) > 0 {
		x.Add(&message.CompressCertificate{Algorithms: certcompress.Algorithms(a)})
	}
	return s.send(m)
}

func (s *server13) sendCertificate(_ message.Message) error {
	return s.send(s.certificate.message13(s.staple, s.timestamps))
}

func (s *server13) sendCompressedCertificate(_ message.Message) error {
	return s.sendPacked(s.certificate.message13(s.staple, s.timestamps), s.pack)
}

func (s *server13) sendCertificateVerify(_ message.Message) error {
	sg, err := s.sign(message.KindCertificateVerify, s.scheme, s.certificate.Key, s.toBeSigned(event.Server, len(s.transcript.bytes)))
	if err != nil {
		return err
	}
	return s.send(&message.CertificateVerify{Signature: sg})
}

// sendFinished ends the server's part: from here it speaks under the
// application's keys, though the server does not know its peer yet.
func (s *server13) sendFinished(_ message.Message) error {
	if err := s.writeFinished(s.Endpoint); err != nil {
		return err
	}
	if err := s.deriveMain(s.Endpoint, s.hello.Random[:]); err != nil {
		return err
	}
	return s.protect(event.Send, &s.serverNext, event.ApplicationKeys)
}

func (s *server13) recvCertificate(m message.Message) error {
	return s.takeClientCertificate(m.(*message.Certificate13))
}

func (s *server13) recvCompressedCertificate(m message.Message) error {
	cert, err := s.unpack(m.(*message.CompressedCertificate))
	if err != nil {
		return err
	}
	if len(cert.Entries) == 0 { // nothing was worth compressing, and no CertificateVerify will come
		return s.fault(reason.CertificateRequired, "RFC 9846 §4.5.1.3", m.(*message.CompressedCertificate), "compressed_certificate", reason.Say("a client certificate"), reason.Say("none"))
	}
	return s.takeClientCertificate(cert)
}

func (s *server13) takeClientCertificate(m *message.Certificate13) error {
	chain, err := s.chainOf(m)
	if err != nil {
		return err
	}
	if len(chain) == 0 {
		if s.cfg.ClientAuth == RequireClientCert {
			return &reason.Error{Reason: reason.CertificateRequired, Ref: "RFC 9846 §4.5.1.3", Field: "certificate.certificate_list", Off: 5, Want: reason.Say("a client certificate")}
		}
		s.decided(event.DecisionClientCertificate, "none", nil, event.WhyOptional)
		return nil
	}
	for _, e := range m.Entries {
		for _, x := range e.Extensions.List { // we asked for none
			return s.fault(reason.UnsolicitedExtension, "RFC 9846 §4.5.1", m, "certificate.certificate_list.certificate_entry.extensions", reason.Say("no extension"), x.Type())
		}
	}
	s.summary.PeerChain = chain
	return s.verifyChain(chain, "", false, nil)
}

func (s *server13) recvCertificateVerify(msg message.Message) error {
	m := msg.(*message.CertificateVerify)
	return s.checkSignature(message.KindCertificateVerify, &m.Signature, publicKey(s.summary.PeerChain[0]), s.toBeSigned(event.Client, s.transcript.mark))
}

func (s *server13) recvFinished(m message.Message) error {
	if err := s.checkFinished(s.Endpoint, m.(*message.Finished)); err != nil {
		return err
	}
	s.finish(s.Endpoint)
	return s.protect(event.Receive, &s.clientNext, event.ApplicationKeys)
}

// sendNewSessionTicket gives the client a key to come back with, and the way to find it
// again in a box that only we can open.
func (s *server13) sendNewSessionTicket(_ message.Message) error {
	var b [4]byte
	if _, err := io.ReadFull(s.cfg.rand(), b[:]); err != nil {
		return err
	}
	m := &message.NewSessionTicket13{AgeAdd: binary.BigEndian.Uint32(b[:]), Nonce: []byte{byte(s.ticketsSent >> 8), byte(s.ticketsSent)}}
	sess := s.newSession13(m.Nonce)
	sess.AgeAdd, sess.MaxEarlyData = m.AgeAdd, s.cfg.MaxEarlyData
	if n := s.cfg.MaxEarlyData; n > 0 {
		m.Extensions.Add(&message.EarlyDataLimit{Max: n})
	}
	sess.Lifetime = min(sess.Lifetime, seconds(maxTicketLifetime))
	if s.psk != nil {
		heir(sess, s.psk.session, s.now())
	}
	m.Lifetime = uint32(sess.Lifetime.Seconds())
	s.ticketsSent++
	t, err := s.cfg.Tickets.Seal(sess, s.cfg.rand(), s.now())
	if err != nil || len(t) > maxTicket {
		s.decided(event.DecisionResumption, "not_kept", nil, event.WhyStoreFailed)
		return nil // the connection is good without
	}
	m.Ticket = t
	return s.sendLater(m)
}

func (s *server13) sendKeyUpdate(_ message.Message) error { return s.writeKeyUpdate() }

func (s *server13) recvKeyUpdate(m message.Message) error {
	return s.takeKeyUpdate(m.(*message.KeyUpdate))
}
