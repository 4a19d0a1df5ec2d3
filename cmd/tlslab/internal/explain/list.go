package explain

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fatih/color"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/quic"
	"tlslab/handshake/reason"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/suite"
)

// list writes the connections of a file, one line each, and below it what went wrong and what
// would open it.
type list struct {
	out    *cli.Output
	lang   narrate.Lang
	json   bool
	table  *readers // who can read what; nil: how they ended, and what would open them
	headed bool
	said   map[string]bool // what is said once
	judged map[string]int  // what was said of a chain, and of which connection
	n      int             // the connection at hand

	ordered bool // by number, and not as they end
	next    int
	waiting map[int]*explain.Connection

	text bytes.Buffer                             // not yet written
	tell func(text string, shade color.Attribute) // where lines go, if it is not below a connection
	err  error
}

// maxWaiting is how many connections may wait for one of a lower number that has not ended: then they are told
// before it. And maxSaid is how many different things are remembered as said before.
const (
	maxWaiting = 1 << 12
	maxSaid    = 1 << 10
)

// add takes a connection whose account is closed. Where the file can be read to its end they are
// listed by number; from standard input as they end.
func (l *list) add(c *explain.Connection) {
	if !l.ordered {
		l.row(c)
		return
	}
	if l.waiting == nil {
		l.waiting, l.next = map[int]*explain.Connection{}, 1
	}
	if c.Number < l.next { // it was waited for too long
		l.row(c)
		return
	}
	n := c.Number
	if !c.TLS {
		c = nil // only that it has ended matters
	}
	l.waiting[n] = c
	for len(l.waiting) > 0 {
		c, ended := l.waiting[l.next]
		if !ended && len(l.waiting) <= maxWaiting {
			return
		}
		delete(l.waiting, l.next)
		l.next++
		if c != nil {
			l.row(c)
		}
	}
}

func (l *list) row(c *explain.Connection) {
	switch {
	case !c.TLS:
		return
	case l.json:
		l.document(c)
	case l.table != nil:
		l.table.connection(c)
		l.err = cli.FirstError(l.err, l.table.Err())
	default:
		l.connection(c)
	}
	if !l.ordered || l.text.Len() > 1<<15 {
		l.flush()
	}
}

func (l *list) write(s string) { l.text.WriteString(s) }

// flush writes what was told: from standard input at once.
func (l *list) flush() {
	if l.err == nil && l.text.Len() > 0 {
		_, l.err = l.out.Write(l.text.Bytes())
	}
	l.text.Reset()
}

// indent is where what is said of a connection begins.
const indent = 6

// line writes below a connection.
func (l *list) line(text string, shade color.Attribute) {
	if l.tell != nil {
		l.tell(text, shade)
		return
	}
	for _, line := range sheet.Wrap(text, l.out.Width()-indent) {
		l.write(strings.Repeat(" ", indent) + l.out.Paint(line, shade) + "\n")
	}
}

// words is an entry of what recordings are told with.
func (l *list) words(key string, pairs ...string) (title, text string) {
	return recorded(l.lang, key, pairs...)
}

// recorded is an entry of what recordings are told with. Pairs are a placeholder and its value,
// again and again.
func recorded(lang narrate.Lang, key string, pairs ...string) (title, text string) {
	e := narrate.Must(lang, narrate.Recording, key)
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return narrate.Fill(e.Title, values), narrate.Fill(e.Text, values)
}

// once says a text the first time that it would be said.
func (l *list) once(text string) {
	if text == "" || l.said[text] {
		return
	}
	if l.said == nil || len(l.said) >= maxSaid {
		l.said = map[string]bool{}
	}
	l.said[text] = true
	l.line(text, color.Faint)
}

func (l *list) connection(c *explain.Connection) {
	if !l.headed {
		l.headed = true
		l.write(l.out.Paint(l.columns(cli.Say(l.lang, "explain_head_n"), cli.Say(l.lang, "explain_head_time"), cli.Say(l.lang, "explain_head_host"),
			cli.Say(l.lang, "explain_head_version"), cli.Say(l.lang, "explain_head_exchange"), cli.Say(l.lang, "explain_head_opens")), color.Faint) + "\n")
	}
	l.n = c.Number
	opens := opensKey(c)
	word, _ := l.words(opens, "n", strconv.Itoa(c.Read.Session))
	shade := color.FgGreen
	switch {
	case c.Outcome.What != explain.Done && c.Outcome.What != explain.Unseen:
		shade = color.FgRed
	case c.Read.Sealed > 0:
		shade = color.FgYellow
	}
	l.write(l.out.Paint(l.columns(strconv.Itoa(c.Number), c.Began.UTC().Format(time.TimeOnly), host(c), column(c), exchange(c), word), shade) + "\n")
	l.where(c)
	l.ended(c)
	l.opens(c, opens)
}

func (l *list) columns(n, when, host, version, exchange, opens string) string {
	return strings.TrimRight(sheet.Flush(n, 4)+"  "+sheet.Pad(when, 8)+"  "+sheet.Pad(host, 30)+"  "+sheet.Pad(version, 7)+"  "+sheet.Pad(exchange, 16)+"  "+opens, " ")
}

// host is whom the client asked for.
func host(c *explain.Connection) string {
	if c.ServerName == "" {
		return foreign.Quote(c.Server.String())
	}
	return foreign.Quote(c.ServerName)
}

// column is what stands under the version: of QUIC its own, since TLS there is always 1.3.
func column(c *explain.Connection) string {
	if c.QUIC == nil {
		return version(c)
	}
	if v := c.QUIC.Version; v.Known() {
		return "QUIC v" + v.String()
	}
	return "QUIC"
}

func version(c *explain.Connection) string {
	if c.Version == 0 {
		return ""
	}
	return c.Version.String()
}

// exchange is what the keys come from.
func exchange(c *explain.Connection) string {
	group := ""
	if c.Group.ID != 0 {
		group = c.Group.Name
	}
	su := suite.ByID(c.Suite)
	switch {
	case c.Resumed && group != "":
		return "PSK, " + group
	case c.Resumed && c.Version == iana.TLS13:
		return "PSK"
	case c.Resumed:
		return "session"
	case group != "":
		return group
	case su != nil && c.Version != iana.TLS13:
		return su.Kx.String()
	}
	return ""
}

// where says who talked to whom, and in what.
func (l *list) where(c *explain.Connection) {
	at := c.Client.String() + " > " + c.Server.String()
	if c.Carrier != explain.Bare {
		carried, _ := l.words(carrierKey(c), "name", foreign.Quote(c.Target))
		at += ", " + carried
	}
	if c.QUIC != nil && c.Version != 0 {
		at += ", " + c.Version.String()
	}
	if c.Suite != 0 {
		at += ", " + c.Suite.String()
	}
	l.line(at, color.Faint)
	if c.QUIC != nil {
		l.quic(c)
	}
	if c.Midway {
		key := "midway"
		if c.QUIC != nil {
			key = "quic/midway"
		}
		said, text := l.words(key)
		l.line(said, 0)
		l.once(text)
	}
	for i, who := range [...]string{"client", "server"} {
		if n := c.Missing[i]; n > 0 {
			said, _ := l.words("missing", "who", l.party(who), "n", strconv.FormatInt(n, 10))
			l.line(said, color.FgYellow)
		}
		if n := c.Differing[i]; n > 0 {
			said, text := l.words("differing", "who", l.party(who), "n", strconv.Itoa(n))
			l.line(said, color.FgYellow)
			l.once(text)
		}
	}
}

// carrierKey is the key of what TLS was carried in.
func carrierKey(c *explain.Connection) string {
	if c.Target == "" && c.Carrier != explain.Some {
		return "carrier/" + string(c.Carrier) + "+unknown"
	}
	return "carrier/" + string(c.Carrier)
}

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

// causeKey is the key of the likely cause: that a client asked nothing may be a fact, or seem so.
func causeKey(o *explain.Outcome) string {
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
	title, text := l.words(causeKey(&c.Outcome), "who", who, "name", name, "offered", cli.Enumerated(l.lang, versions), "alpn", cli.Enumerated(l.lang, alpn))
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
	if err.Reason == reason.CertificateUntrusted {
		said, _ := l.words("own_ca")
		l.once(said)
	}
}

func opensKey(c *explain.Connection) string {
	r := c.Read
	opened := r.Handshake || r.Data
	switch {
	case r.Initial && !r.Hello:
		return "opens/no_hello"
	case r.Initial:
		return "opens/initial"
	case r.Cut && opened:
		return "opens/part"
	case r.Cut:
		return "opens/none"
	case r.Sealed == 0 && !opened:
		return "opens/clear"
	case r.Sealed == 0 && r.Session > 0:
		return "opens/all+session"
	case r.Sealed == 0 && r.Computed:
		return "opens/all+computed"
	case r.Sealed == 0:
		return "opens/all"
	case opened:
		return "opens/part"
	}
	return "opens/none"
}

// opens says why something stays closed, and what would open it.
func (l *list) opens(c *explain.Connection, key string) {
	r := c.Read
	if r.Sealed == 0 && r.Closed == "" {
		_, text := l.words(key)
		l.once(text)
		return
	}
	if c.QUIC != nil {
		_, text := l.words(key)
		l.once(text)
		l.sealed(c)
		return
	}
	said, _ := l.words("why/"+string(r.Closed), "labels", cli.Enumerated(l.lang, r.Lacks.Names()), "session", strconv.Itoa(c.Session))
	l.once(said)
	for i, need := range r.Needs {
		if need == explain.NeedKeyLog && i > 0 && r.Needs[i-1] != explain.NeedWhole {
			break // what stands before it says so
		}
		what, _ := l.words(needKey(need, c), "random", short(randomOf(c)))
		switch {
		case need == explain.NeedWhole && i+1 < len(r.Needs) && c.QUIC == nil:
			continue // the next is needed with it
		case i > 0 && r.Needs[i-1] == explain.NeedWhole && c.QUIC == nil:
			what, _ = l.words("need/whole+with", "what", what)
		}
		l.line(cli.Say(l.lang, "explain_needs", "what", what), 0)
	}
}

// needKey is the key of what would open the rest; whose client random it is may not be known.
func needKey(need explain.Need, c *explain.Connection) string {
	if need == explain.NeedKeyLog && randomOf(c) == nil {
		return "need/key_log+unknown"
	}
	return "need/" + string(need)
}

// randomOf is the client random of the key log lines that are missing.
func randomOf(c *explain.Connection) []byte {
	if l := c.Read.Lacks; l != nil {
		return l.Random
	}
	return c.Random
}

// short is as much of a random as tells it from others.
func short(random []byte) string {
	return hex.EncodeToString(random[:min(len(random), 8)]) + "…"
}

// end says what was in the file in all.
func (l *list) end(t explain.Totals) {
	defer l.flush()
	tell := func(text string) { l.write("\n" + text + "\n") }
	switch {
	case l.json:
		return
	case l.table != nil:
		l.table.end()
		tell = func(text string) { l.table.Blank(); l.table.Text(0, text, nil) }
	case t.TLS == 0:
		tell = func(text string) { l.write(text + "\n") }
	}
	said := cli.Say(l.lang, "explain_end", "tls", strconv.Itoa(t.TLS), "connections", strconv.Itoa(t.Connections), "packets", strconv.Itoa(t.Packets))
	if t.QUIC > 0 {
		said = cli.Say(l.lang, "explain_end_quic", "tls", strconv.Itoa(t.TLS), "quic", strconv.Itoa(t.QUIC), "connections", strconv.Itoa(t.Connections-t.QUIC), "packets", strconv.Itoa(t.Packets))
	}
	if t.TLS == 0 {
		said = cli.Say(l.lang, "explain_none", "packets", strconv.Itoa(t.Packets), "connections", strconv.Itoa(t.Connections))
	}
	tell(said)
	if t.LogLeft > 0 {
		tell(cli.Say(l.lang, "explain_log_left", "n", strconv.FormatInt(t.LogLeft, 10)))
	}
	if l.table != nil {
		l.err = cli.FirstError(l.err, l.table.Err())
	}
}
