package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/net/http2"

	"tlslab/handshake/iana"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/reason"
)

// Who is to blame, and for what: a Fault follows from an ending, by the rows of verdicts alone.
// Whoever meets an ending says what was under way and what is known; nobody else makes a Fault.

// Phase is what was under way where a connection, or a request, came to an end. It is a stable key.
type Phase string

// The phases.
const (
	PhaseOpening     Phase = "opening"      // where to is not known yet: CONNECT, SOCKS, the first byte behind them
	PhaseHello       Phase = "hello"        // of the client's hello not all has come
	PhaseDial        Phase = "dial"         // the server is being reached
	PhaseHandshake   Phase = "handshake"    // of TLS, on this leg
	PhaseSilent      Phase = "silent"       // nothing was asked yet
	PhaseBetween     Phase = "between"      // two requests
	PhaseRequestHead Phase = "request_head" // it has begun, and has not ended
	PhaseRequestBody Phase = "request_body"
	PhaseWait        Phase = "wait" // for the reply
	PhaseReplyHead   Phase = "reply_head"
	PhaseReplyBody   Phase = "reply_body"
	PhaseBytes       Phase = "bytes" // what is relayed as bytes
)

// Phases lists every Phase.
func Phases() []Phase {
	return []Phase{PhaseOpening, PhaseHello, PhaseDial, PhaseHandshake, PhaseSilent, PhaseBetween, PhaseRequestHead, PhaseRequestBody, PhaseWait, PhaseReplyHead, PhaseReplyBody, PhaseBytes}
}

// What is what happened there. It is a stable key.
type What string

// What can happen.
const (
	// By a peer:
	WhatClosed      What = "closed"       // the end of its stream, in order
	WhatCut         What = "cut"          // the same in TLS without close_notify
	WhatReset       What = "reset"        // of TCP
	WhatBroken      What = "broken"       // reading or writing failed in another way
	WhatAlert       What = "alert"        // of TLS
	WhatStreamReset What = "stream_reset" // RST_STREAM
	WhatAway        What = "away"         // GOAWAY, and this request is none that it will see to
	WhatGoAway      What = "goaway"       // GOAWAY with an error, and then the end
	// By the proxy:
	WhatRefusal   What = "refusal" // of what the peer said
	WhatNoRequest What = "no_request"
	WhatAlien     What = "alien" // another protocol than the one that the proxy waits for
	WhatUnreached What = "unreached"
	WhatSlow      What = "slow"
	WhatIdle      What = "idle"
	WhatBusy      What = "busy"
	WhatStopped   What = "stopped"
)

// Whats lists every What.
func Whats() []What {
	return []What{WhatClosed, WhatCut, WhatReset, WhatBroken, WhatAlert, WhatStreamReset, WhatAway, WhatGoAway,
		WhatRefusal, WhatNoRequest, WhatAlien, WhatUnreached, WhatSlow, WhatIdle, WhatBusy, WhatStopped}
}

// ending is what happened on a leg, and what was known then.
type ending struct {
	leg   Side
	phase Phase
	what  What
	err   error

	shook bool // both handshakes were completed
	shown bool // the client was shown a certificate
	asked bool // the server asked for a certificate
}

// verdict is a row: of an ending like this, that is the Fault. The first that fits is the one.
type verdict struct {
	what []What
	leg  Side               // "": either
	when func(*ending) bool // nil: always

	by    Side // "": the leg's peer
	cause Cause
}

var verdicts = []verdict{
	// What the proxy ends by itself is nobody else's doing.
	{in(WhatStopped), "", nil, SideProxy, CauseShutdown},
	{in(WhatBusy), "", nil, SideProxy, CauseBusy},
	{in(WhatSlow), "", nil, SideProxy, CauseSlow},
	{in(WhatIdle), "", nil, SideProxy, CauseIdle},
	{in(WhatUnreached), "", upstream(func(e *UpstreamError) bool { return !e.Reached }), SideProxy, CauseUpstreamUnreachable},
	{in(WhatUnreached), "", upstream(func(e *UpstreamError) bool { return e.Status == http.StatusProxyAuthRequired }), SideUpstream, CauseUpstreamLogin},
	{in(WhatUnreached), "", upstream(nil), SideUpstream, CauseUpstreamRefused},
	{in(WhatUnreached), "", nil, SideProxy, CauseUnreachable},
	{in(WhatNoRequest, WhatAlien), "", nil, SideProxy, CauseBadRequest},
	{in(WhatBroken), SideProxy, nil, SideProxy, CauseInternal},
	{in(WhatRefusal), "", because(reason.Internal, reason.Misuse), SideProxy, CauseInternal},

	// An alert says who, and seldom why.
	{in(WhatAlert), SideClient, alert(iana.UnknownCA), "", CauseUntrustedRoot},
	{in(WhatAlert), SideClient, alert(iana.BadCertificate, iana.CertificateUnknown), "", CauseCertificateRefused}, // BoringSSL and Go say so of an unknown authority too, and of a pin
	{in(WhatAlert), "", alert(iana.ProtocolVersion), "", CauseTooOld},
	{in(WhatAlert), "", alert(iana.InsufficientSecurity, iana.NoApplicationProtocol), "", CauseNoCommon},
	{in(WhatAlert), SideServer, wantsCertificate, "", CauseWantsCertificate},
	{in(WhatAlert), "", shaking(alert(iana.HandshakeFailure)), "", CauseNoCommon},
	{in(WhatAlert), "", nil, "", CauseRefused},

	// What the proxy refuses of TLS: it is the peer who said it.
	{in(WhatRefusal), "", because(reason.NotTLS), SideProxy, CauseNotTLS},
	{in(WhatRefusal), "", because(reason.UnsupportedVersion), SideProxy, CauseTooOld},
	{in(WhatRefusal), "", because(reason.NoCommonSuite, reason.NoCommonGroup, reason.NoCommonField, reason.NoCommonScheme, reason.NoCommonProtocol, reason.NoCommonCompression), SideProxy, CauseNoCommon},
	{in(WhatRefusal), "", because(reason.CertificateMalformed, reason.CertificateExpired, reason.CertificateNotYetValid, reason.CertificateWrongName, reason.CertificateRevoked,
		reason.CertificateUntrusted, reason.CertificateBadSignature, reason.CertificateUsage, reason.CertificateConstraint,
		reason.CertificateWrongKey, reason.CertificateUnsupportedKey, reason.CertificatePolicy, reason.AccessDenied, reason.BadStatusResponse), SideProxy, CauseUnbelieved},
	{in(WhatRefusal), "", weakCertificate, SideProxy, CauseUnbelieved},
	// … and of HTTP.
	{in(WhatRefusal), "", rule(relay.RulePreface, relay.RuleFrame, relay.RuleCompression), SideProxy, CauseMalformed},
	{in(WhatRefusal), SideServer, rule(relay.RuleTLSAlert), SideProxy, CauseSpeaksTLS},
	{in(WhatRefusal), SideClient, anyRule, SideProxy, CauseBadRequest},
	{in(WhatRefusal), SideServer, anyRule, SideProxy, CauseBadReply},
	{in(WhatRefusal), "", nil, SideProxy, CauseMalformed},

	{in(WhatStreamReset, WhatAway), "", nil, "", CauseReset},

	// Who leaves has its reasons. A pin is suspected of a client that shook hands and said not a byte.
	{in(WhatClosed, WhatCut, WhatReset), SideClient, silent, "", CausePin},
	// Once something is settled the forged certificate has been sent: to hang up then, without an
	// alert, is how many libraries refuse it.
	{in(WhatClosed, WhatCut, WhatReset), SideClient, atCertificate, "", CauseLeftAtCertificate},
	{in(WhatClosed, WhatCut, WhatReset, WhatBroken, WhatGoAway), "", nil, "", CauseLeft},
}

func in(w ...What) []What { return w }

func alert(ds ...iana.AlertDescription) func(*ending) bool {
	return func(e *ending) bool {
		d, ok := e.alert()
		return ok && slices.Contains(ds, d)
	}
}

func shaking(f func(*ending) bool) func(*ending) bool {
	return func(e *ending) bool { return e.phase == PhaseHandshake && f(e) }
}

// wantsCertificate: it asked for one, and that is how it says that it is not content.
func wantsCertificate(e *ending) bool {
	return e.asked && alert(iana.CertificateRequired, iana.HandshakeFailure, iana.BadCertificate, iana.CertificateUnknown, iana.UnknownCA, iana.AccessDenied)(e)
}

// weakCertificate: a key of the chain is not accepted; a group of the key exchange may be weak too.
func weakCertificate(e *ending) bool {
	re := (*reason.Error)(nil)
	return errors.As(e.err, &re) && re.Reason == reason.WeakKey && strings.HasPrefix(re.Field, "certificate[")
}

func because(rs ...reason.Reason) func(*ending) bool {
	return func(e *ending) bool {
		re := (*reason.Error)(nil)
		return errors.As(e.err, &re) && slices.Contains(rs, re.Reason)
	}
}

func rule(rs ...relay.Rule) func(*ending) bool {
	return func(e *ending) bool {
		r := (*relay.Refusal)(nil)
		return errors.As(e.err, &r) && (len(rs) == 0 || slices.Contains(rs, r.Rule))
	}
}

func anyRule(e *ending) bool { return rule()(e) }

// upstream: it is an upstream proxy that is in the way; is says more, if it is not nil.
func upstream(is func(*UpstreamError) bool) func(*ending) bool {
	return func(e *ending) bool {
		up := (*UpstreamError)(nil)
		return errors.As(e.err, &up) && (is == nil || is(up))
	}
}

func atCertificate(e *ending) bool { return e.shown && e.phase == PhaseHandshake }

func silent(e *ending) bool { return e.shook && e.phase == PhaseSilent }

// alert is the peer's, if that is how it ended.
func (e *ending) alert() (d iana.AlertDescription, ok bool) {
	if re := (*reason.Error)(nil); errors.As(e.err, &re) && re.Reason == reason.PeerAlert {
		d, ok = re.Got.(iana.AlertDescription)
	}
	return d, ok
}

// whatOf is what an error says that happened.
func whatOf(err error) What {
	no, re, reset, away, refusal := (*NoRequest)(nil), (*reason.Error)(nil), (*relay.ErrReset)(nil), (*relay.ErrGoAway)(nil), (*relay.Refusal)(nil)
	if up := (*UpstreamError)(nil); errors.As(err, &up) {
		return WhatUnreached // also where its time was up
	}
	for _, x := range []struct {
		is   error
		what What
	}{{errShutdown, WhatStopped}, {errBusy, WhatBusy}, {errIdle, WhatIdle}, {errSlow, WhatSlow}, {errUnreached, WhatUnreached},
		{syscall.ECONNRESET, WhatReset}, {syscall.EPIPE, WhatReset}} {
		if errors.Is(err, x.is) {
			return x.what
		}
	}
	switch {
	case errors.As(err, &no) && (no.Why == NotHTTP || no.Why == NotSOCKS):
		return WhatAlien
	case errors.As(err, &no):
		return WhatNoRequest
	case errors.As(err, &reset):
		return WhatStreamReset
	case errors.As(err, &away) && away.Ended:
		return WhatGoAway
	case errors.As(err, &away):
		return WhatAway
	case errors.As(err, &refusal):
		return WhatRefusal
	case errors.As(err, &re) && re.Reason == reason.PeerAlert:
		return WhatAlert
	case errors.As(err, &re) && re.Reason == reason.TruncatedStream:
		return WhatCut
	case errors.As(err, &re):
		return WhatRefusal
	case isGone(err):
		return WhatClosed
	}
	return WhatBroken
}

// fault is the Fault that follows.
func (e *ending) fault() *Fault {
	f := &Fault{Side: e.leg, By: e.leg, Cause: CauseLeft, Err: e.err, Phase: e.phase, What: e.what}
	for _, v := range verdicts {
		if slices.Contains(v.what, e.what) && (v.leg == "" || v.leg == e.leg) && (v.when == nil || v.when(e)) {
			f.Cause = v.cause
			if v.by != "" {
				f.By = v.by
			}
			break
		}
	}
	switch re := (*reason.Error)(nil); {
	case e.what == WhatAlert:
		f.Alert, f.Alerted = e.alert()
	case e.what == WhatRefusal && errors.As(e.err, &re):
		f.Alert, f.Alerted = reason.Alert(re.Reason)
	case e.what == WhatStopped, e.what == WhatBusy:
		f.Side = SideProxy // whichever leg was the first to hear of it
	}
	return f
}

// blame is the Fault of an error on the leg to side: err, or what ended the session from outside if
// that is why.
func (s *session) blame(phase Phase, side Side, err error) *Fault {
	return s.fault(&ending{leg: side, phase: phase, err: err})
}

func (s *session) fault(e *ending) *Fault {
	f := (*Fault)(nil)
	if errors.As(e.err, &f) { // it was met elsewhere
		return f.in(e.phase)
	}
	if e.what = whatOf(e.err); e.what != WhatAlert && e.what != WhatRefusal {
		if c := s.ended.Load(); c != nil {
			e.err = *c
			e.what = whatOf(e.err)
		}
	}
	switch {
	case e.what == WhatCut && (e.phase == PhaseHello || e.phase == PhaseHandshake):
		e.what = WhatClosed // there is nothing yet that close_notify would end
	case e.what == WhatIdle || e.what == WhatSlow:
		e.leg = e.awaited() // whichever leg was the first to hear of it
	}
	e.shook = s.toClient != nil && s.toClient.Version != 0 && s.toServer != nil && s.toServer.Version != 0
	e.shown = s.toClient != nil && s.toClient.Suite != nil
	e.asked = e.leg == SideServer && s.toServer != nil && s.toServer.CertificateRequested
	f = e.fault()
	switch l := s.p.o.Limits; e.what {
	case WhatSlow:
		f.Limit = l.Handshake.String()
	case WhatIdle:
		f.Limit = l.Idle.String()
	case WhatBusy:
		f.Limit = strconv.Itoa(l.Connections)
	}
	return f
}

// awaited is the leg on which something was waited for.
func (e *ending) awaited() Side {
	switch e.phase {
	case PhaseOpening, PhaseHello, PhaseSilent, PhaseRequestHead, PhaseRequestBody:
		return SideClient
	case PhaseDial, PhaseWait, PhaseReplyHead, PhaseReplyBody:
		return SideServer
	case PhaseHandshake:
		return e.leg
	}
	return SideProxy
}

// in is f where this was under way.
func (f *Fault) in(p Phase) *Fault {
	if p == "" || p == f.Phase || f.Phase != PhaseSilent && f.Phase != PhaseBetween {
		return f
	}
	g := *f
	g.Phase = p
	return &g
}

// NotSeenTo reports whether the peer says that it has done nothing for the request: it is safe to ask again (RFC 9113 §8.7).
func (f *Fault) NotSeenTo() bool {
	reset := (*relay.ErrReset)(nil)
	return f.What == WhatAway || errors.As(f.Err, &reset) && reset.Code == http2.ErrCodeRefusedStream
}

// Cancelled reports whether the peer says that it wants no more of the request.
func (f *Fault) Cancelled() bool {
	reset := (*relay.ErrReset)(nil)
	return errors.As(f.Err, &reset) && reset.Code == http2.ErrCodeCancel
}

// marked is an error of a kind that says what happened.
type marked struct {
	kind error
	error
}

func (m *marked) Unwrap() []error { return []error{m.kind, m.error} }

var (
	errUnreached = errors.New("the server could not be reached")
)

// isGone reports whether err says that a peer is no longer there.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.Canceled)
}
