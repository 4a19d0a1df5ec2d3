package explain_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/explain"
)

// hostile are files that somebody makes to be a burden, of n packets or about as many.
var hostile = []struct {
	name  string
	write func(r *recorded, n int)
}{
	{"half-open connections", func(r *recorded, n int) {
		for i := range n {
			r.connection(i).segment(0, syn, nil)
		}
	}},
	{"bytes one by one", func(r *recorded, n int) {
		s := r.connection(1)
		s.open()
		for range n {
			s.segment(0, ack, []byte("\n"))
		}
	}},
	{"a record byte by byte", func(r *recorded, n int) {
		s := r.connection(1)
		s.open()
		s.segment(0, ack, hello)
		for i := range n {
			rec := []byte{23, 3, 3, 0x3f, 0xff}
			if k := i % (0x3fff + 5); k < 5 {
				s.segment(0, ack, rec[k:k+1])
			} else {
				s.segment(0, ack, rec[:1])
			}
		}
	}},
	{"a message byte by byte", func(r *recorded, n int) {
		s := r.connection(1)
		s.open()
		s.segment(0, ack, hello)
		s.segment(1, ack, []byte{22, 3, 3, 0, 4, 11, 3, 0xff, 0xf0}) // a long Certificate
		for range n {
			s.segment(1, ack, []byte{22, 3, 3, 0, 1, 0})
		}
	}},
	{"messages for ever", func(r *recorded, n int) {
		s := r.connection(1)
		s.open()
		s.segment(0, ack, hello)
		for range n {
			s.segment(0, ack, hello)
		}
	}},
	{"empty records", func(r *recorded, n int) {
		s := r.connection(1)
		s.open()
		s.segment(0, ack, hello)
		for range n {
			s.segment(0, ack, bytes.Repeat([]byte{22, 3, 3, 0, 0}, 100))
		}
	}},
	{"all backwards", func(r *recorded, n int) {
		s := r.connection(1)
		s.open()
		seq := s.seq[0]
		for i := range n {
			s.seq[0] = seq + uint32(n-i)*10
			s.segment(0, ack, make([]byte, 10))
		}
	}},
	{"backwards in heaps", func(r *recorded, n int) {
		const heap = 4000 // as many as wait for one
		s := r.connection(1)
		s.open()
		for ; n >= heap; n -= heap {
			seq := s.seq[0]
			for i := range heap {
				s.seq[0] = seq + uint32(heap-1-i)*10
				s.segment(0, ack, make([]byte, 10))
			}
			s.seq[0] = seq + heap*10
		}
	}},
	{"every second one is missing", func(r *recorded, n int) {
		s := r.connection(1)
		s.open()
		s.segment(0, ack, hello)
		for range n {
			s.seq[0] += 10
			s.segment(0, ack, make([]byte, 10))
		}
	}},
	{"all twice, and otherwise", func(r *recorded, n int) {
		s := r.connection(1)
		s.open()
		for i := range n {
			s.segment(0, ack, bytes.Repeat([]byte{byte(i)}, 100))
			s.seq[0] -= 100
			s.segment(0, ack, bytes.Repeat([]byte{byte(i + 1)}, 100))
		}
	}},
	{"datagrams", func(r *recorded, n int) {
		for i := range n {
			s := r.connection(i)
			r.packet(17, s.ends[0], s.ends[1], 0, 0, 0, make([]byte, 50))
		}
	}},
	{"the same ports for ever", func(r *recorded, n int) {
		s := r.connection(1)
		for range n / 4 {
			s.open()
			s.segment(0, ack, hello)
			s.seq = [2]uint32{s.seq[0] + 1<<20, s.seq[1] + 1<<20}
		}
	}},
	{"half a hello on each", func(r *recorded, n int) {
		for i := range n / 4 {
			s := r.connection(i)
			s.open()
			s.segment(0, ack, hello[:len(hello)-1])
		}
	}},
	{"fragments without others", func(r *recorded, n int) {
		for i := range n {
			s := r.connection(i)
			r.fragment(s, uint16(i), make([]byte, 64))
		}
	}},
	{"a message that does not end, on each", func(r *recorded, n int) {
		for i := range n / 4 {
			s := r.connection(i)
			s.open()
			s.segment(0, ack, hello)
			s.segment(1, ack, append([]byte{22, 3, 3, 4, 0, 11, 3, 0xff, 0xf0}, make([]byte, 1000)...))
		}
	}},
	{"interfaces", func(r *recorded, n int) {
		r.blocks()
		for range n {
			r.block(1, []byte{101, 0, 0, 0, 0, 0, 0, 0})
		}
	}},
	{"interfaces with long names", func(r *recorded, n int) {
		r.blocks()
		name := append([]byte{101, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0xf0, 0}, make([]byte, 0xf0)...)
		for range n {
			r.block(1, name)
		}
	}},
}

// blocks begins the file anew, as pcapng.
func (r *recorded) blocks() {
	r.w.Reset(r.to)
	r.n = 0
	r.block(0x0a0d0d0a, []byte{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255})
}

// block writes a block of pcapng, whose body is padded.
func (r *recorded) block(kind uint32, body []byte) {
	n := uint32(12 + len(body))
	b := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, kind), n)
	b = binary.LittleEndian.AppendUint32(append(b, body...), n)
	r.w.Write(b)
	r.n += int64(n)
}

// readable: a file is read to its end, or refused for what it is.
func readable(tb testing.TB, err error) {
	tb.Helper()
	var broken *dissect.Error
	if err != nil && !(errors.As(err, &broken) && broken.Trouble == dissect.Corrupt) {
		tb.Fatal(err)
	}
}

// hello is a ClientHello that offers nothing but a suite of TLS 1.2.
var hello = func() []byte {
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, 0, 0, 2, 0xc0, 0x2f, 1, 0)
	b := append([]byte{1, 0, 0, byte(len(body))}, body...)
	return append([]byte{22, 3, 1, 0, byte(len(b))}, b...)
}()

// fragment writes the first fragment of a packet whose others do not come.
func (r *recorded) fragment(s *session, id uint16, b []byte) {
	var whole bytes.Buffer
	one := record(&whole)
	one.packet(17, s.ends[0], s.ends[1], 0, 0, 0, b)
	one.w.Flush()
	p := whole.Bytes()[24:]
	binary.BigEndian.PutUint16(p[16+14+4:], id)
	binary.BigEndian.PutUint16(p[16+14+6:], 0x2000)
	r.w.Write(p)
	r.n += int64(len(p))
}

// What a burden costs grows as the file does, and what lives at its end does not: counted in bytes that were asked of the heap, for the
// processor's time follows them where anything is copied again and again.
func TestGrowth(t *testing.T) {
	cost := func(write func(*recorded, int), n int) (spent, live uint64, totals explain.Totals) {
		var b bytes.Buffer
		r := record(&b)
		write(r, n)
		r.w.Flush()
		file := &weighed{Reader: bytes.NewReader(b.Bytes())}
		before := heap()
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		totals, err := explain.Read(context.Background(), file, explain.Options{})
		readable(t, err)
		runtime.ReadMemStats(&m1)
		if file.live == 0 { // it was not read to its end
			file.live = heap()
		}
		if file.live > before {
			live = file.live - before
		}
		return m1.TotalAlloc - m0.TotalAlloc, live, totals
	}
	for _, row := range hostile {
		const n = 5_000
		one, _, _ := cost(row.write, n)
		four, live, totals := cost(row.write, 4*n)
		t.Logf("%-40s %7.1f and %7.1f bytes a packet, %d KiB live", row.name, float64(one)/n, float64(four)/(4*n), live>>10)
		if four > 5*one+4<<20 {
			t.Errorf("%s: %d packets ask for %d bytes, four times as many for %d", row.name, n, one, four)
		}
		if most := uint64(3<<20 + totals.Connections*perConnection); live > most {
			t.Errorf("%s: %d KiB live, with %d connections", row.name, live>>10, totals.Connections)
		}
	}
}

// BenchmarkHostile prints how the time of a file grows with it: 1 is as it should be.
func BenchmarkHostile(b *testing.B) {
	for _, row := range hostile {
		b.Run(fmt.Sprintf("%.20s", row.name), func(b *testing.B) {
			var files [2]bytes.Buffer
			for i, n := range []int{50_000, 200_000} {
				r := record(&files[i])
				row.write(r, n)
				r.w.Flush()
			}
			var took [2]float64
			for b.Loop() {
				for i := range files {
					start := processor(b)
					_, err := explain.Read(context.Background(), io.Reader(bytes.NewReader(files[i].Bytes())), explain.Options{})
					readable(b, err)
					took[i] += processor(b) - start
				}
			}
			b.ReportMetric(took[1]/took[0]/4, "growth")
			b.ReportMetric(took[1]/float64(b.N)/200_000*1e9, "ns/packet")
			b.ReportMetric(0, "ns/op")
		})
	}
}
