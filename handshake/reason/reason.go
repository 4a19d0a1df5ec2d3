// Package reason says why an endpoint refused. A handler that finds a fault
// returns an *Error: the Reason, the field, the byte offset, what was wanted and
// what came. The alert that goes on the wire follows from the Reason through one
// table (alert.go); no handler ever picks an alert. A caller does not pick one either: its
// own verifier gives a Reason, and so does a caller of Endpoint.Abort.
//
// It is not a log: it holds one fault. Read the list of reasons below first.
//
// It leans on iana, for the alerts on the table's right-hand side, and on foreign, since
// what came was written by a peer.
package reason

import (
	"errors"
	"fmt"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
)

// Reason is what went wrong. Its String is a stable word, narrate's key, and what stands in
// documents.
type Reason uint8

// None is the Reason of no error.
const None Reason = 0

// What a peer's bytes can do wrong.
const (
	Truncated          Reason = iota + 1 // a structure ends before its fields do
	TrailingBytes                        // bytes are left over after the last field
	BadLength                            // a length is outside what the structure allows
	BadValue                             // a field holds a value the structure does not allow
	DuplicateExtension                   // one extension type twice in one block
	MessageTooLong                       // a handshake message longer than we are willing to keep

	UnexpectedMessage    // the table of moves has no row for it in this state
	UnexpectedRecord     // a record type that may not come now
	InterleavedMessage   // another record type amid a fragmented handshake message
	KeyChangeMidMessage  // keys change while a handshake message is incomplete
	UnsolicitedExtension // an answer to what was not asked
	MissingExtension     // an extension that the handshake cannot do without
	RenegotiationRefused // a new handshake inside a finished one

	BadRecordVersion
	RecordOverflow
	BadRecordMAC
	DecompressionFailure
	EmptyRecordFlood
	WarningFlood
	SequenceExhausted
	NotTLS // the first bytes are no TLS record

	UnsupportedVersion
	DowngradeDetected     // the sentinel of RFC 9846 §4.2.3
	InappropriateFallback // RFC 7507
	NoCommonSuite
	NoCommonGroup
	NoCommonField // the same of the finite fields a client named, which has an alert of its own
	NoCommonScheme
	NoCommonCompression
	NoCommonProtocol  // ALPN
	NotOffered        // the server chose what the client had not offered
	RenegotiationInfo // RFC 5746: the binding to the previous handshake is wrong
	EMSMismatch       // RFC 7627 §5.3: resumption with and without extended master secret
	UnrecognizedName

	BadShare     // a key exchange share that is not a valid public value
	BadDHShare   // the same of a finite field in TLS 1.2, which has an alert of its own
	BadSignature // a handshake signature that does not verify
	BadFinished  // verify_data differs
	BadBinder    // a client offers a pre-shared key that it does not have
	WeakKey      // a key or group below what we accept

	CertificateMissing
	CertificateRequired // TLS 1.3's word for a client's missing certificate
	CertificateMalformed
	CertificateExpired
	CertificateNotYetValid
	CertificateWrongName
	CertificateRevoked
	CertificateUntrusted // no path to a trust anchor
	CertificateBadSignature
	CertificateUsage          // key usage or extended key usage forbids this
	CertificateConstraint     // basic, path length or name constraint broken
	CertificateWrongKey       // its key does not fit the suite or scheme
	CertificateUnsupportedKey // its key is of a kind for which TLS has no use
	CertificatePolicy         // refused by the caller's own VerifyChain, for a reason of its own
	CertificatePin            // its key is not the one that was pinned (RFC 7469)
	BadStatusResponse
	CertificateCompression // a compressed certificate that does not open, or not to the length it claims

	AccessDenied // the application knows who the peer is, and does not let it in

	// What is not the peer's protocol error: it is our own error, or no protocol error at all.
	PeerAlert       // the peer refused; its alert is in Got
	TruncatedStream // the transport ended without close_notify
	Internal        // our own fault: a failing random source, a store or key that is out of reach
	Misuse          // the caller's mistake: a Config that cannot work, a call at the wrong time

	reasons // how many there are, and one
)

var names = [reasons]string{
	Truncated:                 "truncated",
	TrailingBytes:             "trailing_bytes",
	BadLength:                 "bad_length",
	BadValue:                  "bad_value",
	DuplicateExtension:        "duplicate_extension",
	MessageTooLong:            "message_too_long",
	UnexpectedMessage:         "unexpected_message",
	UnexpectedRecord:          "unexpected_record",
	InterleavedMessage:        "interleaved_message",
	KeyChangeMidMessage:       "key_change_mid_message",
	UnsolicitedExtension:      "unsolicited_extension",
	MissingExtension:          "missing_extension",
	RenegotiationRefused:      "renegotiation_refused",
	BadRecordVersion:          "bad_record_version",
	RecordOverflow:            "record_overflow",
	BadRecordMAC:              "bad_record_mac",
	DecompressionFailure:      "decompression_failure",
	EmptyRecordFlood:          "empty_record_flood",
	WarningFlood:              "warning_flood",
	SequenceExhausted:         "sequence_exhausted",
	NotTLS:                    "not_tls",
	UnsupportedVersion:        "unsupported_version",
	DowngradeDetected:         "downgrade_detected",
	InappropriateFallback:     "inappropriate_fallback",
	NoCommonSuite:             "no_common_suite",
	NoCommonGroup:             "no_common_group",
	NoCommonField:             "no_common_field",
	NoCommonScheme:            "no_common_scheme",
	NoCommonCompression:       "no_common_compression",
	NoCommonProtocol:          "no_common_protocol",
	NotOffered:                "not_offered",
	RenegotiationInfo:         "renegotiation_info",
	EMSMismatch:               "ems_mismatch",
	UnrecognizedName:          "unrecognized_name",
	BadShare:                  "bad_share",
	BadDHShare:                "bad_dh_share",
	BadSignature:              "bad_signature",
	BadFinished:               "bad_finished",
	BadBinder:                 "bad_binder",
	WeakKey:                   "weak_key",
	CertificateMissing:        "certificate_missing",
	CertificateRequired:       "certificate_required",
	CertificateMalformed:      "certificate_malformed",
	CertificateExpired:        "certificate_expired",
	CertificateNotYetValid:    "certificate_not_yet_valid",
	CertificateWrongName:      "certificate_wrong_name",
	CertificateRevoked:        "certificate_revoked",
	CertificateUntrusted:      "certificate_untrusted",
	CertificateBadSignature:   "certificate_bad_signature",
	CertificateUsage:          "certificate_usage",
	CertificateConstraint:     "certificate_constraint",
	CertificateWrongKey:       "certificate_wrong_key",
	CertificateUnsupportedKey: "certificate_unsupported_key",
	CertificatePolicy:         "certificate_policy",
	CertificatePin:            "certificate_pin",
	BadStatusResponse:         "bad_status_response",
	CertificateCompression:    "certificate_compression",
	AccessDenied:              "access_denied",
	PeerAlert:                 "peer_alert",
	TruncatedStream:           "truncated_stream",
	Internal:                  "internal",
	Misuse:                    "misuse",
}

// String is the reason's word, "bad_record_mac"; "" of None, "0xc8" for a number that is no
// reason's.
func (r Reason) String() string {
	if r >= reasons {
		return fmt.Sprintf("0x%02x", uint8(r))
	}
	return names[r]
}

// MarshalText is String: a document has the word.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Parse finds the Reason of a word, as String writes it. ok is false if no Reason has that
// word: a program that reads a document newer than itself keeps the word.
func Parse(word string) (r Reason, ok bool) {
	for _, r := range All() {
		if names[r] == word {
			return r, true
		}
	}
	return None, false
}

// All lists every Reason, None not among them.
func All() []Reason {
	all := make([]Reason, 0, reasons-1)
	for r := None + 1; r < reasons; r++ {
		all = append(all, r)
	}
	return all
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
	s := e.Reason.String()
	if e.Field != "" {
		s += " in " + e.Field
	}
	if e.Off >= 0 {
		s += fmt.Sprintf(" at byte %d", e.Off)
	}
	switch {
	case e.Want != nil && e.Got != nil:
		s += ": expected " + Listed(e.Want, " or ") + ", got " + Listed(e.Got, ", ")
	case e.Want != nil:
		s += ": expected " + Listed(e.Want, " or ")
	case e.Got != nil:
		s += ": got " + Listed(e.Got, ", ")
	}
	if e.Err != nil {
		s += ": " + foreign.Line(e.Err.Error())
	}
	if e.Ref != "" {
		s += " (" + e.Ref + ")"
	}
	return s
}

// Listed is foreign.Value, and of versions their names with between between them.
func Listed(v any, between string) string {
	versions, ok := v.([]iana.Version)
	if !ok || len(versions) == 0 {
		return foreign.Value(v)
	}
	names := make([]string, len(versions))
	for i, v := range versions {
		names[i] = v.String()
	}
	return strings.Join(names, between)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is lets errors.Is(err, &Error{Reason: r}) test for a reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Reason == e.Reason
}

// Of returns the Reason inside err; Internal if err holds none; None if err is nil.
func Of(err error) Reason {
	if err == nil {
		return None
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return Internal
}

// Alert returns the alert that tells the peer about r. ok is false where no alert is
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
