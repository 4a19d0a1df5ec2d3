package quic_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"tlslab/handshake/quic"
)

// What is made of a packet stays small: frames that say nothing are one, and of others there is a most.
func TestFrames(t *testing.T) {
	all, err := quic.Frames(bytes.Repeat([]byte{1}, 1000))
	if err != nil || len(all) != 1 || all[0].Len != 1000 {
		t.Errorf("%d frames of 1000 times PING, %v", len(all), err)
	}
	all, err = quic.Frames(bytes.Repeat([]byte{1, 0}, quic.MaxFrames/2))
	if err != nil || len(all) != quic.MaxFrames {
		t.Errorf("%d frames, %v", len(all), err)
	}
	all, err = quic.Frames(bytes.Repeat([]byte{1, 0}, quic.MaxFrames))
	if !errors.Is(err, quic.ErrForm) || len(all) != quic.MaxFrames {
		t.Errorf("%d frames, %v", len(all), err)
	}
}

// A packet in the version that the connection has not costs about what one in its own does: its keys are made once.
func TestOtherVersion(t *testing.T) {
	s := quic.NewSchedule(quic.V1, original)
	c := quic.NewConnection(s, new(heard))
	spoilt := func(v quic.Version) float64 {
		b := seal(quic.NewSchedule(v, original), quic.Client, 3, make([]byte, 40))
		b[len(b)-1] ^= 1
		return testing.AllocsPerRun(50, func() { c.Datagram(quic.Client, b) })
	}
	if own, other := spoilt(quic.V1), spoilt(quic.V2); other > own && !raceEnabled {
		t.Errorf("%v allocations for its own version, %v for the other", own, other)
	}
}

// follower notes which keys were tried, and which Initial packets opened.
type follower struct {
	heard
	keys           []string
	opened, closed int
}

func (f *follower) Keys(s *quic.Schedule) { f.keys = append(f.keys, string(s.DCID)) }

func (f *follower) Packet(_ int, p *quic.Packet, o *quic.Opened, _ []quic.Frame) {
	switch {
	case p.Type != quic.Initial:
	case o != nil:
		f.opened++
	default:
		f.closed++
	}
}

// retry is what anybody can make who saw the client's first packet.
func retry(scid string, token string) []byte {
	b := []byte{0xf0, 0, 0, 0, 1, 0, byte(len(scid))}
	b = append(append(append(b, scid...), token...), make([]byte, 16)...)
	p, _, err := quic.Next(b)
	if err != nil {
		panic(err)
	}
	return append(b[:len(b)-16], quic.RetryTag(&p, original)...)
}

// A client takes one Retry, with a token and another connection ID; and a Retry that it did not take closes nothing.
func TestRetry(t *testing.T) {
	message := func(kind byte) []byte { return crypto(0, append([]byte{kind, 0, 0, 100}, make([]byte, 100)...)) }
	first := quic.NewSchedule(quic.V1, original)
	for _, row := range []struct {
		name    string
		retries [][]byte
		taken   string // the connection ID with which the two go on
		keys    []string
	}{
		{"one", [][]byte{retry("serverid", "t")}, "serverid", []string{string(original), "serverid"}},
		{"a second", [][]byte{retry("serverid", "t"), retry("attacker", "t")}, "serverid", []string{string(original), "serverid"}},
		{"without a token", [][]byte{retry("attacker", ""), retry("serverid", "t")}, "serverid", []string{string(original), "serverid"}},
		{"with the client's ID", [][]byte{retry(string(original), "t"), retry("serverid", "t")}, "serverid", []string{string(original), "serverid"}},
		{"not taken", [][]byte{retry("attacker", "t")}, string(original), []string{string(original), "attacker", string(original)}},
	} {
		f := new(follower)
		c := quic.NewConnection(first, f)
		c.Datagram(quic.Client, seal(first, quic.Client, 0, message(1)))
		for _, r := range row.retries {
			c.Datagram(quic.Server, r)
		}
		s := quic.NewSchedule(quic.V1, []byte(row.taken))
		c.Datagram(quic.Client, seal(s, quic.Client, 1, message(1)))
		c.Datagram(quic.Server, sealTo(s, quic.Server, 0, message(2), nil, []byte("server")))
		c.Datagram(quic.Client, sealTo(s, quic.Client, 2, []byte{1, 0, 0, 0}, []byte("server"), nil))
		if f.opened != 4 || f.closed != 0 || len(f.said[quic.Server]) != 104 || !slices.Equal(f.keys, row.keys) {
			t.Errorf("%s: %d opened, %d closed, the server said %d bytes, keys of %q", row.name, f.opened, f.closed, len(f.said[quic.Server]), f.keys)
		}
	}
}
