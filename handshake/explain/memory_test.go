package explain_test

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"strconv"
	"testing"

	"tlslab/handshake/explain"
	"tlslab/handshake/observe"
)

// perConnection is what one connection may take of memory (issue 17).
const perConnection = 6 << 10

// weighed is a file that measures what lives on the heap when it is at its end, and all that it
// has in it is still open.
type weighed struct {
	io.Reader
	live uint64
}

func (w *weighed) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err == io.EOF && w.live == 0 {
		w.live = heap()
	}
	return n, err
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What is kept of a connection fits into six kilobytes: while it is open, and when it has ended; what kind
// it ever is. It is counted with a thousand of each, all open at once.
func TestMemory(t *testing.T) {
	const n = 1000
	l := newLab(t)
	type row struct {
		name string
		d    dialogue
	}
	rows := []row{
		{"no word", nil},
		{"HTTP", dialogue{{0, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")}, {1, bytes.Repeat([]byte("<p>\n"), 800)}}},
		{"noise", dialogue{{0, bytes.Repeat([]byte{7}, 15_000)}, {1, bytes.Repeat([]byte{8}, 15_000)}}},
	}
	for i, k := range kinds {
		rows = append(rows, row{"kind " + strconv.Itoa(i), l.dialogue(t, k)})
	}
	for _, row := range rows {
		for _, closed := range []bool{false, true} {
			var b bytes.Buffer
			r := record(&b)
			var all []*session
			for i := range n {
				s := r.connection(i)
				s.segment(0, syn, nil)
				if row.d != nil {
					s.segment(1, syn|ack, nil)
					s.segment(0, ack, nil)
				}
				all = append(all, s)
			}
			for _, turn := range row.d {
				for _, s := range all {
					s.say(turn.by, turn.b)
				}
			}
			if closed {
				for _, s := range all {
					s.close()
				}
			}
			r.w.Flush()
			for _, keys := range []bool{false, true} {
				file := &weighed{Reader: bytes.NewReader(b.Bytes())}
				before := heap()
				o := explain.Options{Each: func(*explain.Connection) {}}
				if keys {
					o.Keys.Logged = new(observe.KeyLog)
					if err := o.Keys.Logged.Read(bytes.NewReader(l.keys.Bytes())); err != nil {
						t.Fatal(err)
					}
				}
				totals, err := explain.Read(context.Background(), file, o)
				if err != nil || totals.Connections != n {
					t.Fatal(totals, err)
				}
				each := (int64(file.live) - int64(before)) / n
				t.Logf("%s, closed %t, keys %t: %d bytes a connection", row.name, closed, keys, each)
				if each > perConnection {
					t.Errorf("%s, closed %t, keys %t: %d bytes a connection", row.name, closed, keys, each)
				}
			}
			runtime.KeepAlive(b.Bytes())
		}
	}
}

// What explaining asks of memory in all, of a file of all sorts: that is most of what it takes of the processor. Records are put
// together and opened in rooms that are used again, which the race detector takes away at random.
func TestAsked(t *testing.T) {
	const n = 1000
	l := newLab(t)
	var b bytes.Buffer
	l.mixed(t, record(&b), n)
	for _, row := range []struct {
		name           string
		keys           bool
		allocs, octets uint64 // at most
	}{{"no keys", false, 95, 12 << 10}, {"key log", true, 125, 17 << 10}} {
		o := explain.Options{Each: func(*explain.Connection) {}}
		if row.keys {
			o.Keys.Logged = new(observe.KeyLog)
			if err := o.Keys.Logged.Read(bytes.NewReader(l.keys.Bytes())); err != nil {
				t.Fatal(err)
			}
		}
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		totals, err := explain.Read(context.Background(), bytes.NewReader(b.Bytes()), o)
		runtime.ReadMemStats(&m1)
		if err != nil || totals.Connections != n {
			t.Fatal(totals, err)
		}
		allocs, octets := (m1.Mallocs-m0.Mallocs)/n, (m1.TotalAlloc-m0.TotalAlloc)/n
		t.Logf("%s: %d allocations of %d bytes a connection", row.name, allocs, octets)
		if allocs > row.allocs || octets > row.octets && !raceEnabled {
			t.Errorf("%s: %d allocations of %d bytes a connection, at most %d of %d", row.name, allocs, octets, row.allocs, row.octets)
		}
	}
}
