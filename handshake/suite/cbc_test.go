package suite

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding"
	"fmt"
	"hash"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// cbcWays are the ways that decrypt before they authenticate.
func cbcWays(t *testing.T, f func(*testing.T, way)) {
	each(t, func(t *testing.T, w way) {
		if w.c.Kind == CBC && !w.etm {
			f(t, w)
		}
	})
}

// plainCBC seals by the letter of RFC 5246 §6.2.3.2, with the MAC and the padding
// that it is given: what an honest peer, or an attacker with luck, might send.
func plainCBC(t testing.TB, w way, inner []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(w.keys().Key)
	if err != nil {
		t.Fatal(err)
	}
	iv := bytes.Repeat([]byte{0xab}, aes.BlockSize)
	ciphertext := make([]byte, len(inner))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, inner)
	rec, err := appendHeader(nil, typ, ver, len(iv)+len(inner))
	if err != nil {
		t.Fatal(err)
	}
	return append(append(rec, iv...), ciphertext...)
}

func plainMAC(w way, seq uint64, data []byte) []byte {
	m := hmac.New(w.c.MAC.New, w.keys().MAC)
	m.Write(pseudoHeader(new([13]byte), seq, typ, ver, len(data)))
	m.Write(data)
	return m.Sum(nil)
}

// padded is data || MAC || n bytes of padding, padding_length included.
func padded(data, mac []byte, n int) []byte {
	return slices.Concat(data, mac, bytes.Repeat([]byte{byte(n - 1)}, n))
}

// Every padding that RFC 5246 allows is accepted, up to 255 and its length byte.
func TestCBCEveryPadding(t *testing.T) {
	cbcWays(t, func(t *testing.T, w way) {
		p := w.protect(t)
		for _, total := range []int{64, 80, 256, 272, 288, 320, 400} {
			accepted := 0
			for n := 1; n <= 256 && n+w.c.MACLen <= total; n++ {
				data := bytes.Repeat([]byte("x"), total-w.c.MACLen-n)
				rec := plainCBC(t, w, padded(data, plainMAC(w, 2, data), n))
				_, got, err := p.Open(nil, 2, rec, nil)
				if err != nil || !bytes.Equal(got, data) {
					t.Fatalf("%d bytes, %d of them padding: %v", total, n, err)
				}
				accepted++
			}
			if accepted != min(256, total-w.c.MACLen) {
				t.Errorf("%d bytes: %d paddings tried", total, accepted)
			}
		}
	})
}

// Whatever is wrong with a padding, the MAC being right where it would have to be.
func TestCBCBadPadding(t *testing.T) {
	cbcWays(t, func(t *testing.T, w way) {
		p := w.protect(t)
		const total = 320
		for _, n := range []int{2, 3, 16, 17, 100, 255, 256} {
			data := make([]byte, total-w.c.MACLen-n)
			good := padded(data, plainMAC(w, 0, data), n)
			for i := total - n; i < total-1; i++ { // each byte of it but the length
				bad := slices.Clone(good)
				bad[i] ^= 0x40
				refuses(t, p, fmt.Sprintf("padding %d, byte %d wrong", n, i-total+n), 0, plainCBC(t, w, bad))
			}
		}
		// A padding_length that leaves too little room for the MAC, or is
		// longer than the record; all bytes agree with it.
		for _, n := range []int{64 - w.c.MACLen + 1, 64, 65, 256} {
			refuses(t, p, fmt.Sprintf("padding of %d in 64 bytes", n), 0,
				plainCBC(t, w, bytes.Repeat([]byte{byte(n - 1)}, 64)))
		}
		// No whole block, no room for a MAC, nothing at all.
		for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 33, 47, 65} {
			rec, err := appendHeader(nil, typ, ver, n)
			if err != nil {
				t.Fatal(err)
			}
			refuses(t, p, fmt.Sprintf("a fragment of %d bytes", n), 0, append(rec, make([]byte, n)...))
		}
	})
}

// An authentic record with a bad padding can come only from the peer itself, and
// is refused in the same words (RFC 7366).
func TestEncryptThenMACBadPadding(t *testing.T) {
	each(t, func(t *testing.T, w way) {
		if !w.etm {
			return
		}
		p := w.protect(t)
		for _, inner := range [][]byte{bytes.Repeat([]byte{16}, 16), append(make([]byte, 31), 1), append(make([]byte, 15), 255)} {
			rec := plainCBC(t, w, inner)
			m := hmac.New(w.c.MAC.New, w.keys().MAC)
			m.Write(pseudoHeader(new([13]byte), 0, typ, ver, len(rec)-HeaderLen))
			m.Write(rec[HeaderLen:])
			rec = m.Sum(rec)
			rec[3], rec[4] = byte((len(rec)-HeaderLen)>>8), byte(len(rec)-HeaderLen)
			refuses(t, p, fmt.Sprintf("padding % x", inner), 0, rec)
		}
	})
}

// A trace of a refused record does not tell which check failed either.
func TestCBCTraceIsNoOracle(t *testing.T) {
	cbcWays(t, func(t *testing.T, w way) {
		p := w.protect(t)
		data := make([]byte, 64)
		steps := func(inner []byte) (names []string) {
			var tr Trace
			if _, _, err := p.Open(nil, 0, plainCBC(t, w, inner), &tr); err == nil {
				t.Fatal("accepted")
			}
			for _, s := range tr.Steps {
				names = append(names, s.Name)
			}
			return names
		}
		n := 16 - (64+w.c.MACLen)%16 + 16
		badMAC := padded(data, make([]byte, w.c.MACLen), n)
		badPadding := padded(data, plainMAC(w, 0, data), n)
		badPadding[len(badPadding)-2] ^= 1
		if a, b := steps(badMAC), steps(badPadding); !slices.Equal(a, b) {
			t.Errorf("bad MAC: %q, bad padding: %q", a, b)
		}
	})
}

// sumSecretLength is the same function as sum, for every length and every bound.
func TestSumSecretLength(t *testing.T) {
	data := make([]byte, 700)
	rand.NewChaCha8([32]byte{3}).Read(data)
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384} {
		m := newMAC(h.New, []byte("a key"))
		for _, total := range []int{0, 1, 42, 43, 50, 51, 52, 255, 256, 300, 700} {
			least := max(0, total-255)
			for n := least; n <= total; n++ {
				pseudoHeader(&m.head, 1, typ, ver, n)
				want := slices.Clone(m.sum(data[:n]))
				if got := m.sumSecretLength(data[:total], n, least); !bytes.Equal(got, want) {
					t.Fatalf("%v, %d of %d bytes: got %x, want %x", h, n, total, got, want)
				}
			}
		}
	}
}

func TestExtract(t *testing.T) {
	data := make([]byte, 400)
	rand.NewChaCha8([32]byte{4}).Read(data)
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384} {
		m := newMAC(h.New, nil)
		for _, total := range []int{m.size, m.size + 1, 100, 303, 304, 400} {
			least := max(0, total-m.size-255)
			for n := least; n+m.size <= total; n++ {
				if got := m.extract(data[:total], n, least); !bytes.Equal(got, data[n:n+m.size]) {
					t.Fatalf("%v, at %d of %d: got %x", h, n, total, got)
				}
			}
		}
	}
}

// Bad padding counts as the shortest: the MAC is computed over the most there can be.
func TestUnpad(t *testing.T) {
	for _, c := range []struct {
		b             string
		padding, good int
	}{
		{"....................\x00", 1, 1},
		{"...................\x01\x01", 2, 1},
		{"...................\x02\x01", 1, 0},
		{".\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13\x13", 20, 1}, // all but the byte macLen asks for
		{"\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14\x14", 1, 0},
		{"....................\xff", 1, 0},
	} {
		if padding, good := unpad([]byte(c.b), 1); padding != c.padding || good != c.good {
			t.Errorf("%q: padding %d, good %d; want %d, %d", c.b, padding, good, c.padding, c.good)
		}
	}
}

// counter counts the compression calls of a hash: one for each block that fills,
// and those of the padding that Sum adds. It also writes down how it was used.
type counter struct {
	hash.Hash
	work *work
	held int // bytes waiting for their block to fill
}

type work struct {
	calls int
	ops   []int // lengths of writes; -1 for a Sum, -2 for a look at the state
}

func (c *counter) Write(p []byte) (int, error) {
	c.held += len(p)
	c.work.calls += c.held / c.BlockSize()
	c.work.ops = append(c.work.ops, len(p))
	c.held %= c.BlockSize()
	return c.Hash.Write(p)
}

func (c *counter) Sum(b []byte) []byte {
	c.work.calls += (c.held+c.BlockSize()/8)/c.BlockSize() + 1
	c.work.ops = append(c.work.ops, -1)
	return c.Hash.Sum(b)
}

func (c *counter) AppendBinary(b []byte) ([]byte, error) {
	c.work.ops = append(c.work.ops, -2)
	return c.Hash.(encoding.BinaryAppender).AppendBinary(b)
}

// UnmarshalBinary is only used for states between blocks.
func (c *counter) UnmarshalBinary(b []byte) error {
	c.held = 0
	return c.Hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(b)
}

// Lucky Thirteen: for one length of record the hash is put to the same work, in
// the same order, whatever the padding, good or bad, long or short.
func TestCBCCompressionCallsAreConstant(t *testing.T) {
	cbcWays(t, func(t *testing.T, w way) {
		p := w.protect(t).(*cbc)
		var now work
		x := p.expand()
		defer runtime.KeepAlive(x)
		x.mac = newMAC(func() hash.Hash { return &counter{Hash: w.c.MAC.New(), work: &now} }, w.keys().MAC)
		count := func(inner []byte) work {
			now = work{}
			p.Open(nil, 0, plainCBC(t, w, inner), nil)
			return now
		}
		before := 0
		for _, total := range []int{64, 80, 96, 112, 128, 192, 256, 272, 304, 320, 400, 1024} {
			// The reference is a record of noise: bad padding, bad MAC.
			noise := make([]byte, total)
			rand.NewChaCha8([32]byte{9}).Read(noise)
			want := count(noise)
			if want.calls < before || want.calls == 0 {
				t.Fatalf("%d bytes: %d calls, fewer than for a shorter record", total, want.calls)
			}
			before = want.calls
			same := func(what string, inner []byte) {
				t.Helper()
				got := count(inner)
				if got.calls != want.calls {
					t.Fatalf("%d bytes, %s: %d compression calls, want %d", total, what, got.calls, want.calls)
				}
				if !slices.Equal(got.ops, want.ops) {
					t.Fatalf("%d bytes, %s: the hash is used thus: %d; want %d", total, what, got.ops, want.ops)
				}
			}
			for n := 1; n <= 256 && n+w.c.MACLen <= total; n++ {
				data := make([]byte, total-w.c.MACLen-n)
				good := padded(data, plainMAC(w, 0, data), n)
				badPadding := slices.Clone(good)
				badPadding[total-n] ^= 1 // for n == 1 another, perhaps valid, length
				same(fmt.Sprintf("padding %d", n), good)
				same(fmt.Sprintf("padding %d, bad MAC", n), padded(data, make([]byte, w.c.MACLen), n))
				same(fmt.Sprintf("padding %d, bad", n), badPadding)
			}
			// A padding_length longer than the record is work like any other.
			same("all of them 255", bytes.Repeat([]byte{255}, total))
		}
	})
}

// The counter itself: it would be of no use if it did not see the leak that a
// plain HMAC has.
func TestCounterSeesALeak(t *testing.T) {
	var now work
	m := newMAC(func() hash.Hash { return &counter{Hash: crypto.SHA1.New(), work: &now} }, nil)
	count := func(n int) int {
		now.calls = 0
		m.h.Reset()
		m.h.(*counter).held = 0
		m.h.Write(make([]byte, n))
		m.h.Sum(nil)
		return now.calls
	}
	for n, want := range map[int]int{0: 1, 55: 1, 56: 2, 64: 2, 119: 2, 120: 3} {
		if got := count(n); got != want {
			t.Errorf("SHA-1 of %d bytes: %d compression calls counted, want %d", n, got, want)
		}
	}
}

// What constant time costs on a full record, beside encrypt-then-MAC, which needs none.
func BenchmarkCBCOpen(b *testing.B) {
	for _, w := range ways() {
		if w.c.Kind != CBC {
			continue
		}
		b.Run(w.name, func(b *testing.B) {
			p := w.protect(b)
			rec := seal(b, p, 0, make([]byte, 16384))
			into := make([]byte, 0, len(rec))
			b.SetBytes(16384)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.Open(into, 0, rec, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
