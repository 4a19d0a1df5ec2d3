package capture

import (
	"errors"
	"strings"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/foreign"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
)

// faultWords are a proxy.Fault in words.
type faultWords struct {
	who    string // refused whom, with which alert
	cause  string // the likely one
	advice string // what to do; "" if there is no more to say
	detail string // the error's own words; "" if they say no more
}

// unreachable says what kept the proxy from a server, by the name that RFC 9209 has for it.
var unreachable = map[string]string{
	"connection_refused":        "proxy_unreachable_connection_refused",
	"connection_timeout":        "proxy_unreachable_connection_timeout",
	"dns_error":                 "proxy_unreachable_dns_error",
	"dns_timeout":               "proxy_unreachable_dns_timeout",
	"destination_ip_unroutable": "proxy_unreachable_destination_ip_unroutable",
	proxy.LoopDetected:          "proxy_unreachable_proxy_loop_detected",
}

// wordsOf says who refused, with which alert, and the likely cause with what to do; a server that
// is not believed gets the verifier's advice. rootNamed: with --upstream-CAfile.
func wordsOf(lang narrate.Lang, f *proxy.Fault, rootNamed bool) faultWords {
	who := func(side proxy.Side) string {
		return narrate.Must(lang, narrate.UI, "cmd.proxy_side_"+string(side)).Title
	}
	phase := ""
	if f.Phase != "" {
		phase = narrate.Must(lang, narrate.UI, "cmd.proxy_phase_"+string(f.Phase)).Title
	}
	pairs := []string{"who", who(f.By), "leg", who(f.Side), "alert", f.Alert.String(), "phase", phase, "limit", f.Limit}
	key := "proxy_gave_up"
	up, refusal := (*proxy.UpstreamError)(nil), (*relay.Refusal)(nil)
	switch {
	case errors.As(f.Err, &refusal) && refusal.Alone:
		key = "proxy_refused_alone"
	case errors.As(f.Err, &up) && f.By == proxy.SideUpstream:
		key = "proxy_upstream_refused"
		pairs = append(pairs, "upstream", foreign.Line(up.Upstream))
	case f.By != proxy.SideProxy && f.Alerted:
		key = "proxy_refused"
	case f.By != proxy.SideProxy:
		key = "proxy_end_" + string(f.What)
	case f.Alerted && f.Side != proxy.SideProxy:
		key = "proxy_refused_peer"
	}
	cause := narrate.Must(lang, narrate.UI, "cmd.proxy_cause_"+string(f.Cause))
	causeKey := "proxy_cause_" + string(f.Cause)
	w := faultWords{who: cli.Say(lang, key, pairs...), cause: cli.Say(lang, causeKey, pairs...), advice: cause.Text}
	switch {
	case f.What == proxy.WhatAlien:
		w.advice = cli.Say(lang, "proxy_where_from")
	case f.NotSeenTo():
		w.advice = cli.Say(lang, "proxy_reset_refused")
	case f.Cancelled():
		w.advice = cli.Say(lang, "proxy_reset_cancel")
	case f.Cause == proxy.CauseUnreachable:
		if key, ok := unreachable[f.ProxyError()]; ok {
			w.advice = cli.Say(lang, key)
		}
	case f.Cause == proxy.CauseUnbelieved && !reason.OurFault(reason.Of(f.Err)):
		why := narrate.Must(lang, narrate.Reason, narrate.ReasonKey(f.Err))
		if reason.Of(f.Err) == reason.CertificateUntrusted && !rootNamed {
			w.advice = cli.Say(lang, "proxy_unbelieved_root", "why", why.Title, "advice", why.Text)
		} else {
			w.advice = cli.Say(lang, "proxy_unbelieved", "why", why.Title, "advice", why.Text)
		}
	}
	if f.Detailed() && (f.By == proxy.SideProxy || !f.Alerted) {
		w.detail = whyOf(lang, f.Err)
	}
	return w
}

// faultLines are the words as lines.
func faultLines(lang narrate.Lang, f *proxy.Fault, rootNamed bool) []string {
	w := wordsOf(lang, f, rootNamed)
	lines := []string{w.who + cli.ColonOf(lang) + w.cause}
	if w.advice != "" {
		lines = append(lines, w.advice)
	}
	if w.detail != "" {
		lines = append(lines, "("+w.detail+")")
	}
	return lines
}

// faultText is what a client reads where no reply came.
func faultText(lang narrate.Lang, f *proxy.Fault, rootNamed bool) string {
	return "tlslab proxy\n" + strings.Join(faultLines(lang, f, rootNamed), "\n") + "\n"
}
