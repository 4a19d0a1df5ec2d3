package quic_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"tlslab/handshake/quic"
)

// original is the connection ID that the client of both appendices chose.
var original = []byte{0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08}

// vectors are the samples of RFC 9001 Appendix A (v1) and RFC 9369 Appendix A (v2), by name.
func vectors(t testing.TB) map[quic.Version]map[string][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[quic.Version]map[string][]byte{quic.V1: {}, quic.V2: {}}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if f[0] == "#" {
			continue
		}
		b, err := hex.DecodeString(f[2])
		if err != nil {
			t.Fatal(err)
		}
		all[map[string]quic.Version{"v1": quic.V1, "v2": quic.V2}[f[0]]][f[1]] = b
	}
	for v, m := range all {
		if len(m) != 20 {
			t.Fatalf("version %v has %d samples", v, len(m))
		}
		m["client_frames"] = append(m["client_frames"], make([]byte, 1162-len(m["client_frames"]))...) // PADDING
	}
	return all
}

func TestKeys(t *testing.T) {
	for v, want := range vectors(t) {
		s := quic.NewSchedule(v, original)
		got := map[string][]byte{"initial_secret": s.Secret}
		for end, name := range []string{"client", "server"} {
			k := &s.Ends[end]
			got[name+"_secret"], got[name+"_key"], got[name+"_iv"], got[name+"_hp"] = k.Secret, k.Key, k.IV, k.HP
		}
		for name, b := range got {
			if !bytes.Equal(b, want[name]) {
				t.Errorf("version %v: %s is %x, not %x", v, name, b, want[name])
			}
		}
	}
}

func TestOpen(t *testing.T) {
	for v, want := range vectors(t) {
		s := quic.NewSchedule(v, original)
		for end, name := range []string{"client", "server"} {
			p, rest, err := quic.Next(want[name+"_packet"])
			if err != nil || len(rest) > 0 || p.Type != quic.Initial || p.Version != v {
				t.Fatalf("version %v, %s: %v %v, %d bytes behind it, %v", v, name, p.Type, p.Version, len(rest), err)
			}
			o, err := s.Ends[end].Open(&p, -1)
			if err != nil {
				t.Fatalf("version %v, %s: %v", v, name, err)
			}
			for what, pair := range map[string][2][]byte{"sample": {o.Sample, want[name+"_sample"]}, "mask": {o.Mask, want[name+"_mask"]},
				"header": {o.Header, want[name+"_header"]}, "frames": {o.Payload, want[name+"_frames"]}} {
				if !bytes.Equal(pair[0], pair[1]) {
					t.Errorf("version %v, %s: %s is\n%x, not\n%x", v, name, what, pair[0], pair[1])
				}
			}
			if n := uint64(2 - end); o.Number != n {
				t.Errorf("version %v, %s: packet number %d, not %d", v, name, o.Number, n)
			}
		}
	}
}

func TestRetryTag(t *testing.T) {
	for v, want := range vectors(t) {
		p, _, err := quic.Next(want["retry"])
		if err != nil || p.Type != quic.Retry || string(p.Token) != "token" {
			t.Fatalf("version %v: %v, token %q, %v", v, p.Type, p.Token, err)
		}
		if tag := quic.RetryTag(&p, original); !bytes.Equal(tag, p.Tag) {
			t.Errorf("version %v: the tag is %x, not %x", v, tag, p.Tag)
		}
		if tag := quic.RetryTag(&p, []byte{1}); bytes.Equal(tag, p.Tag) {
			t.Errorf("version %v: the tag is that of any connection ID", v)
		}
	}
}

// One bit that is not as it was sent, in any byte of a packet, and it opens nothing.
func TestFlippedBit(t *testing.T) {
	for v, want := range vectors(t) {
		s := quic.NewSchedule(v, original)
		for end, name := range []string{"client", "server"} {
			for i := range want[name+"_packet"] {
				b := bytes.Clone(want[name+"_packet"])
				b[i] ^= 1 << (i % 8)
				if p, _, err := quic.Next(b); err == nil && p.Number > 0 {
					if o, err := s.Ends[end].Open(&p, -1); err == nil {
						t.Errorf("version %v, %s: byte %d changed, and it opens as %x", v, name, i, o.Payload)
					}
				}
			}
		}
	}
}

// The tests' own sealing gives the RFCs' packets.
func TestSeal(t *testing.T) {
	for v, want := range vectors(t) {
		if got := seal(quic.NewSchedule(v, original), quic.Client, 2, want["client_frames"]); !bytes.Equal(got, want["client_packet"]) {
			t.Errorf("version %v:\n%x, not\n%x", v, got, want["client_packet"])
		}
	}
}
