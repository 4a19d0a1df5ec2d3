package live

import (
	"crypto/rsa"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/observe"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/sheet"
)

// A page is written when what it is about is over: a client's connections are on one page, and each
// of a server's has a page of its own. Up to then it is kept in memory, and so there is a limit.

// maxPages is how many bytes of events all pages may keep together, those of a server's open
// connections. An event takes what it carries, and some hundreds of bytes besides.
const maxPages = 128 << 20

// maxPage is how much of that the page of one connection of a server may have: one client who goes on
// and on shall not take the room of the others. It is a hundred handshakes with the longest of chains.
const maxPage = maxPages / 8

// maxFiles is how many pages a server writes: whoever may connect makes it write one.
const maxFiles = 1000

// checkPage refuses what a page has no use for.
func (l *LiveFlags) checkPage(cmd *cobra.Command) error {
	if l.Format != cli.HTML {
		return nil
	}
	if l.quiet {
		return cli.Misuse("Leave one of the two out.", "--quiet leaves nothing to lay out, and --format html is a page")
	}
	return cli.TextOnly(cmd, l.Format)
}

// room is how many bytes pages keep together, and may.
type room struct {
	held atomic.Int64
	most int64 // of all pages
	each int64 // of one
}

// livePage is a page of what one end tells of. It may be told by several goroutines.
type livePage struct {
	flags *LiveFlags
	role  event.Role
	many  bool           // several connections, each an act
	thief *observe.Thief // of the server's key, where this end has it
	room  *room

	mu   sync.Mutex
	to   io.Writer // where the page goes, once it is closed
	page *page.Page
	told bool  // of anything
	own  int64 // bytes that this page keeps
	left int   // events that it does not
	over bool  // it is written, or never will be
	full bool  // it was its own share that did not suffice
}

func (l *LiveFlags) newPage(role event.Role, many bool, thief *observe.Thief, in *room) *livePage {
	p := &livePage{flags: l, role: role, many: many, thief: thief, room: in}
	o := l.PageOptions()
	o.Live, o.NoSecrets = true, l.noSecrets
	p.page = page.New(p, o)
	return p
}

// Write passes on what the page writes of itself when it is closed.
func (p *livePage) Write(b []byte) (int, error) { return p.to.Write(b) }

// attach makes cfg tell the page, with what onlookers make of each record: a listener, and
// whoever later steals the server's key, the key that both ends were given, or the one that seals the
// server's tickets: as far as this end has it. Who is not tried, the page's sentence names.
func (p *livePage) attach(cfg *handshake.Config) error {
	own := observe.Options{Conn: cfg.Conn}
	var others []observe.Onlooker
	if p.thief != nil {
		others = append(others, p.thief.Onlooker(own))
	}
	if len(cfg.PSKs) > 0 {
		has := own
		for _, psk := range cfg.PSKs {
			has.PSKs = append(has.PSKs, psk.Key)
		}
		others = append(others, observe.Onlooker{Party: "psk_thief", Later: true, Has: has})
	}
	listener := own
	if p.role == event.Server && cfg.Tickets != nil {
		thief := observe.NewTicketThief(func(ticket []byte) (master, psk []byte) {
			s, err := cfg.Tickets.OpenHeld(ticket)
			if err != nil { // no ticket of ours, or of a key that is gone
				return nil, nil
			}
			return s.Master[:], s.PSK
		})
		listener.Listener = thief
		others = append(others, thief.Onlooker(own))
	}
	panel, err := observe.NewPanel(observe.Line{Conn: cfg.Conn, Client: event.Client.String(), Server: event.Server.String()}, listener, others...)
	if err != nil {
		return err
	}
	if p.many {
		p.mu.Lock() // a connection before this one may still tell of its end
		p.page.Event(&event.Flow{Meta: event.Meta{Conn: cfg.Conn}, Name: "live", Parties: []string{event.Client.String(), event.Server.String()}})
		p.mu.Unlock()
	}
	var seq uint64
	page := event.ListenerFunc(func(e event.Event) {
		seq++
		e.Head().Seq = seq // of all on the page; as observe.Overhear does
		p.page.Event(e)
	})
	show, gap := observe.Overhear(page, p.role, panel), false
	cfg.Listener = event.ListenerFunc(func(e event.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.told = true
		switch {
		case p.over:
		case !p.page.Keeps(e): // it counts it. An onlooker who may yet gain a key would keep it all the same
			gap = true
			page.Event(e)
		case !p.takes(e):
		case gap: // nobody can open what comes behind what he has not heard
			page.Event(e)
		default:
			show.Event(e)
		}
	})
	return nil
}

// takes reports whether an event is kept. Once there is no more room, none is, but for the alert
// that ends the connection: a page with gaps would be misread.
func (p *livePage) takes(e event.Event) bool {
	const besides = 1 << 10
	n := int64(besides)
	switch e := e.(type) {
	case *event.Record:
		n += int64(5 * (len(e.Wire) + len(e.Payload))) // its steps, what an onlooker heard, and what is kept for a thief who may gain are as long
	case *event.Message:
		n += int64(len(e.Raw) + 100*len(e.Fields))
	case *event.Data:
		n += int64(len(e.Data))
	case *event.Alert:
		return true
	}
	if p.left == 0 && p.own+n <= p.room.each && p.room.held.Add(n) <= p.room.most {
		p.own += n
		return true
	}
	if p.left == 0 {
		if p.full = p.own+n > p.room.each; !p.full {
			p.room.held.Add(-n)
		}
	}
	p.left++
	return false
}

// empty reports whether nothing was told of. Then there is no page.
func (p *livePage) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.told
}

// drop gives back what the page keeps. It is closed then, or is not to be written.
func (p *livePage) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.room.held.Add(-p.own)
	p.own, p.over = 0, true
}

// close writes the page to w, and says on log if it is not all. A page of which nothing was told
// is not written. What it keeps is given back behind that: to lay it out takes more room, not less.
func (p *livePage) close(w io.Writer, log io.Writer) error {
	defer p.drop()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.told {
		return nil
	}
	if p.left > 0 {
		said := cli.Say(p.flags.Lang, "page_cut", "n", strconv.Itoa(p.left), "size", sheet.Size(p.room.most))
		if p.full {
			said = cli.Say(p.flags.Lang, "page_cut_one", "n", strconv.Itoa(p.left), "size", sheet.Size(p.room.each))
		}
		fmt.Fprintln(log, said)
	}
	p.to = w
	return p.page.Close()
}

// pages are those of a server.
type pages struct {
	flags *LiveFlags
	file  string // --out, before the number
	thief *observe.Thief
	log   io.Writer
	room  room
	files atomic.Int64
	lost  atomic.Bool // a page could not be written, and that was told
}

// newPages are the pages of a server that goes by cfg.
func (l *LiveFlags) newPages(file string, cfg *handshake.Config, log io.Writer) *pages {
	s := &pages{flags: l, file: file, log: log, thief: observe.NewThief(nil), room: room{most: maxPages, each: maxPage}}
	for _, c := range cfg.Certificates {
		if key, ok := c.Key.(*rsa.PrivateKey); ok {
			s.thief = observe.NewThief(key)
			break
		}
	}
	return s
}

// of begins the page of a connection.
func (s *pages) of(cfg *handshake.Config) (*livePage, error) {
	p := s.flags.newPage(event.Server, false, s.thief, &s.room)
	return p, p.attach(cfg)
}

// name is the file of the page of connection n: page-3.html.
func (s *pages) name(n string) string { return pageName(s.file, n) }

func pageName(file, n string) string {
	ext := filepath.Ext(file)
	return strings.TrimSuffix(file, ext) + "-" + n + ext
}

// finish writes the page of connection n. Whether there may be one more is asked first: a page that is not
// to be written is not laid out either.
func (s *pages) finish(p *livePage, n string) {
	defer p.drop()
	if p.empty() {
		return
	}
	switch files := s.files.Add(1); {
	case files == maxFiles+1:
		fmt.Fprintln(s.log, cli.Say(s.flags.Lang, "page_files", "n", strconv.Itoa(maxFiles)))
		fallthrough
	case files > maxFiles:
		return
	}
	name := s.name(n)
	if err := cli.WriteSecretFrom("--out", name, s.flags.Lang, s.log, func(w io.Writer) error { return p.close(w, s.log) }); err != nil {
		s.lost.Store(true)
		fmt.Fprintln(s.log, "tlslab:", err)
		return
	}
	fmt.Fprintln(s.log, cli.Say(s.flags.Lang, "wrote", "file", name))
}
