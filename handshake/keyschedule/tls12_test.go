package keyschedule

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	_ "crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors that were posted to the IETF's TLS list for the PRF of RFC 5246.
func TestPRF12Vectors(t *testing.T) {
	for _, v := range []struct {
		h                 crypto.Hash
		secret, seed, out string
	}{
		{crypto.SHA256, "9bbe436ba940f017b17652849a71db35", "a0ba9f936cda311827a6f796ffd5198c", `
			e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a
			6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab
			4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
			87347b66`},
		{crypto.SHA384, "b80b733d6ceefcdc71566ea48e5567df", "cd665cf6a8447dd6ff8b27555edb7465", `
			7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd
			e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd
			8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425
			9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6
			91c8f3a26854308d5eaa3be85e0990703d73e56f`},
	} {
		want := unhex(t, v.out)
		got := make([]byte, len(want))
		PRF12(v.h, got, unhex(t, v.secret), "test label", unhex(t, v.seed))
		if !bytes.Equal(got, want) {
			t.Errorf("%v: got %x, want %x", v.h, got, want)
		}
	}
}

// plainPRF is RFC 5246 §5 written down as it stands, over the standard library's HMAC.
func plainPRF(h crypto.Hash, n int, secret []byte, label string, seed []byte) []byte {
	mac := func(parts ...[]byte) []byte {
		m := hmac.New(h.New, secret)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	seed = append([]byte(label), seed...)
	var out []byte
	for a := mac(seed); len(out) < n; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:n]
}

func TestPRF12IsThePlainOne(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{1})
	random := func(n int) []byte { b := make([]byte, n); rng.Read(b); return b }
	// Lengths about a block, a digest and the stack buffers; secrets as long as a
	// DHE premaster.
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		for _, n := range []int{0, 1, 12, 31, 32, 33, 47, 48, 49, 64, 96, 104, 500} {
			for _, secretLen := range []int{0, 1, 48, 64, 65, 128, 129, 1024} {
				for _, seedLen := range []int{0, 32, 64, 150, 400} {
					secret, seed := random(secretLen), random(seedLen)
					got := make([]byte, n)
					PRF12(h, got, secret, "a label", seed)
					if want := plainPRF(h, n, secret, "a label", seed); !bytes.Equal(got, want) {
						t.Fatalf("%v out %d secret %d seed %d: got %x, want %x", h, n, secretLen, seedLen, got, want)
					}
				}
			}
		}
	}
}

// The keys of "The Illustrated TLS 1.2 Connection" (https://tls12.xargs.org), from
// its premaster secret and randoms.
func TestIllustratedTLS12(t *testing.T) {
	pre := PreMasterSecret(unhex(t, "df4a291baa1eb7cfa6934b29b474baad2697e29f1f920dcc77c8a0a088447624"))
	count := func(from byte) (b []byte) {
		for i := range byte(32) {
			b = append(b, from+i)
		}
		return b
	}
	clientRandom, serverRandom := count(0x00), count(0x70)
	m := pre.Master(crypto.SHA256, clientRandom, serverRandom)
	k := m.KeyBlock(crypto.SHA256, clientRandom, serverRandom, 20, 16, 0)
	for what, v := range map[string]struct {
		got  []byte
		want string
	}{
		"client MAC key":   {k.ClientMAC, "1b7d117c7d5f690bc263cae8ef60af0f1878acc2"},
		"server MAC key":   {k.ServerMAC, "2ad8bdd8c601a617126f63540eb20906f781fad2"},
		"client write key": {k.ClientKey, "f656d037b173ef3e11169f27231a84b6"},
		"server write key": {k.ServerKey, "752a18e7a9fcb7cbcdd8f98dd8f769eb"},
	} {
		if !bytes.Equal(v.got, unhex(t, v.want)) {
			t.Errorf("%s: got %x, want %s", what, v.got, v.want)
		}
	}
}

// Each step of the schedule, with its label and seed spelled out here once more,
// computed by OpenSSL.
func TestScheduleAgainstOpenSSL(t *testing.T) {
	openssl := needOpenSSL(t)
	pre := PreMasterSecret(bytes.Repeat([]byte{0x0b}, 48))
	cr, sr := bytes.Repeat([]byte{0xcc}, 32), bytes.Repeat([]byte{0x55}, 32)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		transcript := bytes.Repeat([]byte{0x77}, h.Size())
		m := pre.Master(h, cr, sr)
		ems := pre.ExtendedMaster(h, transcript)
		keys := m.KeyBlock(h, cr, sr, 20, 16, 4)
		client, server := m.ClientFinished(h, transcript), m.ServerFinished(h, transcript)
		for _, step := range []struct {
			label  string
			secret []byte
			seed   []byte
			got    []byte
		}{
			{"master secret", pre, slices.Concat(cr, sr), m[:]},
			{"extended master secret", pre, transcript, ems[:]},
			{"key expansion", m[:], slices.Concat(sr, cr), keys.Raw},
			{"client finished", m[:], transcript, client[:]},
			{"server finished", m[:], transcript, server[:]},
			{"EXPERIMENTAL lab", m[:], slices.Concat(cr, sr), m.Export(h, "EXPERIMENTAL lab", cr, sr, nil, 40)},
			{"EXPERIMENTAL lab", m[:], slices.Concat(cr, sr, []byte{0, 0}), m.Export(h, "EXPERIMENTAL lab", cr, sr, []byte{}, 40)},
			{"EXPERIMENTAL lab", m[:], slices.Concat(cr, sr, []byte{0, 2, 7, 9}), m.Export(h, "EXPERIMENTAL lab", cr, sr, []byte{7, 9}, 40)},
		} {
			out, err := exec.Command(openssl, "kdf", "-keylen", fmt.Sprint(len(step.got)), "-binary",
				"-kdfopt", "digest:"+strings.ReplaceAll(h.String(), "-", ""),
				"-kdfopt", fmt.Sprintf("hexsecret:%x", step.secret),
				"-kdfopt", fmt.Sprintf("hexseed:%x%x", step.label, step.seed), "TLS1-PRF").Output()
			if err != nil {
				t.Fatalf("openssl kdf: %v", err)
			}
			if !bytes.Equal(out, step.got) {
				t.Errorf("%v, %q: got %x, OpenSSL has %x", h, step.label, step.got, out)
			}
		}
	}
}

func TestKeyBlockOrder(t *testing.T) {
	var m MasterSecret
	b := m.KeyBlock(crypto.SHA256, make([]byte, 32), make([]byte, 32), 20, 32, 4)
	parts := [][]byte{b.ClientMAC, b.ServerMAC, b.ClientKey, b.ServerKey, b.ClientIV, b.ServerIV}
	if !bytes.Equal(slices.Concat(parts...), b.Raw) {
		t.Error("the parts in the order of RFC 5246 §6.3 are not key_block")
	}
	for i, want := range []int{20, 20, 32, 32, 4, 4} {
		if len(parts[i]) != want || cap(parts[i]) != want {
			t.Errorf("part %d: len %d, cap %d, want %d", i, len(parts[i]), cap(parts[i]), want)
		}
	}
}

func TestExportRefusesLongContext(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a context of 65536 bytes was accepted")
		}
	}()
	new(MasterSecret).Export(crypto.SHA256, "l", nil, nil, make([]byte, 1<<16), 1)
}

func TestAllocs(t *testing.T) {
	pre := PreMasterSecret(make([]byte, 256)) // DHE: longer than a block
	cr, transcript := make([]byte, 32), make([]byte, 48)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		if n := testing.AllocsPerRun(100, func() {
			m := pre.Master(h, cr, cr)
			m.ClientFinished(h, transcript)
			pre.ExtendedMaster(h, transcript)
		}); n != 0 {
			t.Errorf("%v: secrets and Finished allocate %v times", h, n)
		}
		var m MasterSecret
		if n := testing.AllocsPerRun(100, func() { m.KeyBlock(h, cr, cr, 0, 16, 4) }); n != 1 {
			t.Errorf("%v: KeyBlock allocates %v times, want once, for Raw", h, n)
		}
	}
}

func ExamplePreMasterSecret() {
	pre := PreMasterSecret("48 bytes, or what the Diffie-Hellman group gives")
	clientRandom, serverRandom := make([]byte, 32), make([]byte, 32)
	transcript := sha256.Sum256([]byte("ClientHello … ClientKeyExchange"))

	master := pre.ExtendedMaster(crypto.SHA256, transcript[:])
	keys := master.KeyBlock(crypto.SHA256, clientRandom, serverRandom, 0, 16, 4) // AES-128-GCM
	fmt.Println(len(keys.Raw), len(keys.ClientKey), len(keys.ServerIV))
	// Output: 40 16 4
}

// The schedule of one full handshake, beside the same with hmac.New.
func BenchmarkSchedule(b *testing.B) {
	pre := PreMasterSecret(make([]byte, 48))
	cr, transcript := make([]byte, 32), make([]byte, 32)
	b.Run("stack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m := pre.ExtendedMaster(crypto.SHA256, transcript)
			m.KeyBlock(crypto.SHA256, cr, cr, 0, 16, 4)
			m.ClientFinished(crypto.SHA256, transcript)
			m.ServerFinished(crypto.SHA256, transcript)
		}
	})
	b.Run("hmac.New", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m := plainPRF(crypto.SHA256, 48, pre, "extended master secret", transcript)
			plainPRF(crypto.SHA256, 40, m, "key expansion", append(cr, cr...))
			plainPRF(crypto.SHA256, 12, m, "client finished", transcript)
			plainPRF(crypto.SHA256, 12, m, "server finished", transcript)
		}
	})
}
