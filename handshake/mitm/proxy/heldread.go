package proxy

import (
	"hash/maphash"
	"io"
	"sync"

	"tlslab/handshake/mitm/relay"
)

// The bodies that hooks read.

// heldReader is a body as it comes.
type heldReader struct {
	h    *h1
	x    *relay.Exchange
	from relay.Side
}

// Read waits for more of the body.
func (r *heldReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	for {
		n, err := r.h.m.Take(r.x, r.from, p)
		switch {
		case n > 0:
			r.h.settle(r.from.Other()) // credit for who sends it
			r.h.sent.Broadcast()
			return n, nil
		case err == io.EOF:
			return 0, err
		case err != nil:
			return 0, errOver
		}
		r.h.sent.Wait()
	}
}

var seed = maphash.MakeSeed()

// summed is a reader that knows what it has read. A hook may read it from wherever, also while it is
// asked what that was.
type summed struct {
	io.Reader

	mu  sync.Mutex // not held while it reads, which may wait
	n   int64
	sum maphash.Hash
	set bool

	keep int // so many of the first bytes
	kept []byte
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.set {
		s.set = true
		s.sum.SetSeed(seed)
	}
	s.n += int64(n)
	s.kept = append(s.kept, p[:min(n, s.keep-len(s.kept))]...)
	_, _ = s.sum.Write(p[:n]) // to memory
	return n, err
}

// total is how much it has read, and the sum of that; 0 for nothing.
func (s *summed) total() (n int64, sum uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n > 0 {
		sum = s.sum.Sum64()
	}
	return s.n, sum
}

// same reports whether two readers have read the same.
func (s *summed) same(t *summed) bool {
	n, sum := s.total()
	n2, sum2 := t.total()
	return n == n2 && sum == sum2
}
