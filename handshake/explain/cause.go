package explain

import (
	"slices"
	"sync"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Cause is the likely cause of an end that is none in order: what those who look at many such ends
// would look at first. It is a stable key; those that package proxy has too bear its names.
type Cause string

// The causes.
const (
	// The client does not like the server's certificate:
	CauseUntrustedRoot      Cause = "untrusted_root"      // it trusts nobody behind it
	CauseExpired            Cause = "expired"             // it is not within its dates
	CauseCertificateRefused Cause = "certificate_refused" // for that reason, or for another
	CauseLeftAtCertificate  Cause = "left_at_certificate" // it left when it had seen it, without an alert
	CausePin                Cause = "pin"                 // it completed the handshake and left without a word
	// The server does not like the client's:
	CauseWantsCertificate  Cause = "wants_certificate"  // it asked for one, and none was shown
	CauseClientCertificate Cause = "client_certificate" // it asked for one, and does not accept the one shown
	CauseLastFlight        Cause = "last_flight"        // one of the two, or the Finished: what is closed does not say
	// They do not fit together:
	CauseTooOld      Cause = "too_old"      // no version in common
	CauseFallback    Cause = "fallback"     // a version that is lower than it could be
	CauseNoCommon    Cause = "no_common"    // no suite, group, scheme
	CauseNoProtocol  Cause = "no_protocol"  // of ALPN
	CauseNameUnknown Cause = "name_unknown" // the server has none of the name asked for
	CausePSK         Cause = "psk"          // it does not have that pre-shared key
	// Somebody is wrong:
	CauseNotTLS        Cause = "not_tls"    // what came is not TLS
	CauseMalformed     Cause = "malformed"  // what came is not what the protocol allows
	CauseOtherKeys     Cause = "other_keys" // what was computed differs
	CauseOwnFault      Cause = "own_fault"
	CauseCanceled      Cause = "canceled"
	CauseRenegotiation Cause = "renegotiation" // a second handshake was wanted
	CauseRefused       Cause = "refused"       // the alert says no more
	// Somebody says nothing:
	CauseCutAtHello Cause = "cut_at_hello" // the server, to the ClientHello
	CauseUnanswered Cause = "unanswered"   // neither it nor anybody, until the client gave up
	CauseCutMidway  Cause = "cut_midway"   // one of them went, in mid-handshake
	CauseRecording  Cause = "recording"    // the file does not have it
)

// Causes lists every Cause.
func Causes() []Cause {
	return []Cause{CauseUntrustedRoot, CauseExpired, CauseCertificateRefused, CauseLeftAtCertificate, CausePin, CauseWantsCertificate, CauseClientCertificate, CauseLastFlight,
		CauseTooOld, CauseFallback, CauseNoCommon, CauseNoProtocol, CauseNameUnknown, CausePSK, CauseNotTLS, CauseMalformed, CauseOtherKeys, CauseOwnFault, CauseCanceled, CauseRenegotiation, CauseRefused,
		CauseCutAtHello, CauseUnanswered, CauseCutMidway, CauseRecording}
}

// verdict is a row: of an end like this, that is the likely cause. The first that fits is the one.
type verdict struct {
	what  What
	by    string // "": either
	when  func(*stream, *Outcome) bool
	cause Cause
}

// The alerts about a certificate.
var ofCertificates = []iana.AlertDescription{iana.BadCertificate, iana.UnsupportedCertificate, iana.CertificateRevoked, iana.CertificateExpired, iana.CertificateUnknown, iana.UnknownCA,
	iana.AccessDenied, iana.BadCertificateStatusResponse}

var verdicts = sync.OnceValue(func() []verdict {
	return []verdict{
		{Refused, "", all(in(PhaseData), declined), CauseRenegotiation},
		{Refused, "client", alert(iana.UnknownCA), CauseUntrustedRoot},
		{Refused, "client", alert(iana.CertificateExpired), CauseExpired},
		{Refused, "client", alert(ofCertificates...), CauseCertificateRefused},
		{Refused, "server", alert(iana.CertificateRequired), CauseWantsCertificate},
		{Refused, "server", all(asked, shows, alert(append(ofCertificates, iana.HandshakeFailure)...)), CauseClientCertificate},
		{Refused, "server", all(asked, alert(append(ofCertificates, iana.HandshakeFailure)...)), CauseWantsCertificate},
		{Refused, "server", all(blank, in(PhaseFinish), alert(iana.DecodeError)), CauseWantsCertificate}, // GnuTLS
		{Refused, "", alert(iana.ProtocolVersion), CauseTooOld},
		{Refused, "", alert(iana.InappropriateFallback), CauseFallback},
		{Refused, "", alert(iana.NoApplicationProtocol), CauseNoProtocol},
		{Refused, "", alert(iana.UnrecognizedName), CauseNameUnknown},
		{Refused, "server", alert(iana.UnknownPSKIdentity), CausePSK},
		{Refused, "server", all(in(PhaseHello), bound, alert(iana.DecryptError)), CausePSK},
		// OpenSSL and GnuTLS say it of a binder.
		{Refused, "server", all(in(PhaseHello), keyed, alert(iana.IllegalParameter)), CausePSK},
		{Refused, "", alert(iana.InsufficientSecurity), CauseNoCommon},
		{Refused, "", all(in(PhaseHello, PhaseServer), alert(iana.HandshakeFailure)), CauseNoCommon},
		// Of an identity that it does not know a server may say that the key is another (RFC 4279 §2).
		{Refused, "server", all(in(PhaseFinish), ofPSK, alert(iana.DecryptError, iana.BadRecordMAC)), CausePSK},
		{Refused, "", alert(iana.DecryptError, iana.BadRecordMAC), CauseOtherKeys},
		{Refused, "", alert(iana.DecodeError, iana.IllegalParameter, iana.UnexpectedMessage, iana.RecordOverflow, iana.UnsupportedExtension, iana.MissingExtension), CauseMalformed},
		{Refused, "", alert(iana.InternalError), CauseOwnFault},
		{Refused, "", alert(iana.UserCanceled), CauseCanceled},
		// What is closed is judged by where it stands.
		{Refused, "client", all(closed, in(PhaseClient)), CauseCertificateRefused},
		{Refused, "server", all(closed, in(PhaseFinish)), CauseLastFlight},
		{Refused, "", nil, CauseRefused},

		{Garbled, "", func(s *stream, _ *Outcome) bool { return reason.Of(s.ob.Report().Err) == reason.NotTLS }, CauseNotTLS},
		{Garbled, "", nil, CauseMalformed},

		{BrokenOff, "client", in(PhaseHello), CauseUnanswered},
		{BrokenOff, "server", in(PhaseHello), CauseCutAtHello},
		// To hang up when the certificate has come, without an alert, is how many libraries refuse it.
		{BrokenOff, "client", in(PhaseServer, PhaseClient), CauseLeftAtCertificate},
		{BrokenOff, "server", all(asked, shows), CauseClientCertificate},
		{BrokenOff, "server", all(in(PhaseFinish), asked), CauseWantsCertificate},
		{BrokenOff, "server", in(PhaseFinish), CauseLastFlight},
		{BrokenOff, "", nil, CauseCutMidway},

		{Silent, "", nil, CauseRecording},
		{Unfollowed, "", nil, CauseRecording},

		{Done, "", declined, CauseRenegotiation},
		// A pin is suspected of a client that shook hands and said not a byte.
		{Done, "", mute, CausePin},
	}
})

// cause is the likely one; "" if there is nothing to explain.
func (s *stream) cause(o *Outcome) Cause {
	for _, v := range verdicts() {
		if v.what == o.What && (v.by == "" || v.by == o.By) && (v.when == nil || v.when(s, o)) {
			return v.cause
		}
	}
	return ""
}

func alert(ds ...iana.AlertDescription) func(*stream, *Outcome) bool {
	return func(_ *stream, o *Outcome) bool { return o.HasAlert && slices.Contains(ds, o.Alert) }
}

func in(ps ...Phase) func(*stream, *Outcome) bool {
	return func(_ *stream, o *Outcome) bool { return slices.Contains(ps, o.Phase) }
}

func all(fs ...func(*stream, *Outcome) bool) func(*stream, *Outcome) bool {
	return func(s *stream, o *Outcome) bool {
		return !slices.ContainsFunc(fs, func(f func(*stream, *Outcome) bool) bool { return !f(s, o) })
	}
}

func closed(_ *stream, o *Outcome) bool { return !o.HasAlert }

// asked: the server asked for a certificate, as far as it could be read; shows: the client showed one.
func asked(s *stream, _ *Outcome) bool { return s.c.Asked }
func shows(s *stream, _ *Outcome) bool { return s.shows }

// bound: the client offered a pre-shared key, or a ticket; keyed: it is none that a server gave it.
func bound(s *stream, _ *Outcome) bool { return s.bound }
func keyed(s *stream, _ *Outcome) bool { return s.keyed }

// ofPSK: the suite makes its keys of a pre-shared key.
func ofPSK(s *stream, _ *Outcome) bool { return pskSuite(s.c.Suite) != "" }

// blank: the client's Certificate has none.
func blank(s *stream, _ *Outcome) bool { return s.blank }

// declined: a second handshake was wanted, and answered with an alert.
func declined(s *stream, _ *Outcome) bool { return s.declined }

// mute: the client was the first to close the connection, and had said nothing over it, as far as can be told.
func mute(s *stream, o *Outcome) bool {
	left := o.ClosedBy == names[client] && !s.leaves[server] || s.leaves[client] || s.c.Version == iana.TLS13 && !s.finished[client] && s.short[client]
	if s.c.Resumed || !left || s.data[client] || s.goesFurther || s.shakes[client] {
		return false
	}
	if s.c.Version != iana.TLS13 {
		return true
	}
	if s.finished[client] {
		return s.unread == 0
	}
	// What is closed in TLS 1.3 is told apart by its length: the Finished, and perhaps an alert. Two that are as
	// short are not both an alert, and of one nobody knows: so it is inferred, as the outcome is.
	return s.sealed[client]-s.shorts <= 1 && s.shorts <= 1 && !s.c.Early
}
