package handshake

import (
	"bytes"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
)

// recvServerHello takes a TLS 1.2 server's choices, each only if it was offered.
func (c *client12) recvServerHello(msg message.Message) error {
	m := msg.(*message.ServerHello)
	if err := c.checkVersion(m); err != nil {
		return err
	}
	s := suiteIn(c.cfg.suites(), m.CipherSuite)
	if s == nil || !c.cfg.usable(s) || s.Version != iana.TLS12 {
		return c.fault(reason.NotOffered, "RFC 5246 §7.4.1.3", m, "server_hello.cipher_suite", reason.Say("one of the suites offered"), m.CipherSuite)
	}
	c.summary.Version, c.summary.Suite = iana.TLS12, s
	c.exchange, c.serverRandom = c.cfg.exchange(s.Kx), m.Random
	c.summary.SessionID = bytes.Clone(m.SessionID) // or the transcript would live as long as the connection
	if err := c.takeCompression(m); err != nil {
		return err
	}
	if err := c.takeExtensions(m); err != nil {
		return err
	}
	c.ch.wr.SetVersion(iana.TLS12)
	c.ch.rd.SetVersion(iana.TLS12)
	if c.listening() {
		c.decided(event.DecisionVersion, iana.TLS12, nil, choose(c.cfg.speaks(iana.TLS13), event.WhyServerChoice, event.WhyOnlyVersion))
		c.decided(event.DecisionCipherSuite, s.ID, c.hello.CipherSuites, event.WhyServerChoice)
	}
	if len(m.SessionID) > 0 && c.offered == nil && bytes.Equal(m.SessionID, c.hello.SessionID) {
		// We made it up for middleboxes to see: no server can know it (RFC 9846 §E.4).
		return c.fault(reason.NotOffered, "RFC 5246 §7.4.1.3", m, "server_hello.session_id", reason.Say("an ID of the server's own, or none"), m.SessionID)
	}
	if !c.resumes(m) {
		return nil
	}
	return c.resume(m)
}

// checkVersion refuses what we do not speak, and what tells of a downgrade
// (RFC 9846 §4.2.3).
func (c *client12) checkVersion(m *message.ServerHello) error {
	sentinel := string(m.Random[24:])
	known := sentinel == downgradeToTLS11 || sentinel == downgradeToTLS12
	if known && c.cfg.speaks(iana.TLS13) || sentinel == downgradeToTLS11 && m.Version < iana.TLS12 {
		return &reason.Error{Reason: reason.DowngradeDetected, Ref: "RFC 9846 §4.2.3", Field: "server_hello.random", Off: 6,
			Want: reason.Say("no downgrade sentinel"), Got: sentinel[:7]}
	}
	if m.Version != iana.TLS12 || !c.cfg.speaks(iana.TLS12) ||
		c.early != nil { // which a server of TLS 1.2 could not make sense of (RFC 9846 §E.3)
		return &reason.Error{Reason: reason.UnsupportedVersion, Ref: c.versionRule(), Field: "server_hello.server_version", Off: 4, Want: c.cfg.versions(), Got: m.Version}
	}
	return nil
}

// versionRule is where it stands that a version which we did not offer ends the handshake.
func (c *client12) versionRule() string {
	switch {
	case c.early != nil:
		return "RFC 9846 §E.3"
	case c.cfg.speaks(iana.TLS13):
		return "RFC 9846 §E.1"
	}
	return "RFC 5246 §E.1"
}

func (c *client12) takeCompression(m *message.ServerHello) error {
	switch {
	case m.Compression == iana.CompressionNull:
		return nil
	case m.Compression == iana.CompressionDEFLATE && c.cfg.Weak.Compression:
		c.summary.Compression = m.Compression
		c.compress, c.decompress = record.NewDEFLATE(), record.NewDEFLATE()
		return nil
	}
	return c.fault(reason.NotOffered, "RFC 5246 §7.4.1.3", m, "server_hello.compression_method", reason.Say("one of the methods offered"), m.Compression)
}

// takeExtensions refuses an answer to a question we did not ask, and takes the others.
func (c *client12) takeExtensions(m *message.ServerHello) error {
	for _, x := range m.Extensions.List {
		// GREASE is there to be ignored; a server that answers it has not ignored it (RFC 8701 §3.1).
		if c.hello.Extensions.Find(x.Type()) == nil || iana.IsGREASE(uint16(x.Type())) {
			field := "server_hello.extensions." + x.Type().String()
			return c.fault(reason.UnsolicitedExtension, "RFC 5246 §7.4.1.4", m, field, reason.Say("answers to our extensions only"), x.Type())
		}
		switch x := x.(type) {
		case *message.RenegotiationInfo:
			if len(x.RenegotiatedConnection) != 0 {
				return c.fault(reason.RenegotiationInfo, "RFC 5746 §3.4", m, "server_hello.extensions.renegotiation_info", reason.Say("nothing in a first handshake"), x.RenegotiatedConnection)
			}
			c.summary.SecureRenegotiation = true
		case *message.ExtendedMasterSecret:
			c.ems, c.summary.ExtendedMasterSecret = true, true
		case *message.EncryptThenMAC:
			// RFC 7366 §3: the server must not answer it for other ciphers. OpenSSL
			// answers it for NULL, where both orders give the same bytes.
			switch c.summary.Suite.Cipher.Kind {
			case suite.CBC:
				c.summary.EncryptThenMAC = true
			case suite.AEAD:
				return reason.New(reason.UnsolicitedExtension, "RFC 7366 §3", "server_hello.extensions.encrypt_then_mac", reason.Say("a CBC suite"), c.summary.Suite.ID)
			}
		case *message.StatusRequestAck:
			c.statusPromised = true
		case *message.SignedCertTimestamps:
			c.summary.Timestamps = cloned(x.List)
		case *message.SessionTicket:
			c.ticketPromised = true
		case *message.MaxFragmentLength:
			if x.Code != c.cfg.MaxFragmentLength {
				return c.fault(reason.NotOffered, "RFC 6066 §4", m, "server_hello.extensions.max_fragment_length", c.cfg.MaxFragmentLength, x.Code)
			}
			if m.Extensions.Find(iana.ExtRecordSizeLimit) != nil {
				return c.fault(reason.BadValue, "RFC 8449 §5", m, "server_hello.extensions.max_fragment_length", reason.Say("not both limits"), x.Code)
			}
			c.limit(x.Code)
		case *message.RecordSizeLimit:
			if err := c.limitRecords(int(x.Limit), "server_hello"); err != nil {
				return err
			}
		case *message.ECPointFormats:
			if !slices.Contains(x.Formats, iana.Uncompressed) { // RFC 8422 §5.2
				return c.fault(reason.BadValue, "RFC 8422 §5.2", m, "server_hello.extensions.ec_point_formats", iana.Uncompressed, x.Formats)
			}
		case *message.ALPN:
			if err := c.takeProtocol(m, x); err != nil {
				return err
			}
		}
	}
	if c.listening() {
		if !c.resumes(m) { // a session brings its master secret with it
			c.decided(event.DecisionExtendedMasterSecret, c.ems, nil, choose(c.ems, event.WhyBothWantEMS, event.WhyNoEMS))
		}
		c.decided(event.DecisionSecureRenegotiation, c.summary.SecureRenegotiation, nil, choose(c.summary.SecureRenegotiation, event.WhySignalled, event.WhyNotSignalled))
	}
	return nil
}
