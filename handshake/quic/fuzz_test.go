package quic_test

import (
	"bytes"
	"testing"

	"tlslab/handshake/quic"
)

// bounded is a Follower that holds what it is told to what can be.
type bounded struct {
	t     *testing.T
	said  [2]int
	bytes int // of all datagrams
}

func (b *bounded) Keys(s *quic.Schedule) {
	if !s.Version.Known() || len(s.Secret) != 32 {
		b.t.Errorf("keys of version %v", s.Version)
	}
}

func (b *bounded) Packet(from int, p *quic.Packet, o *quic.Opened, frames []quic.Frame) {
	if o == nil && frames != nil {
		b.t.Error("a closed packet has frames")
	}
	end := 0
	for _, f := range frames {
		if f.Off != end || f.Len < 1 {
			b.t.Errorf("a frame at %d of %d bytes, and the last ended at %d", f.Off, f.Len, end)
		}
		end = f.Off + f.Len
	}
	if o != nil && end > len(o.Payload) {
		b.t.Errorf("frames of %d bytes in a payload of %d", end, len(o.Payload))
	}
}

func (b *bounded) Message(from int, raw []byte) {
	if b.said[from] += len(raw); len(raw) < 4 || b.said[from] > quic.MaxCrypto || b.said[from] > b.bytes {
		b.t.Errorf("%d bytes of messages in %d", b.said[from], b.bytes)
	}
}

// FuzzQUICPacket: whatever stands in a datagram, reading it ends, keeps little, and finds
// packets that are its own bytes. The first byte says who sends, and what is behind it is
// cut by its second into two datagrams.
func FuzzQUICPacket(f *testing.F) {
	for _, want := range vectors(f) {
		for _, name := range []string{"client_packet", "server_packet", "retry"} {
			f.Add(byte(0), byte(0), want[name])
		}
		f.Add(byte(2), byte(20), bytes.Join([][]byte{want["client_packet"], want["server_packet"]}, nil))
	}
	f.Add(byte(1), byte(9), []byte{0x80, 0, 0, 0, 0, 1, 7, 1, 7, 0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf})
	f.Fuzz(func(t *testing.T, from, cut byte, b []byte) {
		for rest := b; len(rest) > 0; {
			p, more, err := quic.Next(rest)
			if err != nil {
				break
			}
			if len(p.Wire)+len(more) != len(rest) || len(p.Wire) == 0 {
				t.Fatalf("a packet of %d bytes and %d more, of %d", len(p.Wire), len(more), len(rest))
			}
			if p.Number > 0 && p.Number+p.Length != len(p.Wire) {
				t.Fatalf("a packet of %d bytes whose number is at %d, with a length of %d", len(p.Wire), p.Number, p.Length)
			}
			rest = more
		}
		follower := &bounded{t: t, bytes: len(b)}
		begun, _ := quic.Begins(b)
		c := quic.NewConnection(begun, follower)
		at := len(b) * int(cut) / 256
		c.Datagram(int(from&1), b[:at])
		c.Datagram(int(from>>1&1), b[at:])
		if c.Held() > 2*len(b)+48*1024 {
			t.Errorf("%d bytes are held of %d", c.Held(), len(b))
		}
	})
}

// FuzzQUICFrames: whatever stands in a packet that opens, frames are told in their order, what
// CRYPTO frames say is what their bytes say, and no more is kept than came.
func FuzzQUICFrames(f *testing.F) {
	for _, want := range vectors(f) {
		f.Add(want["client_frames"], want["server_frames"])
	}
	f.Add([]byte{6, 2, 3, 1, 2, 3, 1, 0, 6, 0, 2, 1, 0}, []byte{0x1c, 0x41, 0x78, 6, 3, 'w', 'h', 'y'})
	f.Add([]byte{2, 5, 0, 1, 0, 0, 0}, []byte{3, 5, 0, 0, 0, 1, 1, 1})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		if len(one)+len(two) > 15_000 {
			return
		}
		s := quic.NewSchedule(quic.V1, original)
		first := seal(s, quic.Client, 0, one)
		begun, ok := quic.Begins(first)
		if !ok {
			t.Fatal("what was sealed does not open")
		}
		follower := &bounded{t: t, bytes: len(one) + len(two)}
		c := quic.NewConnection(begun, follower)
		c.Datagram(quic.Client, first)
		c.Datagram(quic.Client, seal(s, quic.Client, 1, two))
		c.Datagram(quic.Server, seal(s, quic.Server, 0, two))
		if c.Held() > 48*(len(one)+2*len(two)+4) {
			t.Errorf("%d bytes are held of %d", c.Held(), len(one)+2*len(two))
		}
		all, err := quic.Frames(one)
		end := 0
		for _, x := range all {
			end = x.Off + x.Len
		}
		if err == nil && end != len(one) {
			t.Errorf("frames up to %d of %d bytes", end, len(one))
		}
	})
}
