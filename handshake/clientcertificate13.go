package handshake

import (
	"bytes"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

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
	if s, ok := message.Get[*message.SignedCertTimestamps](&m.Entries[0].Extensions); ok {
		c.summary.Timestamps = cloned(s.List)
	}
	c.summary.PeerChain = c.chain
	return c.verifyServer()
}

// cloned copies a list that aliases the transcript.
func cloned(list [][]byte) [][]byte {
	own := make([][]byte, len(list))
	for i := range list {
		own[i] = bytes.Clone(list[i])
	}
	return own
}

func (c *client13) recvCertificate(m message.Message) error {
	return c.takeServerCertificate(m.(*message.Certificate13))
}

func (c *client13) recvCompressedCertificate(m message.Message) error {
	cert, err := c.unpack(m.(*message.CompressedCertificate))
	if err != nil {
		return err
	}
	return c.takeServerCertificate(cert)
}

func (c *client13) recvCertificateVerify(msg message.Message) error {
	m := msg.(*message.CertificateVerify)
	c.summary.Scheme = m.Signature.Scheme
	return c.checkSignature(message.KindCertificateVerify, &m.Signature, publicKey(c.chain[0]), c.toBeSigned(event.Server, c.transcript.mark))
}

func (c *client13) recvCertificateRequest(msg message.Message) error {
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
	choose := func() error {
		if err := c.chooseOwn(requested13(m, schemes.Schemes)); err != nil || c.certificate == nil {
			return err
		}
		if n, ok := message.Get[*message.CompressCertificate](&m.Extensions); ok {
			c.pack = c.packing(n.Algorithms)
		}
		return nil
	}
	if c.cfg.ClientCertificate == nil {
		return choose()
	}
	// Who is asked may be a person with a token in hand, and nobody knows yet who asks: in this
	// version the server shows its certificate afterwards.
	c.choose = choose
	return nil
}

func (c *client13) certificate13() *message.Certificate13 {
	if c.certificate == nil {
		return new(message.Certificate13)
	}
	return c.certificate.message13(false, false)
}

func (c *client13) sendCertificate(_ message.Message) error { return c.send(c.certificate13()) }

func (c *client13) sendCompressedCertificate(_ message.Message) error {
	return c.sendPacked(c.certificate13(), c.pack)
}

func (c *client13) sendCertificateVerify(_ message.Message) error {
	s, err := c.sign(message.KindCertificateVerify, c.scheme, c.certificate.Key, c.toBeSigned(event.Client, len(c.transcript.bytes)))
	if err != nil {
		return err
	}
	return c.send(&message.CertificateVerify{Signature: s})
}
