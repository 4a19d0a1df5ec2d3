package kxtest

import (
	"bytes"
	"math/rand/v2"
	"slices"
)

// The checks of this file play the attacker: they send shares that no honest peer would send.

// someNoise is how often random bytes and changed shares are fed, each to both ends.
const someNoise = 20

// tries is how many private keys a dictated secret has to survive; fewer for a slow group.
func (s *suite) tries() int { return max(3, min(8, s.runs)) }

// lengths wants every share of a wrong length refused.
func (s *suite) lengths() {
	try := func(who string, share []byte, take func([]byte) error) {
		n := len(share)
		type mistake struct {
			what  string
			share []byte
		}
		wrong := []mistake{{"an empty share", nil}}
		if !s.varying {
			wrong = append(wrong,
				mistake{"a share cut short", share[:n-1]},
				mistake{"a share without its first byte", share[1:]},
				mistake{"a share with a byte too many", append(slices.Clone(share), 0)},
				mistake{"a share with a zero byte in front", append([]byte{0}, share...)},
				mistake{"a share sent twice over", append(slices.Clone(share), share...)})
		}
		before := len(s.faults)
		for _, w := range wrong {
			if take(bytes.Clone(w.share)) == nil {
				s.fault("%s accepts %s: check the length before anything else", who, w.what)
			}
		}
		if s.varying || len(s.faults) > before {
			return
		}
		// The rest all make one sentence.
		for _, m := range otherLengths(n) {
			if take(bytes.Repeat(share, 1+m/n)[:m]) == nil {
				s.fault("%s accepts a share of %d bytes instead of %d: check the length before anything else", who, m, n)
				return
			}
		}
	}
	try("Answer", s.honest.offered, func(b []byte) error {
		_, err := s.answer(seeded(3), b)
		return err
	})
	try("Finish", s.honest.reply, s.refuses)
}

// refuses gives a share to a fresh offer: one that has refused a share before may refuse all.
func (s *suite) refuses(share []byte) error {
	o, ok := s.offer(seeded(0))
	if !ok {
		return errTold
	}
	_, err := s.finish(o, share)
	return err
}

// otherLengths are all lengths but n from 1 to 2n+1, as far as a slow group can be asked
// so often: from a long share on only those around the ends, the middle and the powers
// of two, where a missing check would have its reasons.
func otherLengths(n int) []int {
	const all, around = 150, 3
	edges := []int{1, n / 2, n, 2 * n}
	for power := 4; power < 2*n; power *= 2 {
		edges = append(edges, power)
	}
	var out []int
	for m := 1; m <= 2*n+1; m++ {
		near := slices.ContainsFunc(edges, func(e int) bool { return m-e <= around && e-m <= around })
		if m != n && (n <= all || near) {
			out = append(out, m)
		}
	}
	return out
}

// badShares wants refused what the options name, and of a finite field what lies
// outside 1 < y < p-1.
func (s *suite) badShares() {
	edge := outside(s.prime(), len(s.honest.offered))
	offers, answers := slices.Concat(s.badOffers, edge), slices.Concat(s.badAnswers, edge)
	for _, bad := range offers {
		if _, err := s.answer(seeded(1), bytes.Clone(bad)); err == nil {
			s.fault("Answer accepts the bad share %s", brief(bad))
		}
	}
	for _, bad := range answers {
		if s.refuses(bytes.Clone(bad)) == nil {
			s.fault("Finish accepts the bad share %s", brief(bad))
		}
	}
}

// fixedSecrets looks for shares that a peer can send to dictate the secret: 0 and 1
// in either byte order. To accept such a value is fine as long as the secret still
// depends on the other end's key, as it does in a KEM.
func (s *suite) fixedSecrets() {
	for _, n := range []int{0, 1} {
		for _, little := range []bool{false, true} {
			try := func(who string, size int, compute func(seed int, share []byte) ([]byte, error)) {
				share := make([]byte, size)
				if little {
					share[0] = byte(n)
				} else {
					share[size-1] = byte(n)
				}
				seen := map[string]bool{}
				for seed := range s.tries() {
					secret, err := compute(1000+seed, bytes.Clone(share))
					if err != nil {
						return
					}
					seen[string(secret)] = true
				}
				if len(seen) == 1 {
					s.fault("%s accepts the share %s, which fixes the secret whatever the private key is: refuse it", who, brief(share))
				}
			}
			try("Answer", len(s.honest.offered), func(seed int, share []byte) ([]byte, error) {
				a, err := s.answer(seeded(seed), share)
				if err != nil {
					return nil, err
				}
				return s.secret(a), nil
			})
			try("Finish", len(s.honest.reply), func(seed int, share []byte) ([]byte, error) {
				o, err := s.tryOffer(seeded(seed))
				if err != nil {
					return nil, err
				}
				return s.finish(o, share)
			})
		}
	}
}

// garbage feeds random bytes, and honest shares with a few bytes changed; the calls
// themselves notice a panic.
func (s *suite) garbage() {
	noise := rand.New(rand.NewChaCha8([32]byte{77}))
	feed := func(b []byte) {
		_, _ = s.answer(seeded(1), bytes.Clone(b))
		if o, err := s.tryOffer(seeded(0)); err == nil {
			_, _ = s.finish(o, bytes.Clone(b))
		}
	}
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(noise.Uint32())
		}
		return b
	}
	for _, n := range []int{0, 1, 2, 31, 32, 33, 255} {
		feed(random(n))
	}
	for _, honest := range [][]byte{s.honest.offered, s.honest.reply} {
		if len(honest) == 0 {
			continue
		}
		feed(bytes.Repeat([]byte{0xff}, len(honest)))
		for range min(s.runs, someNoise) {
			feed(random(len(honest)))
			changed := bytes.Clone(honest)
			for range 1 + noise.IntN(3) {
				changed[noise.IntN(len(changed))] = byte(noise.Uint32())
			}
			feed(changed)
		}
	}
}
