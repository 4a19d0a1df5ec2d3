package explain

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/fatih/color"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// list writes the connections of a file, one line each, and below it what went wrong and what
// would open it.
type list struct {
	out    *cli.Output
	lang   narrate.Lang
	json   bool
	given  bool     // by --CAfile
	shown  bool     // below it the connection is told, by --show
	table  *readers // who can read what; nil: how they ended, and what would open them
	about  func()   // begins the table
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
		l.about()
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

// columns writes a row.
func (l *list) columns(r *row, shade color.Attribute) {
	for _, line := range r.lines(l.out.Width(), l.lang) {
		l.write(l.out.Paint(line, shade) + "\n")
	}
	if sheet.Width(r.host) > longest && l.out.Width() >= narrowest {
		l.line(r.host, shade)
	}
}

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
		l.columns(&row{cli.Say(l.lang, "explain_head_n"), cli.Say(l.lang, "explain_head_time"), cli.Say(l.lang, "explain_head_host"),
			cli.Say(l.lang, "explain_head_version"), cli.Say(l.lang, "explain_head_exchange"), cli.Say(l.lang, "explain_head_opens")}, color.Faint)
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
	l.columns(&row{strconv.Itoa(c.Number), c.Began.UTC().Format(time.TimeOnly), host(c), column(c), exchangeIn(l.lang, c), word}, shade)
	l.where(c)
	l.ended(c)
	l.opens(c, opens)
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

// end says what was in the file in all.
func (l *list) end(t explain.Totals) {
	defer l.flush()
	wrapped := func(text string) string { return strings.Join(sheet.Wrap(text, l.out.Width()), "\n") + "\n" }
	tell := func(text string) { l.write("\n" + wrapped(text)) }
	switch {
	case l.json:
		return
	case l.table != nil:
		l.about()
		l.table.end()
		tell = func(text string) { l.table.Blank(); l.table.Text(0, text, nil) }
	case t.TLS == 0:
		tell = func(text string) { l.write(wrapped(text)) }
	}
	said := cli.Say(l.lang, "explain_end", "tls", strconv.Itoa(t.TLS), "connections", strconv.Itoa(t.Connections), "packets", strconv.Itoa(t.Packets))
	switch {
	case t.QUIC > 0 && t.QUIC == t.Connections && t.QUIC == t.TLS:
		said = cli.Say(l.lang, "explain_end_quic_alone", "tls", strconv.Itoa(t.TLS), "packets", strconv.Itoa(t.Packets))
	case t.QUIC > 0:
		said = cli.Say(l.lang, "explain_end_quic", "tls", strconv.Itoa(t.TLS), "quic", strconv.Itoa(t.QUIC), "connections", strconv.Itoa(t.Connections-t.QUIC), "packets", strconv.Itoa(t.Packets))
	case t.TLS == t.Connections && t.TLS > 0:
		said = cli.Say(l.lang, "explain_end_all", "tls", strconv.Itoa(t.TLS), "packets", strconv.Itoa(t.Packets))
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
