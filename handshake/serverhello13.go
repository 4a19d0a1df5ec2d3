package handshake

import (
	"bytes"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// recvHelloRetryRequest takes the server's wishes: another group, a cookie, or both.
func (c *client13) recvHelloRetryRequest(msg message.Message) error {
	m := msg.(*message.ServerHello)
	if err := c.checkServerHello13(m); err != nil {
		return err
	}
	share, moves := message.Get[*message.KeyShareRetry](&m.Extensions)
	_, cookie := message.Get[*message.Cookie](&m.Extensions)
	switch {
	case moves && (c.cfg.group(share.Group) == nil || c.offerOf(share.Group) != nil):
		return c.fault(choose(c.offerOf(share.Group) != nil, reason.BadValue, reason.NotOffered), "RFC 9846 §4.3.8", m, "hello_retry_request.extensions.key_share",
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

func (c *client13) recvServerHello(msg message.Message) error {
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
			c.decided(event.DecisionGroup, c.summary.Group, c.groupIDs(c.hello), choose(c.retried && c.movedGroup(), event.WhyHelloRetry, event.WhySharedShare))
		}
		c.decided(event.DecisionCompatibilityMode, !c.cfg.NoCompatibilityMode && len(m.SessionID) > 0, nil, choose(len(m.SessionID) > 0, event.WhySessionIDEchoed, event.WhySessionIDEmpty))
	}
	if o != nil && c.revealing() {
		c.secret(event.Secret{Label: event.LabelSharedSecret, Group: event.GroupOf(o.group), Method: o.group.Name(), Op: event.OpAsymmetric}, secret,
			explain13(o.offer, o.offer.Share(), event.LabelClientKeyShare)...)
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

// agree finishes the key exchange. With psk_ke there is no key exchange, and the secret is nil.
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
	return o, secret, needSecret(secret, "shared_secret")
}
