package proxy

import "tlslab/handshake/iana"

// Side says who refused.
type Side string

// The sides. Each is a stable key.
const (
	SideClient Side = "client"
	SideServer Side = "server"
	SideProxy  Side = "proxy"
	// SideUpstream is the upstream proxy, on the way to the server.
	SideUpstream Side = "upstream"
)

// Fault is why something failed.
type Fault struct {
	Side    Side // the leg on which it did; SideProxy if neither
	By      Side // who gave up: that leg's peer, or the proxy
	Cause   Cause
	Alert   iana.AlertDescription // what was sent or received; meaningful if Alerted
	Alerted bool
	Err     error
	Phase   Phase  // what was under way
	What    What   // what happened
	Limit   string // the proxy's own that was met: "30s", "1000"; "" for none
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
	CauseLeftAtCertificate  Cause = "left_at_certificate" // it left amid the handshake, after the forged certificate and without an alert, as Java, Node and gRPC do that do not trust it
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
	// The upstream proxy's; the Fault's Err is an *UpstreamError.
	CauseUpstreamUnreachable Cause = "upstream_unreachable"
	CauseUpstreamLogin       Cause = "upstream_login"   // it wants a user and a password, or others
	CauseUpstreamRefused     Cause = "upstream_refused" // it did not connect
	// Either's.
	CauseRefused  Cause = "refused" // with an alert that says no more
	CauseLeft     Cause = "left"    // it hung up before it was done
	CauseReset    Cause = "reset"   // it ended one stream of HTTP/2, and no more than that
	CauseIdle     Cause = "idle"
	CauseSlow     Cause = "slow"
	CauseBusy     Cause = "busy"
	CauseShutdown Cause = "shutdown"
	CauseBlocked  Cause = "blocked" // by Options.Block
	CauseHook     Cause = "hook"    // one of Options.Hooks panicked, or did what it may not
	CauseInternal Cause = "internal"
)

// Causes lists every Cause.
func Causes() []Cause {
	return []Cause{CauseUntrustedRoot, CauseCertificateRefused, CausePin, CauseLeftAtCertificate, CauseTooOld, CauseNoCommon, CauseNotTLS, CauseMalformed, CauseBadRequest,
		CauseUnreachable, CauseUnbelieved, CauseWantsCertificate, CauseBadReply, CauseSpeaksTLS, CauseUpstreamUnreachable, CauseUpstreamLogin, CauseUpstreamRefused,
		CauseRefused, CauseLeft, CauseReset, CauseIdle, CauseSlow, CauseBusy, CauseShutdown, CauseBlocked, CauseHook, CauseInternal}
}

// Error says what happened, for a log.
func (f *Fault) Error() string { return string(f.Side) + ": " + string(f.Cause) + ": " + f.Err.Error() }

// Detailed reports whether Err says more than Cause does.
func (f *Fault) Detailed() bool {
	switch f.Cause {
	case CausePin, CauseLeftAtCertificate, CauseIdle, CauseSlow, CauseBusy, CauseShutdown:
		return false
	case CauseLeft:
		return f.What == WhatBroken || f.What == WhatGoAway
	}
	return true
}

// Unwrap returns the error behind it.
func (f *Fault) Unwrap() error { return f.Err }
