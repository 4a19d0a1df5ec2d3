package narrate

import (
	"errors"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// How the key of an event is found. Each function here returns a key for which
// there is an entry, as long as the event is one that the engine or a lesson
// emits; for a student's own label it may return a key that has no entry.

// MoveKey is the key of a move's entry: the plain one, "client/send/finished", or
// the variant for the way this handshake goes, "client/send/finished+resumed".
// It learns from the events before which way that is, so c must have been shown
// them: by Myths, or by MoveKey itself. A move of TLS 1.3 has variants of its own: where
// a pre-shared key takes the place of the certificate, and for the suites that do not
// encrypt; the others of its name belong to TLS 1.2. Between moves it is "".
func MoveKey(e event.Event, c *Context) string {
	c.learn(e)
	head := e.Head()
	variant := ""
	if m, ok := e.(*event.Message); ok && strings.HasSuffix(head.Move, tls13) {
		variant = variant13(m, c.leg(head))
	} else if ok {
		switch m.Kind {
		case message.KindServerHello, message.KindFinished:
			if c.leg(head).resumed {
				variant = "+resumed"
			}
		case message.KindServerKeyExchange, message.KindClientKeyExchange:
			switch l := c.leg(head); {
			case l.own:
				variant = "+other"
			case l.kx != iana.KxNone: // else the suite is one that whoever overheard it does not know
				variant = "+" + exchangeName(l.kx)
			}
		case message.KindNewSessionTicket:
			if ticket, ok := m.Msg.(*message.NewSessionTicket12); ok && len(ticket.Ticket) == 0 {
				variant = "+empty"
			}
		case message.KindClientHello:
			switch hello, _ := m.Msg.(*message.ClientHello); {
			case head.State == event.Connected:
				variant = "+renegotiation"
			case offersPSK(hello):
				variant = "+psk"
			case m.QUIC:
				variant = "+quic"
			case offersTLS13(hello) && hello.Extensions.Find(iana.ExtEncryptedClientHello) != nil:
				variant = "+ech"
			case offersTLS13(hello) && !sendsShare(hello):
				variant = "+tls13_no_share"
			case offersTLS13(hello):
				variant = "+tls13"
			}
		}
	}
	if _, ok := Get(En, Move, head.Move+variant); ok {
		return head.Move + variant
	}
	return head.Move
}

// variant13 is the way that a move of TLS 1.3 goes where it has more than one.
func variant13(m *event.Message, l *leg) string {
	switch m.Kind {
	case message.KindChangeCipherSpec:
		if m.State == event.SendEarlyChangeCipherSpec || l.early { // who only listens is in no such state
			return "+early"
		}
	case message.KindClientHello:
		if l.offeredPSK {
			return "+psk"
		}
	case message.KindServerHello, message.KindFinished:
		switch {
		case l.resumed && l.shared:
			return "+psk"
		case l.resumed:
			return "+psk_ke"
		}
	}
	if l.integrity {
		return "+integrity"
	}
	return ""
}

// offersPSK reports whether a ClientHello, perhaps nil, names pre-shared keys.
func offersPSK(m *message.ClientHello) bool {
	return m != nil && m.Extensions.Find(iana.ExtPreSharedKey) != nil
}

// tls13 ends the Move of a row that is TLS 1.3's alone.
const tls13 = "/tls13"

// offersTLS13 reports whether a ClientHello, perhaps nil, names TLS 1.3.
func offersTLS13(m *message.ClientHello) bool {
	if m == nil {
		return false
	}
	x, ok := message.Get[*message.SupportedVersions](&m.Extensions)
	return ok && slices.Contains(x.Versions, iana.TLS13)
}

// sendsShare reports whether a ClientHello has a key share in it.
func sendsShare(m *message.ClientHello) bool {
	x, ok := message.Get[*message.KeyShareClient](&m.Extensions)
	return ok && len(x.Shares) > 0
}

// exchangeName tells the key exchanges apart that have texts of their own.
func exchangeName(k iana.Kx) string {
	switch k {
	case iana.KxRSA:
		return "rsa"
	case iana.KxDHE:
		return "dhe"
	case iana.KxECDHE:
		return "ecdhe"
	}
	return "other"
}

// isCurve reports whether a group is a curve, of which a text may say aG. It is
// false for a student's own group that does not describe itself: its kind is not known.
func isCurve(g event.Group) bool { return g.Kind == kx.KindECDH }

// SecretKey is the key of a secret's entry. The premaster secret has one for each
// key exchange, the shared secret of TLS 1.3 one for each kind of group, the master
// secret one for each formula, a client's key share one for the second ClientHello. A
// secret that TLS 1.3 makes in another way than TLS 1.2 has a second one. So have the
// stages of the key schedule that may take either a pre-shared key or only zeros.
func SecretKey(e *event.Secret) string {
	switch e.Label {
	case event.LabelPremasterSecret:
		if e.Exchange == iana.KxECDHE && !isCurve(e.Group) {
			return string(e.Label) + "+other"
		}
		return string(e.Label) + "+" + exchangeName(e.Exchange)
	case event.LabelMasterSecret:
		switch {
		case e.Function == event.FunctionSession, e.Function == event.FunctionGiven && e.Tag == "": // an observer's, of a resumed one
			return string(e.Label) + "+session"
		case e.Tag == "extended master secret":
			return string(e.Label) + "+ems"
		}
		return string(e.Label) + "+textbook"
	case event.LabelSharedSecret:
		return string(e.Label) + "+" + sharedSecret(e.Group)
	case event.LabelClientKeyShare:
		if e.Move == "client/send/client_hello"+tls13 { // the second: HelloRetryRequest has named the group
			return string(e.Label) + "+retry"
		}
	case event.LabelEarlySecret:
		if mixesIn(e) {
			return string(e.Label) + "+psk"
		}
	case event.LabelHandshakeSecret:
		if !mixesIn(e) {
			return string(e.Label) + "+psk_ke"
		}
	case event.LabelClientVerifyData, event.LabelServerVerifyData, event.LabelCertificateVerifySignature:
		if e.Version == iana.TLS13 {
			return string(e.Label) + "+tls13"
		}
	}
	return string(e.Label)
}

// sharedSecret tells apart what is to be said of the secret that a group yields: a key
// encapsulation may have Diffie–Hellman inside, or a curve beside it.
func sharedSecret(g event.Group) string {
	switch {
	case g.Kind == 0:
		return "other"
	case g.Kind != kx.KindKEM:
		return g.Kind.String()
	case g.Hybrid:
		return "kem_hybrid"
	case !g.QuantumSafe:
		return "kem_dh"
	}
	return "kem"
}

// mixesIn reports whether something secret was extracted into a value, and not zeros.
func mixesIn(e *event.Secret) bool {
	return slices.ContainsFunc(e.Inputs, func(v event.Input) bool { return v.Name == "ikm" && v.Private })
}

// StepKey is the key of what was done to a record: TLS 1.3 has some steps of TLS 1.2's names,
// which it specifies elsewhere and takes in its own way.
func StepKey(step string, in13 bool) string {
	if in13 && has(Step, step+tls13) {
		return step + tls13
	}
	return step
}

// DecidedKey is the key of what was decided: What, but no session is resumed by a key
// that was given by other means than a ticket.
func DecidedKey(e *event.Decision) string {
	if e.What == event.DecisionResumption && (e.Why == event.WhyPSKKnown || e.Why == event.WhyPSKUnknown || e.Chosen == "psk") {
		return string(e.What) + "+given"
	}
	return string(e.What)
}

// DecisionKey is the key of a decision's reason. A suite of TLS 1.3 is chosen for less than
// one of TLS 1.2, and has a variant.
func DecisionKey(e *event.Decision) string {
	key := string(e.What) + "/" + string(e.Why)
	if id, ok := e.Chosen.(iana.CipherSuite); ok && e.What == event.DecisionCipherSuite {
		s := suite.ByID(id)
		if variant := key + "+tls13"; s != nil && s.Version == iana.TLS13 && has(Decision, variant) {
			return variant
		}
	}
	return key
}

// ChainKey is the key of a check on one certificate of a chain, by the Key of the
// pki.Check.
func ChainKey(check pki.CheckKey) string { return "chain/" + string(check) }

// ReasonKey is the key of a reason: with the fault that it is this time, where the reason
// stands for several.
func ReasonKey(err error) string {
	var re *reason.Error
	if !errors.As(err, &re) {
		return reason.Of(err).String()
	}
	if came, ok := re.Got.(reason.Phrase); ok && re.Reason == reason.NotTLS {
		return withCause(re.Reason, strangerKind(came))
	}
	return withCause(re.Reason, pki.Cause(re))
}

// strangerKinds are what a peer that does not speak TLS may speak, by words of package record's phrases. It shows
// which end is at the wrong port: a request comes to a server of TLS, an answer to a client of it.
var strangerKinds = []struct{ word, kind string }{
	{"request", "request"}, {"HTTP/2 preface", "request"}, {"HTTP response", "response"}, {"HTML page", "response"}, {"greeting", "greeting"}, {"banner", "greeting"},
}

// strangerKind is which of the kinds came, or "".
func strangerKind(came reason.Phrase) string {
	for _, k := range strangerKinds {
		if strings.Contains(came.Format, k.word) {
			return k.kind
		}
	}
	return ""
}

// FailureKey is ReasonKey of the error of a check on a certificate, which may know more.
func FailureKey(c *pki.Check) string { return withCause(c.Err.Reason, c.Cause()) }

// VerdictKey is the key of the reason for which a report refuses a chain.
func VerdictKey(r *pki.Report) string {
	if r.Err == nil {
		return ""
	}
	return withCause(r.Err.Reason, r.Cause())
}

func withCause(r reason.Reason, cause string) string {
	if key := r.String() + "+" + cause; has(Reason, key) {
		return key
	}
	return r.String()
}

// NoteKey is the key of a remark about a certificate, by the Key of the pki.Note.
func NoteKey(note pki.NoteKey) string { return "note/" + string(note) }

// AbsentKey is the key, of kind Check, of what a check makes of a field that is not there.
func AbsentKey(a pki.Absence) string { return "absent/" + string(a) }

// EntryOf is the key of a scene's entry: the one that its player chooses, if the scene can
// happen in more than one way.
func EntryOf(s event.Scene) string {
	if v, ok := s.(event.Varied); ok {
		return string(v.Entry())
	}
	return string(s.Key())
}

func has(k Kind, key string) bool {
	_, ok := Get(En, k, key)
	return ok
}

// InputKey is the key for the name of a value that went into something. A hybrid
// group names the part first, "x25519: a": that is left off.
func InputKey(name string) string {
	if _, own, ok := strings.Cut(name, ": "); ok {
		return own
	}
	return name
}
