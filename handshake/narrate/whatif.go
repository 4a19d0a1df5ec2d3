package narrate

import (
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// whatIf names one thing to try next, and why. Where it is an option of run, it goes with
// those that led to this flow, or says what it takes the place of.
func (s *story) whatIf() Sentence {
	return told("whatif/" + s.next())
}

func (s *story) next() string {
	x := s.main()
	switch {
	case s.scenes["plain_http"] != nil:
		return "plain"
	case s.scenes["replay_verdict"] != nil:
		return "replay"
	case s.proxied():
		return "proxy"
	case s.overQUIC() && (x == nil || x.hello == nil):
		return "live_silence"
	case s.overQUIC():
		return "live_quic"
	case s.flow == nil:
		return s.nextLive(x)
	case x == nil:
		return "mitm"
	case s.is("mitm"):
		return s.nextIntercepted(x)
	case s.attacks():
		return s.nextAttacked()
	case s.refused() != nil:
		return s.nextRefused(x)
	}
	switch {
	case x.early && x.earlyTaken:
		return "early"
	case x.early:
		return "early_passed_over"
	case x.given && !x.shared:
		return "given_psk_ke"
	case x.given:
		return "given"
	case x.resumed && x.version == iana.TLS13:
		return "resumed_psk"
	case x.resumed && x.ticket:
		return "resumed_ticket"
	case x.resumed:
		return "resumed_id"
	case s.is("full"):
		return "full"
	case x.verdict == clickedAway:
		return "clicked"
	case x.open():
		return "open"
	case x.kx == iana.KxRSA:
		return "rsa"
	case x.retry:
		return "retried"
	}
	return "mitm"
}

// nextLive is what to try after a live connection.
func (s *story) nextLive(x *exchange) string {
	switch {
	case s.headless(x):
		return "whole"
	case x != nil && s.refused() == nil && x.finished && !s.hides(x):
		return "live"
	case s.failed != nil && s.failed.Report != nil:
		return "live_refused"
	case s.hides(x) && s.refused() == nil:
		return s.nextClosed()
	}
	return "live_silence"
}

func (s *story) nextIntercepted(x *exchange) string {
	err := s.refused()
	switch r := reason.Of(err); {
	case s.flow.Passthrough:
		return "passthrough"
	case r == reason.CertificatePin:
		return "mitm_pinned"
	case err != nil && s.refuser() == "client" && r == reason.CertificateUntrusted:
		return "mitm_refused"
	case err != nil && s.refuser() == "server" && (x.verdict == believed || x.verdict == clickedAway):
		return "mitm_unproved"
	case err != nil && s.careful():
		return "mitm_careful"
	case err != nil:
		return "refused"
	case x.verdict == clickedAway:
		return "mitm_clicked"
	}
	return "mitm_believed"
}

func (s *story) nextAttacked() string {
	switch s.flow.Name {
	case "replayed_early_data":
		return "replayed"
	case "captured_session":
		return "captured"
	}
	return "stolen"
}

// clickable are the reasons for which a client has a button to go on.
var clickable = []reason.Reason{reason.CertificateUntrusted, reason.CertificateExpired, reason.CertificateNotYetValid, reason.CertificateWrongName}

func (s *story) nextRefused(x *exchange) string {
	r := reason.Of(s.refused())
	switch {
	case r == reason.CertificateRequired || r == reason.CertificateMissing:
		return "refused_client"
	case s.refuser() == x.client && slices.Contains(clickable, r):
		return "refused_clickable"
	case ReasonKey(s.refused()) == "bad_status_response+tls_feature":
		return "refused_promised"
	case r == reason.CertificateRevoked || r == reason.BadStatusResponse:
		return "refused_revoked"
	case s.failed != nil && s.failed.Report != nil:
		return "refused_chain"
	}
	return "refused"
}
