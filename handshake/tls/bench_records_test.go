package tls_test

import (
	"bytes"
	stdtls "crypto/tls"
	"fmt"
	"io"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/suite"
)

// recordSuites are one of each: both ciphers of TLS 1.2 and of 1.3.
var recordSuites = []iana.CipherSuite{0xc02f, 0xcca8, 0x1301, 0x1303}

// BenchmarkRecords carries records from one net.Conn to the other through memory: small ones,
// where each pays for what is done once a record, and whole ones, where copies count. One
// goroutine writes and then reads, so that nobody is woken. Beside it crypto/tls does the same
// (rate-of-crypto-tls is our rate of its), and the bare AEAD, which seals and opens as much and
// moves it nowhere.
func BenchmarkRecords(b *testing.B) {
	for _, id := range recordSuites {
		for _, size := range []int{100, 1 << 10, 1 << 14} {
			b.Run(fmt.Sprintf("%v/%d", id, size), func(b *testing.B) {
				w, data, buf := recordWorld(b, id, size)
				x, y := tlstest.Pipe()
				ours := transfer(b, tlstest.Client(b, x, w.client), tlstest.Server(b, y, w.server), data, buf)
				x, y = tlstest.Pipe()
				peer := stdtls.Client(x, w.stdClient)
				std := transfer(b, peer, stdtls.Server(y, w.stdServer), data, buf)
				if peer.ConnectionState().CipherSuite != uint16(id) {
					std = nil // which suite of TLS 1.3 it takes cannot be told to crypto/tls
				}
				rates(b, 1<<16, size, ours, std, bareSealer(b, id, data))
			})
		}
	}
}

// BenchmarkEcho sends records over loopback to a server that sends each back: what a read and a
// write of a socket cost, and a goroutine woken, are in both figures.
func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{100, 1 << 10, 1 << 14} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w, data, buf := recordWorld(b, 0x1301, size)
			x, y := socketPair(b)
			ours := echo(b, tlstest.Client(b, x, w.client), tlstest.Server(b, y, w.server), data, buf)
			x, y = socketPair(b)
			std := echo(b, stdtls.Client(x, w.stdClient), stdtls.Server(y, w.stdServer), data, buf)
			rates(b, 1<<11, size, ours, std, nil)
		})
	}
}

func recordWorld(tb testing.TB, id iana.CipherSuite, size int) (w *world, data, buf []byte) {
	// The reader's buffer has room for the tag: there ours opens a record in place, as it does in
	// the 32 KiB of io.Copy. Into one of just the record's length it copies.
	w = newWorld(tb, benchCase{alg: "rsa", suite: uint16(id)})
	// crypto/tls cuts its first records small else, and transfer reads one for each Write.
	w.stdClient.DynamicRecordSizingDisabled, w.stdServer.DynamicRecordSizingDisabled = true, true
	return w, bytes.Repeat([]byte("tlslab!\n"), size/8+1)[:size], make([]byte, size+256)
}

// rates reports the rates of up to three that carry size bytes each, and about as much as total
// before it is the other's turn: a block must be long beside the clock's tick.
func rates(b *testing.B, total, size int, ours, std, bare func()) {
	times := max(1, total/size)
	var o, s, f blocks
	for b.Loop() {
		o.timeMany(times, ours)
		if std != nil {
			s.timeMany(times, std)
		}
		if bare != nil {
			f.timeMany(times, bare)
		}
	}
	b.ReportMetric(float64(size)/o.median()/1e6, "ours-MB/s")
	if std != nil {
		b.ReportMetric(s.median()/o.median(), "rate-of-crypto-tls")
	}
	if bare != nil {
		b.ReportMetric(f.median()/o.median(), "rate-of-bare-AEAD")
	}
	if std != nil && bare != nil {
		b.ReportMetric(f.median()/s.median(), "crypto-tls-of-bare-AEAD")
	}
	b.ReportMetric(testing.AllocsPerRun(100, ours), "allocs/record")
}

// transfer shakes hands, and returns what carries data from one to the other.
func transfer(tb testing.TB, c, s tlstest.Conn, data, buf []byte) func() {
	if cerr, serr := tlstest.Shake(c, s); cerr != nil || serr != nil {
		tb.Fatal(cerr, serr)
	}
	tb.Cleanup(func() { c.Close(); s.Close() })
	return func() {
		if _, err := c.Write(data); err != nil {
			tb.Fatal(err)
		}
		if n, err := s.Read(buf); err != nil || n != len(data) {
			tb.Fatal(n, err)
		}
	}
}

// echo is transfer to a server that says it all again.
func echo(tb testing.TB, c, s tlstest.Conn, data, buf []byte) func() {
	if cerr, serr := tlstest.Shake(c, s); cerr != nil || serr != nil {
		tb.Fatal(cerr, serr)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		p := make([]byte, len(data))
		for {
			if _, err := io.ReadFull(s, p); err != nil {
				return // the client has gone
			}
			if _, err := s.Write(p); err != nil {
				return
			}
		}
	}()
	tb.Cleanup(func() { c.Close(); <-over; s.Close() })
	return func() {
		if _, err := c.Write(data); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf[:len(data)]); err != nil {
			tb.Fatal(err)
		}
	}
}

// bareSealer seals data and opens it again.
func bareSealer(b *testing.B, id iana.CipherSuite, data []byte) func() {
	aead := bareAEAD(b, suite.ByID(id))
	sealed, opened := make([]byte, 0, len(data)+64), make([]byte, 0, len(data))
	nonce, aad := make([]byte, 12), make([]byte, 13)
	return func() {
		sealed = aead.Seal(sealed[:0], nonce, data, aad)
		var err error
		if opened, err = aead.Open(opened[:0], nonce, sealed, aad); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBulk is the engine alone, without a net.Conn, with whole records: what package tls's
// locks and its way to the socket cost shows beside BenchmarkRecords.
func BenchmarkBulk(b *testing.B) {
	for _, id := range recordSuites {
		b.Run(id.String(), func(b *testing.B) {
			w, data, buf := recordWorld(b, id, 1<<14)
			c, err := handshake.NewClient(w.client)
			if err != nil {
				b.Fatal(err)
			}
			s, err := handshake.NewServer(w.server)
			if err != nil {
				b.Fatal(err)
			}
			carry(c, s)
			if !c.Done() || !s.Done() {
				b.Fatal(c.Err(), s.Err())
			}
			ours := func() {
				if _, err := c.Write(data); err != nil {
					b.Fatal(err)
				}
				out := c.Output()
				s.Fed(copy(s.Space(len(out)), out))
				n, err := s.Read(buf)
				if err != nil || n != len(data) {
					b.Fatal(n, err)
				}
			}
			bare := bareSealer(b, id, data)
			var o, f blocks
			for b.Loop() {
				o.time(ours)
				f.time(bare)
			}
			b.ReportMetric(float64(len(data))/o.median()/1e6, "ours-MB/s")
			b.ReportMetric(f.median()/o.median(), "rate-of-bare-AEAD")
			b.ReportMetric(testing.AllocsPerRun(100, ours), "allocs/record")
		})
	}
}

// carry pumps two endpoints until neither can go on.
func carry(c, s *handshake.Endpoint) {
	for moved := true; moved; {
		moved = false
		for _, p := range [][2]*handshake.Endpoint{{c, s}, {s, c}} {
			for progress := true; progress; {
				var err error
				if progress, err = p[0].Step(); err != nil {
					break
				}
			}
			if out := p[0].Output(); len(out) > 0 {
				p[1].Feed(out)
				moved = true
			}
		}
	}
}
