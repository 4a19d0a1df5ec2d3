package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fatih/color"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// proxyList writes the live list: two lines an entry, and more where something is to be
// said of it.
type proxyList struct {
	flags *proxyFlags
	out   *cli.Output
	log   io.Writer
	proxy *proxy.Proxy

	mu     sync.Mutex
	headed bool
	conns  []int // the connections of the last maxListed entries; that of n at n % maxListed
	last   int   // entry
	err    error
}

// maxListed is how many entries can be asked for by number; what was said in their
// handshakes is kept for fewer, as a rule.
const maxListed = 10000

func newProxyList(p *proxyFlags, out *cli.Output, log io.Writer) *proxyList {
	return &proxyList{flags: p, out: out, log: log}
}

// add lists an entry.
func (l *proxyList) add(e *proxy.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := e.N % maxListed; i < len(l.conns) {
		l.conns[i] = e.Conn
	} else {
		l.conns = append(l.conns, make([]int, i+1-len(l.conns))...)
		l.conns[i] = e.Conn
	}
	l.last = max(l.last, e.N)
	if l.flags.lists() {
		if l.flags.format == cli.JSON {
			l.write(l.json(e))
		} else {
			l.write(l.text(e))
		}
	}
	if slices.Contains(l.flags.show, e.N) {
		if l.flags.format == cli.HTML {
			l.page(e.N)
		} else {
			l.explain(e.N)
		}
	}
}

// write keeps the first error: a list that cannot be written ends no connection.
func (l *proxyList) write(text string) {
	if _, err := io.WriteString(l.out, text); err != nil && l.err == nil {
		l.err = err
	}
}

func (l *proxyList) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// typed shows the connection of each entry whose number is typed.
func (l *proxyList) typed(in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		l.mu.Lock()
		if err != nil {
			fmt.Fprintln(l.log, cli.Say(l.flags.Lang, "proxy_keys"))
		} else {
			l.explain(n)
		}
		l.mu.Unlock()
	}
}

// recording is what was kept of an entry's connection; nil if nothing was: then why is said.
func (l *proxyList) recording(n int) *proxy.Recording {
	if n < 1 || n > l.last || n <= l.last-maxListed {
		fmt.Fprintln(l.log, cli.Say(l.flags.Lang, "proxy_no_entry", "n", strconv.Itoa(n)))
		return nil
	}
	rec, why := l.recorded(l.flags.Lang, n, l.conns[n%maxListed])
	if why != "" {
		fmt.Fprintln(l.log, why)
	}
	return rec
}

// recorded is what was kept of connection conn, which is entry n's; or why there is nothing to tell.
func (l *proxyList) recorded(lang narrate.Lang, n, conn int) (rec *proxy.Recording, why string) {
	rec = l.proxy.Recording(conn)
	switch {
	case rec != nil && !rec.TLS():
		return nil, cli.Say(lang, "proxy_in_clear", "n", strconv.Itoa(n))
	case rec == nil || rec.ToClient.Empty() && rec.ToServer.Empty():
		return nil, cli.Say(lang, "proxy_not_kept", "n", strconv.Itoa(n))
	}
	return rec, ""
}

// tell tells of a connection as the lesson does of its interceptor: beside the forgery stands what it
// imitates, and before the first request what is different between the legs.
func (l *proxyList) tell(rec *proxy.Recording, to event.Listener) {
	compared := false
	legs := func() {
		if toClient, toServer, forged := rec.Legs(); toClient != nil && !compared {
			to.Event(&scenario.LegsCompared{Sides: scenario.CompareLegs(&toClient.Summary, forged, &toServer.Summary)})
		}
		compared = true
	}
	if err := rec.Explain(event.ListenerFunc(func(e event.Event) {
		if _, ok := e.(*mitm.Decrypt); ok {
			legs()
		}
		to.Event(e)
		if f, ok := e.(*mitm.Forge); ok {
			to.Event(&scenario.CertificatesCompared{Sides: scenario.CompareCertificates(f.Real, f.Forged)})
		}
	})); err != nil {
		fmt.Fprintln(l.log, narrate.Fault(l.flags.Lang, err))
	}
	legs()
}

// page writes an entry's connection as a page: to --out, or in the place of the list.
func (l *proxyList) page(n int) {
	rec := l.recording(n)
	if rec == nil {
		return
	}
	o := l.flags.PageOptions()
	o.Live, o.NoSecrets = true, l.flags.noSecrets
	var b bytes.Buffer
	if l.writePage(&b, rec, o) != nil { // into memory
		return
	}
	if l.flags.pageFile == "" {
		l.write(b.String())
		return
	}
	if err := cli.WriteSecret("--out", l.flags.pageFile, b.Bytes(), l.flags.Lang, l.log); err != nil {
		if l.err == nil {
			l.err = err
		}
		return
	}
	fmt.Fprintln(l.log, cli.Say(l.flags.Lang, "wrote", "file", l.flags.pageFile))
}

// writePage writes what is known of a connection as a page. The error is w's.
func (l *proxyList) writePage(w io.Writer, rec *proxy.Recording, o page.Options) error {
	p := lesson.NewPage(w, o)
	l.tell(rec, p)
	return p.Close()
}

// explain writes the annotated handshakes of an entry's connection.
func (l *proxyList) explain(n int) {
	rec := l.recording(n)
	if rec == nil {
		return
	}
	lang := l.flags.Lang
	l.write("\n" + strings.Join(sheet.Wrap(cli.Say(lang, "proxy_shown", "n", strconv.Itoa(n), "conn", strconv.Itoa(rec.Conn)), l.out.Width()), "\n") + "\n")
	term := lesson.NewTerminal(l.out, l.out.Options)
	l.tell(rec, term)
	if err := term.Close(); err != nil && l.err == nil {
		l.err = err
	}
	for _, more := range l.more(lang, rec) {
		l.write("   " + strings.Join(sheet.Wrap(more, l.out.Width()-3), "\n   ") + "\n")
	}
	l.write("\n")
}

// more says that what came on one leg may have gone on changed, and of each leg how much passed that
// is not kept.
func (l *proxyList) more(lang narrate.Lang, rec *proxy.Recording) (said []string) {
	if f := l.flags; len(f.rewrite)+len(f.setHeader)+len(f.setReply)+len(f.mapRemote) > 0 {
		said = append(said, cli.Say(lang, "proxy_changed_on_the_way"))
	}
	for _, leg := range []struct {
		side string
		lost int64
	}{{"server", rec.ToServer.Lost()}, {"client", rec.ToClient.Lost()}} {
		if leg.lost > 0 {
			said = append(said, cli.Say(lang, "proxy_more", "side", narrate.Must(lang, narrate.Party, leg.side).Title, "n", sheet.Size(leg.lost)))
		}
	}
	return said
}

// text is an entry as lines.
func (l *proxyList) text(e *proxy.Entry) string {
	var b strings.Builder
	if !l.headed {
		l.headed = true
		b.WriteString(l.out.Paint(l.columns(cli.Say(l.flags.Lang, "proxy_head_n"), cli.Say(l.flags.Lang, "proxy_head_time"), cli.Say(l.flags.Lang, "proxy_head_method"),
			cli.Say(l.flags.Lang, "proxy_head_status"), cli.Say(l.flags.Lang, "proxy_head_sent"), cli.Say(l.flags.Lang, "proxy_head_received"), cli.Say(l.flags.Lang, "proxy_head_where")), color.Faint) + "\n")
	}
	w := wordsOfEntry(l.flags.Lang, e, l.flags.caFile != "")
	first := l.columns(w.n, w.time, w.method, w.status, w.sent, w.received, w.where)
	below := "" // where there is no room beside the rest
	if sheet.Width(first) > l.out.Width() {
		first, below = l.columns(w.n, w.time, w.method, w.status, w.sent, w.received, ""), w.where
	}
	shade := color.FgGreen
	switch {
	case e.Fault != nil:
		shade = color.FgRed
	case e.Status >= 400 || len(e.Warnings) > 0:
		shade = color.FgYellow
	}
	b.WriteString(l.out.Paint(first, shade) + "\n")
	if below != "" {
		l.wrap(&b, "", below, shade)
	}
	if w.legs != "" {
		l.wrap(&b, "", w.legs, color.Faint)
	}
	for _, r := range w.remarks {
		l.wrap(&b, r.mark(), r.text, r.shade())
	}
	return b.String()
}

// columns sets one line of the list.
func (l *proxyList) columns(n, when, method, status, sent, received, where string) string {
	return strings.TrimRight(sheet.Flush(n, 4)+" "+sheet.Pad(when, 8)+" "+sheet.Pad(method, 8)+" "+sheet.Pad(status, 4)+" "+sheet.Flush(sent, 9)+" "+sheet.Flush(received, 9)+"  "+where, " ")
}

// indent is where what is said of an entry begins.
const indent = 14

// wrap writes text below an entry, behind a mark.
func (l *proxyList) wrap(b *strings.Builder, mark, text string, shade color.Attribute) {
	for i, line := range sheet.Wrap(text, l.out.Width()-indent-len(mark)) {
		if i > 0 {
			mark = strings.Repeat(" ", len(mark))
		}
		b.WriteString(strings.Repeat(" ", indent) + l.out.Paint(mark+line, shade) + "\n")
	}
}

// limitOf is how much the proxy takes.
func limitOf(lang narrate.Lang, r *relay.Refusal) string {
	if r.Rule == relay.RuleStreams {
		return cli.Say(lang, "proxy_limit", "n", strconv.Itoa(r.Limit))
	}
	return cli.Say(lang, "proxy_limit_bytes", "n", strconv.Itoa(r.Limit))
}

// whyOf says what an error says: of a message that was refused, which rule it broke.
func whyOf(lang narrate.Lang, err error) string {
	r, no, up := (*relay.Refusal)(nil), (*proxy.NoRequest)(nil), (*proxy.UpstreamError)(nil)
	if errors.As(err, &up) {
		return cli.Say(lang, "proxy_upstream_says", "upstream", foreign.Line(up.Upstream), "error", narrate.Fault(lang, up.Err))
	}
	if errors.As(err, &no) {
		key := "proxy_no_request_" + string(no.Why)
		pairs := []string{"got", foreign.Line(no.Got)}
		return cli.Say(lang, key, pairs...)
	}
	hook, blocked := (*proxy.HookError)(nil), (*proxy.ErrBlocked)(nil)
	switch {
	case errors.As(err, &blocked):
		return "--block " + foreign.Line(blocked.Rule.String())
	case errors.As(err, &hook) && hook.Panic != nil:
		return cli.Say(lang, "proxy_hook_panicked", "hook", hook.Hook, "what", fmt.Sprint(hook.Panic))
	case errors.As(err, &hook):
		return foreign.Line(hook.Hook) + cli.ColonOf(lang) + narrate.Fault(lang, hook.Err)
	}
	if !errors.As(err, &r) {
		return narrate.Fault(lang, err)
	}
	s := narrate.Must(lang, narrate.UI, "cmd.proxy_rule_"+string(r.Rule)).Title
	if r.Limit > 0 {
		s += cli.ColonOf(lang) + limitOf(lang, r)
	}
	if r.Detail != "" {
		s += cli.ColonOf(lang) + foreign.Line(r.Detail)
	}
	return s + cli.ColonOf(lang) + r.Ref()
}
