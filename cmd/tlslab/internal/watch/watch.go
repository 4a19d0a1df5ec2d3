package watch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/guard"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// Proxy is what is watched.
type Proxy struct {
	Address string // where it listens
	Try     string // a command that sends something through it
	// Kept reports whether a connection's handshakes can be shown.
	Kept func(conn int) bool
	// Page writes the page of an entry's connection, or says in the language of the options why there
	// is none.
	Page func(w io.Writer, n, conn int, o page.Options) (why string)
}

// Server serves the list.
type Server struct {
	Feed *Feed

	proxy     Proxy
	lang      narrate.Lang
	noSecrets bool // on any page
	token     *guard.Token
	http      *http.Server
	listener  net.Listener
	readers   chan struct{} // a place for each stream
	slots     chan struct{} // … for each page that is being made
	served    chan struct{} // closed when no more is answered
}

// New returns a server that answers at l once Start is called, in lang where nothing else is asked
// for. With noSecrets no page shows a secret.
func New(l net.Listener, lang narrate.Lang, noSecrets bool) (*Server, error) {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, err
	}
	s := &Server{Feed: NewFeed(), lang: lang, noSecrets: noSecrets, token: guard.NewToken(port), listener: l,
		readers: make(chan struct{}, maxReaders), slots: make(chan struct{}, runtime.GOMAXPROCS(0)), served: make(chan struct{})}
	// A reader who is slow, or says nothing, costs a goroutine; not for ever.
	s.http = &http.Server{Handler: s.handler(), ErrorLog: log.New(io.Discard, "", 0),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	return s, nil
}

// Address is where a browser is let in: it has the token in it.
func (s *Server) Address() string { return s.token.Address("http://" + s.listener.Addr().String()) }

// Start answers from now on.
func (s *Server) Start(p Proxy) {
	s.proxy = p
	go func() {
		defer close(s.served)
		_ = s.http.Serve(s.listener) // until Close
	}()
}

// closing is how long readers may take to get the end of the list.
const closing = time.Second

// Close ends the streams, which tell their readers so, and then whatever is left.
func (s *Server) Close() error {
	s.Feed.Close()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	_ = s.http.Shutdown(ctx) // who takes longer is cut off
	if s.proxy.Page == nil { // it was never started
		return s.listener.Close()
	}
	err := s.http.Close()
	<-s.served
	return err
}

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

func (s *Server) question(r *http.Request) question {
	v := r.URL.Query()
	q := question{lang: s.lang, noSecrets: s.noSecrets || v.Get(askSecrets) == secretsOff}
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

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has(askEntry) {
			s.entry(w, r)
			return
		}
		s.list(w, r)
	})
	mux.HandleFunc("GET /feed", s.stream)
	return guard.Local(s.listener.Addr().String(), s.token.Require(mux, http.HandlerFunc(s.refuse)))
}

// refuse says how one is let in.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) {
	q := s.question(r)
	heading, text := cli.SayBoth(q.lang, "proxy_web_token")
	o := s.options(q)
	// A browser that was led here from another site has the cookie, and keeps it back until a page of
	// ours leads on (SameSite).
	o.Around = &page.Around{Links: []page.Link{{Text: narrate.Must(q.lang, narrate.UI, "page.list_again").Title, To: q.address()}}}
	s.answer(w, r, func(b *bytes.Buffer) int {
		_ = page.WriteNotice(b, heading, text, o) // into memory
		return http.StatusForbidden
	})
}

func (s *Server) options(q question) page.Options {
	return page.Options{Lang: q.lang, Version: cli.Version(), NoSecrets: q.noSecrets}
}

// answer has a page made, as many at a time as there are processors, and sends it with the status
// that write returns. A fault of ours costs this page, and not the proxy.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, write func(*bytes.Buffer) (status int)) {
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
func (s *Server) listed(e *Entry, q question) page.Listed {
	l := e.Said[q.lang]
	l.Open = q.address(page.Setting{Name: askEntry, Value: strconv.Itoa(e.N)})
	l.Gone = e.TLS && !s.proxy.Kept(e.Conn)
	return l
}

// most is how many entries a page has.
const most = 1000

// list answers with the list.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := s.question(r)
	all, gone := s.Feed.all()
	l := page.List{Proxy: s.proxy.Address, Try: s.proxy.Try, Host: q.host, Outcome: q.outcome, Gone: int(gone), Again: q.address(), Most: most, Hosts: hosts(all)}
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
		l.Langs = append(l.Langs, page.Link{Text: cli.Say(lang, "proxy_web_lang"), To: other.address(), Here: lang == q.lang})
	}
	guard.Allow(w, page.ListPolicy())
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
func (s *Server) entry(w http.ResponseWriter, r *http.Request) {
	q := s.question(r)
	v := r.URL.Query()
	number := v.Get(askEntry)
	all, _ := s.Feed.all()
	i := slices.IndexFunc(all, func(e *Entry) bool { return strconv.Itoa(e.N) == number })
	o := s.options(q)
	if i < 0 {
		o.Around = &page.Around{Links: []page.Link{s.back(q, "")}}
		s.answer(w, r, func(b *bytes.Buffer) int {
			_ = page.WriteNotice(b, cli.Say(q.lang, "proxy_no_entry", "n", number), "", o) // into memory
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
		why := s.proxy.Page(b, e.N, e.Conn, o)
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

func (s *Server) back(q question, at string) page.Link {
	return page.Link{Text: narrate.Must(q.lang, narrate.UI, "page.list_back").Title, To: q.address(), At: at}
}

// download leads to an entry's page as a file, with its secrets or without.
func (s *Server) download(q question, number, secrets string) page.Link {
	key := "page.list_download"
	more := []page.Setting{{Name: askEntry, Value: number}, {Name: askDownload, Value: "on"}}
	if secrets == secretsOff {
		key = "page.list_download_shared"
		more = append(more, page.Setting{Name: askSecrets, Value: secrets})
	}
	return page.Link{Text: narrate.Must(q.lang, narrate.UI, key).Title, To: q.address(more...)}
}
