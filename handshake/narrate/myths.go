package narrate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// moments says when the correction of a textbook's sentence comes up. A row's myth
// is told at the first event for which its test holds, once a transcript.
var moments = [...]struct {
	myth string
	at   func(event.Event, *leg) bool
}{
	// The CA and the chain.
	{"certificate_is_ca", scene("ca_chain")},
	{"ca_encrypts_hash", scene("ca_sign")},
	{"common_name", checksName},
	{"decrypt_signature", check(event.CheckCertificateChain)},
	{"hash_mismatch_go_on", check(event.CheckCertificateChain)},
	{"stapling_expiry", func(e event.Event, l *leg) bool {
		return crosses(message.KindCertificateStatus)(e, l) || staples(e)
	}},

	// Key exchange.
	{"g_is_curve", func(e event.Event, l *leg) bool {
		if s, ok := e.(*event.Secret); ok && s.Label == event.LabelClientKeyShare {
			return isCurve(s.Group)
		}
		return crosses(message.KindServerKeyExchange)(e, l) && l.kx == iana.KxECDHE && !l.own
	}},
	{"ecdhe_stops_mitm", func(e event.Event, l *leg) bool {
		return check(event.CheckServerKeyExchangeSignature)(e, l) || check(event.CheckCertificateVerifySignature)(e, l) && l.tls13
	}},
	{"certificate_encrypts_session_key", func(e event.Event, l *leg) bool {
		return crosses(message.KindClientKeyExchange)(e, l) || crosses(message.KindCertificateVerify)(e, l) && l.tls13
	}},
	{"mlkem_quantum_safe", func(e event.Event, l *leg) bool { // at the signature that is not
		return crosses(message.KindCertificateVerify)(e, l) && l.quantumSafe && !l.integrity
	}},
	{"forward_secrecy_hard_problem", func(e event.Event, l *leg) bool { // when the private values have done their work
		if k, ok := e.(*event.KeyChange); (!ok || k.Keys == event.InClear) && !secret(event.LabelPremasterSecret)(e, l) && !secret(event.LabelSharedSecret)(e, l) {
			return false
		}
		return l.ephemeral() && !l.resumed
	}},
	{"three_randoms", func(e event.Event, l *leg) bool {
		return secret(event.LabelMasterSecret)(e, l) && !l.resumed || secret(event.LabelClientHandshakeTrafficSecret)(e, l)
	}},
	{"ecdhe_faster", func(e event.Event, l *leg) bool { // where False Start would send the request already
		return crosses(message.KindFinished)(e, l) && l.ephemeral() && !l.resumed && !l.tls13
	}},

	{"four_handshakes", lastFlight},
	{"finished_encrypted", func(e event.Event, l *leg) bool {
		return crosses(message.KindFinished)(e, l) && !l.tls13
	}},
	{"finished_encrypted+tls13", in13(message.KindFinished)},

	// Records.
	{"record_compress_number", func(e event.Event, _ *leg) bool {
		r, ok := e.(*event.Record)
		return ok && r.Protected
	}},
	{"all_application_data", func(e event.Event, l *leg) bool {
		r, ok := e.(*event.Record)
		return ok && r.Protected && l.tls13
	}},

	// HTTP, without TLS and with it.
	{"redirect_to_https", scene("plain_http")},
	{"port_is_https", asks("HTTP/1.1", "HTTP/2.0")},
	{"http2_needs_https", choseHTTP2},
	{"http3_no_retransmit", asks("HTTP/2.0")},
	{"http3_zero_rtt", answersHTTP2},

	// What TLS 1.3 shows on the wire, and what it means.
	{"tls13_is_tls12", func(e event.Event, l *leg) bool { // it speaks of records, of which QUIC has none
		m, ok := e.(*event.Message)
		return ok && !m.QUIC && in13(message.KindServerHello)(e, l)
	}},
	{"change_cipher_spec_switches", in13(message.KindChangeCipherSpec)},
	{"hidden_certificate", func(e event.Event, l *leg) bool {
		return in13(message.KindCertificate, message.KindCompressedCertificate)(e, l) && !l.integrity
	}},

	// Resumption, and what a thief can make of it.
	{"ticket_holds_session_key", crosses(message.KindNewSessionTicket)},
	{"session_id_no_handshake", func(e event.Event, l *leg) bool {
		return crosses(message.KindServerHello)(e, l) && l.resumed && !l.given
	}},
	{"psk_immediate", func(e event.Event, _ *leg) bool {
		m, ok := e.(*event.Message)
		if !ok {
			return false
		}
		hello, _ := m.Msg.(*message.ClientHello)
		return offersPSK(hello)
	}},
	{"ticket_in_clear", func(e event.Event, l *leg) bool {
		return scene("captured_session", "captured_ticket", "replay_captured_session")(e, l) || resumes12(e)
	}},
	{"captured_id_replay", scene("captured_session", "captured_ticket", "replay_captured_session")},
	{"expiry_stops_replay", scene("replayed_session_id", "replayed_connection", "early_data_acted", "replay_verdict+time")},
	{"psk_dhe_ke_harmless", scene("ticket_key_server", "replay_fact_reads_later_data_psk_ke")},
	{"stolen_master_after_expiry", scene("recording_decrypted", "psk_expired", "replay_fact_reads_recording_in_the_end")},

	// The interceptor.
	{"mutual_tls_mitm", crosses(message.KindCertificateRequest)},
	{"pinning", scene("mitm_forge")},
	{"trusted_is_safe", func(e event.Event, l *leg) bool { return scene("mitm_legs")(e, l) && l.believed }},
	{"ems_interception", scene("mitm_decrypt")},
}

// Context is what Myths and MoveKey remember of the events so far. The zero value is
// the beginning of a transcript. It serves one goroutine.
type Context struct {
	told map[string]bool
	legs map[legName]*leg
}

// legName is one end of one connection: an interceptor has two.
type legName struct {
	party string
	conn  int
}

// leg is what one end has gone through.
type leg struct {
	offered   []byte // the session ID in its ClientHello
	resumed   bool
	kx        iana.Kx // of TLS 1.2; KxNone before the key exchange
	own       bool    // ECDHE over a group that is not one of our curves: a student's own
	tls13     bool    // the server chose it, perhaps in a HelloRetryRequest
	integrity bool    // with a suite that does not encrypt (RFC 9150)
	shared    bool    // by TLS 1.3 it sent a key share
	flights   flights
	believed  bool            // of the stage, where no party is: the client found the chain good
	http2     bool            // a client has begun it
	asks      event.Direction // in which it did

	quantumSafe bool // it is known that no quantum computer breaks the key share's group
	offeredPSK  bool // its first ClientHello named pre-shared keys
	early       bool // its ClientHello announces early data, and no answer has come
	given       bool // the pre-shared key is no ticket's: the one that it made a binder for last, or the server took
	bound       bool // it was told which kind of key a binder was made with
	// handed says of each key that its ClientHello names whether it was handed over beforehand: those
	// have the age 0, and a ticket's is blurred (RFC 9846 §4.3.11).
	handed []bool
}

func (l *leg) ephemeral() bool { return l.kx == iana.KxDHE || l.kx == iana.KxECDHE || l.shared }

// Myths returns the keys of the corrections that come up at e. Each comes up at
// most once in the life of a Context, which must be shown every event in order.
func Myths(e event.Event, c *Context) []string {
	c.learn(e)
	var due []string
	for _, m := range moments {
		if c.told[m.myth] || !m.at(e, c.leg(e.Head())) {
			continue
		}
		if c.told == nil {
			c.told = map[string]bool{}
		}
		c.told[m.myth] = true
		due = append(due, m.myth)
	}
	return due
}

// leg finds the end at which an event happened.
func (c *Context) leg(m *event.Meta) *leg {
	name := legName{m.Party, m.Conn}
	l := c.legs[name]
	if l == nil {
		if c.legs == nil {
			c.legs = map[legName]*leg{}
		}
		l = new(leg)
		c.legs[name] = l
	}
	return l
}

// learn takes in an event; the same one again changes nothing.
func (c *Context) learn(e event.Event) {
	switch e := e.(type) {
	case *event.Flow:
		c.legs = nil
	case *event.Check:
		if e.What == event.CheckCertificateChain && e.Party == "client" {
			c.leg(&event.Meta{}).believed = e.OK
		}
	case *event.Data:
		if l := c.leg(&e.Meta); asks("HTTP/2.0")(e, l) {
			l.http2, l.asks = true, e.Dir
		}
	case *event.Secret:
		if e.Label == event.LabelBinderKey {
			l := c.leg(&e.Meta)
			l.given, l.bound = e.Tag == "ext binder", true // RFC 9846 §7.1; a ticket's has "res binder"
		}
	case *event.Message:
		l := c.leg(&e.Meta)
		switch m := e.Msg.(type) {
		case *message.ClientHello:
			first := !strings.HasSuffix(e.Move, tls13) // and not the answer to a HelloRetryRequest
			*l = leg{offered: bytes.Clone(m.SessionID), flights: l.flights, given: l.given, bound: l.bound, handed: handed(m), early: m.Extensions.Find(iana.ExtEarlyData) != nil, offeredPSK: first && offersPSK(m) || !first && l.offeredPSK}
		case *message.ServerHello:
			l.hello(m, e.Group)
		case *message.ServerKeyExchangeECDHE:
			l.kx, l.own = iana.KxECDHE, !isCurve(e.Group)
		case *message.ClientKeyExchangeECDHE:
			l.kx = iana.KxECDHE
		case *message.ServerKeyExchangeDHE, *message.ClientKeyExchangeDHE:
			l.kx = iana.KxDHE
		case *message.ClientKeyExchangeRSA:
			l.kx = iana.KxRSA
		case *message.ServerKeyExchangeOpaque, *message.ClientKeyExchangeOpaque:
			l.kx = iana.KxPrivate
		}
		l.fly(e)
	}
}

// handed are leg.handed.
func handed(m *message.ClientHello) (out []bool) {
	if psk, ok := message.Get[*message.PreSharedKeyClient](&m.Extensions); ok {
		for _, id := range psk.Identities {
			out = append(out, id.ObfuscatedAge == 0)
		}
	}
	return out
}

// hello takes in what a server chose; a group is the one that it settles.
func (l *leg) hello(m *message.ServerHello, group event.Group) {
	l.early = false
	if v, ok := message.Get[*message.SelectedVersion](&m.Extensions); ok && v.Version == iana.TLS13 {
		l.tls13 = true // where it echoes the session ID always
		s := suite.ByID(m.CipherSuite)
		l.integrity = s != nil && s.Cipher.Kind == suite.MAC13
		taken, resumed := message.Get[*message.PreSharedKeyServer](&m.Extensions)
		if l.resumed = resumed; resumed && !l.bound && int(taken.Selected) < len(l.handed) {
			l.given = l.handed[taken.Selected]
		}
		if _, l.shared = message.Get[*message.KeyShareServer](&m.Extensions); l.shared {
			// The sentence is about ML-KEM, and a number for private use may have another KEM.
			l.quantumSafe = group.QuantumSafe && group.ID < iana.GroupPrivate
		}
		return
	}
	l.resumed = len(l.offered) > 0 && bytes.Equal(l.offered, m.SessionID) // RFC 5246 §7.4.1.3: the echo is the sign
}

// The tests that moments are made of.

// scene holds at a scene by its Key, or by its Entry where only one variant will do.
func scene(keys ...string) func(event.Event, *leg) bool {
	return func(e event.Event, _ *leg) bool {
		s, ok := e.(event.Scene)
		return ok && (slices.Contains(keys, string(s.Key())) || slices.Contains(keys, EntryOf(s)))
	}
}

func check(what event.CheckName) func(event.Event, *leg) bool {
	return func(e event.Event, _ *leg) bool {
		c, ok := e.(*event.Check)
		return ok && c.What == what
	}
}

func secret(label event.SecretLabel) func(event.Event, *leg) bool {
	return func(e event.Event, _ *leg) bool {
		s, ok := e.(*event.Secret)
		return ok && s.Label == label
	}
}

// crosses holds when a message goes by, seen from either end.
func crosses(kind message.Kind) func(event.Event, *leg) bool {
	return func(e event.Event, _ *leg) bool {
		m, ok := e.(*event.Message)
		return ok && m.Kind == kind
	}
}

// in13 holds when a message of one of these kinds goes by under TLS 1.3.
func in13(kinds ...message.Kind) func(event.Event, *leg) bool {
	return func(e event.Event, l *leg) bool {
		m, ok := e.(*event.Message)
		return ok && l.tls13 && slices.Contains(kinds, m.Kind)
	}
}

// staples holds when a TLS 1.3 chain goes by with a status in it.
func staples(e event.Event) bool {
	m, ok := e.(*event.Message)
	if !ok {
		return false
	}
	c, ok := m.Msg.(*message.Certificate13)
	return ok && slices.ContainsFunc(c.Entries, func(e message.CertificateEntry) bool {
		return e.Extensions.Find(iana.ExtStatusRequest) != nil
	})
}

// checksName holds where a chain is judged, and the name in its leaf.
func checksName(e event.Event, _ *leg) bool {
	c, ok := e.(*event.Check)
	if !ok || c.Report == nil {
		return false
	}
	return slices.ContainsFunc(c.Report.Paths, func(p pki.Path) bool {
		return slices.ContainsFunc(p.Checks, func(c pki.Check) bool { return c.Key == pki.CheckName })
	})
}

// resumes12 holds at a ClientHello that offers a session of TLS 1.2. One that offers TLS 1.3
// too has a session ID whether it resumes or not.
func resumes12(e event.Event) bool {
	m, ok := e.(*event.Message)
	if !ok {
		return false
	}
	hello, ok := m.Msg.(*message.ClientHello)
	if !ok {
		return false
	}
	t, _ := message.Get[*message.SessionTicket](&hello.Extensions)
	return t != nil && len(t.Ticket) > 0 || len(hello.SessionID) > 0 && !offersTLS13(hello)
}

// asks holds where a request of HTTP goes by, in any of its versions: behind the first line
// of HTTP/1.1, and in the preface of HTTP/2, stands the version.
func asks(versions ...string) func(event.Event, *leg) bool {
	return func(e event.Event, _ *leg) bool {
		d, ok := e.(*event.Data)
		if !ok {
			return false
		}
		line, _, whole := bytes.Cut(d.Data, []byte("\r\n"))
		return whole && slices.ContainsFunc(versions, func(v string) bool { return bytes.HasSuffix(line, []byte(" "+v)) })
	}
}

// answersHTTP2 holds where the other end speaks, once a client has begun HTTP/2.
func answersHTTP2(e event.Event, l *leg) bool {
	d, ok := e.(*event.Data)
	return ok && l.http2 && d.Dir != l.asks
}

func choseHTTP2(e event.Event, _ *leg) bool {
	d, ok := e.(*event.Decision)
	return ok && d.What == event.DecisionALPN && fmt.Sprint(d.Chosen) == "h2"
}
