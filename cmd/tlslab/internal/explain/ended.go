package explain

import (
	"slices"
	"strconv"

	"github.com/fatih/color"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/quic"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// outcomeKey is the key of how it ended.
func outcomeKey(c *explain.Connection) string {
	o := c.Outcome
	key := "outcome/" + string(o.What)
	switch {
	case c.QUIC != nil && o.What == explain.Refused && !o.HasAlert && c.QUIC.Close == nil:
		return "quic/versions"
	case c.QUIC != nil && o.What == explain.Refused && !o.HasAlert:
		return "quic/closed"
	case c.QUIC != nil && o.What == explain.Done, c.QUIC != nil && o.What == explain.Unfollowed:
		return "quic/" + string(o.What)
	case o.What == explain.Unfollowed, o.What == explain.Unseen:
		return key
	case o.What == explain.Done && o.Inferred, o.What == explain.Refused && o.Inferred:
		return key + "+inferred"
	case o.What == explain.Done:
		return key
	case o.What == explain.Refused && !o.HasAlert:
		return key + "+sealed"
	case o.Phase == explain.PhaseLost: // it was read all the same
		return "outcome/refused/lost"
	case o.What == explain.BrokenOff && o.Closing == "rst":
		key = "outcome/reset"
	}
	key += "/" + string(o.Phase)
	if o.Phase == explain.PhaseHello && o.By == event.Client.String() && (o.What == explain.Refused || o.What == explain.Garbled) {
		key += "+client" // who had not been answered
	}
	return key
}

// party is an end as a sentence calls it.
func (l *list) party(who string) string {
	if who == "" {
		who = event.Client.String()
	}
	return narrate.Must(l.lang, narrate.UI, "cmd.proxy_side_"+who).Title
}

// alert is an alert by name, with what it means; a number that the registry has not given out
// has no words.
func (l *list) alert(d iana.AlertDescription) string {
	if e, ok := narrate.Get(l.lang, narrate.Alert, d.String()); ok {
		return cli.Say(l.lang, "explain_alert", "name", d.String(), "means", e.Title)
	}
	return d.String()
}

// ended says how it ended, the likely cause and what to try, and whose certificate it may have been about.
func (l *list) ended(c *explain.Connection) {
	o := c.Outcome
	who := l.party(o.By)
	title, text := l.words(outcomeKey(c), append(l.closing(c), "who", who, "alert", l.alert(o.Alert))...)
	shade := color.Attribute(0)
	if o.What != explain.Done && o.What != explain.Unseen {
		shade = color.FgRed
	}
	l.line(title, shade)
	l.once(narrate.Fill(text, map[string]string{"who": who}))
	if c.QUIC != nil && slices.ContainsFunc(c.QUIC.Versions, quic.Version.Reserved) {
		_, text := l.words("quic/reserved")
		l.once(text)
	}
	if c.Early && c.QUIC == nil {
		said, text := l.words("early/" + string(c.EarlyTaken))
		l.line(said, 0)
		l.once(text)
	}
	if o.Cause != "" {
		l.cause(c, who)
	}
	if v := c.Verdict; v != nil && !v.OK {
		l.unbelieved(c, v.Err)
	}
}

// causeKey is the key of the likely cause: that a client asked nothing may be a fact, or seem so; and where the
// ClientHello is told below, nothing has to be typed to see it.
func (l *list) causeKey(o *explain.Outcome) string {
	if o.Cause == explain.CauseNoCommon && l.shown {
		return "cause/no_common+shown"
	}
	if o.Cause == explain.CausePin && o.Inferred {
		return "cause/pin+inferred"
	}
	return "cause/" + string(o.Cause)
}

// cause says the likely cause of an end, and below it, once, what to try.
func (l *list) cause(c *explain.Connection, who string) {
	name := foreign.Quote(c.ServerName)
	versions := make([]string, len(c.Versions))
	for i, v := range c.Versions {
		versions[i] = v.String()
	}
	alpn := make([]string, len(c.Offered))
	for i, p := range c.Offered {
		alpn[i] = foreign.Quote(p)
	}
	title, text := l.words(l.causeKey(&c.Outcome), "who", who, "name", name, "offered", cli.Enumerated(l.lang, versions), "alpn", cli.Enumerated(l.lang, alpn))
	switch cause := c.Outcome.Cause; {
	case cause == explain.CauseRecording: // how it ended has said so
	case c.Outcome.What == explain.Done || cause == explain.CauseRefused: // these are no causes
		l.line(title, 0)
	default:
		l.line(cli.Say(l.lang, "explain_cause", "cause", title), 0)
	}
	if c.Outcome.What == explain.Garbled && c.Read.Trouble != nil {
		l.line("("+narrate.Fault(l.lang, c.Read.Trouble)+")", color.Faint)
	}
	l.once(text)
}

// unbelieved says which check the server's chain failed, and for which name.
func (l *list) unbelieved(c *explain.Connection, err *reason.Error) {
	key := "not_believed"
	if c.ServerName != "" {
		key += "+name"
	}
	check := narrate.Must(l.lang, narrate.Reason, narrate.VerdictKey(c.Verdict)).Title
	said, _ := l.words(key, "name", foreign.Quote(c.ServerName), "check", check)
	detail := narrate.Fault(l.lang, err)
	if n, before := l.judged[said+detail]; before {
		l.line(cli.Say(l.lang, "explain_again", "n", strconv.Itoa(n)), color.FgYellow)
		return
	}
	if l.judged == nil || len(l.judged) >= maxSaid {
		l.judged = map[string]int{}
	}
	l.judged[said+detail] = l.n
	l.line(said, color.FgYellow)
	l.line("("+detail+")", color.Faint)
	if c.ServerName == "" {
		said, _ := l.words("asked_no_name")
		l.once(said)
	}
	if key := ownCAKey(c.Verdict, l.given); key != "" {
		said, _ := l.words(key, "issuer", foreign.Quote(missingIssuer(c.Verdict)))
		l.once(said)
	}
}

// ownCAKey is the key of what to try where a chain leads to no root: --CAfile helps where a root is what is missing. An
// issuer that was not sent may be one, or an intermediate that the server left out. given: --CAfile was. "": what is
// wrong with the chain no root mends.
func ownCAKey(v *pki.Report, given bool) string {
	if v.Err == nil || v.Err.Reason != reason.CertificateUntrusted {
		return ""
	}
	key := ""
	switch v.Cause() {
	case "subject", "same_name": // of a root that was sent
		key = "own_ca"
	case pki.CauseLeafAlone, pki.CauseIssuer:
		if key = "own_ca/issuer"; missingIssuer(v) == "" {
			return ""
		}
	default:
		return ""
	}
	if given {
		key += "+given"
	}
	return key
}

// missingIssuer is whose certificate is not there; "" if that cannot be told.
func missingIssuer(v *pki.Report) string {
	for _, p := range v.Paths {
		if p.Err == v.Err && len(p.Certs) > 0 {
			return p.Certs[len(p.Certs)-1].Issuer.String()
		}
	}
	return ""
}
