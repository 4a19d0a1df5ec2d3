package relay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// A row is what two ends say, and what must come of it.
type row struct {
	name     string
	o        Options
	say      []string // "c:" or "s:" and bytes; "c!" and "s!" are an end in order, "c~" one without goodbye, "c#" a reset; "r" routes
	toServer string   // what the server hears
	toClient string
	events   string                                   // of the first word of each event, see told
	acts     map[string]func(m *H1, held []*Exchange) // more words of say: what the holder of messages does
	free     bool                                     // the pieces decide how a body is chunked: what is heard is not compared between them
}

// heard is what came of a row.
type heard struct {
	toServer, toClient []byte
	events             []string
	fates              [2]Fate
	m                  *H1
	xs                 []*Exchange
}

var errReset = errors.New("reset")

// playRow plays a row in pieces of n bytes; 0: as they are written.
func playRow(t testing.TB, r *row, n int) *heard {
	t.Helper()
	h := &heard{}
	o := r.o
	bodies := map[string]int{} // where in events the pieces of a body are gathered
	o.Event = func(e Event) {
		i := 0
		for i < len(h.xs) && h.xs[i] != e.Exchange {
			i++
		}
		if i == len(h.xs) {
			h.xs = append(h.xs, e.Exchange)
		}
		if e.Kind == Body {
			key := fmt.Sprint(i, e.From)
			if at, ok := bodies[key]; ok {
				h.events[at] += string(e.Data)
				return
			}
			bodies[key] = len(h.events)
		} else if e.Kind != RequestOver && e.Kind != ReplyHead {
			delete(bodies, fmt.Sprint(i, e.From))
		}
		h.events = append(h.events, told(i, e))
	}
	if o.Answer == nil {
		o.Answer = func(x *Exchange, reused bool) []byte {
			if reused && x.Fault.Refusal == nil {
				return nil
			}
			status := 502
			if x.Fault.Refusal != nil {
				status = x.Fault.Refusal.Status()
			}
			return fmt.Appendf(nil, "<%d>", status)
		}
	}
	var holding []*Exchange
	if r.acts != nil && o.Hold == nil {
		o.Hold = func(x *Exchange, _ Side) bool {
			holding = append(holding, x)
			return true
		}
	}
	m := NewH1(o)
	h.m = m
	words := map[string]func(){"r": func() { m.Routed(true) }, "r+": func() { m.Routed(false) }}
	for word, act := range r.acts {
		words[word] = func() { act(m, holding) }
	}
	h.drive(r, n, m, words)
	return h
}

// machine is an H1, an H2 or a translator.
type machine interface {
	Withhold(error)
	Receive(Side, []byte)
	End(Side, Ending, error)
	Output(Side) []byte
	Fate(Side) Fate
}

// drive has a machine hear what a row says. what else a row says is in others.
func (h *heard) drive(r *row, n int, m machine, others map[string]func()) {
	take := func() {
		h.toServer = append(h.toServer, m.Output(Server)...)
		h.toClient = append(h.toClient, m.Output(Client)...)
	}
	for _, s := range r.say {
		side := Client
		if s[0] == 's' {
			side = Server
		}
		switch {
		case others[s] != nil:
			others[s]()
		case s[1] == '!':
			m.End(side, InOrder, io.EOF)
		case s[1] == '~':
			m.End(side, NoGoodbye, io.ErrUnexpectedEOF)
		case s[1] == '#':
			m.End(side, Broken, errReset)
		default:
			for b := []byte(s[2:]); len(b) > 0; {
				k := len(b)
				if n > 0 {
					k = min(n, k)
				}
				lent := bytes.Clone(b[:k])
				m.Receive(side, lent)
				take()
				for i := range lent {
					lent[i] = '@' // it is the caller's again
				}
				b = b[k:]
			}
		}
		take()
	}
	h.fates = [2]Fate{m.Fate(Server), m.Fate(Client)}
}

// told is an event as a row has it.
func told(i int, e Event) string {
	x := e.Exchange
	s := fmt.Sprintf("%d %s", i, e.Kind)
	switch e.Kind {
	case RequestHead:
		s += " " + x.Request.Method + " " + x.Request.Target
		if len(x.Request.Notes) > 0 {
			s += fmt.Sprint(" ", x.Request.Notes)
		}
	case Interim:
		s += fmt.Sprint(" ", e.Head.Status)
	case ReplyHead:
		s += fmt.Sprint(" ", x.Reply.Status)
		if len(x.Reply.Notes) > 0 {
			s += fmt.Sprint(" ", x.Reply.Notes)
		}
	case Body:
		s += " " + string(e.From[:1]) + ":" + string(e.Data)
	case Trailers:
		s += fmt.Sprint(" ", string(e.From[:1]), ":", e.Fields)
	case Done:
		switch f := x.Fault; {
		case f == nil:
		case f.Refusal != nil:
			s += fmt.Sprintf(" %s:%s", f.Leg, f.Refusal.Rule)
		default:
			s += fmt.Sprintf(" %s left", f.Leg)
		}
		if x.Cut {
			s += " cut"
		}
		if x.Early {
			s += " early"
		}
	}
	return s
}

// check plays a row whole, byte by byte and in threes, and wants the same each time.
func (r *row) check(t *testing.T) {
	t.Helper()
	h := playRow(t, r, 0)
	if got := string(h.toServer); got != r.toServer {
		t.Errorf("the server heard %q\nwant %q", got, r.toServer)
	}
	if got := string(h.toClient); got != r.toClient {
		t.Errorf("the client heard %q\nwant %q", got, r.toClient)
	}
	events := strings.Join(h.events, "\n")
	if want := strings.TrimSpace(r.events); want != "" && strings.TrimSpace(events) != want {
		t.Errorf("events:\n%s\nwant:\n%s", events, want)
	}
	for _, n := range []int{1, 2, 3, 7} {
		p := playRow(t, r, n)
		if !r.free && (!bytes.Equal(p.toServer, h.toServer) || !bytes.Equal(p.toClient, h.toClient)) {
			t.Errorf("in pieces of %d the server heard %q, the client %q", n, p.toServer, p.toClient)
		}
		if got := strings.Join(p.events, "\n"); got != events {
			t.Errorf("in pieces of %d the events are\n%s\nwhole:\n%s", n, got, events)
		}
		if p.fates != h.fates {
			t.Errorf("in pieces of %d the streams end as %v, whole as %v", n, p.fates, h.fates)
		}
	}
}
