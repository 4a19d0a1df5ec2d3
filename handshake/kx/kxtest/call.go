package kxtest

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"
)

// patience is how long one call may take at least, on a busy machine and under the race detector too. The slowest
// key pair that we know of, Classic McEliece's, takes a second.
const patience = time.Minute

// pending is a call of the group that has not come back.
type pending struct {
	who   string
	share int // the length of the peer's share that it was given; nothing if it was given none
}

const nothing = -1

// String is the subject of a sentence.
func (p *pending) String() string {
	if p.share == nothing {
		return p.who
	}
	return fmt.Sprintf("%s, given a share of %d bytes,", p.who, p.share)
}

// so is what follows for a method that was given a peer's bytes.
func (p *pending) so(demand string) string {
	if p.share == nothing {
		return ""
	}
	return ": a peer can send any bytes, so " + demand
}

// watch does the work in a goroutine of its own, for from a loop without an end, and from runtime.Goexit, there is no
// other way back. Either is a fault, and ends all that there is to do.
func (s *suite) watch(work func()) {
	over := make(chan struct{})
	var whole bool // read behind over
	go func() {
		defer close(over)
		defer pprof.SetGoroutineLabels(context.Background()) // what is left of this one is none of the group's
		pprof.SetGoroutineLabels(s.mark.labels)
		work()
		whole = true
	}()
	tick := time.NewTicker(patience)
	defer tick.Stop()
	var before *pending
	for {
		select {
		case <-over:
			switch p := s.pending.Load(); {
			case p == nil && !whole && !s.done():
				s.last("a method of what it returns, such as an error's Error, ends its goroutine, as runtime.Goexit and t.FailNow do; what follows was not tried")
			case p != nil:
				s.last("%v ends its goroutine, as runtime.Goexit and t.FailNow do: return an error; what follows was not tried", p)
			}
			return
		case <-tick.C:
			p := s.pending.Load()
			if p != nil && p == before {
				s.last("%v does not return%s; what follows was not tried", p, p.so("no loop may depend on them for its end"))
				return
			}
			before = p
		}
	}
}

// call has the group do something, under watch. A panic is a fault and an error. A method that panics once does so at
// many lengths, and the first says enough.
func (s *suite) call(who string, share int, f func()) (err error) {
	p := &pending{who, share}
	s.pending.Store(p)
	var came bool
	defer func() {
		value := recover()
		said := fmt.Sprint(value) // by a method of the group's, perhaps: still its call
		switch {
		case came, value != nil:
			s.pending.Store(nil)
		default:
			return // the goroutine ends, and who watches sees in which call
		}
		if s.done() {
			runtime.Goexit() // it came back after all, and nobody waits any more
		}
		if came {
			return
		}
		err = errTold
		if s.panicked == nil {
			s.panicked = map[string]bool{}
		}
		if !s.panicked[who] {
			s.panicked[who] = true
			s.fault("%v panics (%s)%s", p, said, p.so("return an error"))
		}
	}()
	f()
	came = true
	return nil
}

// mark is how the goroutines are known that a group has started: by a label, which they inherit from who starts them.
type mark struct {
	labels context.Context
	label  string // as a profile shows it
}

var marks atomic.Uint64

func newMark() mark {
	const key = "tlslab/kxtest"
	n := strconv.FormatUint(marks.Add(1), 10)
	return mark{pprof.WithLabels(context.Background(), pprof.Labels(key, n)), fmt.Sprintf("%q:%q", key, n)}
}

// running counts them. The profile, as text, is a paragraph for each stack: how many stand there, "@", where, and in
// the next line their labels.
func (m mark) running() (n int) {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return 0
	}
	for stack := range bytes.SplitSeq(profile.Bytes(), []byte("\n\n")) {
		if count, _, ok := bytes.Cut(stack, []byte(" @ ")); ok && bytes.Contains(stack, []byte(m.label)) {
			many, _ := strconv.Atoi(string(count[bytes.LastIndexByte(count, '\n')+1:]))
			n += many
		}
	}
	return n
}

// left wants nothing left running by the group. A goroutine that has done its work may need a moment to end, on a
// busy machine some seconds.
func (s *suite) left() {
	n := s.mark.running()
	for wait := time.Millisecond; n > 0 && wait < 4*time.Second; wait *= 2 {
		time.Sleep(wait)
		n = s.mark.running()
	}
	switch {
	case n == 1:
		s.fault("a goroutine that it started is still there when all is over: end it, a server has thousands of connections")
	case n > 1:
		s.fault("%d goroutines that it started are still there when all is over: end them, a server has thousands of connections", n)
	}
}
