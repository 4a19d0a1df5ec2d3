package live

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
)

// plight is a live connection that failed, and what had been asked of it.
type plight struct {
	lang    narrate.Lang
	role    event.Role // ours
	peer    string     // as the user calls it
	summary handshake.Summary
	flags   *LiveFlags
	staple  string   // a server's --staple
	root    string   // the file that a server's root is in; "" if there is none
	more    []string // flags of the verb's own that make it say what a peer may never have met
	asked   string   // the protocol in which a client asked for TLS first; "" if TLS began at once
	session bool     // a client offered a session of before
}

// trouble says, of a live handshake that failed, what happened and what a person can do. It is
// nil if err is.
func (p *plight) trouble(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var re *reason.Error
	if !errors.As(err, &re) {
		if ctx.Err() != nil {
			return cli.Told(p.lang, err, "interrupted")
		}
		return err
	}
	pairs := []string{"peer", p.peer, "error", narrate.Fault(p.lang, re)}
	switch re.Reason {
	case reason.NotTLS:
		if p.asked != "" {
			return cli.Told(p.lang, err, "not_tls_asked", append(pairs, "protocol", p.asked)...)
		}
		what, remedy := cli.SayBoth(p.lang, "not_tls", pairs...)
		if p.role == event.Server {
			remedy = p.words(stranger(re))
		}
		return p.remedied(err, what, remedy)
	case reason.TruncatedStream:
		return p.cutOff(err)
	case reason.PeerAlert:
		return p.refused(re)
	}
	if said := p.ofClients(re); said != nil {
		return said
	}
	remedy := ""
	switch re.Reason { // of the rest the peer is at fault, and nothing that is done here would mend it
	case reason.UnsupportedVersion, reason.NoCommonSuite, reason.NoCommonGroup, reason.NoCommonField, reason.NoCommonScheme, reason.NoCommonProtocol:
		remedy = narrate.Must(p.lang, narrate.Reason, narrate.ReasonKey(re)).Text
	}
	return p.remedied(err, cli.Say(p.lang, "we_refused", pairs...), remedy)
}

// stranger is the hint for a client that does not speak TLS, by what it speaks instead.
func stranger(re *reason.Error) string {
	came, _ := re.Got.(reason.Phrase)
	switch {
	case strings.Contains(came.Format, "HTTP"):
		return "client_in_clear"
	case strings.Contains(came.Format, "SMTP command"):
		return "client_asks_later"
	case strings.Contains(came.Format, "SSL 2.0"):
		return "client_ssl2"
	}
	return "client_elsewhere"
}

// afterwards is trouble for a connection whose handshake was complete. A peer that just hangs
// up may have cut off what it was about to say.
func (p *plight) afterwards(err error) error {
	switch reason.Of(err) {
	case reason.None:
		return nil
	case reason.TruncatedStream:
		return p.remedied(err, cli.Say(p.lang, "truncated", "peer", p.peer), p.afterCut())
	case reason.PeerAlert:
		var re *reason.Error
		errors.As(err, &re)
		return p.refused(re)
	}
	if isReset(err) {
		return p.remedied(err, cli.Say(p.lang, "reset_afterwards", "peer", p.peer), p.afterCut())
	}
	return err
}

// afterCut is what to do where a connection was cut off after the handshake: a server of TLS
// 1.3 refuses a client's certificate then, and not every server says so.
func (p *plight) afterCut() string {
	if p.role == event.Client && p.summary.CertificateRequested && p.summary.Version == iana.TLS13 {
		return p.words(p.cutKey())
	}
	return ""
}

// refused is for a peer's alert.
func (p *plight) refused(re *reason.Error) error {
	pairs := []string{"peer", p.peer, "error", narrate.Fault(p.lang, re)}
	alert, _ := re.Got.(iana.AlertDescription)
	switch {
	case p.summary.Renegotiates && p.summary.FailedIn == event.Connected && p.role == event.Client:
		return cli.Told(p.lang, re, "renegotiation_client", pairs...)
	case p.summary.Renegotiates && p.summary.FailedIn == event.Connected:
		return cli.Told(p.lang, re, "renegotiation_server", pairs...)
	case p.role == event.Server || !p.summary.CertificateRequested || p.summary.CertificateShown || !slices.Contains(wantOfCertificate, alert):
	case p.flags.Cert == "":
		return cli.Told(p.lang, re, "wants_certificate", pairs...)
	default:
		return p.remedied(re, cli.Say(p.lang, "peer_refused", pairs...), p.words("own_certificate_unfit"))
	}
	return p.remedied(re, cli.Say(p.lang, "peer_refused", pairs...), p.hint(alert))
}

// wantOfCertificate are the alerts by which servers say that they got no certificate: the one
// that TLS 1.3 has for it, TLS 1.2's handshake_failure, and what else is in use.
var wantOfCertificate = []iana.AlertDescription{iana.CertificateRequired, iana.HandshakeFailure, iana.NoCertificate, iana.BadCertificate,
	iana.UnsupportedCertificate, iana.CertificateUnknown, iana.UnknownCA, iana.AccessDenied}

// cutOff is for a peer, or something on the way, that ended the connection in mid-handshake.
func (p *plight) cutOff(err error) error {
	state := p.summary.FailedIn.String()
	pairs := []string{"peer", p.peer, "state", state, "doing", narrate.Must(p.lang, narrate.State, state).Title}
	var warnings []string
	remedy := ""
	for _, w := range p.summary.Warnings {
		warnings, remedy = append(warnings, w.String()), p.hint(w) // the last one's
	}
	if remedy == "" {
		remedy = p.words(p.cutKey())
	}
	pairs = append(pairs, "alerts", cli.Enumerated(p.lang, warnings))
	what := ""
	switch warned := len(warnings) > 0; {
	case isReset(err) && warned:
		what = cli.Say(p.lang, "reset_warned", pairs...)
	case isReset(err):
		what = cli.Say(p.lang, "reset", pairs...)
	case warned:
		what = cli.Say(p.lang, "hung_up_warned", pairs...)
	default:
		what = cli.Say(p.lang, "hung_up", pairs...)
	}
	return p.remedied(err, what, remedy)
}

// isReset reports whether the system says that the connection was cut off.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// cutKeys are the keys that cutKey chooses from.
var cutKeys = map[event.Role][]string{
	event.Client: {"cut_at_hello", "cut_asked", "cut_showed", "cut_midway", "own_certificate_unfit"},
	event.Server: {"cut_in_hello", "cut_when_asked", "cut_after_certificate", "cut_midway", "client_in_clear", "client_asks_later", "client_ssl2", "client_elsewhere"},
}

// cutKey is the hint for where the connection stood.
func (p *plight) cutKey() string {
	switch {
	case p.role == event.Client && atHello(nil)(p):
		return "cut_at_hello"
	case p.role == event.Client && showed(p):
		return "cut_showed"
	case p.role == event.Client && p.summary.CertificateRequested && p.flags.Cert != "":
		return "own_certificate_unfit"
	case p.role == event.Client && p.summary.CertificateRequested:
		return "cut_asked"
	case p.role == event.Client:
		return "cut_midway"
	case p.summary.FailedIn == event.Start:
		return "cut_in_hello"
	case p.summary.Resumed || p.summary.PSK || p.summary.FailedIn == event.WaitSecondClientHello:
		return "cut_midway"
	case p.summary.Version == iana.TLS12 && p.summary.FailedIn != event.WaitCertificate && p.summary.FailedIn != event.WaitClientKeyExchange:
		return "cut_midway" // it has answered what it saw
	}
	if p.summary.FailedIn == event.WaitCertificate && p.summary.CertificateRequested {
		return "cut_when_asked"
	}
	return "cut_after_certificate"
}

func (p *plight) remedied(err error, what, remedy string) error {
	return &cli.Trouble{Status: cli.StatusFailed, What: what, Remedy: remedy, Cause: err}
}
