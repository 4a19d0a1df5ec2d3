package handshake_test

import (
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// Handshakes of TLS 1.3 that begin with a key, mutated beyond what malformed_test.go does
// with all: there are binders to break here.

// resumedFlows are the recordings that begin with a key.
func resumedFlows(t testing.TB) []*recording {
	t.Helper()
	names := map[string]bool{}
	for _, f := range flowsWithKey() {
		names[f.name] = true
	}
	list := slices.DeleteFunc(slices.Clone(recorded(t)), func(r *recording) bool { return !names[r.name] })
	if len(list) != len(names) {
		t.Fatalf("%d recordings of %v", len(list), names)
	}
	return list
}

// Each recording has what it is there for.
func TestResumedFlows(t *testing.T) {
	for _, rec := range resumedFlows(t) {
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

// Ten thousand changes each way of messages under the right keys, or of clear ones, end in
// a typed reason and its alert. None is taken for what was sent: a ClientHello with a
// binder least of all.
func TestResumedMutations(t *testing.T) {
	recs := resumedFlows(t)
	for _, role := range []event.Role{client, server} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			why := mutatePlaintext(t, recs, role, 84469846)
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
	rec := resumedFlows(t)[0]
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
