package watch

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// wires is a listener whose connections are made of nothing: none holds a byte that nobody reads.
type wires struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newWires() *wires { return &wires{conns: make(chan net.Conn), done: make(chan struct{})} }

func (w *wires) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w *wires) Close() error { w.once.Do(func() { close(w.done) }); return nil }

func (w *wires) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8081} }

func (w *wires) dial(context.Context, string, string) (net.Conn, error) {
	a, b := net.Pipe()
	select {
	case w.conns <- b:
		return a, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

// patience is when we say that something hangs.
const patience = time.Minute

// world is a list, a proxy that was made up, and a browser.
type world struct {
	*List
	t      *testing.T
	feed   *Feed
	client *http.Client
	base   string
	kept   func(conn int) bool
	why    string // there is no page
}

func newWorld(t *testing.T, change func(*List)) *world {
	t.Helper()
	w := &world{t: t, feed: NewFeed(), base: "http://127.0.0.1:8081/", kept: func(int) bool { return true }}
	w.List = New(w.feed, Options{Address: "127.0.0.1:8080", Try: "curl", Lang: narrate.En, Kept: func(conn int) bool { return w.kept(conn) }, Page: func(to io.Writer, n, conn int, o page.Options) string {
		if w.why == "" {
			fmt.Fprintf(to, "entry %d, connection %d, %s, without secrets %v, alone %v", n, conn, o.Lang, o.NoSecrets, o.Around == nil)
		}
		return w.why
	}})
	if change != nil {
		change(w.List)
	}
	l := newWires()
	srv := &http.Server{Handler: w.List}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(l)
	}()
	w.client = &http.Client{Transport: &http.Transport{DialContext: l.dial}, Timeout: patience}
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		_ = srv.Close()
		<-served
	})
	return w
}

// get is what is answered.
func (w *world) get(query string) (status int, text string, header http.Header) {
	w.t.Helper()
	res, err := w.client.Get(w.base + query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

// some is entry n, of a connection of its own; each third failed.
func some(n int) *Entry {
	e := &Entry{N: n, Conn: n, TLS: true, Host: "host" + strconv.Itoa(n%5) + ".lab.test", Said: map[narrate.Lang]page.Listed{}}
	for _, lang := range narrate.Langs() {
		l := page.Listed{N: n, Method: "GET", Where: e.Host + "/" + string(lang), Outcomes: []page.Outcome{page.Passed}}
		if n%3 == 0 {
			l.Outcomes = []page.Outcome{page.Failed, page.ByClient}
		}
		e.Said[lang] = l
	}
	return e
}

func (w *world) add(from, to int) {
	for n := from; n <= to; n++ {
		w.feed.Add(some(n))
	}
}

// listening is a stream as a browser has it.
type listening struct {
	t    *testing.T
	res  *http.Response
	read *bufio.Reader
	last string // id
	rows []string
}

func (w *world) listen(query, last string) *listening {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.base+"feed?"+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatal(res.Status, res.Header)
	}
	l := &listening{t: w.t, res: res, read: bufio.NewReader(res.Body), last: last}
	w.t.Cleanup(l.leave)
	return l
}

func (l *listening) leave() { _ = l.res.Body.Close() }

// next is the next event's name, "message" for that of a row; "" at the end of the stream.
func (l *listening) next() (name string) {
	l.t.Helper()
	name, data, id := "message", []string(nil), ""
	for {
		line, err := l.read.ReadString('\n')
		if err != nil {
			return ""
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			data = append(data, value)
		case "":
			if line != "\n" { // a comment
				continue
			}
			if id != "" {
				l.last = id
			}
			if data == nil {
				name, id = "message", ""
				continue
			}
			if name == "message" {
				l.rows = append(l.rows, strings.Join(data, "\n"))
			}
			return name
		}
	}
}

// until reads until there are n rows.
func (l *listening) until(n int) {
	l.t.Helper()
	for len(l.rows) < n {
		if name := l.next(); name != "message" {
			l.t.Fatalf("%q after %d rows of %d", name, len(l.rows), n)
		}
	}
}

// entriesOf are the numbers of the entries that HTML has rows of.
func entriesOf(text string) (numbers []int) {
	for _, part := range strings.Split(text, `<tr id="e`)[1:] {
		digits, _, _ := strings.Cut(part, `"`)
		n, _ := strconv.Atoi(digits)
		numbers = append(numbers, n)
	}
	return numbers
}

// TestList: newest first, chosen by host and by outcome, in both languages, as many as a page has
// and the rest behind a link.
func TestList(t *testing.T) {
	w := newWorld(t, nil)
	w.add(1, most+250)
	w.kept = func(conn int) bool { return conn > 1200 }
	status, text, header := w.get("")
	if got := entriesOf(text); status != 200 || len(got) != most || got[0] != most+250 || got[most-1] != 251 {
		t.Fatalf("status %d, %d entries", status, len(got))
	}
	if !strings.Contains(header.Get("Content-Security-Policy"), "connect-src 'self'") {
		t.Error(header)
	}
	if n := strings.Count(text, narrate.Must(narrate.En, narrate.UI, "page.list_not_kept").Title); n != 1200-250 {
		t.Errorf("of %d it says that their handshakes are not kept", n)
	}
	if !strings.Contains(text, `data-after="1250"`) || !strings.Contains(text, "before=251") {
		t.Error("what comes, or what was, is not linked")
	}
	if _, text, _ = w.get("?before=251"); len(entriesOf(text)) != 250 || entriesOf(text)[0] != 250 || strings.Contains(text, "data-after") || strings.Contains(text, "before=") {
		t.Errorf("older ones: %d", len(entriesOf(text)))
	}
	for query, want := range map[string]int{"host=HOST1": 250, "host=host1.lab&outcome=failed": 83, "outcome=failed": 416, "outcome=client": 416, "outcome=server": 0, "host=%3Cscript": 0, "outcome=x": most, "before=x": most, "before=0": 0, "before=99999999": most, "before=18446744073709551615": most} {
		status, text, _ := w.get("?" + query)
		if got := entriesOf(text); status != 200 || len(got) != want || strings.Contains(text, "<script>alert") {
			t.Errorf("%s: status %d, %d entries, want %d", query, status, len(got), want)
		}
	}
	if _, text, _ = w.get("?lang=zh"); !strings.Contains(text, `<html lang="zh-Hans">`) || !strings.Contains(text, "lab.test/zh") {
		t.Error("no Chinese")
	}
}

// TestEntry: the page of an entry, as a file too, and without secrets; and why there is none.
func TestEntry(t *testing.T) {
	w := newWorld(t, nil)
	w.add(7, 7)
	for query, want := range map[string]string{
		"?entry=7":                                     "entry 7, connection 7, en, without secrets false, alone false",
		"?entry=7&lang=zh&secrets=off":                 "entry 7, connection 7, zh, without secrets true, alone false",
		"?entry=7&download=on":                         "entry 7, connection 7, en, without secrets false, alone true",
		"?entry=7&download=on&secrets=off&outcome=any": "entry 7, connection 7, en, without secrets true, alone true",
	} {
		status, text, header := w.get(query)
		disposition := ""
		if strings.Contains(query, "download") {
			disposition = `attachment; filename="tlslab-entry-7.html"`
		}
		if status != 200 || text != want || header.Get("Content-Disposition") != disposition {
			t.Errorf("%s: status %d, %q, %v", query, status, text, header)
		}
	}
	if status, text, _ := w.get("?entry=%3Cb%3E"); status != http.StatusNotFound || strings.Contains(text, "<b>") {
		t.Errorf("no number: status %d", status)
	}
	w.why = "it was in clear"
	if status, text, header := w.get("?entry=7&download=on"); status != http.StatusNotFound || !strings.Contains(text, w.why) || header.Get("Content-Disposition") != "" {
		t.Errorf("in clear: status %d, %v", status, header)
	}
	s := newWorld(t, func(s *List) { s.o.NoSecrets = true })
	s.add(1, 1)
	if _, text, _ := s.get("?entry=1&secrets=on"); !strings.Contains(text, "without secrets true") {
		t.Errorf("with --no-secrets: %s", text)
	}
}

// TestStream: what comes is told as it comes, to each reader what it chose; and the row that is told
// is the row that the list has.
func TestStream(t *testing.T) {
	w := newWorld(t, nil)
	w.add(1, 3)
	all, failed := w.listen("after=3", ""), w.listen("after=1&outcome=failed&lang=zh", "")
	failed.until(1)
	w.add(4, 300)
	all.until(297)
	failed.until(100)
	if got := entriesOf(strings.Join(all.rows, "")); len(got) != 297 || got[0] != 4 || got[296] != 300 || all.last != "300" {
		t.Errorf("%d entries, the last %s", len(got), all.last)
	}
	if got := entriesOf(strings.Join(failed.rows, "")); got[0] != 3 || got[99] != 300 || !strings.Contains(failed.rows[0], "/zh") {
		t.Errorf("%v", got)
	}
	_, text, _ := w.get("")
	for _, row := range all.rows {
		if !strings.Contains(text, row+"\n") {
			t.Fatalf("the list has not the row %s", row)
		}
	}
}

// TestReconnect: a reader who is cut off, wherever that is, and comes again with the last number that
// arrived, has each entry once, in order.
func TestReconnect(t *testing.T) {
	w := newWorld(t, nil)
	var got []int
	last := "0"
	added := 0
	for i := range 60 {
		l := w.listen("after=0", last)
		w.add(added+1, added+i%7)
		added += i % 7
		l.until(min(added-len(got), i%5)) // some of what there is
		l.leave()
		got = append(got, entriesOf(strings.Join(l.rows, ""))...)
		last = l.last
	}
	l := w.listen("after=0", last)
	l.until(added - len(got))
	got = append(got, entriesOf(strings.Join(l.rows, ""))...)
	if len(got) != added {
		t.Fatalf("%d entries, want %d", len(got), added)
	}
	for i, n := range got {
		if n != i+1 {
			t.Fatalf("entry %d at place %d", n, i+1)
		}
	}
}

// TestAgain: a reader who has missed what is gone is told to load the list again, and so is one who
// comes from another proxy.
func TestAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.add(1, maxEntries+10)
	for from, want := range map[string]string{"9": "again", "10": "message", "99999999": "again", "18446744073709551615": "again"} {
		if name := w.listen("after="+from, "").next(); name != want {
			t.Errorf("after %s: %q, want %q", from, name, want)
		}
	}
	for _, query := range []string{"feed", "feed?after=x", "feed?after=-1"} {
		if status, _, _ := w.get(query); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", query, status)
		}
	}
}

// TestStalledReader: a reader who takes nothing holds up neither the proxy nor other readers, has no
// more kept for it, and is let go; its place is free then. Time is the bubble's.
func TestStalledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *List) { s.readers = make(chan struct{}, 2) })
		began := time.Now()
		idle := w.listen("after=0", "") // nothing behind its head is read: a wire has no room
		other := w.listen("after=0", "")
		w.add(1, 5000)
		other.until(5000)
		if waited := time.Since(began); waited > 0 {
			t.Errorf("the other reader waited for %v", waited)
		}
		time.Sleep(stalled + time.Second)
		for idle.next() == "message" { // what was on its way, and then the end
		}
		if len(idle.rows) >= 5000 {
			t.Errorf("it got all %d", len(idle.rows))
		}
		again := w.listen("after=0", idle.last)
		again.until(5000 - len(idle.rows))
		if now := time.Since(began); now > stalled+time.Second {
			t.Errorf("it had to wait for its place until %v", now)
		}
	})
}

// TestFull: there are so many streams and no more; one more is told so and ended, and is no error to
// a browser; where one has left there is room again.
func TestFull(t *testing.T) {
	w := newWorld(t, func(s *List) { s.readers = make(chan struct{}, 1) })
	first := w.listen("after=0", "")
	l := w.listen("after=0", "")
	if one, two := l.next(), l.next(); one != "full" || two != "" {
		t.Errorf("%q, %q", one, two)
	}
	first.leave()
	w.add(1, 1)
	for {
		if l := w.listen("after=0", ""); l.next() == "message" {
			return
		}
	}
}

// TestQuietStream: where nothing comes, or nothing that was chosen, the reader hears that all is
// well, and how far it is: what it did not choose is not gone through again.
func TestQuietStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		began := time.Now()
		l := w.listen("after=0&outcome=server", "")
		w.add(1, 50)
		if name := l.next(); name != "known" || l.last != "50" || time.Since(began) != keepAlive {
			t.Errorf("%q %s after %v", name, l.last, time.Since(began))
		}
		if line, err := l.read.ReadString('\n'); err != nil || line != ": still here\n" || time.Since(began) != 2*keepAlive {
			t.Errorf("%q, %v", line, err)
		}
	})
}

// TestEnd: the feed's end ends the streams, once all has been told; what was told is still there.
func TestEnd(t *testing.T) {
	w := newWorld(t, nil)
	l := w.listen("after=0", "")
	w.add(1, 500)
	w.feed.Close()
	l.until(500)
	if one, two := l.next(), l.next(); one != "over" || two != "" {
		t.Errorf("%q, then %q", one, two)
	}
	if status, text, _ := w.get(""); status != 200 || len(entriesOf(text)) != 500 {
		t.Errorf("status %d", status)
	}
}

// TestRefuse: who is not let in is told how one is, in each language, and of no entry.
func TestRefuse(t *testing.T) {
	w := newWorld(t, nil)
	w.add(1, 3)
	for _, lang := range narrate.Langs() {
		rec := httptest.NewRecorder()
		w.Refuse(rec, httptest.NewRequest(http.MethodGet, "/?entry=1&lang="+string(lang), nil))
		if text := rec.Body.String(); rec.Code != http.StatusForbidden || strings.Contains(text, "lab.test") || !strings.Contains(text, narrate.Must(lang, narrate.UI, "page.list_token").Text) {
			t.Errorf("%s: status %d\n%.500s", lang, rec.Code, text)
		}
	}
}

// TestFeedIsBounded: in number and in bytes, whatever a peer writes.
func TestFeedIsBounded(t *testing.T) {
	for size, want := range map[int]int{10: maxEntries, 100_000: maxBytes / 200_000, 2 * maxBytes: 1} {
		f, long := NewFeed(), strings.Repeat("x", size)
		for n := range maxEntries + 5 {
			e := some(n + 1)
			for lang, l := range e.Said {
				l.Where = long
				e.Said[lang] = l
			}
			f.Add(e)
			if size > maxBytes && n > 3 {
				break
			}
		}
		all, gone := f.all()
		if len(all) > want || len(all) < want/2 || f.bytes > maxBytes && len(all) > 1 || gone == 0 {
			t.Errorf("entries of %d bytes: %d are kept, %d bytes, want about %d entries", size, len(all), f.bytes, want)
		}
	}
}

// BenchmarkList is the list of a thousand entries, as it is answered.
func BenchmarkList(b *testing.B) {
	f := NewFeed()
	for n := range most {
		f.Add(some(n + 1))
	}
	s := New(f, Options{Kept: func(int) bool { return true }})
	for b.Loop() {
		w := &sink{header: http.Header{}}
		r, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
		s.list(w, r)
		b.ReportMetric(float64(w.n), "bytes/page")
	}
}

type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }
