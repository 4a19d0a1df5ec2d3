package tls_test

import (
	stdtls "crypto/tls"
	"net"
	"runtime"
	"testing"

	"tlslab/handshake/tls"
)

// BenchmarkIdle holds connections over loopback that say nothing, and weighs the
// server's side of them after two garbage collections, against crypto/tls's: heap
// and stack, the socket and the goroutine that waits in Read included.
//
// Ours weigh not quite six tenths, and with ML-KEM four, because Read's frames are small enough for the stack to shrink to
// 4 KB, no buffer is held between records, and a key's expansion is held weakly.
func BenchmarkIdle(b *testing.B) {
	for _, c := range benchCases {
		if c.alg != "ecdsa" || c.auth {
			continue // the key exchange and the version make the difference
		}
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, c)
			ours := weigh(b, w, func(conn net.Conn) (net.Conn, error) { return tls.Server(conn, w.server) })
			std := weigh(b, w, func(conn net.Conn) (net.Conn, error) { return stdtls.Server(conn, w.stdServer), nil })
			b.ReportMetric(ours, "ours-B/conn")
			b.ReportMetric(std, "crypto-tls-B/conn")
			b.ReportMetric(ours/std, "ours/crypto-tls")
		})
	}
}

// idle is how many, whatever b.N: it is a weight, not a time. Each takes two file
// descriptors, of which a process commonly gets 20,000.
const idle = 9_500

// weigh returns the bytes of one connection.
func weigh(b *testing.B, w *world, server func(net.Conn) (net.Conn, error)) float64 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	clients := make([]net.Conn, idle)
	ended := make(chan error, idle)
	before := inUse()
	for i := range clients {
		if clients[i], err = net.Dial("tcp", l.Addr().String()); err != nil {
			b.Fatal(err)
		}
		raw, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		s, err := server(raw)
		if err != nil {
			b.Fatal(err)
		}
		go func() {
			var p [1]byte
			_, err := s.Read(p[:])
			ended <- err
			raw.Close()
		}()
		c := stdtls.Client(clients[i], w.stdClient) // nothing of it is kept
		if err := c.Handshake(); err != nil {
			b.Fatal(err)
		}
	}
	after := inUse()
	for i := range clients {
		clients[i].Close()
		<-ended
	}
	return float64(after-before) / idle
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
