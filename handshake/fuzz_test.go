package handshake_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// fuzzEnd feeds arbitrary bytes, in arbitrary pieces, to an endpoint that has been
// brought some way into a recorded handshake. sealed wraps them as one record
// under the keys of that moment, so that the fuzzer gets behind the MAC.
func fuzzEnd(f *testing.F, role event.Role) {
	recs := recorded(f)
	for i, rec := range recs {
		in := rec.to(role)
		for at, b := range in {
			f.Add(byte(i), byte(at), byte(7), false, byte(0), b)
		}
		for _, m := range rec.messages(f, role) {
			f.Add(byte(i), byte(m.at), byte(255), true, byte(m.typ), m.payload)
		}
		f.Add(byte(i), byte(len(in)), byte(0), true, byte(iana.Handshake), []byte{0, 0, 0, 0})
		f.Add(byte(i), byte(len(in)), byte(0), true, byte(iana.Alert), []byte{1, 0})
	}
	f.Fuzz(func(t *testing.T, which, at, piece byte, sealed bool, typ byte, data []byte) {
		rec := recs[int(which)%len(recs)]
		n := int(at) % (len(rec.to(role)) + 1)
		s := rec.replay(t, role, n)
		if sealed {
			data = put(t, rec.writer(t, role, n), iana.ContentType(typ), data)
		}
		for len(data) > 0 {
			n := min(len(data), 1+int(piece))
			s.feed(data[:n])
			data = data[n:]
		}
		end(t, s)
	})
}

// end closes the stream. A subject has then refused, unless its peer closed.
func end(t *testing.T, s *subject) {
	s.FeedEOF()
	s.drive()
	if s.Err() != nil {
		s.refused(t)
	} else if !s.Done() {
		t.Fatalf("the stream ended in %v, and nobody minds", s.State())
	}
}

func FuzzClient(f *testing.F) { fuzzEnd(f, event.Client) }

func FuzzServer(f *testing.F) { fuzzEnd(f, event.Server) }

// FuzzMutatedHandshake changes a recorded handshake in up to four places at
// random; whoever connects over it has received the messages that were sent.
func FuzzMutatedHandshake(f *testing.F) {
	recs := recorded(f)
	for i := range recs {
		f.Add(byte(i), true, uint64(i), byte(0))
		f.Add(byte(i), false, uint64(i), byte(3))
	}
	f.Fuzz(func(t *testing.T, which byte, toClient bool, seed uint64, times byte) {
		rec, role := recs[int(which)%len(recs)], event.Server
		if toClient {
			role = event.Client
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		stream := bytes.Join(rec.to(role), nil)
		bent := stream
		for range 1 + times%4 {
			if len(bent) > 5 {
				bent = mutate(rng, bent)
			}
		}
		s := rec.replay(t, role, 0)
		s.feed(bent)
		end(t, s)
		if s.connected {
			checkSameMessages(t, rec, role, stream, bent)
		}
	})
}
