package render

import (
	"bytes"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
)

// received is application data as a live client hears of it: a record, and what was in it.
func received(data []byte) []event.Event {
	m := event.Meta{Party: "client", State: event.Connected}
	return []event.Event{
		&event.Record{Meta: m, Dir: event.Receive, Type: iana.ApplicationData, Version: iana.TLS12, Epoch: 1, Protected: true,
			Wire: append([]byte{23, 3, 3, 0, 0}, data...), Payload: data, Steps: []suite.Step{{Name: "plaintext", Bytes: data}}},
		&event.Data{Meta: m, Dir: event.Receive, Data: data},
	}
}

// allocated is how many bytes f allocates, the second time.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	f() // what is made once
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// What is shown of a record in a few columns costs what it shows, not what the record holds:
// the same for 1 KiB and 64, whether that is text, Chinese, or bytes that have to be quoted.
func TestShortLinesOfLongRecords(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(11 + r.IntN(245)) // no newline: one line
	}
	for name, data := range map[string][]byte{
		"text": bytes.Repeat([]byte("0123456789abcdef"), 1<<12), "Chinese": bytes.Repeat([]byte("握手"), 1<<16/6),
		"control characters": bytes.Repeat([]byte{7}, 1<<16), "noise": noise,
	} {
		for _, level := range []Level{Default, Brief} {
			show := func(n int) uint64 {
				e := received(data[:min(n, len(data))])
				term := NewTerminal(io.Discard, TerminalOptions{Level: level})
				return allocated(func() {
					for range 10 {
						for _, e := range e {
							term.Event(e)
						}
						if err := term.Flush(); err != nil {
							t.Fatal(err)
						}
					}
				})
			}
			little, much := show(1<<10), show(1<<16)
			if much > little*5/4 {
				t.Errorf("%s, level %d: %d bytes allocated for 1 KiB records, %d for 64 KiB", name, level, little/10, much/10)
			}
		}
	}
}

// A placeholder costs what it shows: the other fields of its message are not written out,
// which under --bytes they were, whole, for each field that is explained.
func TestPlaceholdersCostWhatTheyShow(t *testing.T) {
	fill := func(n int) uint64 {
		term := newPen(io.Discard, TerminalOptions{Level: Bytes})
		e := &event.Message{Fields: []wire.Field{{Name: "short", Len: 2, Value: []byte{1, 2}}, {Name: "long", Len: n, Value: make([]byte, n)}}}
		return allocated(func() {
			if got := term.Values("It is {short}, and {none} of the others; {party}.", e); got != "It is 0102, and {none} of the others; ." {
				t.Errorf("filled: %q", got)
			}
		})
	}
	if little, much := fill(1<<4), fill(1<<16); much > little*2 {
		t.Errorf("%d bytes allocated beside a field of 16 bytes, %d beside one of 64 KiB", little, much)
	}
}

// What one end alone tells of, as live ends do, is not kept by the Terminal once shown: a
// long upload takes no memory for each of its bytes.
func TestWhatWasSentIsNotKept(t *testing.T) {
	term := NewTerminal(io.Discard, TerminalOptions{Level: Brief})
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const records, size = 512, 1 << 14
	before := inUse()
	for i := range records {
		data := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, size/2)
		for _, e := range received(data) {
			switch e := e.(type) {
			case *event.Record:
				e.Dir = event.Send
			case *event.Data:
				e.Dir = event.Send
			}
			term.Event(e)
		}
	}
	if err := term.Flush(); err != nil {
		t.Fatal(err)
	}
	if kept := int64(inUse()) - int64(before); kept > records*size/8 {
		t.Errorf("of %d bytes sent, %d are kept", records*size, kept)
	}
	runtime.KeepAlive(term)
}

// BenchmarkShortLines is the price of a MiB in records of 16 KiB of which a line each is
// shown, and how many times that of the same number of records of 1 KiB it is.
func BenchmarkShortLines(b *testing.B) {
	show := func(n int) func(b *testing.B) float64 {
		e := received(bytes.Repeat([]byte("0123456789abcde\xff"), n/16))
		return func(b *testing.B) float64 {
			term := NewTerminal(io.Discard, TerminalOptions{})
			return rendertest.Elapsed(func() {
				for range 1 << 20 / n {
					for _, e := range e {
						term.Event(e)
					}
				}
				if err := term.Flush(); err != nil {
					b.Fatal(err)
				}
			}).Seconds() / float64(1<<20/n)
		}
	}
	small, big := show(1<<10), show(1<<14)
	var of, all float64
	for b.Loop() {
		of += small(b)
		all += big(b)
	}
	b.ReportMetric(all/of, "16KiB/1KiB")
	b.ReportMetric(all*64*1e3/float64(b.N), "ms/MiB")
}
