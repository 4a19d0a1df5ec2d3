package certcompress_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"tlslab/handshake/certcompress"
	brotlimethod "tlslab/handshake/certcompress/brotli"
	zstdmethod "tlslab/handshake/certcompress/zstd"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

const limit = 1 << 18

// methods are all that there are, those of the packages below too: what they must hold to is
// the same.
var methods = []*certcompress.Method{zstdmethod.Method, brotlimethod.Method, certcompress.Zlib}

// message is n bytes that compress about as well as certificates do: half words that
// come again, half noise.
func message(n int) []byte {
	r := rand.New(rand.NewChaCha8([32]byte{1}))
	var b []byte
	for len(b) < n {
		b = append(b, "http://ocsp.example.test/ Example Trust Services "...)
		for range 50 {
			b = append(b, byte(r.Uint32()))
		}
	}
	return b[:n]
}

// What other programs made of one word three times over: Python's zlib, Google's brotli
// in Node, zstd -19 with its checksum.
func TestKnownAnswers(t *testing.T) {
	want := []byte("certificate certificate certificate")
	for alg, in := range map[*certcompress.Method]string{
		certcompress.Zlib:   "789c4b4e2d2ac94ccb4c4e2c495548c6ce0600f8720dca",
		brotlimethod.Method: "1b2200f825000a18626a016f4c0d",
		zstdmethod.Method:   "28b52ffd0468950000606365727469666963617465200100af4b1226d30c83",
	} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := alg.Decompress(b, len(want)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: %q, %v", alg, got, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, alg := range methods {
		for _, n := range []int{1, 2, 11, 1000, 4000, 1 << 15, 1<<16 + 1, limit} {
			b := message(n)
			c, err := alg.Compress(b)
			if err != nil {
				t.Fatalf("%v, %d bytes: %v", alg, n, err)
			}
			if n >= 1000 && len(c) > n*3/4 {
				t.Errorf("%v makes %d bytes of %d", alg, len(c), n)
			}
			if got, err := alg.Decompress(c, n); err != nil || !bytes.Equal(got, b) {
				t.Errorf("%v, %d bytes: %d, %v", alg, n, len(got), err)
			}
		}
	}
}

// The length is the sender's claim, and has to be right to the byte.
func TestWrongLength(t *testing.T) {
	b := message(3000)
	for _, alg := range methods {
		c, err := alg.Compress(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{-1, 0, 1, 2999, 3001, limit, limit + 1, 1<<24 - 1} {
			refuse(t, alg, c, n)
		}
	}
}

// Nothing may follow, nothing may be missing.
func TestEnds(t *testing.T) {
	b := message(600)
	for _, alg := range methods {
		c, err := alg.Compress(b)
		if err != nil {
			t.Fatal(err)
		}
		for n := range c {
			refuse(t, alg, c[:n], len(b))
		}
		refuse(t, alg, append(slices.Clone(c), 0), len(b))
		refuse(t, alg, slices.Concat(c, c), len(b))
		// More than any reader's buffer.
		refuse(t, alg, slices.Concat(c, make([]byte, 1<<17)), len(b))
	}
}

// A bomb is refused, and what is set aside until then is little more than an honest
// certificate of the greatest length takes.
func TestBombs(t *testing.T) {
	const most = 1 << 20
	zeros := make([]byte, 16<<20)
	for what, c := range map[string]struct {
		alg  *certcompress.Method
		bomb []byte
	}{
		"16 MiB of zeros, zlib":                   {certcompress.Zlib, zlibOf(zeros)},
		"16 MiB of zeros, brotli":                 {brotlimethod.Method, brotliOf(zeros, 1, 24)},
		"16 MiB of zeros, zstd":                   {zstdmethod.Method, zstdOf(t, zeros)},
		"a zstd frame of 2^62 bytes, it says":     {zstdmethod.Method, frameOf(1 << 62)},
		"a zstd window of 2 GiB, it says":         {zstdmethod.Method, unhex("28b52ffd" + "00" + "a8" + "010000")},
		"a brotli block of 16 MiB, it says":       {brotlimethod.Method, unhex("cffffffff8")},
		"a brotli window of 1 GiB (large_window)": {brotlimethod.Method, unhex("111e" + "ffffffff")},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		refuse(t, c.alg, c.bomb, limit)
		refuse(t, c.alg, c.bomb, 1)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 2*most {
			t.Errorf("%s: two refusals took %d KiB", what, used>>10)
		}
	}
}

// Small windows, large ones and those at the edge of narrow are taken, for content that refers as far
// back as it can, to brotli's dictionary included.
func TestWindows(t *testing.T) {
	far := slices.Concat(message(2000), message(limit - 4000)[2000:], message(2000), []byte("therefore the government of the United States "))
	for _, window := range []int{10, 15, 16, 17, 18, 19, 24} {
		for _, n := range []int{len(far), 1<<17 - 16, 700} {
			b := far[len(far)-n:]
			c := brotliOf(b, 5, window)
			if got, err := brotlimethod.Method.Decompress(c, n); err != nil || !bytes.Equal(got, b) {
				t.Errorf("brotli, 2^%d, %d bytes: %v", window, n, err)
			}
		}
	}
	for window := 2 << 10; window <= 8<<20; window *= 8 {
		c := zstdOf(t, far, zstd.WithWindowSize(window))
		if got, err := zstdmethod.Method.Decompress(c, len(far)); err != nil || !bytes.Equal(got, far) {
			t.Errorf("zstd, %d bytes: %v", window, err)
		}
	}
}

func TestFind(t *testing.T) {
	for i, a := range certcompress.Algorithms(methods) {
		if m := certcompress.Find(methods, a); m != methods[i] || m.Algorithm() != a || m.String() != a.String() {
			t.Errorf("%v is found as %v", a, m)
		}
	}
	for _, a := range []iana.CertificateCompressionAlgorithm{0, 4, 0x1a1a} {
		if m := certcompress.Find(methods, a); m != nil {
			t.Errorf("%v is found as %v", a, m)
		}
	}
}

// Random bytes, and a good stream with any one bit the other way round, yield n bytes
// or a refusal. (Without a checksum a changed bit may well yield other bytes.)
func TestNoise(t *testing.T) {
	r := rand.New(rand.NewChaCha8([32]byte{2}))
	b := message(300)
	for _, alg := range methods {
		for range 500 {
			noise := make([]byte, r.IntN(60))
			for i := range noise {
				noise[i] = byte(r.Uint32())
			}
			try(t, alg, noise, 1+r.IntN(100))
		}
		c, err := alg.Compress(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 * len(c) {
			c[i/8] ^= 1 << (i % 8)
			try(t, alg, c, len(b))
			c[i/8] ^= 1 << (i % 8)
		}
	}
}

// Connections compress and decompress at once, and leave no goroutine behind.
func TestConcurrency(t *testing.T) {
	before := runtime.NumGoroutine()
	b := message(3000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, alg := range methods {
				c, err := alg.Compress(b)
				if err != nil {
					t.Error(err)
					continue
				}
				if got, err := alg.Decompress(c, len(b)); err != nil || !bytes.Equal(got, b) {
					t.Errorf("%v: %v", alg, err)
				}
			}
		})
	}
	wg.Wait()
	for range 1_000_000 { // ours are done, but not yet gone
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

func FuzzDecompress(f *testing.F) {
	for _, alg := range methods {
		for _, n := range []int{1, 40, 700} {
			c, err := alg.Compress(message(n))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint16(alg.Algorithm()), c, n)
		}
	}
	f.Add(uint16(iana.CompressZstd), frameOf(1<<62), 100)
	f.Add(uint16(iana.CompressBrotli), []byte(nil), 1<<18)
	f.Fuzz(func(t *testing.T, alg uint16, b []byte, n int) {
		if m := certcompress.Find(methods, iana.CertificateCompressionAlgorithm(alg)); m != nil {
			try(t, m, b, n)
		}
	})
}

// try opens b: that yields n bytes or a refusal.
func try(t *testing.T, alg *certcompress.Method, b []byte, n int) {
	t.Helper()
	before := bytes.Clone(b)
	out, err := alg.Decompress(b, n)
	switch r := reason.Of(err); {
	case err == nil && len(out) != n:
		t.Errorf("%v: %d bytes instead of %d", alg, len(out), n)
	case err != nil && (out != nil || r != reason.CertificateCompression):
		t.Errorf("%v: %d bytes and %v", alg, len(out), err)
	case !bytes.Equal(before, b):
		t.Errorf("%v: the input was changed", alg)
	}
	if alg == brotlimethod.Method && n > 0 && n <= limit {
		// With its window left as it is, the stream says the same.
		all, plain := io.ReadAll(io.LimitReader(brotli.NewReader(bytes.NewReader(b)), int64(n+1)))
		if (plain == nil && len(all) == n) != (err == nil) || err == nil && !bytes.Equal(all, out) {
			t.Errorf("brotli of %d bytes: %d and %v instead of %d and %v; %x", n, len(out), err, len(all), plain, b)
		}
	}
}

func refuse(t *testing.T, alg *certcompress.Method, b []byte, n int) {
	t.Helper()
	_, err := alg.Decompress(b, n)
	var e *reason.Error
	if !errors.As(err, &e) || e.Reason != reason.CertificateCompression || !strings.HasPrefix(e.Field, "compressed_certificate.") {
		t.Errorf("%v, %d bytes claimed to be %d: %v", alg, len(b), n, err)
	}
	if a, _ := reason.Alert(reason.Of(err)); a != iana.BadCertificate {
		t.Errorf("the alert is %v", a)
	}
}

func zlibOf(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	w.Close()
	return out.Bytes()
}

func brotliOf(b []byte, quality, window int) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: quality, LGWin: window})
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	w.Close()
	return out.Bytes()
}

// zstdOf streams, so that the frame does not say how long its content is.
func zstdOf(t *testing.T, b []byte, options ...zstd.EOption) []byte {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, append(options, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// frameOf is a zstd frame that announces n bytes, in one empty last block.
func frameOf(n uint64) []byte {
	b := unhex("28b52ffd" + "e0") // single segment, Frame_Content_Size of 8 bytes
	b = binary.LittleEndian.AppendUint64(b, n)
	return append(b, 1, 0, 0)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
