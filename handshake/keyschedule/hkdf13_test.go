package keyschedule

import (
	"bytes"
	"crypto"
	"crypto/hkdf"
	_ "crypto/sha3"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainLabel is HKDF-Expand-Label over the standard library's HKDF.
func plainLabel(t testing.TB, h crypto.Hash, secret []byte, label string, context []byte, n int) []byte {
	label = "tls13 " + label
	info := slices.Concat([]byte{byte(n >> 8), byte(n), byte(len(label))}, []byte(label), []byte{byte(len(context))}, context)
	out, err := hkdf.Expand(h.New, secret, string(info), n)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func plainExtract(t testing.TB, h crypto.Hash, salt, ikm []byte) []byte {
	out, err := hkdf.Extract(h.New, ikm, salt)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The last of these hashes has the largest block.
var hashes13 = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA1, crypto.SHA512, crypto.SHA3_224}

func TestExpandLabelIsThePlainOne(t *testing.T) {
	rng := rand.New(rand.NewChaCha8([32]byte{2}))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	for _, h := range hashes13 {
		check := func(n, secretLen, labelLen, contextLen int) {
			t.Helper()
			secret, label, context := random(secretLen), string(random(labelLen)), random(contextLen)
			got := make([]byte, n)
			ExpandLabel(h, got, secret, label, context)
			if want := plainLabel(t, h, secret, label, context, n); !bytes.Equal(got, want) {
				t.Fatalf("%v: out %d, secret %d, label %d, context %d: got %x, want %x", h, n, secretLen, labelLen, contextLen, got, want)
			}
		}
		size := h.Size()
		for _, n := range []int{0, 1, size - 1, size, size + 1, 2*size - 1, 2 * size, 2*size + 1, 3 * size, 255*size - 1, 255 * size} {
			check(n, size, 12, size)
			check(n, size, 249, 255) // longer than the stack's buffer
		}
		for range 200 {
			check(rng.IntN(5*size), rng.IntN(300), 1+rng.IntN(249), rng.IntN(256))
		}
	}
}

// out may be the secret itself: a program that keeps one generation only.
func TestExpandLabelInPlace(t *testing.T) {
	for _, h := range hashes13 {
		b := bytes.Repeat([]byte{7}, h.Size())
		want := plainLabel(t, h, b, "traffic upd", b, len(b))
		if ExpandLabel(h, b, b, "traffic upd", b); !bytes.Equal(b, want) {
			t.Errorf("%v: got %x, want %x", h, b, want)
		}
	}
}

func panics(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s was accepted", what)
		}
	}()
	f()
}

func TestHkdfLabelBounds(t *testing.T) {
	label, context := string(make([]byte, 249)), make([]byte, 255)
	if got, want := len(AppendHkdfLabel(nil, label, context, 0xffff)), 2+1+255+1+255; got != want {
		t.Errorf("the longest HkdfLabel is %d bytes, want %d", got, want)
	}
	if got := AppendHkdfLabel([]byte("dst"), "l", nil, 0x102); string(got) != "dst\x01\x02\x07tls13 l\x00" {
		t.Errorf("got %q", got)
	}
	panics(t, "an empty label", func() { AppendHkdfLabel(nil, "", nil, 1) })
	panics(t, "a label of 250 bytes", func() { AppendHkdfLabel(nil, label+"l", nil, 1) })
	panics(t, "a context of 256 bytes", func() { AppendHkdfLabel(nil, label, make([]byte, 256), 1) })
	panics(t, "a negative length", func() { AppendHkdfLabel(nil, label, nil, -1) })
	panics(t, "a length of 65536", func() { AppendHkdfLabel(nil, label, nil, 1<<16) })
	panics(t, "output of more than 255 digests", func() {
		ExpandLabel(crypto.SHA256, make([]byte, 255*32+1), context, label, nil)
	})
}

// schedule13 is what one end derives of a full handshake, client authentication
// and tickets aside; traced, it would also ask for the secrets in between.
func schedule13(h crypto.Hash, shared, th, key, iv []byte) {
	early := NewEarlySecret(h, nil)
	handshake := early.Handshake(shared)
	client, server := handshake.ClientTraffic(th), handshake.ServerTraffic(th)
	for _, s := range []*TrafficSecret{&client, &server} {
		s.Key(key)
		s.IV(iv)
		s.VerifyData(th)
	}
	main := handshake.Main()
	client, server = main.ClientTraffic(th), main.ServerTraffic(th)
	for _, s := range []*TrafficSecret{&client, &server} {
		s.Key(key)
		s.IV(iv)
	}
	main.Exporter(th)
	main.Resumption(th)
}

func TestAllocs13(t *testing.T) {
	key, iv := make([]byte, 32), make([]byte, 12)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		th, psk := make([]byte, h.Size()), make([]byte, h.Size())
		shared := make([]byte, 80) // SecP384r1MLKEM1024, the longest but for finite fields
		var exporter ExporterSecret
		for what, f := range map[string]func(){
			"a full handshake": func() { schedule13(h, shared, th, key, iv) },
			"a resumption": func() {
				early := NewEarlySecret(h, psk)
				binderKey := early.BinderKey(false)
				binderKey.Binder(th)
				early.BinderKey(true)
				early.ClientTraffic(th)
				exporter = early.Exporter(th)
				early.Handshake(shared)
			},
			"what only a trace asks for": func() {
				early := NewEarlySecret(h, nil)
				early.Derived()
				handshake := early.Handshake(shared)
				handshake.Derived()
				client := handshake.ClientTraffic(th)
				client.FinishedKey()
			},
			"KeyUpdate and ticket": func() {
				s := TrafficSecret{Secret: NewSecret(h, psk)}
				s.Next()
				r := ResumptionSecret{Secret: NewSecret(h, psk)}
				r.PSK(th[:8])
			},
		} {
			if n := testing.AllocsPerRun(100, f); n != 0 {
				t.Errorf("%v: %s allocates %v times", h, what, n)
			}
		}
		if n := testing.AllocsPerRun(100, func() { exporter.Export("EXPORTER-Channel-Binding", psk, 100) }); n != 1 {
			t.Errorf("%v: Export allocates %v times, want once, for what it returns", h, n)
		}
	}
}

// One HKDF-Expand-Label, beside the same with crypto/hkdf.
func BenchmarkExpandLabel(b *testing.B) {
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		secret, th, out := make([]byte, h.Size()), make([]byte, h.Size()), make([]byte, h.Size())
		b.Run(h.String()+"/stack", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ExpandLabel(h, out, secret, "c hs traffic", th)
			}
		})
		b.Run(h.String()+"/hkdf.Expand", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				info := string(AppendHkdfLabel(nil, "c hs traffic", th, len(out)))
				if _, err := hkdf.Expand(h.New, secret, info, len(out)); err != nil {
					b.Fatal(err)
				}
			}
		})
		// What HMAC cannot do without: two hashes, of a block and HkdfLabel and of a
		// block and a digest. The rest of stack is the keys' padding and HkdfLabel.
		inner, outer := make([]byte, blockLen(h)+2+1+18+1+h.Size()+1), make([]byte, blockLen(h)+h.Size())
		b.Run(h.String()+"/two hashes", func(b *testing.B) {
			for b.Loop() {
				digest(h, out, inner)
				digest(h, out, outer)
			}
		})
	}
}

// All that one end derives of a full handshake.
func BenchmarkSchedule13(b *testing.B) {
	shared, th, key, iv := make([]byte, 64), make([]byte, 48), make([]byte, 16), make([]byte, 12)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		b.Run(fmt.Sprint(h), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				schedule13(h, shared, th[:h.Size()], key, iv)
			}
		})
	}
}
