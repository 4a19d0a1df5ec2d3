package handshake

import (
	"bytes"
	"crypto/x509"
	"io"
	"slices"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// clientMoves13 is the client's side of TLS 1.3, from the server's first answer on
// (RFC 9846 §A.1).
var clientMoves13 = []move[client13]{
	{In: event.SendEarlyChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: sendEarlyDummy, To: event.WaitServerHello, Ref: "RFC 9846 §E.4"},

	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindHelloRetryRequest, If: mayRetryInDisguise, When: event.GuardFirstRetryDisguised, Do: recvHelloRetryRequest, To: event.SendChangeCipherSpec, Ref: "RFC 9846 §4.2.4"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindHelloRetryRequest, If: mayRetry, When: event.GuardFirstRetry, Do: recvHelloRetryRequest, To: event.SendSecondClientHello, Ref: "RFC 9846 §4.2.4"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, If: selects13InDisguise, When: event.GuardSelects13Disguised, Do: recvServerHello13, To: event.SendChangeCipherSpec, Ref: "RFC 9846 §4.2.3"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, If: selects13, When: event.GuardSelects13, Do: recvServerHello13, To: event.WaitEncryptedExtensions, Ref: "RFC 9846 §4.2.3"},

	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, If: clientRetries, When: event.GuardRetry, Do: sendClientDummy, To: event.SendSecondClientHello, Ref: "RFC 9846 §E.4"},
	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: sendClientDummy, To: event.WaitEncryptedExtensions, Ref: "RFC 9846 §E.4"},
	{In: event.SendSecondClientHello, Dir: event.Send, Msg: message.KindClientHello, Do: sendSecondClientHello, To: event.WaitServerHello, Ref: "RFC 9846 §4.2.2"},

	{In: event.WaitEncryptedExtensions, Dir: event.Receive, Msg: message.KindEncryptedExtensions, If: clientHasPSK, When: event.GuardPSK, Do: recvEncryptedExtensions, To: event.WaitFinished, Ref: "RFC 9846 §4.4.1"},
	{In: event.WaitEncryptedExtensions, Dir: event.Receive, Msg: message.KindEncryptedExtensions, Do: recvEncryptedExtensions, To: event.WaitCertificateOrRequest, Ref: "RFC 9846 §4.4.1"},

	{In: event.WaitCertificateOrRequest, Dir: event.Receive, Msg: message.KindCertificateRequest, Do: recvCertificateRequest13, To: event.WaitCertificate, Ref: "RFC 9846 §4.4.2"},
	{In: event.WaitCertificateOrRequest, Dir: event.Receive, Msg: message.KindCertificate, Do: recvServerCertificate13, To: event.WaitCertificateVerify, Ref: "RFC 9846 §4.5.1"},
	{In: event.WaitCertificateOrRequest, Dir: event.Receive, Msg: message.KindCompressedCertificate, If: clientUnpacks, When: event.GuardUnpacks, Do: recvCompressedServerCertificate, To: event.WaitCertificateVerify, Ref: "RFC 8879 §4"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, Do: recvServerCertificate13, To: event.WaitCertificateVerify, Ref: "RFC 9846 §4.5.1"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCompressedCertificate, If: clientUnpacks, When: event.GuardUnpacks, Do: recvCompressedServerCertificate, To: event.WaitCertificateVerify, Ref: "RFC 8879 §4"},
	{In: event.WaitCertificateVerify, Dir: event.Receive, Msg: message.KindCertificateVerify, Do: recvServerCertificateVerify, To: event.WaitFinished, Ref: "RFC 9846 §4.5.2"},

	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: earlyTaken, When: event.GuardEarlyData, Do: recvServerFinished13, To: event.SendEndOfEarlyData, Ref: "RFC 9846 §4.5.3"},
	{In: event.SendEndOfEarlyData, Dir: event.Send, Msg: message.KindEndOfEarlyData, Do: sendEndOfEarlyData, To: event.SendFinished, Ref: "RFC 9846 §4.6"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: clientAsked, When: event.GuardAsked, Do: recvServerFinished13, To: event.SendCertificate, Ref: "RFC 9846 §4.5.3"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, Do: recvServerFinished13, To: event.SendFinished, Ref: "RFC 9846 §4.5.3"},

	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCompressedCertificate, If: clientPacks, When: event.GuardPacks, Do: sendCompressedClientCertificate, To: event.SendCertificateVerify, Ref: "RFC 8879 §4"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, If: clientProves13, When: event.GuardHasCertificate, Do: sendClientCertificate13, To: event.SendCertificateVerify, Ref: "RFC 9846 §4.5.1"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, Do: sendClientCertificate13, To: event.SendFinished, Ref: "RFC 9846 §4.5.1"},
	{In: event.SendCertificateVerify, Dir: event.Send, Msg: message.KindCertificateVerify, Do: sendClientCertificateVerify13, To: event.SendFinished, Ref: "RFC 9846 §4.5.2"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, Do: sendClientFinished13, To: event.Connected, Ref: "RFC 9846 §4.5.3"},

	{In: event.Connected, Dir: event.Send, Msg: message.KindKeyUpdate, If: clientUpdates, When: event.GuardUpdateDue, Do: sendClientKeyUpdate, To: event.Connected, Ref: "RFC 9846 §4.7.3"},
	{In: event.Connected, Dir: event.Receive, Msg: message.KindKeyUpdate, Do: recvClientKeyUpdate, To: event.Connected, Ref: "RFC 9846 §4.7.3"},
	{In: event.Connected, Dir: event.Receive, Msg: message.KindNewSessionTicket, Do: recvNewSessionTicket13, To: event.Connected, Ref: "RFC 9846 §4.7.1"},
}

// Guards.

// selects13 reports whether a ServerHello picks TLS 1.3 of a client that offered it.
func selects13(c *client13, m message.Message) bool {
	return c.cfg.speaks(iana.TLS13) && (m == nil || m.(*message.ServerHello).Extensions.Find(iana.ExtSupportedVersions) != nil) || c.retried
}

func selects13InDisguise(c *client13, m message.Message) bool {
	return selects13(c, m) && !c.retried && c.disguised()
}

// A second HelloRetryRequest is none that we wait for (RFC 9846 §4.2.4).
func mayRetry(c *client13, _ message.Message) bool {
	return c.cfg.speaks(iana.TLS13) && c.retry == nil
}

func mayRetryInDisguise(c *client13, m message.Message) bool {
	return mayRetry(c, m) && c.disguised()
}

// disguised reports whether the handshake is to look like a resumed one of TLS 1.2.
func (c *client13) disguised() bool {
	return !c.cfg.NoCompatibilityMode && len(c.hello.SessionID) > 0 && c.early == nil
}

func clientRetries(c *client13, _ message.Message) bool  { return c.retry != nil && !c.retried }
func earlyTaken(c *client13, _ message.Message) bool     { return c.summary.EarlyData == EarlyDataAccepted }
func clientHasPSK(c *client13, _ message.Message) bool   { return c.psk != nil }
func clientAsked(c *client13, _ message.Message) bool    { return c.asked }
func clientProves13(c *client13, _ message.Message) bool { return c.certificate != nil }
func clientPacks(c *client13, _ message.Message) bool    { return c.pack != nil && c.certificate != nil }
func clientUnpacks(c *client13, _ message.Message) bool  { return len(c.cfg.CertificateCompression) > 0 }
func clientUpdates(c *client13, _ message.Message) bool  { return c.traffic.due() }

// Moves.

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
	c.offers = append(c.offers, groupOffer{g, o})
	if c.revealing() {
		c.secret(event.Secret{Label: event.LabelClientKeyShare, Version: iana.TLS13, Group: event.GroupOf(g), Method: g.Name(), Op: event.OpAsymmetric, Inputs: explain13(o, nil, ""), Value: o.Share()})
	}
	return message.KeyShareEntry{Group: g.ID(), Share: o.Share()}, nil
}

// recvHelloRetryRequest takes the server's wishes: another group, a cookie, or both.
func recvHelloRetryRequest(c *client13, msg message.Message) error {
	m := msg.(*message.ServerHello)
	if err := c.checkServerHello13(m); err != nil {
		return err
	}
	share, moves := message.Get[*message.KeyShareRetry](&m.Extensions)
	_, cookie := message.Get[*message.Cookie](&m.Extensions)
	switch {
	case moves && (c.cfg.group(share.Group) == nil || c.offerOf(share.Group) != nil):
		return c.fault(reason.NotOffered, "RFC 9846 §4.3.8", m, "hello_retry_request.extensions.key_share",
			reason.Say("a group offered without a share"), share.Group)
	case !moves && !cookie:
		return c.fault(reason.BadValue, "RFC 9846 §4.2.4", m, "hello_retry_request.extensions", reason.Say("a group or a cookie: something to change"), reason.Say("neither"))
	}
	c.retry, c.summary.Retried = m, true
	if c.early != nil {
		c.closeEarlyData(EarlyDataRejected)
		c.ch.wr.Change(nil, nil) // a second ClientHello is in clear
		if c.ch.keys[event.Send] != event.InClear {
			c.noteKeyChange(event.Send, event.InClear, 0)
		}
	}
	if err := c.hashFirstHello(c.transcript.mark); err != nil {
		return err
	}
	c.ch.wr.SetVersion(iana.TLS13)
	c.ch.rd.SetVersion(iana.TLS13)
	return nil
}

// movedGroup reports whether the HelloRetryRequest asked for another group.
func (c *client13) movedGroup() bool {
	return c.retry.Extensions.Find(iana.ExtKeyShare) != nil
}

// checkServerHello13 is what ServerHello and HelloRetryRequest must both keep to.
func (c *client13) checkServerHello13(m *message.ServerHello) error {
	name := m.Kind().String()
	v, ok := message.Get[*message.SelectedVersion](&m.Extensions)
	s := suiteIn(c.cfg.suites(), m.CipherSuite)
	switch {
	case !ok:
		return c.fault(reason.MissingExtension, "RFC 9846 §9.2", m, name+".extensions", "supported_versions", reason.Say("none"))
	case v.Version != iana.TLS13:
		return c.fault(reason.NotOffered, "RFC 9846 §4.3.1", m, name+".extensions.supported_versions.selected_version", iana.TLS13, v.Version)
	case m.Version != iana.TLS12:
		return c.fault(reason.UnsupportedVersion, "RFC 9846 §4.2.3", m, name+".server_version", iana.TLS12, m.Version)
	case !bytes.Equal(m.SessionID, c.hello.SessionID):
		return c.fault(reason.BadValue, "RFC 9846 §4.2.3", m, name+".session_id", reason.Say("our session_id again"), m.SessionID)
	case m.Compression != iana.CompressionNull:
		return c.fault(reason.BadValue, "RFC 9846 §4.2.3", m, name+".compression_method", iana.CompressionNull, m.Compression)
	case s == nil || s.Version != iana.TLS13 || !c.cfg.usable(s):
		return c.fault(reason.NotOffered, "RFC 9846 §4.2.3", m, name+".cipher_suite", reason.Say("one of the TLS 1.3 suites offered"), m.CipherSuite)
	case c.summary.Suite != nil && c.summary.Suite != s:
		return c.fault(reason.BadValue, "RFC 9846 §4.2.4", m, name+".cipher_suite", c.summary.Suite.ID, m.CipherSuite) // as in HelloRetryRequest
	}
	c.summary.Version, c.summary.Suite = iana.TLS13, s
	for _, x := range m.Extensions.List {
		if m.Kind() == message.KindHelloRetryRequest && x.Type() == iana.ExtCookie {
			continue // the one thing that a server says unasked
		}
		if err := c.checkAnswer(m, m.Kind(), x); err != nil {
			return err
		}
	}
	return nil
}

// checkAnswer refuses an extension that we did not ask for, and one that has no place in
// this kind of message (RFC 9846 §4.3).
func (c *client13) checkAnswer(m message.Message, in message.Kind, x message.Extension) error {
	t := x.Type()
	field := m.Kind().String() + ".extensions." + t.String()
	if c.hello.Extensions.Find(t) == nil || iana.IsGREASE(uint16(t)) {
		return c.fault(reason.UnsolicitedExtension, "RFC 9846 §4.3", m, field, reason.Say("answers to our extensions only"), t)
	}
	return c.checkPlace(m, in, x)
}

// checkPlaces refuses extensions that are known and have no place in a message that asks
// rather than answers, where unknown ones are passed over.
func (e *Endpoint) checkPlaces(m message.Message, extensions *message.Extensions) error {
	for _, x := range extensions.List {
		if err := e.checkPlace(m, m.Kind(), x); err != nil {
			return err
		}
	}
	return nil
}

func (e *Endpoint) checkPlace(m message.Message, in message.Kind, x message.Extension) error {
	if !message.Allowed(in, x.Type()) {
		return e.fault(reason.BadValue, "RFC 9846 §4.3", m, m.Kind().String()+".extensions."+x.Type().String(), reason.Say("an extension of this message"), x.Type())
	}
	return nil
}

func (c *client13) offerOf(id iana.Group) *groupOffer {
	for i := range c.offers {
		if c.offers[i].group.ID() == id {
			return &c.offers[i]
		}
	}
	return nil
}

// sendClientDummy also turns the client's own keys on: what it says from here on, be it
// an alert, only the server shall read.
func sendClientDummy(c *client13, _ message.Message) error {
	if err := c.sendDummyChangeCipherSpec(); err != nil || clientRetries(c, nil) {
		return err
	}
	return c.protect(event.Send, &c.clientTraffic, event.HandshakeKeys)
}

// sendSecondClientHello repeats the first, changed where the server wished and
// nowhere else (RFC 9846 §4.2.2).
func sendSecondClientHello(c *client13, _ message.Message) error {
	m := *c.hello
	m.Extensions.List = slices.Clone(m.Extensions.List)
	if want, ok := message.Get[*message.KeyShareRetry](&c.retry.Extensions); ok {
		c.offers = nil
		share, err := c.offerShare(c.cfg.group(want.Group))
		if err != nil {
			return err
		}
		for i, x := range m.Extensions.List {
			if x.Type() == iana.ExtKeyShare {
				m.Extensions.List[i] = &message.KeyShareClient{Shares: []message.KeyShareEntry{share}}
			}
		}
	}
	if cookie, ok := message.Get[*message.Cookie](&c.retry.Extensions); ok {
		m.Extensions.Add(cookie)
	}
	c.hello, c.retried = &m, true
	// Keys of another hash are of no use any more (RFC 9846 §4.2.2).
	c.psks = slices.DeleteFunc(c.psks, func(p psk) bool { return p.hash != c.summary.Suite.Hash })
	m.Extensions.List = slices.DeleteFunc(m.Extensions.List, func(x message.Extension) bool {
		return x.Type() == iana.ExtPreSharedKey || x.Type() == iana.ExtEarlyData
	})
	if len(c.psks) > 0 {
		if err := c.bind(&m); err != nil {
			return err
		}
	}
	return c.sendHello(&m)
}

// sendHello sends a ClientHello, which bind has edited already if it has binders.
func (c *client13) sendHello(m *message.ClientHello) error {
	if len(c.psks) > 0 {
		return c.sendAsIs(m)
	}
	return c.send(m)
}

func recvServerHello13(c *client13, msg message.Message) error {
	m := msg.(*message.ServerHello)
	if err := c.checkServerHello13(m); err != nil {
		return err
	}
	if x, ok := message.Get[*message.PreSharedKeyServer](&m.Extensions); ok {
		if err := c.takePSK(m, x); err != nil {
			return err
		}
	}
	c.owing = true
	o, secret, err := c.agree(m)
	if err != nil {
		return err
	}
	c.ch.wr.SetVersion(iana.TLS13)
	c.ch.rd.SetVersion(iana.TLS13)
	if c.listening() {
		c.decided(event.DecisionVersion, iana.TLS13, c.cfg.versions(), event.WhySupportedVersions)
		c.decided(event.DecisionCipherSuite, m.CipherSuite, c.hello.CipherSuites, event.WhyServerChoice)
		if o != nil {
			c.decided(event.DecisionGroup, c.summary.Group, c.groupIDs(), choose(c.retried && c.movedGroup(), event.WhyHelloRetry, event.WhySharedShare))
		}
		c.decided(event.DecisionCompatibilityMode, !c.cfg.NoCompatibilityMode && len(m.SessionID) > 0, nil, choose(len(m.SessionID) > 0, event.WhySessionIDEchoed, event.WhySessionIDEmpty))
	}
	if o != nil && c.revealing() {
		c.secret(event.Secret{Label: event.LabelSharedSecret, Group: event.GroupOf(o.group), Method: o.group.Name(), Op: event.OpAsymmetric,
			Inputs: explain13(o.offer, o.offer.Share(), event.LabelClientKeyShare), Value: secret})
	}
	c.offers = nil // forward secrecy is this: the ephemeral keys are gone
	if err := c.deriveHandshake(c.Endpoint, c.hello.Random[:], secret); err != nil {
		return err
	}
	if err := c.protect(event.Receive, &c.serverTraffic, event.HandshakeKeys); err != nil {
		return err
	}
	if c.disguised() && !c.retried || c.early != nil && c.early.open {
		return nil // when the ChangeCipherSpec is out, or the end of early data
	}
	return c.protect(event.Send, &c.clientTraffic, event.HandshakeKeys)
}

// agree finishes the key exchange. With psk_ke there is none, and the secret is nil.
func (c *client13) agree(m *message.ServerHello) (*groupOffer, []byte, error) {
	share, ok := message.Get[*message.KeyShareServer](&m.Extensions)
	if c.psk != nil {
		mode := iana.PSKOnly
		if ok {
			mode = iana.PSKWithDHE
		}
		if !slices.Contains(c.cfg.pskModes(), mode) { // RFC 9846 §4.3.9, §4.3.11
			return nil, nil, c.fault(reason.BadValue, choose(ok, "RFC 9846 §4.3.9", "RFC 9846 §4.3.11"), m, "server_hello.extensions.key_share", reason.Say("as one of psk_key_exchange_modes has it"), choose(ok, reason.Say("a share"), reason.Say("none")))
		}
		if !ok {
			return nil, nil, nil
		}
	}
	if !ok {
		return nil, nil, c.fault(reason.MissingExtension, "RFC 9846 §9.2", m, "server_hello.extensions", "key_share", reason.Say("none"))
	}
	o := c.offerOf(share.Entry.Group)
	if o == nil {
		return nil, nil, c.fault(reason.NotOffered, "RFC 9846 §4.3.8", m, "server_hello.extensions.key_share.group", reason.Say("a group that we sent a share of"), share.Entry.Group)
	}
	c.summary.Group = o.group.ID()
	secret, err := o.offer.Finish(share.Entry.Share)
	if err != nil {
		return nil, nil, kx.BadShare("server_hello.extensions.key_share.key_exchange", err)
	}
	return o, secret, nil
}

func recvEncryptedExtensions(c *client13, msg message.Message) error {
	m := msg.(*message.EncryptedExtensions)
	for _, x := range m.Extensions.List {
		if err := c.checkAnswer(m, m.Kind(), x); err != nil {
			return err
		}
		switch x := x.(type) {
		case *message.ALPN:
			if err := c.takeProtocol(m, x); err != nil {
				return err
			}
		case *message.MaxFragmentLength:
			if x.Code != c.cfg.MaxFragmentLength {
				return c.fault(reason.NotOffered, "RFC 6066 §4", m, "encrypted_extensions.extensions.max_fragment_length", c.cfg.MaxFragmentLength, x.Code)
			}
			if m.Extensions.Find(iana.ExtRecordSizeLimit) != nil {
				return c.fault(reason.BadValue, "RFC 8449 §5", m, "encrypted_extensions.extensions.max_fragment_length", reason.Say("not both limits"), x.Code)
			}
			c.limit(x.Code)
		case *message.RecordSizeLimit:
			if err := c.limitRecords(int(x.Limit), "encrypted_extensions"); err != nil {
				return err
			}
		case *message.EarlyData:
			if c.early == nil || !c.early.open || c.psk != &c.psks[0] {
				return c.fault(reason.NotOffered, "RFC 9846 §4.3.11", m, "encrypted_extensions.extensions.early_data", reason.Say("no early data: the first key was not selected"), "early_data")
			}
			c.summary.EarlyData = EarlyDataAccepted
		}
	}
	if c.summary.EarlyData == EarlyDataAccepted {
		// Only now is the protocol known, wherever its extension stood.
		if c.summary.Suite.ID != c.psk.session.Suite || c.summary.Protocol != c.psk.session.Protocol {
			return c.fault(reason.BadValue, "RFC 9846 §4.3.10", m, "encrypted_extensions.extensions.early_data", reason.Say("the suite and protocol of the ticket"), c.summary.Suite.ID)
		}
		c.decided(event.DecisionEarlyData, "accepted", nil, event.WhyServerTookIt)
	}
	if c.early != nil && c.early.open && c.summary.EarlyData != EarlyDataAccepted {
		c.closeEarlyData(EarlyDataRejected)
		return c.protect(event.Send, &c.clientTraffic, event.HandshakeKeys)
	}
	return nil
}

func recvCertificateRequest13(c *client13, msg message.Message) error {
	m := msg.(*message.CertificateRequest13)
	if len(m.RequestContext) != 0 {
		return c.fault(reason.BadValue, "RFC 9846 §4.4.2", m, "certificate_request.certificate_request_context", reason.Say("nothing in the handshake"), m.RequestContext)
	}
	schemes, ok := message.Get[*message.SignatureAlgorithms](&m.Extensions)
	if !ok {
		return c.fault(reason.MissingExtension, "RFC 9846 §4.4.2", m, "certificate_request.extensions", "signature_algorithms", reason.Say("none"))
	}
	if err := c.checkPlaces(m, &m.Extensions); err != nil {
		return err
	}
	c.asked, c.summary.CertificateRequested = true, true
	authorities, _ := message.Get[*message.CertificateAuthorities](&m.Extensions)
	for i := range c.cfg.Certificates {
		cert := &c.cfg.Certificates[i]
		chain, err := cert.parsed()
		if err != nil {
			return err
		}
		if !mayBeUsed(chain[0], x509.KeyUsageDigitalSignature) || authorities != nil && !issuedBy(chain, authorities.Authorities) {
			continue
		}
		if s := c.pickScheme(publicKey(chain[0]), schemes.Schemes); s != nil {
			c.certificate, c.scheme = cert, s
			break
		}
	}
	c.noteShown()
	if c.certificate == nil {
		c.decided(event.DecisionClientCertificate, "none", nil, event.WhyNothingFitsRequest)
		return nil
	}
	if n, ok := message.Get[*message.CompressCertificate](&m.Extensions); ok {
		c.pack = c.packing(n.Algorithms)
	}
	if c.listening() {
		leaf, _ := c.certificate.leaf()
		c.decided(event.DecisionClientCertificate, leaf.Subject.String(), nil, event.WhyFitsRequest)
	}
	return nil
}

// issuedBy reports whether a chain leads to one of the names.
func issuedBy(chain []*x509.Certificate, names [][]byte) bool {
	for _, cert := range chain {
		for _, name := range names {
			if pki.SameName(name, cert.RawIssuer) {
				return true
			}
		}
	}
	return false
}

func recvServerCertificate13(c *client13, m message.Message) error {
	return c.takeServerCertificate(m.(*message.Certificate13))
}

func recvCompressedServerCertificate(c *client13, m message.Message) error {
	cert, err := c.unpack(m.(*message.CompressedCertificate))
	if err != nil {
		return err
	}
	return c.takeServerCertificate(cert)
}

func (c *client13) takeServerCertificate(m *message.Certificate13) (err error) {
	if c.chain, err = c.chainOf(m); err != nil {
		return err
	}
	if len(c.chain) == 0 {
		// Here alone it is a matter of form (RFC 9846 §4.5.1.3).
		return &reason.Error{Reason: reason.BadLength, Ref: "RFC 9846 §4.5.1.3", Field: "certificate.certificate_list", Off: 5, Want: reason.Say("at least the server's certificate"), Got: reason.Say("none")}
	}
	for i := range m.Entries {
		for _, x := range m.Entries[i].Extensions.List {
			if err := c.checkAnswer(m, m.Kind(), x); err != nil {
				return err
			}
		}
	}
	if s, ok := message.Get[*message.StapledStatus](&m.Entries[0].Extensions); ok {
		c.summary.Staple = bytes.Clone(s.Response) // or the transcript would live as long as the connection
	}
	c.summary.PeerChain = c.chain
	return c.verifyServer()
}

func recvServerCertificateVerify(c *client13, msg message.Message) error {
	m := msg.(*message.CertificateVerify)
	c.summary.Scheme = m.Signature.Scheme
	return c.checkSignature(message.KindCertificateVerify, &m.Signature, publicKey(c.chain[0]), c.toBeSigned(event.Server, c.transcript.mark))
}

// recvServerFinished13 believes the server, and has all it needs for application data.
func recvServerFinished13(c *client13, m message.Message) error {
	if err := c.checkFinished13(c.Endpoint, m.(*message.Finished)); err != nil {
		return err
	}
	if err := c.deriveMain(c.Endpoint, c.hello.Random[:]); err != nil {
		return err
	}
	return c.protect(event.Receive, &c.serverNext, event.ApplicationKeys)
}

func (c *client13) certificate13() *message.Certificate13 {
	if c.certificate == nil {
		return new(message.Certificate13)
	}
	return c.certificate.message13(false)
}

func sendClientCertificate13(c *client13, _ message.Message) error { return c.send(c.certificate13()) }

func sendCompressedClientCertificate(c *client13, _ message.Message) error {
	return c.sendPacked(c.certificate13(), c.pack)
}

func sendClientCertificateVerify13(c *client13, _ message.Message) error {
	s, err := c.sign(message.KindCertificateVerify, c.scheme, c.certificate.Key, c.toBeSigned(event.Client, len(c.transcript.bytes)))
	if err != nil {
		return err
	}
	return c.send(&message.CertificateVerify{Signature: s})
}

func sendClientFinished13(c *client13, _ message.Message) error {
	if err := c.sendFinished13(c.Endpoint); err != nil {
		return err
	}
	c.finish(c.Endpoint)
	return c.protect(event.Send, &c.clientNext, event.ApplicationKeys)
}

func sendClientKeyUpdate(c *client13, _ message.Message) error { return c.sendKeyUpdate() }

func recvClientKeyUpdate(c *client13, m message.Message) error {
	return c.recvKeyUpdate(m.(*message.KeyUpdate))
}

func recvNewSessionTicket13(c *client13, m message.Message) error {
	return c.keepTicket(m.(*message.NewSessionTicket13))
}
