package capture_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/capture"
)

var (
	alice  = netip.MustParseAddrPort("192.0.2.1:50000")
	bob    = netip.MustParseAddrPort("198.51.100.7:443")
	alice6 = netip.MustParseAddrPort("[2001:db8::1]:50000")
	bob6   = netip.MustParseAddrPort("[2001:db8:5::7]:443")
	noon   = time.Date(2026, 1, 1, 12, 0, 0, 123456789, time.UTC)
)

// begun is a Writer with one interface, and the file it writes to.
func begun(t testing.TB) (*capture.Writer, *bytes.Buffer) {
	t.Helper()
	out := new(bytes.Buffer)
	w, err := capture.NewWriter(out, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Interface("eth", "one"); err != nil {
		t.Fatal(err)
	}
	return w, out
}

// TestKnownBytes holds each kind of block to its layout in draft-ietf-opsawg-pcapng,
// byte by byte.
func TestKnownBytes(t *testing.T) {
	var out bytes.Buffer
	w, err := capture.NewWriter(&out, capture.Options{Hardware: "hw", OS: "os", Comment: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	part := func(what, want string) {
		t.Helper()
		want = strings.Join(strings.Fields(want), "")
		if got := hex.EncodeToString(out.Bytes()); got != want {
			t.Errorf("%s:\n got %s\nwant %s", what, got, want)
		}
		out.Reset()
	}
	part("Section Header Block", `
		0a0d0d0a 48000000 4d3c2b1a 0100 0000 ffffffffffffffff
		0100 0500 68656c6c6f 000000
		0200 0200 6877 0000
		0300 0200 6f73 0000
		0400 0600 746c736c6162 0000
		0000 0000 48000000`)
	if _, err := w.Interface("leg", ""); err != nil {
		t.Fatal(err)
	}
	part("Interface Description Block", `
		01000000 28000000 6500 0000 00000000
		0200 0300 6c6567 00
		0900 0100 09 000000
		0000 0000 28000000`)
	if err := w.Secrets([]byte("A b c\n")); err != nil {
		t.Fatal(err)
	}
	part("Decryption Secrets Block", `
		0a000000 20000000 4b534c54 06000000 41206220630a 0000 0000 0000 20000000`)
	st, err := w.Open(0, alice, bob, noon)
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := st.FromClient(noon.Add(time.Second), []byte("hey")); err != nil {
		t.Fatal(err)
	}
	// 2026-01-01 12:00:01.123456789 UTC in nanoseconds is 0x1886999c_79981715.
	part("Enhanced Packet Block", `
		06000000 50000000 00000000 9c998618 15179879 2b000000 2b000000
		45 00 002b 0000 4000 40 06 4e91 c0000201 c6336407
		c350 01bb 9e3779b2 85ebca6c 50 18 ffff b4d9 0000
		686579 00 0000 0000 50000000`)
}

// TestNothingCrossesAPage: whatever is written, no block crosses a multiple of 4096, so
// that a kill between two pages is one between two blocks.
func TestNothingCrossesAPage(t *testing.T) {
	fillers := map[int]bool{}
	for first := range 1100 { // every position in a page
		w, out := begun(t)
		st, err := w.Open(0, alice, bob, noon)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{4*first + 1, 1400, 1, 4000, 1401, 300, 16401, 4032, 4031} {
			if err := st.FromClient(noon, make([]byte, n)); err != nil {
				t.Fatal(err)
			}
			if err := w.Secrets([]byte(strings.Repeat("L 0 1\n", n/600+1))); err != nil {
				t.Fatal(err)
			}
		}
		f := read(t, out.Bytes())
		if f.crossing != 0 {
			t.Fatalf("first %d: %d blocks cross a page", first, f.crossing)
		}
		for _, n := range f.fillers {
			fillers[n] = true
		}
	}
	// Both forms of a filler, and pages that are full to the last byte.
	if !fillers[16] || !fillers[20] || !fillers[24] || len(fillers) < 100 {
		t.Errorf("only %d sizes of filler were seen", len(fillers))
	}
}

// TestSmallChunksStayWhole: a chunk of up to 1400 bytes is one segment, whatever is left
// of the page; Wireshark looks for a CONNECT's line in one.
func TestSmallChunksStayWhole(t *testing.T) {
	w, out := begun(t)
	st, err := w.Open(0, alice6, bob6, noon)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 1400; n++ {
		if err := st.FromServer(noon, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, p := range read(t, out.Bytes()).packets() {
		if len(p.payload) > 0 {
			if n++; len(p.payload) != n {
				t.Fatalf("a chunk of %d bytes begins with %d", n, len(p.payload))
			}
		}
	}
	if n != 1400 {
		t.Errorf("%d chunks", n)
	}
}

// TestLongKeyLog: more secrets than a page holds are several blocks of whole lines.
func TestLongKeyLog(t *testing.T) {
	w, out := begun(t)
	log := strings.Repeat("CLIENT_RANDOM "+strings.Repeat("ab", 32)+" "+strings.Repeat("cd", 48)+"\n", 100)
	for _, s := range []string{"", log, strings.Repeat("x", 10_000) + "\n"} {
		if err := w.Secrets([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	f := read(t, out.Bytes())
	got := ""
	for i, x := range f.order {
		s := string(x.(secrets))
		if !strings.HasSuffix(s, "\n") || i < len(f.order)-1 && len(s) > 4096 {
			t.Errorf("block %d: %d bytes, the last of which is %q", i, len(s), s[len(s)-1])
		}
		got += s
	}
	if got != log+strings.Repeat("x", 10_000)+"\n" {
		t.Error("lines were lost")
	}
}

// limited fails after so many bytes, as a full disk does.
type limited struct {
	left  int
	calls int
}

var errFull = errors.New("full")

func (l *limited) Write(p []byte) (int, error) {
	l.calls++
	if len(p) > l.left {
		return l.left, errFull
	}
	l.left -= len(p)
	return len(p), nil
}

// TestFirstErrorStays: nothing is written behind a hole.
func TestFirstErrorStays(t *testing.T) {
	out := &limited{left: 1000}
	w, err := capture.NewWriter(out, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Interface("", ""); err != nil {
		t.Fatal(err)
	}
	st, err := w.Open(0, alice, bob, noon)
	if err != nil {
		t.Fatal(err)
	}
	tap := capture.NewTap(st, true)
	if err := st.FromClient(noon, make([]byte, 2000)); !errors.Is(err, errFull) {
		t.Fatalf("the disk is full, and %v", err)
	}
	calls := out.calls
	_, ierr := w.Interface("", "")
	_, oerr := w.Open(0, alice, bob, noon)
	for i, err := range []error{w.Err(), ierr, oerr, w.Secrets([]byte("a\n")), st.FromServer(noon, []byte("x")), tap.Wrote(noon, []byte("x")),
		tap.Close(noon, true), st.Close(noon, true), st.Reset(noon, true)} {
		if !errors.Is(err, errFull) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if out.calls != calls {
		t.Errorf("%d writes after the first error", out.calls-calls)
	}
	if _, err := capture.NewWriter(&limited{}, capture.Options{}); !errors.Is(err, errFull) {
		t.Errorf("a Section Header was written: %v", err)
	}
}

// TestManyGoroutines write into one file; every stream of it is whole.
func TestManyGoroutines(t *testing.T) {
	w, out := begun(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			st, err := w.Open(0, netip.AddrPortFrom(alice.Addr(), uint16(50000+i)), bob, noon)
			for n := range 50 {
				if err == nil {
					err = st.FromClient(noon, bytes.Repeat([]byte{byte(i)}, n*50))
				}
				if err == nil {
					err = st.FromServer(noon, bytes.Repeat([]byte{byte(i)}, n*3))
				}
			}
			if err == nil {
				err = st.Close(noon, i%2 == 0)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	byClient := map[netip.AddrPort][]*packet{}
	for _, p := range read(t, out.Bytes()).packets() {
		k := p.src
		if k.Port() == 443 {
			k = p.dst
		}
		byClient[k] = append(byClient[k], p)
	}
	if len(byClient) != 20 {
		t.Fatalf("%d streams", len(byClient))
	}
	isn := map[uint32]bool{}
	for k, packets := range byClient {
		isn[packets[0].seq] = true
		c := follow(t, packets)
		if len(c.toServer) != 49*50/2*50 || len(c.toClient) != 49*50/2*3 {
			t.Errorf("%v: %d and %d bytes", k, len(c.toServer), len(c.toClient))
		}
		if b := byte(k.Port() - 50000); bytes.Count(c.toServer, []byte{b}) != len(c.toServer) {
			t.Errorf("%v has bytes of others", k)
		}
	}
	if len(isn) != 20 {
		t.Errorf("%d initial sequence numbers", len(isn))
	}
}
