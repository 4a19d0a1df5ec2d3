package capture

import (
	"strconv"
	"strings"
	"time"

	"github.com/fatih/color"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/foreign"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/sheet"
)

// entryWords are an entry in words, as the terminal's list and the browser's have it.
type entryWords struct {
	n, time, method, status, sent, received, where string
	legs                                           string // what the two handshakes settled
	remarks                                        []remark
}

// remark is a line about an entry.
type remark struct {
	weight page.Weight
	text   string
	more   bool // of what the remark before it began
}

// mark and shade are how a terminal shows it.
func (r remark) mark() string {
	switch {
	case r.weight == page.Warning:
		return "! "
	case r.weight == page.Fault && !r.more:
		return "x "
	case r.weight == page.Fault:
		return "  "
	}
	return ""
}

func (r remark) shade() color.Attribute {
	return []color.Attribute{page.Aside: color.Faint, page.Warning: color.FgYellow, page.Fault: color.FgRed}[r.weight]
}

// wordsOfEntry says an entry; rootNamed: with --upstream-CAfile.
func wordsOfEntry(lang narrate.Lang, e *proxy.Entry, rootNamed bool) entryWords {
	w := entryWords{n: strconv.Itoa(e.N), time: e.Began.Format(time.TimeOnly), method: foreign.Quote(e.Method), sent: sheet.Size(e.Sent), received: sheet.Size(e.Received)}
	if e.Status != 0 {
		w.status = strconv.Itoa(e.Status)
	}
	if e.Kind != proxy.Request {
		w.method = narrate.Must(lang, narrate.UI, "cmd.proxy_kind_"+string(e.Kind)).Title
	}
	if e.Kind == proxy.Failure {
		w.sent, w.received = "", ""
	}
	w.where = foreign.Quote(e.Host + e.Path)
	if e.Path != "" && e.Path[0] != '/' { // a target that is no path, as of OPTIONS and CONNECT
		w.where = foreign.Quote(e.Host + " " + e.Path)
	}
	w.legs = legsOf(lang, e)
	w.remarks = remarksOf(lang, e, rootNamed)
	return w
}

// legsOf is what the two handshakes settled, in one line.
func legsOf(lang narrate.Lang, e *proxy.Entry) string {
	var parts []string
	for _, x := range []struct {
		side string
		leg  *proxy.Leg
	}{{"client", e.ToClient}, {"server", e.ToServer}} {
		if x.leg != nil && x.leg.Version != 0 {
			parts = append(parts, narrate.Must(lang, narrate.Party, x.side).Title+" "+foreign.Quote(x.leg.String()))
		}
	}
	return strings.Join(parts, " | ")
}

// remarksOf is what is to be said of an entry.
func remarksOf(lang narrate.Lang, e *proxy.Entry, rootNamed bool) (all []remark) {
	say := func(weight page.Weight, text string) { all = append(all, remark{weight: weight, text: text}) }
	for _, w := range e.Warnings {
		say(page.Warning, narrate.Must(lang, narrate.UI, "cmd.proxy_warning_"+string(w)).Title)
	}
	for _, c := range e.Changes {
		say(page.Warning, changeOf(lang, c))
	}
	for _, n := range e.Notes {
		if n == relay.NoteHopByHop || n == relay.NoteOriginForm {
			continue // of every request by way of a proxy
		}
		say(page.Warning, narrate.Must(lang, narrate.UI, "cmd.proxy_note_"+string(n)).Title)
	}
	if e.Upgraded != "" {
		say(page.Aside, cli.Say(lang, "proxy_upgraded", "protocol", foreign.Quote(e.Upgraded)))
	}
	if w := e.WebSocket; w != nil {
		counts := []string{"sent", strconv.Itoa(w.Sent), "received", strconv.Itoa(w.Received)}
		said := cli.Say(lang, "proxy_messages", counts...)
		if w.Err != nil {
			who := narrate.Must(lang, narrate.UI, "cmd.proxy_side_"+string(w.Side)).Title
			said = cli.Say(lang, "proxy_messages_until", append(counts, "who", who)...)
		}
		if w.Side != proxy.SideProxy {
			say(page.Aside, said)
		}
	}
	if e.Answered {
		say(page.Warning, cli.Say(lang, "proxy_answered"))
	}
	fault := func(lines []string) {
		for i, line := range lines {
			all = append(all, remark{weight: page.Fault, text: line, more: i > 0})
		}
	}
	if e.Fault != nil {
		fault(faultLines(lang, e.Fault, rootNamed))
	}
	if e.Besides != nil {
		lines := faultLines(lang, e.Besides, rootNamed)
		lines[0] = cli.Say(lang, "proxy_besides", "fault", lines[0])
		fault(lines)
	}
	return all
}

// changeOf says what a flag changed.
func changeOf(lang narrate.Lang, c proxy.Change) string {
	kind, of := "proxy_change_"+string(c.Kind), "proxy_change_of_"+string(c.Of)
	message := cli.Say(lang, of)
	pairs := []string{"by", c.By, "of", message, "what", c.Detail}
	return cli.Say(lang, kind, pairs...)
}
