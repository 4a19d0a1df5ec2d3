package dissect_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/capture/dissect"
)

// heard is what a follower was told.
type heard struct {
	client, server bytes.Buffer
	log            []string
}

func (h *heard) Bytes(server bool, _ dissect.At, b []byte) {
	if server {
		h.server.Write(b)
	} else {
		h.client.Write(b)
	}
}
func (h *heard) Gap(server bool, _ dissect.At, n int64) { h.say("gap", server, n) }
func (h *heard) Overlap(server bool, _ dissect.At, first, again []byte) {
	h.say(fmt.Sprintf("%q again as %q", first, again), server, len(again))
}
func (h *heard) Fin(server bool, _ dissect.At) { h.say("fin", server, "") }
func (h *heard) Rst(server bool, _ dissect.At) { h.say("rst", server, "") }
func (h *heard) Done()                         { h.log = append(h.log, "done") }
func (h *heard) say(what string, server bool, n any) {
	h.log = append(h.log, strings.TrimSpace(fmt.Sprint(what, " ", map[bool]string{false: "client", true: "server"}[server], " ", n)))
}

var (
	client = netip.MustParseAddrPort("192.0.2.1:40000")
	server = netip.MustParseAddrPort("192.0.2.2:443")
)

// wire makes the segments of one connection.
type wire struct {
	seq [2]uint32 // what comes next from the client, from the server
	all []dissect.Segment
}

func (w *wire) add(fromServer bool, s dissect.Segment) {
	me, peer := 0, 1
	s.From, s.To = client, server
	if fromServer {
		me, peer, s.From, s.To = 1, 0, server, client
	}
	s.Seq, s.Time, s.Packet = w.seq[me], time.Unix(int64(len(w.all)), 0), len(w.all)+1
	if !s.Syn || fromServer {
		s.Acks, s.Ack = true, w.seq[peer]
	}
	w.seq[me] += uint32(len(s.Payload) + s.Cut)
	if s.Syn || s.Fin {
		w.seq[me]++
	}
	w.all = append(w.all, s)
}

func opened(clientSeq, serverSeq uint32) *wire {
	w := &wire{seq: [2]uint32{clientSeq, serverSeq}}
	w.add(false, dissect.Segment{Syn: true})
	w.add(true, dissect.Segment{Syn: true})
	w.add(false, dissect.Segment{})
	return w
}

// play gives segments to an Assembler, and returns what was told of each connection.
func play(segments []dissect.Segment) (all []*heard, conversations []*dissect.Conversation) {
	a := dissect.NewAssembler(func(c *dissect.Conversation) dissect.Follower {
		h := new(heard)
		all, conversations = append(all, h), append(conversations, c)
		return h
	})
	for i := range segments {
		a.Segment(&segments[i])
	}
	a.Close()
	return all, conversations
}

// Whatever doubles, disorder and cuts of segments there are, the streams are the ones
// that were sent; sequence numbers may run over.
func TestStreamsSurviveDisorder(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := opened(uint32(r.Uint64()), uint32(0)-uint32(r.IntN(3000)))
		var want [2]bytes.Buffer
		for range 1 + r.IntN(30) {
			b := make([]byte, 1+r.IntN(1500))
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			from := r.IntN(2)
			want[from].Write(b)
			w.add(from == 1, dissect.Segment{Payload: b})
		}
		w.add(false, dissect.Segment{Fin: true})
		w.add(true, dissect.Segment{Fin: true})
		w.add(false, dissect.Segment{})
		var got []dissect.Segment
		for i, s := range w.all {
			got = append(got, s)
			if i < 3 {
				continue
			}
			if r.IntN(4) == 0 { // twice
				got = append(got, s)
			}
			if r.IntN(5) == 0 && len(s.Payload) > 2 { // once more, cut in another way, with what came before it
				half := s
				k := r.IntN(len(s.Payload))
				half.Seq, half.Payload, half.Fin = s.Seq+uint32(k), s.Payload[k:], false
				got = append(got, half)
			}
			if j := len(got) - 1 - r.IntN(3); j > 3 && r.IntN(2) == 0 {
				got[j], got[len(got)-1] = got[len(got)-1], got[j]
			}
		}
		all, _ := play(got)
		if len(all) != 1 {
			t.Fatalf("seed %d: %d connections", seed, len(all))
		}
		h := all[0]
		if !bytes.Equal(h.client.Bytes(), want[0].Bytes()) || !bytes.Equal(h.server.Bytes(), want[1].Bytes()) {
			t.Errorf("seed %d: other bytes than were sent", seed)
		}
		if ends := strings.Join(h.log, ", "); ends != "fin client, fin server, done" && ends != "fin server, fin client, done" {
			t.Errorf("seed %d: %s", seed, ends)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	say := func(s string) dissect.Segment { return dissect.Segment{Payload: []byte(s)} }
	without := func(n int, all []dissect.Segment) []dissect.Segment {
		return append(append([]dissect.Segment{}, all[:n]...), all[n+1:]...)
	}
	conversation := func() *wire {
		w := opened(100, 200)
		w.add(false, say("hello "))
		w.add(false, say("there "))
		w.add(false, say("world"))
		w.add(true, say("yes"))
		w.add(false, dissect.Segment{Fin: true})
		w.add(true, dissect.Segment{Fin: true})
		return w
	}
	for name, row := range map[string]struct {
		segments []dissect.Segment
		client   string
		log      string
	}{
		"whole":         {conversation().all, "hello there world", "fin client, fin server, done"},
		"one lost":      {without(4, conversation().all), "hello world", "gap client 6, fin client, fin server, done"},
		"the last lost": {without(5, conversation().all), "hello there ", "gap client 5, fin client, fin server, done"},
		"no beginning":  {conversation().all[3:], "hello there world", "fin client, fin server, done"},
		"cut by the recorder": {func() []dissect.Segment {
			s := conversation().all
			s[4].Payload, s[4].Cut = s[4].Payload[:2], 4
			return s
		}(), "hello thworld", "gap client 4, fin client, fin server, done"},
		"said again otherwise": {func() []dissect.Segment {
			s := conversation().all
			x := s[4]
			x.Payload = []byte("theRe ")
			return append(s[:6:6], append([]dissect.Segment{x}, s[6:]...)...)
		}(), "hello there world", `"there " again as "theRe " client 6, fin client, fin server, done`},
		"only the client": {func() (s []dissect.Segment) {
			for _, x := range conversation().all {
				if x.From == client {
					s = append(s, x)
				}
			}
			return append(s, dissect.Segment{From: client, To: server, Seq: s[len(s)-1].Seq + 1, Acks: true, Ack: s[len(s)-1].Ack + 1, Time: s[0].Time})
		}(), "hello there world", "fin client, gap server 3, done"},
		"only the server": {func() (s []dissect.Segment) {
			for _, x := range conversation().all {
				if x.From == server {
					s = append(s, x)
				}
			}
			return s
		}(), "", "fin server, gap client 17, done"},
		"broken off": {func() []dissect.Segment {
			s := conversation()
			s.all = s.all[:6]
			s.add(true, dissect.Segment{Rst: true})
			return s.all
		}(), "hello there world", "rst server, done"},
		"a keep-alive": {func() []dissect.Segment {
			s := conversation().all
			x := s[5]
			x.Seq, x.Payload = x.Seq+4, []byte{0}
			return append(s[:6:6], append([]dissect.Segment{x}, s[6:]...)...)
		}(), "hello there world", "fin client, fin server, done"},
	} {
		all, _ := play(row.segments)
		if len(all) != 1 {
			t.Errorf("%s: %d connections", name, len(all))
			continue
		}
		if got := all[0].client.String(); got != row.client {
			t.Errorf("%s: the client said %q, want %q", name, got, row.client)
		}
		if got := strings.Join(all[0].log, ", "); got != row.log {
			t.Errorf("%s: %s, want %s", name, got, row.log)
		}
	}
}

func TestPortsAreUsedAgain(t *testing.T) {
	first, second := opened(1, 2), opened(900, 800)
	first.add(false, dissect.Segment{Payload: []byte("one")})
	second.add(false, dissect.Segment{Payload: []byte("two")})
	second.add(true, dissect.Segment{Payload: []byte("2")})
	late := first.all[3] // of the first connection, when the second has begun and ended
	second.add(false, dissect.Segment{Rst: true})
	all, conversations := play(append(append(first.all, second.all...), late))
	if len(all) != 2 || all[0].client.String() != "one" || all[1].client.String() != "two" || conversations[1].Number != 2 {
		t.Fatalf("%d connections", len(all))
	}
}
