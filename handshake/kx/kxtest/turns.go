package kxtest

import (
	"bytes"
	"sync"

	"tlslab/handshake/kx"
)

const disturbed = "connections disturb each other: a Group is shared by all of them, so it can keep nothing of one exchange"

// turns uses one Group for several connections, as a server does: first in turns, then from several
// goroutines. Under -race the latter finds whatever is shared; without, what that breaks.
func (s *suite) turns() {
	var alone [4]exchange // with nobody else about
	for i := range alone {
		var ok bool
		if alone[i], ok = s.run(2*i, 2*i+1); !ok {
			return
		}
	}
	if !s.inTurns(alone[0], alone[1]) {
		s.fault(disturbed)
		return
	}
	s.atOnce(len(alone), func(p *suite, i int) bool {
		x, ok := p.run(2*i, 2*i+1)
		return ok && p.stands(x.offer, x.answer, x.secret, alone[i])
	})
}

// atOnce has n connections at once, each several times over, and wants each undisturbed.
func (s *suite) atOnce(n int, undisturbed func(p *suite, i int) bool) {
	parts := make([]*suite, n)
	var wg sync.WaitGroup
	for i := range parts {
		p := &suite{config: s.config, group: s.group, name: s.name, mark: s.mark}
		parts[i] = p
		wg.Go(func() {
			p.watch(func() {
				for range 4 {
					if !undisturbed(p, i) {
						p.fault(disturbed)
					}
				}
			})
		})
	}
	wg.Wait()
	for _, p := range parts {
		s.join(p)
	}
}

// inTurns makes two exchanges step by step, a step of the one and a step of the other, and looks afterwards
// whether all that came of them is what came of them alone.
func (s *suite) inTurns(alone ...exchange) bool {
	ends := make([]exchange, len(alone))
	secrets := make([][]byte, len(alone)) // as Finish returned them: no copies
	var err error
	for i := range ends {
		if ends[i].offer, err = s.tryOffer(seeded(2 * i)); err != nil {
			return false
		}
	}
	for i := range ends {
		if ends[i].answer, err = s.answer(seeded(2*i+1), bytes.Clone(alone[i].offered)); err != nil {
			return false
		}
	}
	for i := range ends {
		if secrets[i], err = s.finish(ends[i].offer, bytes.Clone(alone[i].reply)); err != nil {
			return false
		}
	}
	for i, x := range ends {
		if !s.stands(x.offer, x.answer, secrets[i], alone[i]) {
			return false
		}
	}
	return true
}

// stands reports whether both ends still say what they said in x, and secret, which Finish returned, too.
func (s *suite) stands(o kx.Offer, a kx.Answer, secret []byte, x exchange) bool {
	return bytes.Equal(s.share("an Offer", o), x.offered) && bytes.Equal(s.share("an Answer", a), x.reply) &&
		bytes.Equal(s.secret(a), x.secret) && bytes.Equal(secret, x.secret)
}
