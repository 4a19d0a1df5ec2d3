package narrate

import (
	"bytes"
	"crypto/x509"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/pki"
)

// Caption is what an arrow carries, in the few words that stand beside its name: of a message,
// of application data, of an alert, of a record that nobody opened. Of any other event it is the zero Sentence. It is chosen as
// MoveKey chooses, so c must have been shown the events before.
func Caption(e event.Event, c *Context) Sentence {
	c.learn(e)
	switch e := e.(type) {
	case *event.Message:
		return captionOf(e, c.leg(&e.Meta))
	case *event.Data:
		key := "application_data"
		if wentEarly(e) {
			key = "early_data"
		}
		if line := firstLine(e.Data); line != "" {
			return caption(key+"+line", "line", line)
		}
		return caption(key, "n", len(e.Data))
	case *event.Record:
		if e.Dir == event.Send && e.Protected && e.Payload == nil { // an end has what it sends: it was overheard
			return caption("closed", "n", len(e.Wire))
		}
	case *event.Alert:
		switch {
		case e.Description == iana.CloseNotify:
			return caption("close_notify")
		case e.Err != nil:
			return titled(e.Err)
		case has(Alert, e.Description.String()):
			return Sentence{Kind: Alert, Key: e.Description.String()}
		}
		return caption("alert")
	}
	return Sentence{}
}

// caption is a sentence of Kind Captions. Pairs are a placeholder and its value, again and again.
func caption(key string, pairs ...any) Sentence {
	s := told(key, pairs...)
	s.Kind = Captions
	return s
}

// wentEarly reports whether data was sent early, at whichever end it is told of: before the
// handshake could tell who sends it.
func wentEarly(e *event.Data) bool {
	return e.Dir == event.Send && e.State == event.WaitServerHello || e.Dir == event.Receive && e.State == event.WaitEndOfEarlyData
}

// firstLine is the first line of data that is text, "GET / HTTP/1.1", cut to what a caption
// has room for; "" of other data.
func firstLine(data []byte) string {
	line, _, whole := bytes.Cut(data, []byte("\r\n"))
	if !whole || bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	const room = 40
	if len(line) > room {
		return string(line[:room-1]) + "…"
	}
	return string(line)
}

func captionOf(e *event.Message, l *leg) Sentence {
	kind := e.Kind.String()
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		return captionClientHello(e, m)
	case *message.ServerHello:
		if e.Kind == message.KindHelloRetryRequest {
			return captionRetry(kind, m, e.Group)
		}
		return captionServerHello(m, e.Group, l)
	case *message.EncryptedExtensions:
		alpn, ok := message.Get[*message.ALPN](&m.Extensions)
		_, early := message.Get[*message.EarlyData](&m.Extensions)
		switch {
		case early:
			return caption(kind + "+early")
		case ok && len(alpn.Protocols) > 0:
			return caption(kind+"+alpn", "protocol", alpn.Protocols[0])
		}
	case *message.Certificate12:
		return captionChain(kind, m.Certificates)
	case *message.Certificate13:
		chain := make([][]byte, len(m.Entries))
		for i, entry := range m.Entries {
			chain[i] = entry.Cert
		}
		return captionChain(kind, chain)
	case *message.CompressedCertificate:
		return caption(kind, "n", len(m.Compressed), "length", m.Length)
	case *message.ServerKeyExchangeECDHE:
		if isCurve(e.Group) {
			return caption(kind+"+ecdhe", "group", e.Group.Name)
		}
	case *message.ServerKeyExchangeDHE:
		return caption(kind + "+dhe")
	case *message.ClientKeyExchangeRSA:
		return caption(kind + "+rsa")
	case *message.ClientKeyExchangeECDHE:
		if !l.own {
			return caption(kind + "+ecdhe")
		}
	case *message.ClientKeyExchangeDHE:
		return caption(kind + "+dhe")
	case *message.NewSessionTicket12:
		if len(m.Ticket) == 0 {
			return caption(kind + "+empty")
		}
	case *message.NewSessionTicket13:
		return caption(kind + tls13)
	case *message.KeyUpdate:
		if m.RequestUpdate == iana.UpdateRequested {
			return caption(kind + "+requested")
		}
	case *message.Finished:
		switch {
		case l.resumed && l.tls13:
			return caption(kind + tls13 + "+psk")
		case l.resumed:
			return caption(kind + "+resumed")
		case l.tls13:
			return caption(kind + tls13)
		}
	}
	if e.Kind == message.KindChangeCipherSpec && (l.tls13 || strings.HasSuffix(e.Move, tls13)) || e.State == event.SendEarlyChangeCipherSpec {
		return caption(kind + tls13)
	}
	if !has(Captions, kind) {
		return Sentence{}
	}
	return caption(kind)
}

func captionClientHello(e *event.Message, m *message.ClientHello) Sentence {
	key := "client_hello"
	ticket, _ := message.Get[*message.SessionTicket](&m.Extensions)
	_, cookie := message.Get[*message.Cookie](&m.Extensions)
	switch {
	case e.State == event.Connected:
		return caption(key + "+renegotiation")
	case e.Move == "client/send/client_hello"+tls13 || e.Move == "server/recv/client_hello"+tls13: // the second
		key += "+retry"
		if cookie {
			key = "client_hello+cookie"
		}
	case offersPSK(m) && m.Extensions.Find(iana.ExtEarlyData) != nil:
		key += "+early"
	case offersPSK(m):
		key += "+psk"
	case offersTLS13(m) && !sendsShare(m):
		key += "+tls13_no_share"
	case offersTLS13(m):
		key += "+tls13"
	case ticket != nil && len(ticket.Ticket) > 0:
		key += "+ticket"
	case len(m.SessionID) > 0:
		key += "+session_id"
	}
	if sni, ok := message.Get[*message.ServerName](&m.Extensions); ok {
		return caption("client_hello+name", "host", sni.Name, "what", caption(key))
	}
	return caption(key)
}

func captionRetry(kind string, m *message.ServerHello, g event.Group) Sentence {
	_, cookie := message.Get[*message.Cookie](&m.Extensions)
	switch {
	case g.Name != "" && cookie:
		return caption(kind+"+both", "group", g.Name)
	case cookie:
		return caption(kind + "+cookie")
	}
	return caption(kind, "group", g.Name)
}

func captionServerHello(m *message.ServerHello, g event.Group, l *leg) Sentence {
	var name any = m.CipherSuite.String()
	if short := m.CipherSuite.OpenSSL(); short != "" {
		name = short
	}
	if m.Compression != iana.CompressionNull {
		name = caption("server_hello.suite+compressed", "suite", name)
	}
	switch {
	case !l.tls13 && l.resumed:
		return caption("server_hello+resumed", "suite", name)
	case !l.tls13:
		return caption("server_hello", "suite", name)
	case l.resumed && l.shared:
		return caption("server_hello+psk", "group", g.Name)
	case l.resumed:
		return caption("server_hello+psk_ke")
	}
	return caption("server_hello+tls13", "suite", name, "group", g.Name)
}

// captionChain is what a chain says of its holder, and who says so.
func captionChain(kind string, chain [][]byte) Sentence {
	if len(chain) == 0 {
		return caption(kind + "+empty")
	}
	c, err := pki.ParseCached(chain[0])
	if err != nil {
		return caption(kind + "+unread")
	}
	return caption(kind, "subject", calls(c), "issuer", signer(c))
}

// calls is the name that a certificate is for: the first that a client would look for, else
// the subject's.
func calls(c *x509.Certificate) string {
	switch {
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	case c.Subject.CommonName != "":
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

func signer(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return c.Issuer.String()
}
