package explain

import (
	"context"
	"io"
	"runtime/debug"
	"strconv"
	"sync"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/mermaid"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/transcript"
)

// listMemory is what a list may take of memory before it is tidied up more often than it would be; the program
// itself is counted in.
const listMemory = 150 << 20

// list lists the connections: how they ended, or who can read them.
func (e *explainFlags) list(ctx context.Context, in io.Reader, ordered bool, o explain.Options, out *cli.Output) error {
	// What is alive is little in most files, and not worth to be tidied up often; it is bounded in all, and
	// then what is dead is not to double it.
	before := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(before, listMemory))
	defer debug.SetMemoryLimit(before)
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	l := &list{out: out, lang: e.Lang, json: e.format == cli.JSON, given: e.caFile != "", ordered: ordered}
	o.Each, o.Onlookers = l.add, e.whoReads
	read := func() error {
		totals, err := explain.Read(ctx, in, o)
		if err == nil || isBroken(err) {
			l.end(totals)
		}
		e.told = l.err == nil && (err == nil || isBroken(err))
		return cli.FirstError(l.err, e.broken(err))
	}
	if !e.whoReads || l.json {
		return read()
	}
	title, about := recorded(e.Lang, "who_reads")
	tell := func(to render.TerminalOptions) error {
		l.table = newReaders(to.Page(out), to.Voice(), len(o.Keys.PSKs) > 0)
		l.about = sync.OnceFunc(func() { // above what was read, and not above a refusal
			l.table.Title(0, title)
			l.table.Text(0, about, nil)
			l.table.Blank()
		})
		return read()
	}
	if e.format == cli.HTML {
		return page.Write(out, title, e.PageOptions(), tell)
	}
	return tell(out.Options)
}

// face is who is told of the connection that is shown, what ends that, and then what writes the
// answers of a worksheet. again reads the file once more; nil if it cannot be.
func (e *explainFlags) face(out *cli.Output, again func(event.Listener) error) (to event.Listener, end func() error, answers func(io.Writer) error) {
	switch e.format {
	case cli.JSON:
		w := transcript.NewWriter(out, "")
		begin := sync.OnceFunc(func() { w.Begin("recording", event.Client.String(), event.Server.String()) })
		to := event.ListenerFunc(func(ev event.Event) { begin(); w.Event(ev) })
		return to, func() error { begin(); return w.Close() }, nil
	case cli.HTML:
		o := e.PageOptions()
		o.Live, o.NoSecrets, o.Worksheet, o.Layout = true, e.noSecrets, e.worksheet, e.layOut
		o.Title = func(s event.Scene) string {
			if r, ok := s.(*explain.Recorded); ok {
				return e.title(r)
			}
			return ""
		}
		p, answers := lesson.NewHandout(out, o)
		if e.Alone.Message == 0 {
			return p, p.Close, answers
		}
		look := lesson.NewTerminal(io.Discard, render.TerminalOptions{Only: render.Only{Message: e.Alone.Message}})
		both := event.ListenerFunc(func(ev event.Event) { p.Event(ev); look.Event(ev) })
		return both, func() error {
			if err := cli.FirstError(look.Close(), e.MessageFound(look.Found())); err != nil {
				return err // and no page is written
			}
			return p.Close()
		}, answers
	}
	kept := new(held)
	var term *render.Terminal
	end = func() error {
		if kept.over && (again == nil || e.format == cli.Mermaid) {
			return cli.Told(e.Lang, nil, "explain_too_long", "n", strconv.Itoa(e.show), "size", sheet.Size(int64(maxHeld)))
		}
		if e.format == cli.Mermaid {
			return mermaid.Write(out, []mermaid.Flow{{Parties: []string{event.Client.String(), event.Server.String()}, Events: kept.events}}, e.Lang, e.draw)
		}
		o := out.Options
		o.Layout, o.Worksheet = e.layOut, e.worksheet
		term = lesson.NewTerminal(out, o)
		for _, s := range kept.secrets {
			term.Learn(s)
		}
		if kept.over {
			if err := again(term); err != nil {
				return err
			}
		}
		for _, ev := range kept.events {
			term.Event(ev)
		}
		err := term.Close()
		return cli.FirstError(err, e.MessageFound(term.Found()))
	}
	return kept, end, func(w io.Writer) error { return term.WriteAnswers(w) }
}
