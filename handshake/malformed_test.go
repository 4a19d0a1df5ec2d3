package handshake_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// opened is one record to a role, with the keys off.
type opened struct {
	at      int // its place in to(role)
	typ     iana.ContentType
	payload []byte
}

// messages opens the handshake messages sent to a role, Finished included.
func (r *recording) messages(t testing.TB, role event.Role) (list []opened) {
	t.Helper()
	var heard collect
	s := r.end(t, role, &heard)
	for i, b := range r.to(role) {
		heard = nil
		s.feed(b)
		for _, e := range all[*event.Record](heard) {
			if e.Dir == event.Receive {
				list = append(list, opened{i, e.Type, e.Payload})
			}
		}
	}
	if !s.Done() {
		t.Fatalf("%s: the replay of what %v got ends in %v: %v", r.name, role, s.State(), s.Err())
	}
	return list
}

// instead replays up to record at, then feeds payload in its place, then the
// rest of the recording, then the end of the stream.
func (r *recording) instead(t testing.TB, role event.Role, at int, typ iana.ContentType, payload []byte) *subject {
	t.Helper()
	s := r.replay(t, role, at)
	s.feed(put(t, r.writer(t, role, at), typ, payload))
	return r.finish(s, role, at+1)
}

// finish feeds what the recording has from record n on, and the end: if it is not
// complete by then, or was before, so that what has only begun is not waited for.
func (r *recording) finish(s *subject, role event.Role, n int) *subject {
	for _, b := range r.to(role)[n:] {
		if s.Err() != nil {
			return s
		}
		s.feed(b)
	}
	if s.Err() == nil && (!s.Done() || n > 0 && r.reads[role][n-1].done) {
		s.FeedEOF()
		s.drive()
	}
	return s
}

// Every proper prefix of every message, its length made to fit, is refused, and
// for its form as a rule. The exception is a ClientHello or ServerHello that ends
// before its extensions, which is well-formed (RFC 5246 §7.4.1.2); it is refused
// for what it lacks, at the latest by Finished.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{event.Client, event.Server} {
			for _, m := range rec.messages(t, role) {
				for n := range len(m.payload) {
					if n%(7*scale) > 0 && n > 100 && n < len(m.payload)-100 {
						continue // inside a certificate one byte is like the next
					}
					cut := slices.Clone(m.payload[:n])
					if m.typ == iana.Handshake && n >= 4 {
						cut[1], cut[2], cut[3] = byte((n-4)>>16), byte((n-4)>>8), byte(n-4)
					}
					if n == 0 {
						continue // an empty record is another test's
					}
					s := rec.instead(t, role, m.at, m.typ, cut)
					e := s.refused(t)
					if m.typ != iana.Handshake || n < 4 {
						continue
					}
					_, err := message.Parse(rec.contextOf(other(role)), cut, nil)
					if err == nil && cut[0] != byte(iana.ClientHello) && cut[0] != byte(iana.ServerHello) && cut[0] != byte(iana.Finished) {
						t.Errorf("%s: %d bytes of %v are well-formed", rec.name, n, iana.HandshakeType(cut[0]))
					}
					if err != nil && e.Error() != err.Error() {
						t.Errorf("%s: %d bytes of %v to a %v: %v, want %v", rec.name, n, iana.HandshakeType(cut[0]), role, e, err)
					}
				}
			}
		}
	}
}

// A message that is cut off, not shortened, is waited for at every byte; and if the
// stream ends there, that is called a truncation, and no alert is sent to nobody.
func TestCutOff(t *testing.T) {
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{event.Client, event.Server} {
			for at, b := range rec.to(role) {
				s := rec.replay(t, role, at)
				before := s.State()
				for i := range len(b) - 1 {
					if s.feed(b[i : i+1]); s.Err() != nil || s.State() != before {
						t.Fatalf("%s: record %d to a %v, %d of its bytes: %v, %v", rec.name, at, role, i+1, s.State(), s.Err())
					}
				}
				said := len(s.out)
				s.FeedEOF()
				s.drive()
				if e := s.refused(t); e.Reason != reason.TruncatedStream || len(s.out) != said {
					t.Errorf("%s: record %d to a %v, all but one byte and the end: %v", rec.name, at, role, e)
				}
			}
		}
	}
}

// Every length in every message, and of every record, one more and one less, is
// refused.
func TestLengths(t *testing.T) {
	count := 0
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{event.Client, event.Server} {
			for _, m := range rec.messages(t, role) {
				if m.typ != iana.Handshake {
					continue
				}
				var fields []wire.Field
				if _, err := message.Parse(rec.contextOf(other(role)), m.payload, &fields); err != nil {
					t.Fatal(err)
				}
				for _, f := range fields {
					if !f.Leaf() || f.Name[strings.LastIndexByte(f.Name, '.')+1:] != "length" {
						continue
					}
					for _, d := range []int{-1, +1} {
						bent := slices.Clone(m.payload)
						if !bend(bent[f.Off:f.Off+f.Len], d) {
							continue
						}
						e := rec.instead(t, role, m.at, m.typ, bent).refused(t)
						if e.Reason == reason.TruncatedStream && f.Off != 1 {
							t.Errorf("%s: %s off by %d to a %v is taken", rec.name, f.Name, d, role)
						}
						count++
					}
				}
			}
			for at, b := range rec.to(role) {
				for _, d := range []int{-1, +1} {
					bent := slices.Clone(b)
					bend(bent[3:5], d)
					s := rec.replay(t, role, at)
					s.feed(bent)
					rec.finish(s, role, at+1).refused(t)
				}
			}
		}
	}
	if count < 1000 {
		t.Errorf("only %d lengths were bent", count)
	}
}

// bend adds d to a big-endian number, unless it would wrap.
func bend(b []byte, d int) bool {
	var v [8]byte
	copy(v[8-len(b):], b)
	n := int(binary.BigEndian.Uint64(v[:])) + d
	if n < 0 || n>>(8*len(b)) > 0 {
		return false
	}
	binary.BigEndian.PutUint64(v[:], uint64(n))
	copy(b, v[8-len(b):])
	return true
}

// mutate changes a stream in one place at random: as line noise would, and as
// somebody would who cuts and pastes.
func mutate(rng *rand.Rand, stream []byte) []byte {
	if rng.IntN(8) > 0 {
		return noise(rng, stream)
	}
	list := slices.Collect(eachRecord(slices.Clone(stream))) // two records change places
	i, j := rng.IntN(len(list)), rng.IntN(len(list))
	list[i], list[j] = list[j], list[i]
	return bytes.Join(list, nil)
}

// noise changes some bytes that stand together.
func noise(rng *rand.Rand, stream []byte) []byte {
	b := slices.Clone(stream)
	at := rng.IntN(len(b))
	span := min(1+rng.IntN(40), len(b)-at)
	switch rng.IntN(7) {
	case 0, 1:
		b[at] ^= 1 << rng.IntN(8)
	case 2:
		b[at] = byte(rng.Uint32())
	case 3:
		b[at] = []byte{0, 0xff, 0x7f, 0x80, 1}[rng.IntN(5)]
	case 4:
		b = slices.Delete(b, at, at+span)
	case 5:
		b = slices.Insert(b, at, b[at:at+span]...)
	case 6:
		noise := make([]byte, span)
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		copy(b[at:], noise)
	}
	return b
}

// mutationsEachWay is the number that the issue asks for.
const mutationsEachWay = 10_000

// Ten thousand random changes of recorded handshakes each way end in a typed
// reason and its alert, or change nothing that matters: an endpoint that connects
// all the same has received the very messages that were sent.
func TestMutations(t *testing.T) {
	recs := recorded(t)
	for _, role := range []event.Role{event.Client, event.Server} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(5246, uint64(role)))
			why := map[reason.Reason]int{}
			for i := range mutationsEachWay / scale {
				rec := recs[i%len(recs)]
				stream := bytes.Join(rec.to(role), nil)
				bent := mutate(rng, stream)
				s := rec.end(t, role, nil)
				for rest := bent; len(rest) > 0; { // in pieces of any size
					n := min(len(rest), 1+rng.IntN(2000))
					s.feed(rest[:n])
					rest = rest[n:]
				}
				s.FeedEOF()
				s.drive()
				if s.Err() == nil {
					t.Fatalf("%s: %v after the end of the stream, without an error", rec.name, s.State())
				}
				e := s.refused(t)
				why[e.Reason]++
				if s.connected {
					checkSameMessages(t, rec, role, stream, bent)
				}
			}
			if len(why) < 12 {
				t.Errorf("the mutations were of few kinds: %v", why)
			}
		})
	}
}

// What TLS 1.3 protects, noise on the wire never reaches: so ten thousand changes more
// each way are made of messages before they are protected, under the right keys. Half
// of them have a header that fits, to get behind it. None of them is taken for what was
// sent; only behind the handshake, where no Finished comes, may it be taken at all.
func TestPlaintextMutations(t *testing.T) {
	recs := slices.DeleteFunc(slices.Clone(recorded(t)), func(r *recording) bool { return r.version != iana.TLS13 })
	for _, role := range []event.Role{event.Client, event.Server} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			why := mutatePlaintext(t, recs, role, 9846)
			if len(why) < 12 {
				t.Errorf("the mutations were of few kinds: %v", why)
			}
		})
	}
}

// mutatePlaintext changes messages that role is to read, each before it is sealed, and
// counts why they were refused.
func mutatePlaintext(t *testing.T, recs []*recording, role event.Role, seed uint64) map[reason.Reason]int {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, uint64(role)))
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
	return why
}

func checkSameMessages(t *testing.T, rec *recording, role event.Role, streams ...[]byte) {
	t.Helper()
	var heard [2]collect
	for i, stream := range streams {
		rec.end(t, role, &heard[i]).feed(stream)
	}
	a, b := meant(rec, heard[0]), meant(rec, heard[1])
	if rec.version == iana.TLS13 && len(b) < len(a) && a[len(b)].State == event.Connected {
		a = a[:len(b)] // what is said behind Finished no Finished can miss
	}
	if !slices.EqualFunc(a, b, func(a, b *event.Message) bool { return bytes.Equal(a.Raw, b.Raw) }) {
		t.Errorf("%s: a %v connected over other messages than were sent:\n%x", rec.name, role, streams[1])
	}
}

// meant lists the messages that mean anything: in TLS 1.3 no ChangeCipherSpec.
func meant(rec *recording, heard collect) []*event.Message {
	return slices.DeleteFunc(all[*event.Message](heard), func(m *event.Message) bool {
		return rec.version == iana.TLS13 && m.Kind == message.KindChangeCipherSpec
	})
}

// A length that promises more than anybody sends costs nothing before it is
// kept, and nothing beyond a limit is kept at all.
func TestMemory(t *testing.T) {
	rec := recordedAs(t, "ecdhe")
	measure := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, test := range []struct {
		name string
		role event.Role
		at   int
		raw  []byte
		want reason.Reason
	}{
		{"a ServerHello of 16 MiB", event.Client, 0, []byte{2, 0xff, 0xff, 0xff}, reason.MessageTooLong},
		{"a Certificate of 256 KiB and a byte", event.Client, 1, []byte{11, 4, 0, 0}, reason.MessageTooLong},
		{"a ClientHello of 16 MiB", event.Server, 0, []byte{1, 0xff, 0xff, 0xff}, reason.MessageTooLong},
		{"a certificate list of 16 MiB in a message of 7 bytes", event.Client, 1, []byte{11, 0, 0, 3, 0xff, 0xff, 0xff}, reason.Truncated},
		{"a record of 64 KiB", event.Client, 0, nil, reason.RecordOverflow},
	} {
		got := measure(func() {
			s := rec.replay(t, test.role, test.at)
			if test.raw == nil {
				s.feed([]byte{22, 3, 3, 0xff, 0xff})
			} else {
				s.feed(clearRecord(iana.Handshake, test.raw))
			}
			e := s.refused(t)
			if e.Reason != test.want {
				t.Errorf("%s: %v, want %s", test.name, e, test.want)
			}
			if tooLong := e.Reason == reason.MessageTooLong; tooLong && (e.Off != 1 || !strings.HasSuffix(e.Field, ".length")) {
				t.Errorf("%s is found in %s at %d", test.name, e.Field, e.Off)
			}
		})
		if got > 1<<20 {
			t.Errorf("%s made the endpoint allocate %d bytes", test.name, got)
		}
	}
	// The greatest message that is waited for, in records of one byte: it costs
	// a bounded multiple of its size.
	s := rec.replay(t, event.Client, 1)
	got := measure(func() {
		s.feed(clearRecord(iana.Handshake, []byte{11, 3, 0xff, 0xfc}))
		for range 1<<18 - 4 {
			s.feed(clearRecord(iana.Handshake, []byte{0}))
		}
	})
	if e := s.refused(t); e.Reason != reason.TrailingBytes {
		t.Errorf("a Certificate of 256 KiB: %v", e)
	}
	if got > 64<<20 {
		t.Errorf("a message of 256 KiB in records of one byte made the endpoint allocate %d bytes", got)
	}
}
