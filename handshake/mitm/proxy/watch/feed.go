package watch

import (
	"slices"
	"strings"
	"sync"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// Entry is something that has passed, in the words of each language. Open and Gone of its words are
// not set: they are the reader's.
type Entry struct {
	N, Conn int
	TLS     bool // there was a handshake to look into
	Host    string
	Said    map[narrate.Lang]page.Listed
}

// size is how much memory it takes, roughly.
func (e *Entry) size() int {
	n := 512 + len(e.Host)
	for _, s := range e.Said {
		n += 256 + len(s.Time) + len(s.Method) + len(s.Status) + len(s.Sent) + len(s.Received) + len(s.Where) + len(s.Legs)
		for _, r := range s.Remarks {
			n += 32 + len(r.Text)
		}
	}
	return n
}

// What is listed at the most: as many entries as can be asked for by number, and as many bytes as
// leave a proxy small.
const (
	maxEntries = 10_000
	maxBytes   = 12 << 20
)

// Feed is the entries, in the order in which they came. Each has a number, its place in that order,
// from 1: those that entries have themselves are given before they come, and two of them may come
// the other way round.
type Feed struct {
	mu      sync.Mutex
	entries []*Entry // the oldest first
	gone    uint64   // those before them
	bytes   int
	over    bool
	waiting bool          // somebody waits for changed
	changed chan struct{} // closed by what changes the feed, and then another one
}

// NewFeed returns a feed that is empty.
func NewFeed() *Feed { return &Feed{changed: make(chan struct{})} }

// Add adds an entry, which is not changed from then on. It waits for no reader.
func (f *Feed) Add(e *Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries = append(f.entries, e)
	f.bytes += e.size()
	for len(f.entries) > maxEntries || f.bytes > maxBytes && len(f.entries) > 1 {
		f.bytes -= f.entries[0].size()
		f.entries[0] = nil
		f.entries, f.gone = f.entries[1:], f.gone+1
	}
	f.tell()
}

// Close says that no more will come.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	f.tell()
}

// tell tells those who wait.
func (f *Feed) tell() {
	if f.waiting {
		close(f.changed)
		f.changed, f.waiting = make(chan struct{}), false
	}
}

// news is what a reader gets who has had all up to a number.
type news struct {
	entries []*Entry // in their order, at most as many as asked for
	upTo    uint64   // the last of them, or of what was passed over
	again   bool     // some of those before are gone: what the reader has is not the list any more
	over    bool     // and no more will come
	changed <-chan struct{}
}

// after is what came after a number.
func (f *Feed) after(n uint64, most int) news {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.gone + uint64(len(f.entries))
	if n < f.gone || n > last { // the latter of another proxy's
		return news{again: true}
	}
	some := f.entries[n-f.gone:]
	some = some[:min(len(some), most)]
	if len(some) == 0 {
		f.waiting = true
	}
	return news{entries: slices.Clone(some), upTo: n + uint64(len(some)), over: f.over && len(some) == 0, changed: f.changed}
}

// all is every entry, the oldest first, and how many were before them.
func (f *Feed) all() (entries []*Entry, gone uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.entries), f.gone
}

// filter is which entries a reader wants.
type filter struct {
	host    string // in small letters; "" for all
	outcome page.Outcome
}

func (x filter) takes(e *Entry) bool {
	if x.host != "" && !strings.Contains(strings.ToLower(e.Host), x.host) {
		return false
	}
	return x.outcome == "" || slices.Contains(e.Said[narrate.En].Outcomes, x.outcome)
}
