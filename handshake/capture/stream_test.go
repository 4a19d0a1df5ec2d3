package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/capture"
)

// TestStreams: whatever both ends send, a receiver of TCP gets it back, in both
// families, through the wrap of the sequence numbers too.
func TestStreams(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		w, out := begun(t)
		c, s := alice, bob
		if seed%2 == 1 {
			c, s = alice6, bob6
		}
		// So near the end of the numbers that every stream passes it, on either side.
		st, err := w.OpenAt(0, c, s, noon, -uint32(r.IntN(30_000)), -uint32(r.IntN(30_000)))
		if err != nil {
			t.Fatal(err)
		}
		var sent [2][]byte
		for range 40 {
			b := make([]byte, []int{0, 1, 100, 1400, 1401, 4096, 16_406, 70_000, 200_000}[r.IntN(9)])
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			at := noon.Add(time.Duration(r.IntN(1000)-500) * time.Millisecond) // a clock that is set back
			if r.IntN(2) == 0 {
				sent[0] = append(sent[0], b...)
				err = st.FromClient(at, b)
			} else {
				sent[1] = append(sent[1], b...)
				err = st.FromServer(at, b)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		want := "SsFf"
		switch seed % 4 {
		case 0:
			err = st.Close(noon, true)
		case 1:
			want, err = "SsfF", st.Close(noon, false)
		case 2:
			want, err = "SsR", st.Reset(noon, true)
		case 3:
			want, err = "Ssr", st.Reset(noon, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		f := read(t, out.Bytes())
		got := follow(t, f.packets())
		if !bytes.Equal(got.toServer, sent[0]) || !bytes.Equal(got.toClient, sent[1]) || got.story != want || got.client != c || got.server != s {
			t.Errorf("seed %d: %q, %d of %d and %d of %d bytes", seed, got.story, len(got.toServer), len(sent[0]), len(got.toClient), len(sent[1]))
		}
		if f.crossing != 0 {
			t.Errorf("seed %d: %d blocks cross a page", seed, f.crossing)
		}
	}
}

// TestAcknowledged: no end sends 64 KiB and more than a page without an answer.
func TestAcknowledged(t *testing.T) {
	w, out := begun(t)
	st, err := w.Open(0, alice, bob, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.FromServer(noon, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	unacked := 0
	for _, p := range read(t, out.Bytes()).packets() {
		if unacked += len(p.payload); p.src == alice {
			unacked = 0
		}
		if unacked > 1<<16+4096 {
			t.Fatalf("%d bytes are unacknowledged", unacked)
		}
	}
}

// TestAfterTheEnd: a stream that has ended stays as it is, and says so.
func TestAfterTheEnd(t *testing.T) {
	w, out := begun(t)
	st, err := w.Open(0, alice, bob, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(noon, true); err != nil {
		t.Fatal(err)
	}
	n := out.Len()
	for _, err := range []error{st.FromClient(noon, []byte("x")), st.FromServer(noon, []byte("x"))} {
		if !errors.Is(err, capture.ErrClosed) {
			t.Error(err)
		}
	}
	if err := errors.Join(st.Close(noon, false), st.Reset(noon, true)); err != nil || out.Len() != n {
		t.Errorf("%v, and %d more bytes", err, out.Len()-n)
	}
}

// TestAddresses: what is IPv4 in disguise is IPv4; a zone goes; what cannot be a
// connection is refused, and nothing of it written.
func TestAddresses(t *testing.T) {
	w, out := begun(t)
	at := netip.MustParseAddrPort
	for _, c := range []struct{ client, server, want string }{
		{"[::ffff:192.0.2.1]:1", "198.51.100.7:2", "192.0.2.1:1 198.51.100.7:2"},
		{"[fe80::1%eth0]:1", "[fe80::2%eth0]:2", "[fe80::1]:1 [fe80::2]:2"},
		{"192.0.2.1:1", "[::1]:2", ""},
	} {
		n := out.Len()
		_, err := w.Open(0, at(c.client), at(c.server), noon)
		if (err == nil) != (c.want != "") || err != nil && out.Len() != n {
			t.Errorf("%v: %v", c, err)
		}
		if c.want != "" {
			all := read(t, out.Bytes()).packets()
			if p := all[len(all)-1]; fmt.Sprint(p.src, p.dst) != c.want && p.src.String()+" "+p.dst.String() != c.want {
				t.Errorf("%v became %v, %v", c, p.src, p.dst)
			}
		}
	}
	if _, err := w.Open(0, netip.AddrPort{}, bob, noon); err == nil {
		t.Error("a connection from nowhere")
	}
	if _, err := w.Open(1, alice, bob, noon); err == nil {
		t.Error("an interface that was not described")
	}
}

// TestWiresharkFollowsTheWrap: past 2³² bytes, of which these are the last, Wireshark sees
// no gap either.
func TestWiresharkFollowsTheWrap(t *testing.T) {
	w, out := begun(t)
	for i, seq := range []uint32{1<<32 - 1, 1<<32 - 70_000, 1<<31 - 5000} {
		c, s := alice, bob
		if i == 1 {
			c, s = alice6, bob6
		}
		c = netip.AddrPortFrom(c.Addr(), uint16(50000+i))
		st, err := w.OpenAt(0, c, s, noon, seq, seq+100)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 40 {
			if err := errors.Join(st.FromClient(noon, make([]byte, 5000)), st.FromServer(noon, make([]byte, n*500))); err != nil {
				t.Fatal(err)
			}
		}
		if err := st.Close(noon, true); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "wrap.pcapng")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if wraps := run(t, "tshark", "-r", name, "-o", "tcp.relative_sequence_numbers:FALSE", "-Y", "tcp.seq < 100000", "-T", "fields", "-e", "tcp.seq"); strings.Count(wraps, "\n") < 10 {
		t.Errorf("the numbers did not wrap: %s", wraps)
	}
	impeccable(t, name)
	if flags := run(t, "tshark", "-r", name, "-Y", "tcp.analysis.flags"); flags != "" {
		t.Errorf("Wireshark suspects\n%s", flags)
	}
}
