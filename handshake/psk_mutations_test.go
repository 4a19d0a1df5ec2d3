package handshake_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// The messages of TLS 1.3 that begin with a key, cut, bent and mutated: as
// malformed_test.go does with all others.

// resumedFlows are the ways to begin with a key: by ticket, with and without a key
// exchange, retried, with early data taken, and by a key from elsewhere.
var resumedFlows = sync.OnceValue(func() (all []*recording) {
	type change = func(c, s *handshake.Config)
	add := func(name string, first bool, changes ...change) {
		c, s := ends13(world("ecdsa"))
		c.Suites, s.Suites = only(aes128GCM), only(aes128GCM)
		c.SeparateRecords, s.SeparateRecords = true, true
		c.Groups, s.Groups = []kx.Group{kx.X25519}, []kx.Group{kx.X25519}
		c.Sessions, s.Tickets = frozen{}, session.NewTicketKeys(seeded("ticket keys"), 0)
		for _, f := range changes {
			f(c, s)
		}
		f := &flow{name: name, client: *c, server: *s}
		if first {
			f = f.second()
		}
		r, err := f.record()
		if err != nil {
			panic(fmt.Errorf("%s: %w", name, err))
		}
		all = append(all, r)
	}
	early := func(c, s *handshake.Config) { c.EarlyData, s.MaxEarlyData = true, 1000 }
	keyOnly := func(c, s *handshake.Config) {
		c.PSKModes, s.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}, []iana.PSKKeyExchangeMode{iana.PSKOnly}
	}
	plainly := func(c, s *handshake.Config) { c.NoCompatibilityMode = true }
	add("resumed", true)
	add("resumed without a key exchange", true, keyOnly)
	add("resumed after a retry", true, func(c, s *handshake.Config) { c.KeyShares, s.RetryWithCookie = []iana.Group{}, true })
	add("early data", true, early)
	add("early data, no disguise", true, early, plainly)
	add("early data, rejected for a retry", true, early, func(c, s *handshake.Config) { s.RetryWithCookie = true })
	add("an external key", false, func(c, s *handshake.Config) {
		c.PSKs = []handshake.PSK{{Identity: []byte("a"), Key: []byte("0123456789abcdef")}, {Identity: []byte("lab"), Key: []byte("0123456789abcdef")}}
		s.PSKs = c.PSKs[1:]
	})
	return all
})

// Each recording has what it is there for.
func TestResumedFlows(t *testing.T) {
	for _, rec := range resumedFlows() {
		s := rec.replay(t, server, len(rec.to(server)))
		if got := s.Summary(); !s.Done() || !got.PSK {
			t.Errorf("%s: the replay ends in %v, PSK %v: %v", rec.name, s.State(), got.PSK, s.Err())
		}
		c := rec.replay(t, client, len(rec.to(client)))
		if got := c.Summary(); !c.Done() || !got.PSK {
			t.Errorf("%s: the replay ends in %v, PSK %v: %v", rec.name, c.State(), got.PSK, c.Err())
		}
	}
}

// Every proper prefix of every message, its length made to fit, is refused; a ClientHello
// or ServerHello at the latest for what it lacks.
func TestResumedPrefixes(t *testing.T) {
	for _, rec := range resumedFlows() {
		for _, role := range []handshake.Role{client, server} {
			for _, m := range rec.messages(t, role) {
				for n := 1; n < len(m.payload); n += scale {
					cut := slices.Clone(m.payload[:n])
					if m.typ == iana.Handshake && n >= 4 {
						cut[1], cut[2], cut[3] = byte((n-4)>>16), byte((n-4)>>8), byte(n-4)
					}
					rec.instead(t, role, m.at, m.typ, cut).refused(t)
				}
			}
		}
	}
}

// Ten thousand changes each way of messages under the right keys, or of clear ones, end in
// a typed reason and its alert. None is taken for what was sent: a ClientHello with a
// binder least of all.
func TestResumedMutations(t *testing.T) {
	recs := resumedFlows()
	for _, role := range []handshake.Role{client, server} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(84469846, uint64(role)))
			why := map[reason.Reason]int{}
			var messages [][]opened
			for _, rec := range recs {
				messages = append(messages, rec.messages(t, role))
			}
			for i := range mutationsEachWay / scale {
				rec, list := recs[i%len(recs)], messages[i%len(recs)]
				m := list[i/len(recs)%len(list)]
				bent := noise(rng, m.payload)
				if rng.IntN(2) == 0 && len(bent) >= 4 && m.typ == iana.Handshake {
					copy(bent, []byte{m.payload[0], byte((len(bent) - 4) >> 16), byte((len(bent) - 4) >> 8), byte(len(bent) - 4)})
				}
				if bytes.Equal(bent, m.payload) {
					continue
				}
				s := rec.instead(t, role, m.at, m.typ, bent)
				if s.connected && !rec.reads[role][m.at].done {
					t.Errorf("%s: a %v connected over %x", rec.name, role, bent)
				}
				why[s.refused(t).Reason]++
			}
			if role == server && why[reason.BadBinder] < 100 {
				t.Errorf("only %d binders were wrong", why[reason.BadBinder])
			}
			if len(why) < 10 {
				t.Errorf("the mutations were of few kinds: %v", why)
			}
		})
	}
}

// Every bit of a ClientHello that a binder covers, and of the binder, counts.
func TestEveryBitIsBound(t *testing.T) {
	rec := resumedFlows()[0]
	hello := rec.messages(t, server)[0]
	for i := 4; i < len(hello.payload); i++ {
		bent := slices.Clone(hello.payload)
		bent[i] ^= 1 << (i % 8)
		s := rec.replay(t, server, hello.at)
		s.feed(clearRecord(iana.Handshake, bent))
		m, err := message.Parse(rec.contextOf(client), bent, nil)
		if err == nil && s.Err() == nil {
			// Taken for a hello that offers no key that we know: then the handshake is a full one.
			if got := s.Summary(); got.PSK || m.Kind() != message.KindClientHello {
				t.Fatalf("byte %d changed, and resumed", i)
			}
		}
	}
}
