package live

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// oneRecord is a record of data, with a thousand bytes in it.
func oneRecord(n int) *event.Record {
	wire := append([]byte{23, 3, 3, 4, 0}, make([]byte, 1024)...)
	return &event.Record{Dir: event.Receive, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1, Sequence: uint64(n), Protected: true, Wire: wire, Payload: make([]byte, 1000)}
}

// All pages together keep so much, and no more: what comes then is counted, and of one page the
// alert at the end is still taken. What was kept is given back, so that the next connection has room.
func TestPagesAreBounded(t *testing.T) {
	l := &LiveFlags{Format: cli.HTML}
	l.Lang = "en"
	in := &room{most: 1 << 18, each: 1 << 18}
	var pages []*livePage
	var tell []event.Listener
	for conn := range 2 {
		p, cfg := l.newPage(event.Server, false, nil, in), &handshake.Config{Conn: conn + 1}
		if err := p.attach(cfg); err != nil {
			t.Fatal(err)
		}
		pages, tell = append(pages, p), append(tell, cfg.Listener)
	}
	for n := range 200 {
		tell[0].Event(oneRecord(n))
	}
	tell[1].Event(oneRecord(0))
	tell[0].Event(&event.Alert{Dir: event.Receive, Level: iana.Warning, Description: iana.CloseNotify})
	if in.held.Load() > in.most || pages[0].left < 100 || pages[1].left != 1 {
		t.Fatalf("%d of %d bytes are kept, and of the first page %d events are left out, of the other %d", in.held.Load(), in.most, pages[0].left, pages[1].left)
	}
	for i, p := range pages {
		var out, log bytes.Buffer
		if err := p.close(&out, &log); err != nil {
			t.Fatal(err)
		}
		if want := strconv.Itoa(p.left) + " more event"; !strings.Contains(log.String(), want) {
			t.Errorf("page %d: it says %q, want %q", i, &log, want)
		}
		if i == 0 && (!strings.HasSuffix(out.String(), "</html>\n") || !strings.Contains(out.String(), "close_notify")) {
			t.Error("the first page is not whole, or has no end of its connection")
		}
	}
	if n := in.held.Load(); n != 0 {
		t.Errorf("%d bytes are not given back", n)
	}
}

// One connection has its share, and no more: another one has room beside it.
func TestAPageHasItsShare(t *testing.T) {
	l := &LiveFlags{Format: cli.HTML}
	l.Lang = "en"
	in := &room{most: 1 << 20, each: 1 << 17}
	for conn := range 3 {
		p, cfg := l.newPage(event.Server, false, nil, in), &handshake.Config{Conn: conn + 1}
		if err := p.attach(cfg); err != nil {
			t.Fatal(err)
		}
		for n := range 200 {
			cfg.Listener.Event(oneRecord(n))
		}
		if p.own == 0 || p.own > in.each || in.held.Load() > int64(conn+1)*in.each || p.left == 0 || !p.full {
			t.Errorf("page %d keeps %d bytes of its %d, all keep %d", conn+1, p.own, in.each, in.held.Load())
		}
		if conn > 0 {
			continue // these stay, and take their room
		}
		kept := p.own
		var log bytes.Buffer
		var held int64
		if err := p.close(writerFunc(func(b []byte) (int, error) {
			held = in.held.Load()
			return len(b), nil
		}), &log); err != nil {
			t.Fatal(err)
		}
		if held != kept || in.held.Load() != 0 || !strings.Contains(log.String(), "the page of one connection may keep") {
			t.Errorf("while it is written %d bytes are held, then %d; it says %q", held, in.held.Load(), &log)
		}
	}
}

// writerFunc makes a function a writer.
type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(b []byte) (int, error) { return w(b) }

// Of several connections on one page, one may still tell of its end while the next is attached: run
// with -race.
func TestPageOfSeveralConnections(t *testing.T) {
	l := &LiveFlags{Format: cli.HTML}
	l.Lang = "en"
	p := l.newPage(event.Client, true, nil, &room{most: maxPages, each: maxPages})
	first := &handshake.Config{Conn: 1}
	if err := p.attach(first); err != nil {
		t.Fatal(err)
	}
	var telling sync.WaitGroup
	telling.Go(func() {
		for n := range 100 {
			first.Listener.Event(oneRecord(n))
		}
	})
	for n := range 100 {
		if err := p.attach(&handshake.Config{Conn: n + 2}); err != nil {
			t.Fatal(err)
		}
	}
	telling.Wait()
	var out, log bytes.Buffer
	if err := p.close(&out, &log); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), `data-flow="live"`); n < 101 {
		t.Errorf("%d connections are on the page", n)
	}
}

// A server writes so many pages, and says once that there will be no more.
func TestPagesAreCounted(t *testing.T) {
	l := &LiveFlags{Format: cli.HTML}
	l.Lang = "en"
	var log bytes.Buffer
	file := filepath.Join(t.TempDir(), "page.html")
	s := l.newPages(file, &handshake.Config{}, &log)
	s.files.Store(maxFiles - 1)
	for n := range 4 {
		cfg := &handshake.Config{Conn: n}
		p, err := s.of(cfg)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Listener.Event(oneRecord(0))
		s.finish(p, strconv.Itoa(n))
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 || left[0].Name() != "page-0.html" || strings.Count(log.String(), "there are no more") != 1 || s.room.held.Load() != 0 {
		t.Errorf("%v, %v; it says %q", left, err, &log)
	}
}

// A connection of which nothing was told has no page; and a page that cannot be written is told of, and
// makes the status 1.
func TestPageThatIsNone(t *testing.T) {
	l := &LiveFlags{Format: cli.HTML}
	l.Lang = "en"
	var log bytes.Buffer
	s := l.newPages(filepath.Join(t.TempDir(), "nowhere", "page.html"), &handshake.Config{}, &log)
	for told := range 2 {
		cfg := &handshake.Config{}
		p, err := s.of(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if told == 1 {
			cfg.Listener.Event(oneRecord(0))
		}
		s.finish(p, "1")
		if said := strings.Contains(log.String(), "page-1.html"); said != (told == 1) || s.lost.Load() != said {
			t.Errorf("%d events: it says %q", told, &log)
		}
	}
}
