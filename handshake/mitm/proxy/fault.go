package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Side says who refused.
type Side string

// The sides. Each is a stable key.
const (
	SideClient Side = "client"
	SideServer Side = "server"
	SideProxy  Side = "proxy"
)

// Fault is why something failed.
type Fault struct {
	Side    Side // the leg on which it did; SideProxy if neither
	By      Side // who gave up: that leg's peer, or the proxy
	Cause   Cause
	Alert   iana.AlertDescription // what was sent or received; meaningful if Alerted
	Alerted bool
	Err     error
}

// Cause is the likely cause of a fault. It is a stable key; an alert seldom says more
// than that, and no alert less.
type Cause string

// The causes.
const (
	// The client's side.
	CauseUntrustedRoot      Cause = "untrusted_root"      // it does not trust the proxy's root
	CauseCertificateRefused Cause = "certificate_refused" // it refused the forged certificate: the root is not trusted, or it pins
	CausePin                Cause = "pin"                 // it completed the handshake and left without a word: it may pin
	CauseTooOld             Cause = "too_old"             // the versions have nothing in common
	CauseNoCommon           Cause = "no_common"           // the suites, groups or protocols have nothing in common
	CauseNotTLS             Cause = "not_tls"             // what came is not TLS
	CauseMalformed          Cause = "malformed"           // what came is not what the protocol allows
	CauseBadRequest         Cause = "bad_request"         // a head that is not HTTP's, or too long
	// The server's side.
	CauseUnreachable      Cause = "unreachable"
	CauseUnbelieved       Cause = "unbelieved"        // the proxy does not believe its certificate
	CauseWantsCertificate Cause = "wants_certificate" // it asks for a client certificate that the proxy has not, or that it did not believe
	CauseBadReply         Cause = "bad_reply"
	CauseSpeaksTLS        Cause = "speaks_tls" // what answers plain HTTP is a TLS alert
	// Either's.
	CauseRefused  Cause = "refused" // with an alert that says no more
	CauseLeft     Cause = "left"    // it hung up before it was done
	CauseReset    Cause = "reset"   // it ended one stream of HTTP/2, and no more than that
	CauseIdle     Cause = "idle"
	CauseSlow     Cause = "slow"
	CauseBusy     Cause = "busy"
	CauseShutdown Cause = "shutdown"
	CauseHook     Cause = "hook" // one of Options.Hooks panicked, or did what it may not
	CauseInternal Cause = "internal"
)

// Causes lists every Cause.
func Causes() []Cause {
	return []Cause{CauseUntrustedRoot, CauseCertificateRefused, CausePin, CauseTooOld, CauseNoCommon, CauseNotTLS, CauseMalformed, CauseBadRequest,
		CauseUnreachable, CauseUnbelieved, CauseWantsCertificate, CauseBadReply, CauseSpeaksTLS, CauseRefused, CauseLeft, CauseReset, CauseIdle, CauseSlow, CauseBusy, CauseShutdown, CauseHook, CauseInternal}
}

// Error says what happened, for a log.
func (f *Fault) Error() string { return string(f.Side) + ": " + string(f.Cause) + ": " + f.Err.Error() }

// Detailed reports whether Err says more than Cause does.
func (f *Fault) Detailed() bool {
	switch f.Cause {
	case CausePin, CauseIdle, CauseSlow, CauseBusy, CauseShutdown:
		return false
	}
	return true
}

// Unwrap returns the error behind it.
func (f *Fault) Unwrap() error { return f.Err }

// blame makes a Fault of an error on the leg to side. asked says that the server asked
// for a certificate.
func blame(side Side, err error, asked bool) *Fault {
	if f := (*Fault)(nil); errors.As(err, &f) {
		return f
	}
	f := &Fault{Side: side, By: SideProxy, Err: err, Cause: CauseInternal}
	for _, x := range []struct {
		is    error
		cause Cause
	}{{errIdle, CauseIdle}, {errSlow, CauseSlow}, {errShutdown, CauseShutdown}, {errBusy, CauseBusy}} {
		if errors.Is(err, x.is) {
			f.Cause = x.cause
			if x.cause == CauseShutdown || x.cause == CauseBusy {
				f.Side = SideProxy // whichever leg was the first to hear of it
			}
			return f
		}
	}
	re := new(reason.Error)
	switch {
	case !errors.As(err, &re):
		if isGone(err) {
			f.By, f.Cause = side, CauseLeft
		}
	case re.Reason == reason.PeerAlert:
		f.By = side
		f.Alert, f.Alerted = re.Got.(iana.AlertDescription)
		f.Cause = alertCause(side, f.Alert, asked)
	default:
		if f.Cause = refusalCause(re.Reason); f.Cause == CauseLeft {
			f.By = side
			break
		}
		f.Alert, f.Alerted = reason.Alert(re.Reason)
	}
	return f
}

// alertCause is what an alert of the peer's most likely means here.
func alertCause(side Side, d iana.AlertDescription, asked bool) Cause {
	switch d {
	case iana.UnknownCA:
		if side == SideClient {
			return CauseUntrustedRoot
		}
	case iana.BadCertificate, iana.CertificateUnknown:
		// BoringSSL and Go say so of an unknown authority too, and of a pin that does not fit.
		if side == SideClient {
			return CauseCertificateRefused
		}
	case iana.ProtocolVersion:
		return CauseTooOld
	case iana.InsufficientSecurity, iana.NoApplicationProtocol:
		return CauseNoCommon
	}
	if side == SideServer && asked {
		switch d {
		case iana.CertificateRequired, iana.HandshakeFailure, iana.BadCertificate, iana.CertificateUnknown, iana.UnknownCA, iana.AccessDenied:
			return CauseWantsCertificate
		}
	}
	if d == iana.HandshakeFailure {
		return CauseNoCommon
	}
	return CauseRefused
}

// refusalCause is what one of our own refusals comes from.
func refusalCause(r reason.Reason) Cause {
	switch r {
	case reason.NotTLS:
		return CauseNotTLS
	case reason.UnsupportedVersion:
		return CauseTooOld
	case reason.NoCommonSuite, reason.NoCommonGroup, reason.NoCommonField, reason.NoCommonScheme, reason.NoCommonProtocol, reason.NoCommonCompression:
		return CauseNoCommon
	case reason.CertificateMalformed, reason.CertificateExpired, reason.CertificateNotYetValid, reason.CertificateWrongName, reason.CertificateRevoked,
		reason.CertificateUntrusted, reason.CertificateBadSignature, reason.CertificateUsage, reason.CertificateConstraint,
		reason.CertificateWrongKey, reason.CertificatePolicy, reason.AccessDenied, reason.BadStatusResponse:
		return CauseUnbelieved
	case reason.TruncatedStream:
		return CauseLeft
	case reason.Internal, reason.Misuse:
		return CauseInternal
	}
	return CauseMalformed
}

// isGone reports whether err says that a peer is no longer there.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.Canceled)
}
