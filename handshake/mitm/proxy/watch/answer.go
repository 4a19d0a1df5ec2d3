package watch

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// Options say what is watched, and how it is told.
type Options struct {
	Address   string       // where the proxy listens
	Try       string       // a command that sends something through it; may be ""
	Lang      narrate.Lang // where nothing else is asked for
	NoSecrets bool         // no page shows a secret
	Version   string       // of the program, which pages name

	// Kept reports whether a connection's handshakes can be shown.
	Kept func(conn int) bool
	// Page writes the page of entry n, whose connection is conn; or says, in o's language, why there
	// is none. It is called by several readers at a time.
	Page func(w io.Writer, n, conn int, o page.Options) (why string)
}

// List answers with what is in a Feed: the list, the stream of what comes, the page of an entry.
// Who is let in is for whoever serves it to decide, before.
type List struct {
	feed    *Feed
	o       Options
	mux     *http.ServeMux
	readers chan struct{} // a place for each stream
	slots   chan struct{} // … for each page that is being made
}

// New returns the list of a feed.
func New(feed *Feed, o Options) *List {
	s := &List{feed: feed, o: o, mux: http.NewServeMux(), readers: make(chan struct{}, maxReaders), slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has(askEntry) {
			s.entry(w, r)
			return
		}
		s.list(w, r)
	})
	s.mux.HandleFunc("GET /feed", s.stream)
	return s
}

// ServeHTTP answers.
func (s *List) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// What an address asks for, beside what the form of the list does.
const (
	askEntry    = "entry"    // the page of this entry
	askBefore   = "before"   // entries before this number, in the feed's order
	askAfter    = "after"    // … after
	askDownload = "download" // as a file
	askSecrets  = "secrets"  // secretsOff: without secrets
	secretsOff  = "off"
)

// question is what an address asks for.
type question struct {
	filter
	lang      narrate.Lang
	host      string // as it was typed
	noSecrets bool
}

// maxHost is how long a name can be (RFC 1035 §2.3.4).
const maxHost = 255

func (s *List) question(r *http.Request) question {
	v := r.URL.Query()
	q := question{lang: s.o.Lang, noSecrets: s.o.NoSecrets || v.Get(askSecrets) == secretsOff}
	if l := narrate.Lang(v.Get(page.AskLang)); slices.Contains(narrate.Langs(), l) {
		q.lang = l
	}
	q.host = strings.TrimSpace(v.Get(page.AskHost))
	q.host = q.host[:min(len(q.host), maxHost)]
	q.filter.host = strings.ToLower(q.host)
	if o := page.Outcome(v.Get(page.AskOutcome)); slices.Contains(page.Outcomes(), o) {
		q.outcome = o
	}
	return q
}

// address is the list's, with more behind it.
func (q question) address(more ...page.Setting) page.Query {
	a := page.Query{{Name: page.AskLang, Value: string(q.lang)}}
	if q.host != "" {
		a = append(a, page.Setting{Name: page.AskHost, Value: q.host})
	}
	if q.outcome != "" {
		a = append(a, page.Setting{Name: page.AskOutcome, Value: string(q.outcome)})
	}
	return append(a, more...)
}

// Refuse answers one who is not let in: how one is.
func (s *List) Refuse(w http.ResponseWriter, r *http.Request) {
	q := s.question(r)
	say := narrate.Must(q.lang, narrate.UI, "page.list_token")
	o := s.options(q)
	// A browser that was led here from another site has the cookie, and keeps it back until a page of
	// ours leads on (SameSite).
	o.Around = &page.Around{Links: []page.Link{{Text: narrate.Must(q.lang, narrate.UI, "page.list_again").Title, To: q.address()}}}
	s.answer(w, r, func(b *bytes.Buffer) int {
		_ = page.WriteNotice(b, say.Title, say.Text, o) // into memory
		return http.StatusForbidden
	})
}

func (s *List) options(q question) page.Options {
	return page.Options{Lang: q.lang, Version: s.o.Version, NoSecrets: q.noSecrets}
}

// answer has a page made, as many at a time as there are processors, and sends it with the status
// that write returns. A fault of ours costs this page, and not the proxy.
func (s *List) answer(w http.ResponseWriter, r *http.Request, write func(*bytes.Buffer) (status int)) {
	select {
	case s.slots <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	var b bytes.Buffer
	status, err := func() (status int, err error) {
		defer func() { <-s.slots }()
		defer func() {
			if fault := recover(); fault != nil {
				err = fmt.Errorf("a fault of ours: %v", fault)
			}
		}()
		return write(&b), nil
	}()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // fails if the reader has left
}

// listed is an entry as one reader sees it.
func (s *List) listed(e *Entry, q question) page.Listed {
	l := e.Said[q.lang]
	l.Open = q.address(page.Setting{Name: askEntry, Value: strconv.Itoa(e.N)})
	l.Gone = e.TLS && !s.o.Kept(e.Conn)
	return l
}

// most is how many entries a page has.
const most = 1000

// list answers with the list.
func (s *List) list(w http.ResponseWriter, r *http.Request) {
	q := s.question(r)
	all, gone := s.feed.all()
	l := page.List{Proxy: s.o.Address, Try: s.o.Try, Host: q.host, Outcome: q.outcome, Gone: int(gone), Again: q.address(), Most: most, Hosts: hosts(all)}
	end := len(all)
	if before, err := strconv.ParseUint(r.URL.Query().Get(askBefore), 10, 64); err == nil {
		end = int(min(max(before, gone+1)-gone-1, uint64(len(all))))
		l.Newer = q.address()
	} else {
		l.After = strconv.FormatUint(gone+uint64(len(all)), 10)
	}
	var chosen []*Entry
	for i := end - 1; i >= 0; i-- {
		if !q.takes(all[i]) {
			continue
		}
		if len(chosen) == most {
			l.Older = q.address(page.Setting{Name: askBefore, Value: strconv.FormatUint(gone+uint64(i)+2, 10)})
			break
		}
		chosen = append(chosen, all[i])
	}
	for _, lang := range narrate.Langs() {
		other := q
		other.lang = lang
		l.Langs = append(l.Langs, page.Link{Text: narrate.Must(lang, narrate.UI, "page.list_lang").Title, To: other.address(), Here: lang == q.lang})
	}
	w.Header().Set("Content-Security-Policy", page.ListPolicy()+"; frame-ancestors 'none'") // which only a header can say
	s.answer(w, r, func(b *bytes.Buffer) int {
		for _, e := range chosen {
			l.Entries = append(l.Entries, s.listed(e, q))
		}
		_ = page.WriteList(b, l, s.options(q)) // into memory
		return http.StatusOK
	})
}

// maxHosts is how many names can be chosen from.
const maxHosts = 100

// hosts are those of the newest entries, in the order of the alphabet.
func hosts(all []*Entry) (names []string) {
	seen := map[string]bool{"": true}
	for _, e := range slices.Backward(all) {
		if !seen[e.Host] {
			seen[e.Host] = true
			if names = append(names, e.Host); len(names) == maxHosts {
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

// entry answers with the page of an entry's handshakes, or with why there is none.
func (s *List) entry(w http.ResponseWriter, r *http.Request) {
	q := s.question(r)
	v := r.URL.Query()
	number := v.Get(askEntry)
	all, _ := s.feed.all()
	i := slices.IndexFunc(all, func(e *Entry) bool { return strconv.Itoa(e.N) == number })
	o := s.options(q)
	if i < 0 {
		o.Around = &page.Around{Links: []page.Link{s.back(q, "")}}
		s.answer(w, r, func(b *bytes.Buffer) int {
			_ = page.WriteNotice(b, narrate.Fill(narrate.Must(q.lang, narrate.UI, "cmd.proxy_no_entry").Title, map[string]string{"n": foreign.Line(number)}), "", o) // into memory
			return http.StatusNotFound
		})
		return
	}
	e := all[i]
	l := s.listed(e, q)
	back := []page.Link{s.back(q, "e"+number)}
	o.Live = true
	download := v.Get(askDownload) == "on"
	if !download { // a file stands alone
		o.Around = &page.Around{Links: back, Entry: &l}
		if !q.noSecrets {
			o.Around.Links = append(o.Around.Links, s.download(q, number, "on"))
		}
		o.Around.Links = append(o.Around.Links, s.download(q, number, secretsOff))
	}
	s.answer(w, r, func(b *bytes.Buffer) int {
		why := s.o.Page(b, e.N, e.Conn, o)
		if why != "" {
			b.Reset()
			o.Around = &page.Around{Links: back, Entry: &l}
			_ = page.WriteNotice(b, why, "", o) // into memory
			return http.StatusNotFound
		}
		if download {
			w.Header().Set("Content-Disposition", `attachment; filename="tlslab-entry-`+strconv.Itoa(e.N)+`.html"`)
		}
		return http.StatusOK
	})
}

func (s *List) back(q question, at string) page.Link {
	return page.Link{Text: narrate.Must(q.lang, narrate.UI, "page.list_back").Title, To: q.address(), At: at}
}

// download leads to an entry's page as a file, with its secrets or without.
func (s *List) download(q question, number, secrets string) page.Link {
	key := "page.list_download"
	more := []page.Setting{{Name: askEntry, Value: number}, {Name: askDownload, Value: "on"}}
	if secrets == secretsOff {
		key = "page.list_download_shared"
		more = append(more, page.Setting{Name: askSecrets, Value: secrets})
	}
	return page.Link{Text: narrate.Must(q.lang, narrate.UI, key).Title, To: q.address(more...)}
}
