package watch

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// maxReaders is how many streams there are at a time: a browser's windows, and a class's.
const maxReaders = 32

// Times of a stream.
const (
	stalled   = 10 * time.Second // a reader who takes nothing for so long is let go, and may come again
	keepAlive = 15 * time.Second // a stream on which nothing comes says so, so that both ends know that it is there
	retry     = 2 * time.Second  // after which a browser comes again
)

// batch is how many entries are written at one go.
const batch = 64

// stream answers with what comes after the number that the reader has, as it comes (HTML, Server-sent
// events). A stream that is lost goes on behind the last number that arrived.
func (s *List) stream(w http.ResponseWriter, r *http.Request) {
	q := s.question(r)
	from := r.Header.Get("Last-Event-ID")
	if from == "" {
		from = r.URL.Query().Get(askAfter)
	}
	last, err := strconv.ParseUint(from, 10, 64)
	if err != nil || r.Method != http.MethodGet {
		http.Error(w, "A stream goes on behind a number.", http.StatusBadRequest)
		return
	}
	out := &events{w: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	out.b.WriteString("retry: " + strconv.FormatInt(retry.Milliseconds(), 10) + "\n\n")
	select {
	case s.readers <- struct{}{}:
		defer func() { <-s.readers }()
	default:
		out.bare("full")
		_ = out.flush() // fails if the reader has left
		return
	}
	quiet := time.NewTicker(keepAlive)
	defer quiet.Stop()
	told := last // what the reader knows that it has had
	for {
		n := s.feed.after(last, batch)
		last = n.upTo
		for i, e := range n.entries {
			if q.takes(e) {
				told = n.upTo - uint64(len(n.entries)-1-i)
				out.entry(told, s.listed(e, q), q.lang)
			}
		}
		switch {
		case n.again:
			out.bare("again")
		case n.over:
			out.bare("over")
		}
		if out.flush() != nil || n.again || n.over {
			return
		}
		if len(n.entries) > 0 {
			continue
		}
		select {
		case <-n.changed:
		case <-quiet.C:
			if told == last {
				out.b.WriteString(": still here\n\n")
			} else { // so that what was passed over need not be gone through again
				told = last
				out.id(told)
				out.bare("known")
			}
		case <-r.Context().Done():
			return
		}
	}
}

// events writes server-sent events.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	b       bytes.Buffer
	row     bytes.Buffer
}

func (o *events) id(n uint64) { o.b.WriteString("id: " + strconv.FormatUint(n, 10) + "\n") }

// entry is an event with a row of the list.
func (o *events) entry(n uint64, e page.Listed, lang narrate.Lang) {
	o.row.Reset()
	_ = page.WriteListed(&o.row, e, page.Options{Lang: lang}) // into memory
	o.id(n)
	for line := range bytes.Lines(o.row.Bytes()) {
		o.b.WriteString("data: ")
		o.b.Write(bytes.TrimSuffix(line, []byte("\n")))
		o.b.WriteByte('\n')
	}
	o.b.WriteByte('\n')
}

// bare is an event that is its name.
func (o *events) bare(name string) { o.b.WriteString("event: " + name + "\ndata:\n\n") }

// flush sends what was written. Its error is that the reader has left, or takes nothing.
func (o *events) flush() error {
	if o.b.Len() == 0 {
		return nil
	}
	if err := o.control.SetWriteDeadline(time.Now().Add(stalled)); err != nil {
		return err
	}
	if _, err := o.w.Write(o.b.Bytes()); err != nil {
		return err
	}
	o.b.Reset()
	return o.control.Flush()
}
