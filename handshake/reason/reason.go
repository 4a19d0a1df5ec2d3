// Package reason says why an endpoint refused. A handler that finds a fault
// returns an *Error: the Reason, the field, the byte offset, what was wanted and
// what came. The alert that goes on the wire follows from the Reason through one
// table (alert.go); no handler ever picks an alert. Nor does a caller: a verifier of its
// own, and whoever ends a connection by Endpoint.Abort, gives a Reason.
//
// It is not a log: it holds one fault. Read the list of reasons below first.
//
// It leans on iana, for the alerts on the table's right-hand side, and on foreign, since
// what came is a peer's.
package reason

import (
	"errors"
	"fmt"

	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
)

// Reason is what went wrong. Its String is a stable key, for narrate and for tests.
type Reason string

// What a peer's bytes can do wrong.
const (
	Truncated          Reason = "truncated"           // a structure ends before its fields do
	TrailingBytes      Reason = "trailing_bytes"      // bytes are left over after the last field
	BadLength          Reason = "bad_length"          // a length is outside what the structure allows
	BadValue           Reason = "bad_value"           // a field holds a value the structure does not allow
	DuplicateExtension Reason = "duplicate_extension" // one extension type twice in one block
	MessageTooLong     Reason = "message_too_long"    // a handshake message longer than we are willing to keep

	UnexpectedMessage    Reason = "unexpected_message"     // the table of moves has no row for it in this state
	UnexpectedRecord     Reason = "unexpected_record"      // a record type that may not come now
	InterleavedMessage   Reason = "interleaved_message"    // another record type amid a fragmented handshake message
	KeyChangeMidMessage  Reason = "key_change_mid_message" // keys change while a handshake message is incomplete
	UnsolicitedExtension Reason = "unsolicited_extension"  // an answer to what was not asked
	MissingExtension     Reason = "missing_extension"      // an extension that the handshake cannot do without
	RenegotiationRefused Reason = "renegotiation_refused"  // a new handshake inside a finished one

	BadRecordVersion     Reason = "bad_record_version"
	RecordOverflow       Reason = "record_overflow"
	BadRecordMAC         Reason = "bad_record_mac"
	DecompressionFailure Reason = "decompression_failure"
	EmptyRecordFlood     Reason = "empty_record_flood"
	WarningFlood         Reason = "warning_flood"
	SequenceExhausted    Reason = "sequence_exhausted"
	NotTLS               Reason = "not_tls" // the first bytes are no TLS record

	UnsupportedVersion    Reason = "unsupported_version"
	DowngradeDetected     Reason = "downgrade_detected"     // the sentinel of RFC 8446 §4.1.3
	InappropriateFallback Reason = "inappropriate_fallback" // RFC 7507
	NoCommonSuite         Reason = "no_common_suite"
	NoCommonGroup         Reason = "no_common_group"
	NoCommonField         Reason = "no_common_field" // the same of the finite fields a client named, which has an alert of its own
	NoCommonScheme        Reason = "no_common_scheme"
	NoCommonCompression   Reason = "no_common_compression"
	NoCommonProtocol      Reason = "no_common_protocol" // ALPN
	NotOffered            Reason = "not_offered"        // the server chose what the client had not offered
	RenegotiationInfo     Reason = "renegotiation_info" // RFC 5746: the binding to the previous handshake is wrong
	EMSMismatch           Reason = "ems_mismatch"       // RFC 7627 §5.3: resumption with and without extended master secret
	UnrecognizedName      Reason = "unrecognized_name"

	BadShare     Reason = "bad_share"     // a key exchange share that is not a valid public value
	BadDHShare   Reason = "bad_dh_share"  // the same of a finite field in TLS 1.2, which has an alert of its own
	BadSignature Reason = "bad_signature" // a handshake signature that does not verify
	BadFinished  Reason = "bad_finished"  // verify_data differs
	BadBinder    Reason = "bad_binder"    // a client offers a pre-shared key that it does not have
	WeakKey      Reason = "weak_key"      // a key or group below what we accept

	CertificateMissing        Reason = "certificate_missing"
	CertificateRequired       Reason = "certificate_required" // TLS 1.3's word for a client's missing certificate
	CertificateMalformed      Reason = "certificate_malformed"
	CertificateExpired        Reason = "certificate_expired"
	CertificateNotYetValid    Reason = "certificate_not_yet_valid"
	CertificateWrongName      Reason = "certificate_wrong_name"
	CertificateRevoked        Reason = "certificate_revoked"
	CertificateUntrusted      Reason = "certificate_untrusted" // no path to a trust anchor
	CertificateBadSignature   Reason = "certificate_bad_signature"
	CertificateUsage          Reason = "certificate_usage"           // key usage or extended key usage forbids this
	CertificateConstraint     Reason = "certificate_constraint"      // basic, path length or name constraint broken
	CertificateWrongKey       Reason = "certificate_wrong_key"       // its key does not fit the suite or scheme
	CertificateUnsupportedKey Reason = "certificate_unsupported_key" // its key is of a kind for which TLS has no use
	CertificatePolicy         Reason = "certificate_policy"          // refused by the caller's own VerifyChain, for a reason of its own
	CertificatePin            Reason = "certificate_pin"             // its key is not the one that was pinned (RFC 7469)
	BadStatusResponse         Reason = "bad_status_response"
	CertificateCompression    Reason = "certificate_compression" // a compressed certificate that does not open, or not to the length it claims

	AccessDenied Reason = "access_denied" // the application knows who the peer is, and does not let it in
)

// What is nobody's protocol error, or ours.
const (
	PeerAlert       Reason = "peer_alert"       // the peer refused; its alert is in Got
	TruncatedStream Reason = "truncated_stream" // the transport ended without close_notify
	Internal        Reason = "internal"         // our own fault: a failing random source, a store or key that is out of reach
	Misuse          Reason = "misuse"           // the caller's mistake: a Config that cannot work, a call at the wrong time
)

// All lists every Reason.
func All() []Reason {
	return []Reason{
		Truncated, TrailingBytes, BadLength, BadValue, DuplicateExtension, MessageTooLong, UnexpectedMessage, UnexpectedRecord, InterleavedMessage, KeyChangeMidMessage, UnsolicitedExtension, MissingExtension, RenegotiationRefused, BadRecordVersion, RecordOverflow, BadRecordMAC, DecompressionFailure, EmptyRecordFlood, WarningFlood, SequenceExhausted, NotTLS, UnsupportedVersion, DowngradeDetected, InappropriateFallback, NoCommonSuite, NoCommonGroup, NoCommonField, NoCommonScheme, NoCommonCompression, NoCommonProtocol, NotOffered, RenegotiationInfo, EMSMismatch, UnrecognizedName, BadShare, BadDHShare, BadSignature, BadFinished, BadBinder, WeakKey, CertificateMissing, CertificateRequired, CertificateMalformed, CertificateExpired, CertificateNotYetValid, CertificateWrongName, CertificateRevoked, CertificateUntrusted, CertificateBadSignature, CertificateUsage, CertificateConstraint, CertificateWrongKey, CertificateUnsupportedKey, CertificatePolicy, CertificatePin, BadStatusResponse, CertificateCompression, AccessDenied, PeerAlert, TruncatedStream, Internal, Misuse,
	}
}

// Error is one fault.
type Error struct {
	Reason Reason
	Ref    string // the section of the rule that was broken, "RFC 9846 §4.3.4"; "" where none was: what failed here, a caller's mistake, a peer's alert, what a foreign group or verifier refuses
	Field  string // dotted path of the field, "client_hello.cipher_suites"; "" if none
	Off    int    // byte offset in the message or record that holds Field; -1 if none
	Want   any    // what was expected, nil if that goes without saying
	Got    any    // what came
	Err    error  // the cause, if another package found it
}

// New makes an Error that points at no byte. The rule that ref names is the one that was
// broken, not the one of the message in which it was.
func New(r Reason, ref, field string, want, got any) *Error {
	return &Error{Reason: r, Ref: ref, Field: field, Off: -1, Want: want, Got: got}
}

// Wrap makes an Error out of another package's.
func Wrap(r Reason, ref, field string, err error) *Error {
	return &Error{Reason: r, Ref: ref, Field: field, Off: -1, Err: err}
}

// Mistake makes an Error of what a caller did wrong: Misuse, which breaks no rule of TLS.
func Mistake(field string, want, got any) *Error { return New(Misuse, "", field, want, got) }

// Fault makes an Error of what failed at this end: Internal, which breaks no rule of TLS.
func Fault(field string, err error) *Error { return Wrap(Internal, "", field, err) }

// Error says: reason, field, offset, expected, got, cause, rule, in one line. What came is
// a peer's, and quoted; an error of another package may hold what the peer wrote, and is
// escaped.
func (e *Error) Error() string {
	s := string(e.Reason)
	if e.Field != "" {
		s += " in " + e.Field
	}
	if e.Off >= 0 {
		s += fmt.Sprintf(" at byte %d", e.Off)
	}
	switch {
	case e.Want != nil && e.Got != nil:
		s += ": expected " + foreign.Value(e.Want) + ", got " + foreign.Value(e.Got)
	case e.Want != nil:
		s += ": expected " + foreign.Value(e.Want)
	case e.Got != nil:
		s += ": got " + foreign.Value(e.Got)
	}
	if e.Err != nil {
		s += ": " + foreign.Line(e.Err.Error())
	}
	if e.Ref != "" {
		s += " (" + e.Ref + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is lets errors.Is(err, &Error{Reason: r}) test for a reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason
}

// Of returns the Reason inside err; Internal if err holds none; "" if err is nil.
func Of(err error) Reason {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return Internal
}

// Alert returns the alert that tells the peer about r. ok is false where none is
// sent: the peer refused first, or the transport is gone.
func Alert(r Reason) (d iana.AlertDescription, ok bool) {
	if r == PeerAlert || r == TruncatedStream {
		return 0, false
	}
	if d, ok := alerts[r]; ok {
		return d, true
	}
	return iana.InternalError, true
}

// OurFault reports whether r is about this end rather than about what the peer sent: what
// failed here, or was asked of us wrongly. The peer hears internal_error of all of them.
func OurFault(r Reason) bool { return r == Internal || r == Misuse || r == SequenceExhausted }
