package explain_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/explain"
)

// dialogueOf is who said what over UDP in a capture: true is the client.
func dialogueOf(t testing.TB, name string) (said []struct {
	client bool
	b      []byte
}) {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := dissect.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var l dissect.Layers
	for {
		p, err := r.Next()
		if err != nil {
			return said
		}
		if _, d := l.Packet(p); d != nil {
			said = append(said, struct {
				client bool
				b      []byte
			}{d.To.Port() == 19443, bytes.Clone(d.Payload)})
		}
	}
}

// many is a file with n times the same connection, each from a port of its own and all open at once, of
// the first so many datagrams.
func many(t testing.TB, name string, n, datagrams int) []byte {
	t.Helper()
	file := bytes.Clone(emptyFile)
	for _, d := range dialogueOf(t, name)[:datagrams] {
		for i := range n {
			from, to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(20000+i)), uint16(443)
			if !d.client {
				from, to = netip.AddrPortFrom(from.Addr(), 443), from.Port()
			}
			file = appendDatagram(file, from, to, d.b)
		}
	}
	return file
}

// What is kept of a connection of QUIC fits into six kilobytes too: of one whose hellos were read, and of
// one of whose hello half has come.
func TestQUICMemory(t *testing.T) {
	const n = 1000
	for _, row := range []struct {
		name      string
		datagrams int
		most      int64
	}{{"v1", 11, perConnection}, {"chromium_answered", 14, perConnection}, {"chromium", 2, perConnection}, {"v1", 1, perConnection}} {
		b := many(t, "testdata/quic_"+row.name+".pcapng", n, row.datagrams)
		file := &weighed{Reader: bytes.NewReader(b)}
		before := heap()
		totals, err := explain.Read(context.Background(), file, explain.Options{Each: func(*explain.Connection) {}})
		if err != nil || totals.QUIC != n {
			t.Fatal(totals, err)
		}
		each := (int64(file.live) - int64(before)) / n
		t.Logf("%s, %d datagrams: %d bytes a connection", row.name, row.datagrams, each)
		if each > row.most {
			t.Errorf("%s, %d datagrams: %d bytes a connection", row.name, row.datagrams, each)
		}
		runtime.KeepAlive(b)
	}
}

// What the hellos of a connection ask of memory in all: see TestAsked.
func TestQUICAsked(t *testing.T) {
	const n = 1000
	for _, row := range []struct {
		name           string
		datagrams      int
		allocs, octets uint64 // at most
	}{{"v1", 1, 25, 8 << 10}, {"v1", 11, 135, 26 << 10}, {"chromium", 2, 95, 18 << 10}} {
		b := many(t, "testdata/quic_"+row.name+".pcapng", n, row.datagrams)
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		totals, err := explain.Read(context.Background(), bytes.NewReader(b), explain.Options{Each: func(*explain.Connection) {}})
		runtime.ReadMemStats(&m1)
		if err != nil || totals.QUIC != n {
			t.Fatal(totals, err)
		}
		allocs, octets := (m1.Mallocs-m0.Mallocs)/n, (m1.TotalAlloc-m0.TotalAlloc)/n
		t.Logf("%s, %d datagrams: %d allocations of %d bytes a connection", row.name, row.datagrams, allocs, octets)
		if allocs > row.allocs || octets > row.octets && !raceEnabled {
			t.Errorf("%s, %d datagrams: %d allocations of %d bytes a connection, at most %d of %d", row.name, row.datagrams, allocs, octets, row.allocs, row.octets)
		}
	}
}

// The hellos of QUIC in a file, by how many there are.
func BenchmarkQUIC(b *testing.B) {
	for _, row := range []struct {
		name string
		n    int
	}{{"1000", 1000}, {"10000", 10000}} {
		file := many(b, "testdata/quic_v1.pcapng", row.n, 11)
		b.Run(row.name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				totals, err := explain.Read(context.Background(), bytes.NewReader(file), explain.Options{Each: func(*explain.Connection) {}})
				if err != nil || totals.QUIC != row.n {
					b.Fatal(totals, err)
				}
			}
		})
	}
}
