package handshake

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// clientRows13 is the client's side of TLS 1.3, from the server's first answer on
// (RFC 9846 §A.1).
var clientRows13 = rows[client13]{role: event.Client, version: iana.TLS13, moves: []move[client13]{
	{In: event.SendEarlyChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: (*client13).sendEarlyChangeCipherSpec, To: event.WaitServerHello, Ref: "RFC 9846 §E.4"},

	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindHelloRetryRequest, If: (*client13).mayRetryInDisguise, When: event.GuardFirstRetryDisguised, Do: (*client13).recvHelloRetryRequest, To: event.SendChangeCipherSpec, Ref: "RFC 9846 §4.2.4"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindHelloRetryRequest, If: (*client13).mayRetry, When: event.GuardFirstRetry, Do: (*client13).recvHelloRetryRequest, To: event.SendSecondClientHello, Ref: "RFC 9846 §4.2.4"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, If: (*client13).selects13InDisguise, When: event.GuardSelects13Disguised, Do: (*client13).recvServerHello, To: event.SendChangeCipherSpec, Ref: "RFC 9846 §4.2.3"},
	{In: event.WaitServerHello, Dir: event.Receive, Msg: message.KindServerHello, If: (*client13).selects, When: event.GuardSelects13, Do: (*client13).recvServerHello, To: event.WaitEncryptedExtensions, Ref: "RFC 9846 §4.2.3"},

	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, If: (*client13).retries, When: event.GuardRetry, Do: (*client13).sendChangeCipherSpec, To: event.SendSecondClientHello, Ref: "RFC 9846 §E.4"},
	{In: event.SendChangeCipherSpec, Dir: event.Send, Msg: message.KindChangeCipherSpec, Do: (*client13).sendChangeCipherSpec, To: event.WaitEncryptedExtensions, Ref: "RFC 9846 §E.4"},
	{In: event.SendSecondClientHello, Dir: event.Send, Msg: message.KindClientHello, Do: (*client13).sendSecondClientHello, To: event.WaitServerHello, Ref: "RFC 9846 §4.2.2"},

	{In: event.WaitEncryptedExtensions, Dir: event.Receive, Msg: message.KindEncryptedExtensions, If: (*client13).hasPSK, When: event.GuardPSK, Do: (*client13).recvEncryptedExtensions, To: event.WaitFinished, Ref: "RFC 9846 §4.4.1"},
	{In: event.WaitEncryptedExtensions, Dir: event.Receive, Msg: message.KindEncryptedExtensions, Do: (*client13).recvEncryptedExtensions, To: event.WaitCertificateOrRequest, Ref: "RFC 9846 §4.4.1"},

	{In: event.WaitCertificateOrRequest, Dir: event.Receive, Msg: message.KindCertificateRequest, Do: (*client13).recvCertificateRequest, To: event.WaitCertificate, Ref: "RFC 9846 §4.4.2"},
	{In: event.WaitCertificateOrRequest, Dir: event.Receive, Msg: message.KindCertificate, Do: (*client13).recvCertificate, To: event.WaitCertificateVerify, Ref: "RFC 9846 §4.5.1"},
	{In: event.WaitCertificateOrRequest, Dir: event.Receive, Msg: message.KindCompressedCertificate, If: (*client13).unpacks, When: event.GuardUnpacks, Do: (*client13).recvCompressedCertificate, To: event.WaitCertificateVerify, Ref: "RFC 8879 §4"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCertificate, Do: (*client13).recvCertificate, To: event.WaitCertificateVerify, Ref: "RFC 9846 §4.5.1"},
	{In: event.WaitCertificate, Dir: event.Receive, Msg: message.KindCompressedCertificate, If: (*client13).unpacks, When: event.GuardUnpacks, Do: (*client13).recvCompressedCertificate, To: event.WaitCertificateVerify, Ref: "RFC 8879 §4"},
	{In: event.WaitCertificateVerify, Dir: event.Receive, Msg: message.KindCertificateVerify, Do: (*client13).recvCertificateVerify, To: event.WaitFinished, Ref: "RFC 9846 §4.5.2"},

	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: (*client13).earlyTaken, When: event.GuardEarlyData, Do: (*client13).recvFinished, To: event.SendEndOfEarlyData, Ref: "RFC 9846 §4.5.3"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, If: (*client13).wasAsked, When: event.GuardAsked, Do: (*client13).recvFinished, To: event.SendCertificate, Ref: "RFC 9846 §4.5.3"},
	{In: event.WaitFinished, Dir: event.Receive, Msg: message.KindFinished, Do: (*client13).recvFinished, To: event.SendFinished, Ref: "RFC 9846 §4.5.3"},

	{In: event.SendEndOfEarlyData, Dir: event.Send, Msg: message.KindEndOfEarlyData, Do: (*client13).sendEndOfEarlyData, To: event.SendFinished, Ref: "RFC 9846 §4.6"},

	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCompressedCertificate, If: (*client13).packs, When: event.GuardPacks, Do: (*client13).sendCompressedCertificate, To: event.SendCertificateVerify, Ref: "RFC 8879 §4"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, If: (*client13).proves, When: event.GuardHasCertificate, Do: (*client13).sendCertificate, To: event.SendCertificateVerify, Ref: "RFC 9846 §4.5.1"},
	{In: event.SendCertificate, Dir: event.Send, Msg: message.KindCertificate, Do: (*client13).sendCertificate, To: event.SendFinished, Ref: "RFC 9846 §4.5.1"},
	{In: event.SendCertificateVerify, Dir: event.Send, Msg: message.KindCertificateVerify, Do: (*client13).sendCertificateVerify, To: event.SendFinished, Ref: "RFC 9846 §4.5.2"},
	{In: event.SendFinished, Dir: event.Send, Msg: message.KindFinished, Do: (*client13).sendFinished, To: event.Connected, Ref: "RFC 9846 §4.5.3"},

	{In: event.Connected, Dir: event.Send, Msg: message.KindKeyUpdate, If: (*client13).updates, When: event.GuardUpdateDue, Do: (*client13).sendKeyUpdate, To: event.Connected, Ref: "RFC 9846 §4.7.3"},
	{In: event.Connected, Dir: event.Receive, Msg: message.KindKeyUpdate, Do: (*client13).recvKeyUpdate, To: event.Connected, Ref: "RFC 9846 §4.7.3"},
	{In: event.Connected, Dir: event.Receive, Msg: message.KindNewSessionTicket, Do: (*client13).recvNewSessionTicket, To: event.Connected, Ref: "RFC 9846 §4.7.1"},
}}

// Guards.

// selects reports whether a ServerHello picks TLS 1.3 of a client that offered it.
func (c *client13) selects(m message.Message) bool {
	return c.cfg.speaks(iana.TLS13) && (m == nil || m.(*message.ServerHello).Extensions.Find(iana.ExtSupportedVersions) != nil) || c.retried
}

func (c *client13) selects13InDisguise(m message.Message) bool {
	return c.selects(m) && !c.retried && c.disguised()
}

// mayRetry reports whether a HelloRetryRequest may come. A second one is refused (RFC 9846
// §4.2.4).
func (c *client13) mayRetry(_ message.Message) bool {
	return c.cfg.speaks(iana.TLS13) && c.retry == nil
}

func (c *client13) mayRetryInDisguise(m message.Message) bool {
	return c.mayRetry(m) && c.disguised()
}

// disguised reports whether the handshake is to look like a resumed one of TLS 1.2.
func (c *client13) disguised() bool {
	return !c.cfg.NoCompatibilityMode && len(c.hello.SessionID) > 0 && c.early == nil
}

func (c *client13) retries(_ message.Message) bool { return c.retry != nil && !c.retried }
func (c *client13) earlyTaken(_ message.Message) bool {
	return c.summary.EarlyData == EarlyDataAccepted
}
func (c *client13) hasPSK(_ message.Message) bool   { return c.psk != nil }
func (c *client13) wasAsked(_ message.Message) bool { return c.asked }
func (c *client13) proves(_ message.Message) bool   { return c.certificate != nil }
func (c *client13) packs(_ message.Message) bool    { return c.pack != nil && c.certificate != nil }
func (c *client13) unpacks(_ message.Message) bool  { return len(c.cfg.CertificateCompression) > 0 }
func (c *client13) updates(_ message.Message) bool  { return c.traffic.due() }

// Moves.

// sendChangeCipherSpec also turns the client's own keys on: from here on only the server shall
// read what the client says, even an alert.
func (c *client13) sendChangeCipherSpec(_ message.Message) error {
	if err := c.sendDummyChangeCipherSpec(); err != nil || c.retries(nil) {
		return err
	}
	return c.protect(event.Send, &c.clientTraffic, event.HandshakeKeys)
}

// sendSecondClientHello repeats the first, changed where the server wished and
// nowhere else (RFC 9846 §4.2.2).
func (c *client13) sendSecondClientHello(_ message.Message) error {
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
	// The server has chosen a hash, so keys of another hash are useless (RFC 9846 §4.2.2).
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

func (c *client13) recvEncryptedExtensions(msg message.Message) error {
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

// recvFinished believes the server, and has all it needs for application data.
func (c *client13) recvFinished(m message.Message) error {
	if err := c.checkFinished(c.Endpoint, m.(*message.Finished)); err != nil {
		return err
	}
	if c.choose != nil {
		if err := c.choose(); err != nil {
			return err
		}
	}
	if err := c.deriveMain(c.Endpoint, c.hello.Random[:]); err != nil {
		return err
	}
	return c.protect(event.Receive, &c.serverNext, event.ApplicationKeys)
}

func (c *client13) sendFinished(_ message.Message) error {
	if err := c.writeFinished(c.Endpoint); err != nil {
		return err
	}
	c.finish(c.Endpoint)
	return c.protect(event.Send, &c.clientNext, event.ApplicationKeys)
}

func (c *client13) sendKeyUpdate(_ message.Message) error { return c.writeKeyUpdate() }

func (c *client13) recvKeyUpdate(m message.Message) error {
	return c.takeKeyUpdate(m.(*message.KeyUpdate))
}

func (c *client13) recvNewSessionTicket(m message.Message) error {
	return c.keepTicket(m.(*message.NewSessionTicket13))
}
