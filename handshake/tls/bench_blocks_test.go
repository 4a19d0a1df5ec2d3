package tls_test

import (
	"runtime"
	"slices"
	"testing"
)

// Each benchmark runs those it compares in turn, in blocks of one loop, and reports ratios of
// medians: machines are noisy, but not differently for the two. What is taken is the time that
// the process had a processor, all of its threads together, so that neighbours count less and
// waking the other end's goroutine counts as much as it costs. A garbage collection before
// each block lets everybody pay for his own garbage.
//
// A run of 60 blocks is steady to two or three percent: -benchtime 60x. With -cpu 1 the two
// ends share one processor, as on a busy server.

// blockSize is how often each of those compared runs before it is the other's turn:
// often enough for garbage to be collected.
const blockSize = 100

// blocks are the times of one run, in seconds, block by block.
type blocks []float64

// time adds a block of runs of f, and the garbage of none else.
func (t *blocks) time(f func()) { t.timeMany(1, f) }

// timeMany is time with a block so many times as long, for what is that much shorter.
func (t *blocks) timeMany(times int, f func()) {
	runtime.GC()
	start := processorTime()
	for range blockSize * times {
		f()
	}
	*t = append(*t, (processorTime()-start).Seconds()/float64(blockSize*times))
}

// median forgets the blocks in which the machine did something else.
func (t blocks) median() float64 {
	sorted := slices.Sorted(slices.Values(t))
	return sorted[len(sorted)/2]
}

// compare reports what ours costs, and three ratios: of crypto/tls, of our floor, and of
// crypto/tls to its own. A floor is what nobody can do without: the bare primitives, for both
// ends. The two floors differ in the exchange of keys, where ours is circl's and edwards25519's
// and crypto/tls's the standard library's; signatures are the same ones in both, and so is the
// key schedule, which is ours: crypto/tls's own makes more allocations. So the last ratio tells,
// but for that, how much of the first is due to a faster exchange, and how much to the engine. A
// block is as many times longer as what is compared is shorter than a handshake.
func compare(b *testing.B, times int, ours, std, floor, stdFloor func()) {
	var o, s, f, g blocks
	for b.Loop() {
		o.timeMany(times, ours)
		s.timeMany(times, std)
		f.timeMany(times, floor)
		g.timeMany(times, stdFloor)
	}
	b.ReportMetric(o.median()*1e6, "ours-µs")
	b.ReportMetric(o.median()/s.median(), "ours/crypto-tls")
	b.ReportMetric(o.median()/f.median(), "ours/floor")
	b.ReportMetric(s.median()/g.median(), "crypto-tls/its-floor")
	a, c := testing.AllocsPerRun(20, ours), testing.AllocsPerRun(20, std)
	b.ReportMetric(a, "ours-allocs")
	b.ReportMetric(a/c, "allocs-ours/crypto-tls")
}
