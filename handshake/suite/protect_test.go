package suite

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// way is a cipher in one of the ways it can be used.
type way struct {
	name  string
	c     *Cipher
	etm   bool
	zeros int // of padding, TLS 1.3
}

// ways lists every cipher of the table once, and twice those of CBC and of TLS 1.3.
func ways() (list []way) {
	for _, s := range rows {
		if slices.ContainsFunc(list, func(w way) bool { return w.c == s.Cipher }) {
			continue
		}
		name := s.Version.String() + " " + s.Cipher.Name
		list = append(list, way{name: name, c: s.Cipher})
		switch s.Cipher.Kind {
		case CBC:
			list = append(list, way{name: name + " encrypt-then-MAC", c: s.Cipher, etm: true})
		case AEAD13, MAC13:
			list = append(list, way{name: name + " padded", c: s.Cipher, zeros: 37})
		}
	}
	return list
}

// protect makes a protection with keys that are the same for the same way.
func (w way) protect(t testing.TB) Protection {
	t.Helper()
	p, err := w.c.Protect(w.keys(), w.options())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w way) options() Options {
	o := Options{EncryptThenMAC: w.etm}
	if w.zeros > 0 {
		o.Padding = func(int) int { return w.zeros }
	}
	return o
}

// keys differ between ways. (Under one MAC key an encrypt-then-MAC record is a
// genuine record of the NULL cipher as well, as fuzzing found.)
func (w way) keys() Keys {
	rng := rand.NewChaCha8(sha256.Sum256([]byte(w.name)))
	random := func(n int) []byte { b := make([]byte, n); rng.Read(b); return b }
	return Keys{MAC: random(w.c.MACLen), Key: random(w.c.KeyLen), IV: random(w.c.FixedIVLen)}
}

func each(t *testing.T, f func(*testing.T, way)) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) { f(t, w) })
	}
}

const (
	typ = iana.ApplicationData
	ver = iana.TLS12
)

func seal(t testing.TB, p Protection, seq uint64, plaintext []byte) []byte {
	t.Helper()
	rec, err := p.Seal(nil, seq, typ, ver, plaintext, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// The two records that the client sends under its keys in "The Illustrated TLS
// 1.2 Connection" (https://tls12.xargs.org): Finished, then "ping".
func TestIllustratedTLS12(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	keys := Keys{MAC: unhex("1b7d117c7d5f690bc263cae8ef60af0f1878acc2"), Key: unhex("f656d037b173ef3e11169f27231a84b6")}
	for seq, v := range []struct{ rec, plaintext string }{
		{"16 0303 0040 404142434445464748494a4b4c4d4e4f 227bc9ba81ef30f2a8a78ff1df50844d" +
			"5804b7eeb2e214c32b6892aca3db7b78077fdd90067c516bacb3ba90dedf720f", "1400000ccf919626f1360c536aaad73a"},
		{"17 0303 0030 000102030405060708090a0b0c0d0e0f 6c421c71c42b183bfa06195d133d0a09" +
			"d00fc7cb4e0f5d1cda59d147ec790c99", hex.EncodeToString([]byte("ping"))},
	} {
		rec, plaintext := unhex(v.rec), unhex(v.plaintext)
		p, err := aes128SHA1.Protect(keys, Options{Rand: bytes.NewReader(rec[5:21])})
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := p.Seal(nil, uint64(seq), iana.ContentType(rec[0]), ver, plaintext, nil)
		if err != nil || !bytes.Equal(sealed, rec) {
			t.Errorf("record %d: sealed %x, %v; want %x", seq, sealed, err, rec)
		}
		typ, got, err := p.Open(nil, uint64(seq), rec, nil)
		if err != nil || byte(typ) != rec[0] || !bytes.Equal(got, plaintext) {
			t.Errorf("record %d: opened %v %x, %v; want %x", seq, typ, got, err, plaintext)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, w way) {
		p, peer := w.protect(t), w.protect(t)
		data := make([]byte, 16384)
		rand.NewChaCha8([32]byte{}).Read(data)
		for seq, n := range []int{0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1000, 16383, 16384} {
			prefix := []byte("before")
			out, err := p.Seal(prefix, uint64(seq), typ, ver, data[:n], nil)
			if err != nil {
				t.Fatal(err)
			}
			rec, ok := bytes.CutPrefix(out, prefix)
			if !ok || len(rec)-HeaderLen > n+p.Overhead()+w.zeros {
				t.Fatalf("%d bytes: a record of %d, overhead %d", n, len(rec), p.Overhead())
			}
			for _, room := range []int{-1, n - 1, n + 1024} { // none, too little, enough
				var into []byte
				if room >= 0 {
					into = make([]byte, 0, room)
				}
				r := slices.Clone(rec)
				got, plaintext, err := peer.Open(into, uint64(seq), r, nil)
				if err != nil || got != typ || !bytes.Equal(plaintext, data[:n]) {
					t.Fatalf("%d bytes, room for %d: %v, %v", n, room, got, err)
				}
				if n == 0 {
					continue
				}
				inPlace := &plaintext[0] == &r[HeaderLen+w.c.ExplicitLen]
				if room < n && !inPlace {
					t.Errorf("%d bytes, room for %d: not opened in place", n, room)
				}
				if room > n && &plaintext[0] != &into[:1][0] {
					t.Errorf("%d bytes, room for %d: not opened there", n, room)
				}
			}
		}
	})
}

// refuses checks that Open gives the one error.
func refuses(t *testing.T, p Protection, what string, seq uint64, rec []byte) {
	t.Helper()
	_, _, one := p.Open(nil, 0, nil, nil) // no record at all
	_, plaintext, err := p.Open(nil, seq, slices.Clone(rec), nil)
	if plaintext != nil || err == nil || err.Error() != one.Error() || reason.Of(err) != reason.BadRecordMAC {
		t.Errorf("%s: got %d bytes and %v", what, len(plaintext), err)
	}
}

func TestEveryByteIsAuthenticated(t *testing.T) {
	each(t, func(t *testing.T, w way) {
		p := w.protect(t)
		for _, n := range []int{0, 1, 40} {
			rec := seal(t, p, 3, make([]byte, n))
			for i := range rec {
				for _, flip := range []byte{1, 0x80} {
					bad := slices.Clone(rec)
					bad[i] ^= flip
					refuses(t, p, fmt.Sprintf("%d bytes, byte %d ^ %#x", n, i, flip), 3, bad)
				}
			}
			for i := range rec { // cut short, the header telling the truth about it
				if i < HeaderLen {
					refuses(t, p, fmt.Sprintf("the first %d bytes", i), 3, rec[:i])
					continue
				}
				bad := slices.Clone(rec[:i])
				bad[3], bad[4] = byte((i-HeaderLen)>>8), byte(i-HeaderLen)
				refuses(t, p, fmt.Sprintf("cut to %d bytes", i), 3, bad)
			}
			refuses(t, p, "the record after", 4, rec)
			refuses(t, p, "the record before", 2, rec)
			refuses(t, p, "a far record", 3|1<<63, rec)
		}
	})
}

// Keys of another connection, differing in one bit of each part in turn.
func TestEveryKeyMatters(t *testing.T) {
	each(t, func(t *testing.T, w way) {
		// Two blocks: a wrong encryption key alone must spoil the plaintext.
		rec := seal(t, w.protect(t), 0, make([]byte, 32))
		for _, part := range []string{"MAC", "Key", "IV"} {
			k := w.keys()
			b := map[string][]byte{"MAC": k.MAC, "Key": k.Key, "IV": k.IV}[part]
			if len(b) == 0 {
				continue
			}
			b[0] ^= 1
			p, err := w.c.Protect(k, w.options())
			if err != nil {
				t.Fatal(err)
			}
			if part == "Key" && w.etm {
				// The MAC is genuine; whether the padding happens to look
				// right is chance, but the plaintext is wrong.
				if _, got, err := p.Open(nil, 0, slices.Clone(rec), nil); err == nil && bytes.Equal(got, make([]byte, 32)) {
					t.Error("the encryption key does not matter")
				}
				continue
			}
			refuses(t, p, "another "+part, 0, rec)
		}
	})
}

func TestProtectRefusesKeyLengths(t *testing.T) {
	each(t, func(t *testing.T, w way) {
		for i := range 3 {
			k := w.keys()
			part := []*[]byte{&k.MAC, &k.Key, &k.IV}[i]
			*part = append(*part, 0)
			if p, err := w.c.Protect(k, Options{}); reason.Of(err) != reason.Internal || p != nil {
				t.Errorf("key part %d one byte too long: %v, %v", i, p, err)
			}
		}
	})
}

func TestSealRefusesWhatNoLengthCanSay(t *testing.T) {
	each(t, func(t *testing.T, w way) {
		p := w.protect(t)
		dst := []byte("before")
		out, err := p.Seal(dst, 0, typ, ver, make([]byte, 65536), nil)
		if reason.Of(err) != reason.Internal || !bytes.Equal(out, dst) {
			t.Errorf("got %d bytes, %v", len(out), err)
		}
	})
}

// Both ends see the same values, and every name is one narrate can know.
func TestTrace(t *testing.T) {
	want := map[Kind][]string{
		AEAD: {StepSequenceNumber, StepAdditionalData, StepFixedIV, StepNonce, StepCiphertext, StepTag},
		CBC:  {StepSequenceNumber, StepMACHeader, StepMAC, StepPadding, StepExplicitIV, StepCiphertext},
		NULL: {StepSequenceNumber, StepMACHeader, StepMAC},
		AEAD13: {StepContentType, StepInnerPlaintext, StepSequenceNumber, StepWriteIV, StepNonce,
			StepAdditionalData13, StepCiphertext, StepTag},
		MAC13: {StepContentType, StepInnerPlaintext, StepSequenceNumber, StepWriteIV, StepNonce,
			StepAdditionalData13, StepMAC13},
	}
	each(t, func(t *testing.T, w way) {
		p := w.protect(t)
		var out, in Trace
		rec, err := p.Seal(nil, 5, typ, ver, []byte("twenty bytes of text"), &out)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Open(nil, 5, rec, &in); err != nil {
			t.Fatal(err)
		}
		values := func(tr Trace) map[string]string {
			m := map[string]string{}
			for _, s := range tr.Steps {
				if _, twice := m[s.Name]; twice || !slices.Contains(StepNames(), s.Name) {
					t.Errorf("step %q is twice there, or not in StepNames", s.Name)
				}
				m[s.Name] = string(s.Bytes)
			}
			return m
		}
		sealed, opened := values(out), values(in)
		for _, name := range want[w.c.Kind] {
			if _, ok := sealed[name]; !ok {
				t.Errorf("no step %q", name)
			}
		}
		for name, v := range sealed {
			if opened[name] != v {
				t.Errorf("%s: sealed with %x, opened with %x", name, v, opened[name])
			}
		}
		if zeros, ok := sealed[StepZeros]; ok != (w.zeros > 0) || len(zeros) != w.zeros {
			t.Errorf("%d zeros, %v", len(zeros), ok)
		}
		if len(opened) != len(sealed) {
			t.Errorf("%d steps to seal, %d to open", len(sealed), len(opened))
		}
	})
}

func TestAllocs(t *testing.T) {
	each(t, func(t *testing.T, w way) {
		if w.c.Kind == CBC && raceDetector() {
			t.Skip("the race detector allocates; without it the test holds")
		}
		p := w.protect(t)
		plaintext, dst, into := make([]byte, 1000), make([]byte, 0, 2000), make([]byte, 0, 2000)
		var seq uint64
		n := testing.AllocsPerRun(100, func() {
			rec, err := p.Seal(dst, seq, typ, ver, plaintext, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err = p.Open(into, seq, rec, nil); err != nil {
				t.Fatal(err)
			}
			seq++
		})
		if n != 0 {
			t.Errorf("Seal and Open allocate %v times", n)
		}
	})
}

// raceDetector reports whether the test was built with -race, which keeps the
// standard library's hashes from leaving their copies on the stack.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// A peer's explicit nonce may be anything; that it need not be the sequence
// number is how random-nonce senders interoperate.
func TestGCMForeignNonce(t *testing.T) {
	w := way{c: aes128GCM}
	a := w.protect(t).(*aead)
	plaintext := []byte("hello")
	number := uint64(0xfeedfacecafebeef)
	ad := pseudoHeader(&a.ad, 9, typ, ver, len(plaintext))
	rec, _ := appendHeader(nil, typ, ver, 8+len(plaintext)+16)
	rec = append(rec, 0xfe, 0xed, 0xfa, 0xce, 0xca, 0xfe, 0xbe, 0xef)
	mode, err := a.mode()
	if err != nil {
		t.Fatal(err)
	}
	rec = mode.Seal(rec, a.setNonce(number), plaintext, ad)
	if _, got, err := a.Open(nil, 9, rec, nil); err != nil || !bytes.Equal(got, plaintext) {
		t.Errorf("got %q, %v", got, err)
	}
}

// What a key expands to is gone after a garbage collection; the connection is not.
func TestWakesAfterGarbageCollection(t *testing.T) {
	asleep := func(p Protection) func() bool {
		switch p := p.(type) {
		case *aead:
			return func() bool { return p.expansion.expanded.Value() == nil }
		case *aead13:
			return func() bool { return p.expansion.expanded.Value() == nil }
		case *cbc:
			return func() bool { return p.expanded.Value() == nil }
		}
		return nil
	}
	aeads, cbcs := 0, 0
	each(t, func(t *testing.T, w way) {
		a, b := w.protect(t), w.protect(t)
		sleeps := asleep(a)
		if sleeps == nil {
			return
		}
		if _, ok := a.(*cbc); ok {
			cbcs++
		} else {
			aeads++
		}
		seal(t, a, 6, []byte("good night"))
		runtime.GC()
		runtime.GC()
		if !sleeps() {
			t.Error("the expanded key outlived two collections")
		}
		rec := seal(t, a, 7, []byte("good morning"))
		if _, got, err := b.Open(nil, 7, rec, nil); err != nil || string(got) != "good morning" {
			t.Errorf("got %q, %v", got, err)
		}
	})
	if aeads < 3 || cbcs < 3 {
		t.Errorf("%d AEADs, %d CBC", aeads, cbcs)
	}
}

func FuzzOpen(f *testing.F) {
	list := ways()
	for i, w := range list {
		f.Add(uint8(i), seal(f, w.protect(f), 0, []byte("seed")))
		f.Add(uint8(i), []byte{23, 3, 3, 0, 0})
	}
	f.Fuzz(func(t *testing.T, i uint8, rec []byte) {
		w := list[int(i)%len(list)]
		p := w.protect(t)
		_, plaintext, err := p.Open(make([]byte, 0, len(rec)), 0, rec, nil)
		if err != nil {
			if reason.Of(err) != reason.BadRecordMAC {
				t.Fatalf("%s: %v", w.name, err)
			}
			return
		}
		// Nobody forges: it is a seed, whose content is known.
		if string(plaintext) != "seed" {
			t.Fatalf("%s: opened %q", w.name, plaintext)
		}
	})
}
