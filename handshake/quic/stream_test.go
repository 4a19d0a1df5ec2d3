package quic_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tlslab/handshake/quic"
)

// However what is said is cut, in whatever order the pieces come and come again, what is put
// together is what was said.
func TestStream(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		said := make([]byte, rnd.IntN(3000))
		for i := range said {
			said[i] = byte(rnd.Uint32())
		}
		type piece struct{ from, to int }
		var pieces []piece
		for at := 0; at < len(said); {
			n := min(len(said)-at, 1+rnd.IntN(200))
			from := max(0, at-rnd.IntN(50)) // some overlap
			pieces = append(pieces, piece{from, at + n})
			at += n
		}
		for range rnd.IntN(5) { // some come twice
			if len(pieces) > 0 {
				pieces = append(pieces, pieces[rnd.IntN(len(pieces))])
			}
		}
		rnd.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		var s quic.Stream
		var got []byte
		for _, p := range pieces {
			if err := s.Add(uint64(p.from), said[p.from:p.to]); err != nil {
				t.Fatal(err)
			}
			if rnd.IntN(2) == 0 {
				got = append(got, s.Take(len(s.Ready()))...)
			}
		}
		got = append(got, s.Take(len(s.Ready()))...)
		if !bytes.Equal(got, said) || s.Waits() || s.Held() != 0 {
			t.Fatalf("%d bytes in %d pieces: %d came out, the same %t, something waits %t, %d held", len(said), len(pieces), len(got), bytes.Equal(got, said), s.Waits(), s.Held())
		}
	}
}

// Of bytes that are said twice the first count.
func TestStreamFirst(t *testing.T) {
	var s quic.Stream
	for _, p := range []struct {
		off  uint64
		said string
	}{{4, "efgh"}, {2, "cdXXXXij"}, {0, "ab"}, {0, "ZZ"}} {
		if err := s.Add(p.off, []byte(p.said)); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(s.Ready()); got != "abcdefghij" {
		t.Errorf("%q", got)
	}
}

// Nobody makes a stream keep more than a handshake has.
func TestStreamIsBounded(t *testing.T) {
	var s quic.Stream
	most := 0
	for i := range 1 << 16 {
		_ = s.Add(uint64(2*i+1), []byte{1}) // each behind a gap
		most = max(most, s.Held())
	}
	if err := s.Add(1<<62-1, []byte{1}); err == nil {
		t.Error("a frame at the end of the world is taken")
	}
	if most > 2*quic.MaxCrypto {
		t.Errorf("%d bytes were held", most)
	}
}

// heard is what a Connection told.
type heard struct{ said [2][]byte }

func (h *heard) Keys(*quic.Schedule)                                  {}
func (h *heard) Packet(int, *quic.Packet, *quic.Opened, []quic.Frame) {}
func (h *heard) Message(from int, raw []byte)                         { h.said[from] = append(h.said[from], raw...) }

// crypto is a CRYPTO frame.
func crypto(off int, b []byte) []byte {
	return append([]byte{6, 0x80, byte(off >> 16), byte(off >> 8), byte(off), 0x40 | byte(len(b)>>8), byte(len(b))}, b...)
}

// The hello of a client comes through however its frames are cut and mixed with PADDING and
// PING, in however many packets, as Chromium does it on purpose.
func TestChaos(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		v := quic.Versions()[round%2]
		hello := make([]byte, 4+600+rnd.IntN(1500))
		for i := range hello {
			hello[i] = byte(rnd.Uint32())
		}
		hello[0], hello[1], hello[2], hello[3] = 1, 0, byte((len(hello)-4)>>8), byte(len(hello)-4)
		var frames [][]byte
		for at := 0; at < len(hello); {
			n := min(len(hello)-at, 1+rnd.IntN(400))
			frames = append(frames, crypto(at, hello[at:at+n]))
			at += n
		}
		for range rnd.IntN(20) {
			frames = append(frames, make([]byte, 1+rnd.IntN(30)), []byte{1})
		}
		frames = append(frames, frames[rnd.IntN(len(frames))])
		rnd.Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })

		h := new(heard)
		var c *quic.Connection
		s := quic.NewSchedule(v, original)
		number := uint64(rnd.IntN(1 << 20))
		for n := 0; len(frames) > 0; n++ {
			few := frames[:min(len(frames), 1+rnd.IntN(4))]
			frames = frames[len(few):]
			datagram := seal(s, quic.Client, number, slices.Concat(few...))
			number += uint64(1 + rnd.IntN(20))
			if c == nil {
				begun, ok := quic.Begins(datagram)
				if !ok {
					t.Fatal("the first packet begins nothing")
				}
				c = quic.NewConnection(begun, h)
			}
			if got := c.Datagram(quic.Client, datagram); got != 1 {
				t.Fatalf("%d packets in a datagram with one", got)
			}
		}
		if !bytes.Equal(h.said[quic.Client], hello) {
			t.Fatalf("round %d: %d bytes of %d came through; trouble %v", round, len(h.said[quic.Client]), len(hello), c.Trouble(quic.Client))
		}
		if c.Held() != 0 {
			t.Fatalf("%d bytes are held of what was told", c.Held())
		}
	}
}

// What an end says after a Retry is under other keys, and what it said before does not come twice.
func TestRetried(t *testing.T) {
	for v, want := range vectors(t) {
		h := new(heard)
		begun, ok := quic.Begins(want["client_packet"])
		if !ok {
			t.Fatalf("version %v: the sample begins nothing", v)
		}
		c := quic.NewConnection(begun, h)
		c.Datagram(quic.Client, want["client_packet"])
		bad := bytes.Clone(want["retry"])
		bad[len(bad)-1] ^= 1
		c.Datagram(quic.Server, bad)
		if again := seal(quic.NewSchedule(v, []byte{0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5}), quic.Client, 3, want["client_frames"]); !c.Knows(packet(t, again)) {
			c.Datagram(quic.Server, want["retry"])
			c.Datagram(quic.Client, again)
			if !c.Knows(packet(t, again)) {
				t.Errorf("version %v: the connection ID of the Retry is not known", v)
			}
		} else {
			t.Errorf("version %v: a Retry with a wrong tag was followed", v)
		}
		c.Datagram(quic.Server, seal(quic.NewSchedule(v, []byte{0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5}), quic.Server, 0, want["server_frames"]))
		if client, server := len(h.said[0]), len(h.said[1]); client != 241 || server != 90 {
			t.Errorf("version %v: %d bytes of the client and %d of the server were told", v, client, server)
		}
	}
}

func packet(t *testing.T, b []byte) *quic.Packet {
	t.Helper()
	p, _, err := quic.Next(b)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// A server may answer in another version, and several packets stand in one datagram.
func TestSwitched(t *testing.T) {
	all := vectors(t)
	h := new(heard)
	begun, _ := quic.Begins(all[quic.V1]["client_packet"])
	c := quic.NewConnection(begun, h)
	c.Datagram(quic.Client, all[quic.V1]["client_packet"])
	datagram := slices.Concat(all[quic.V2]["server_packet"], all[quic.V2]["server_packet"], []byte{0x40, 1, 2, 3})
	if n := c.Datagram(quic.Server, datagram); n != 3 {
		t.Errorf("%d packets in a datagram of three", n)
	}
	if fmt.Sprint(len(h.said[0]), len(h.said[1])) != "241 90" {
		t.Errorf("%d and %d bytes were told", len(h.said[0]), len(h.said[1]))
	}
}
