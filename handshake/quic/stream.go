package quic

import (
	"errors"
	"slices"
)

// MaxCrypto is how many bytes of a direction's CRYPTO frames are put together, in all and
// beyond what is missing: a hello with all that anybody sends has a tenth of it.
const MaxCrypto = 64 << 10

// maxPieces is how many pieces of a stream may wait for what is before them.
const maxPieces = 1024

// pieceCost is what a piece takes beside its bytes.
const pieceCost = 48

// ErrTooMuch says that CRYPTO frames are further ahead, or more, than anything that is put
// together here.
var ErrTooMuch = errors.New("more CRYPTO data than a handshake has")

// A Stream puts the data of CRYPTO frames together. Of bytes that come twice the first count
// (a sender may not send others, RFC 9000 §2.2). The zero value is ready.
type Stream struct {
	read    uint64 // bytes that were taken out
	ready   []byte // what follows on those
	waiting []piece
	held    int
}

// piece is what came before what comes before it. They are in order and apart.
type piece struct {
	off uint64
	b   []byte
}

func (p *piece) end() uint64 { return p.off + uint64(len(p.b)) }

// Add takes a frame's data in. It keeps a copy.
func (s *Stream) Add(off uint64, b []byte) error {
	if off > MaxCrypto || off+uint64(len(b)) > MaxCrypto {
		return ErrTooMuch
	}
	if next := s.next(); off < next {
		if off+uint64(len(b)) <= next {
			return nil
		}
		b, off = b[next-off:], next
	}
	if end := off + uint64(len(b)); off == s.next() && (len(s.waiting) == 0 || end <= s.waiting[0].off) { // as a rule
		s.join(end, b)
		return nil
	}
	// Only what no piece has: the gaps between those that wait.
	i, _ := slices.BinarySearchFunc(s.waiting, off, func(p piece, off uint64) int {
		if p.end() <= off {
			return -1
		}
		return 1
	})
	for len(b) > 0 {
		for i < len(s.waiting) && s.waiting[i].end() <= off {
			i++
		}
		n := len(b)
		if i < len(s.waiting) {
			if w := &s.waiting[i]; w.off <= off {
				had := min(uint64(n), w.end()-off)
				b, off = b[had:], off+had
				continue
			} else if w.off < off+uint64(n) {
				n = int(w.off - off)
			}
		}
		if len(s.waiting) >= maxPieces {
			return ErrTooMuch
		}
		s.waiting = slices.Insert(s.waiting, i, piece{off, slices.Clone(b[:n])})
		s.held += n + pieceCost
		b, off = b[n:], off+uint64(n)
	}
	s.join(s.next(), nil)
	return nil
}

// join adds b, which ends at end, to what is ready, and all that waits for it.
func (s *Stream) join(end uint64, b []byte) {
	joined, n := 0, len(b)
	for joined < len(s.waiting) && s.waiting[joined].off == end {
		end = s.waiting[joined].end()
		n += len(s.waiting[joined].b)
		joined++
	}
	s.ready = append(slices.Grow(s.ready, n), b...)
	for _, p := range s.waiting[:joined] {
		s.ready = append(s.ready, p.b...)
	}
	s.held += len(b) - joined*pieceCost
	if s.waiting = slices.Delete(s.waiting, 0, joined); len(s.waiting) == 0 {
		s.waiting = nil
	}
}

func (s *Stream) next() uint64 { return s.read + uint64(len(s.ready)) }

// Ready is what has come without a gap and was not taken out. It is the stream's until Take.
func (s *Stream) Ready() []byte { return s.ready }

// Take takes out the first n bytes of Ready, which are the caller's.
func (s *Stream) Take(n int) []byte {
	b := s.ready[:n:n]
	s.ready = s.ready[n:]
	if len(s.ready) == 0 {
		s.ready = nil
	}
	s.read += uint64(n)
	s.held -= n
	return b
}

// Waits reports whether something came behind a gap.
func (s *Stream) Waits() bool { return len(s.waiting) > 0 }

// Held is how many bytes the stream keeps.
func (s *Stream) Held() int { return s.held }
