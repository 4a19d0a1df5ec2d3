package kx_test

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/kxtest"
	"tlslab/handshake/reason"
)

// toyPrime is 2^64-1469, the largest safe prime of 64 bits: small enough that leading zeros
// can be waited for.
const toyPrime = 0xfffffffffffffa43

func toy(t testing.TB, id iana.Group) kx.Field {
	f, err := kx.FiniteField(id, "toy", binary.BigEndian.AppendUint64(nil, toyPrime), []byte{2}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestToyFieldConforms(t *testing.T) { kxtest.Run(t, toy(t, iana.GroupPrivate)) }

// math/big computes the same, for a modulus that is not a whole number of words too.
func TestFieldArithmetic(t *testing.T) {
	odd, err := kx.FiniteField(iana.GroupPrivate, "2^61-1", binary.BigEndian.AppendUint64(nil, 1<<61-1), []byte{37}, 40)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []kx.Field{kx.FFDHE2048, kx.FFDHE3072, kx.FFDHE4096, toy(t, iana.GroupPrivate), odd} {
		o, err := f.Offer(seeded(1))
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.Answer(seeded(2), o.Share())
		if err != nil {
			t.Fatal(err)
		}
		v := values(a)
		p, g := new(big.Int).SetBytes(v["p"]), new(big.Int).SetBytes(v["g"])
		b, peer := new(big.Int).SetBytes(v["b"]), new(big.Int).SetBytes(v["A"])
		if want := g.Exp(g, b, p).FillBytes(make([]byte, len(v["p"]))); !bytes.Equal(a.Share(), want) {
			t.Errorf("%s: g^b mod p = %x, want %x", f.Name(), a.Share(), want)
		}
		if want := peer.Exp(peer, b, p).FillBytes(make([]byte, len(v["p"]))); !bytes.Equal(a.Secret(), want) {
			t.Errorf("%s: A^b mod p = %x, want %x", f.Name(), a.Secret(), want)
		}
	}
}

// Exponents are exactly as long as RFC 7919 appendix A says.
func TestShortExponents(t *testing.T) {
	for f, bits := range map[kx.Field]int{kx.FFDHE2048: 225, kx.FFDHE3072: 275, kx.FFDHE4096: 325} {
		for seed := range byte(4) {
			o, err := f.Offer(seeded(seed))
			if err != nil {
				t.Fatal(err)
			}
			if got := new(big.Int).SetBytes(values(o)["a"]).BitLen(); got != bits {
				t.Errorf("%s: an exponent of %d bits, want %d", f.Name(), got, bits)
			}
		}
	}
}

func TestFiniteFieldRefuses(t *testing.T) {
	for what, f := range map[string]struct {
		p, g []byte
		bits int
	}{
		"no p":              {nil, []byte{2}, 0},
		"p = 0":             {[]byte{0, 0}, []byte{2}, 0},
		"p even":            {[]byte{24}, []byte{5}, 0},
		"p = 3":             {[]byte{3}, []byte{2}, 0},
		"g = 0":             {[]byte{23}, nil, 0},
		"g = 1":             {[]byte{23}, []byte{1}, 0},
		"g = p-1":           {[]byte{23}, []byte{22}, 0},
		"g > p":             {[]byte{23}, []byte{1, 0}, 0},
		"negative exponent": {[]byte{23}, []byte{5}, -1},
		"exponent too long": {[]byte{23}, []byte{5}, 5},
	} {
		if _, err := kx.FiniteField(iana.GroupPrivate, "bad", f.p, f.g, f.bits); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
	if _, err := kx.FiniteField(iana.GroupPrivate, "good", []byte{0, 23}, []byte{0, 0, 5}, 4); err != nil {
		t.Errorf("leading zeros: %v", err)
	}
}

// A caller who writes into what it got cannot harm the group.
func TestFieldKeepsItsParameters(t *testing.T) {
	f := toy(t, iana.GroupPrivate)
	p, g := f.Params()
	clear(p)
	clear(g)
	o, err := f.Offer(seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	clear(values(o)["p"])
	if p, _ := f.Params(); binary.BigEndian.Uint64(p) != toyPrime {
		t.Error("p has changed")
	}
}

// TLS 1.2 sends numbers of any length and strips the leading zeros of Z, and both ends
// have to come out alike: here are 2000 runs in which that happens often.
func TestDHELeadingZeros(t *testing.T) {
	f := toy(t, 0x1fc) // ffdhe_private_use of RFC 7919 §2
	rand := seeded(9)
	var share, secret int
	for range 2000 {
		offer, params, err := kx.DHE.Offer(kx.ServerInput{Rand: rand, Groups: []kx.Group{kx.X25519, f}})
		if err != nil {
			t.Fatal(err)
		}
		if params.Share[0] == 0 {
			share++
		}
		params.Share = bytes.TrimLeft(params.Share, "\x00")
		params.P = append([]byte{0}, params.P...)
		answer, err := kx.DHE.Answer(kx.ClientInput{Rand: rand, Groups: []kx.Group{f}, Params: params})
		if err != nil {
			t.Fatal(err)
		}
		z, err := offer.Finish(bytes.TrimLeft(answer.Share(), "\x00"))
		if err != nil {
			t.Fatal(err)
		}
		server, client := kx.DHE.PreMaster(z), kx.DHE.PreMaster(answer.Secret())
		if !bytes.Equal(server, client) {
			t.Fatalf("premaster secrets %x and %x", server, client)
		}
		if len(server) < 8 {
			secret++
		}
		if server[0] == 0 {
			t.Fatalf("premaster secret %x keeps a leading zero", server)
		}
	}
	if share == 0 || secret == 0 {
		t.Errorf("%d shares and %d secrets with a leading zero: the test shows nothing", share, secret)
	}
}

// What a client takes, and what it refuses and why.
func TestDHEParams(t *testing.T) {
	_, good, err := kx.DHE.Offer(kx.ServerInput{Rand: seeded(1), Groups: []kx.Group{kx.FFDHE2048}})
	if err != nil {
		t.Fatal(err)
	}
	p := new(big.Int).SetBytes(good.P)
	number := func(n *big.Int) []byte { return n.FillBytes(make([]byte, len(good.P))) }
	for what, c := range map[string]struct {
		change func(*kx.Params)
		want   reason.Reason
		field  string
	}{
		"good":                 {func(*kx.Params) {}, reason.None, ""},
		"another p":            {func(q *kx.Params) { q.P = number(new(big.Int).Sub(p, big.NewInt(2))) }, reason.WeakKey, "server_key_exchange.params.dh_p"},
		"a small p":            {func(q *kx.Params) { q.P = []byte{23} }, reason.WeakKey, "server_key_exchange.params.dh_p"},
		"no p":                 {func(q *kx.Params) { q.P = nil }, reason.WeakKey, "server_key_exchange.params.dh_p"},
		"another g":            {func(q *kx.Params) { q.G = []byte{3} }, reason.WeakKey, "server_key_exchange.params.dh_g"},
		"share 0":              {func(q *kx.Params) { q.Share = []byte{0} }, reason.BadDHShare, "server_key_exchange.params.dh_Ys"},
		"share 1":              {func(q *kx.Params) { q.Share = []byte{1} }, reason.BadDHShare, "server_key_exchange.params.dh_Ys"},
		"share p-1":            {func(q *kx.Params) { q.Share = number(new(big.Int).Sub(p, big.NewInt(1))) }, reason.BadDHShare, "server_key_exchange.params.dh_Ys"},
		"share p":              {func(q *kx.Params) { q.Share = q.P }, reason.BadDHShare, "server_key_exchange.params.dh_Ys"},
		"no share":             {func(q *kx.Params) { q.Share = nil }, reason.BadDHShare, "server_key_exchange.params.dh_Ys"},
		"share longer than p":  {func(q *kx.Params) { q.Share = append([]byte{1}, q.Share...) }, reason.BadDHShare, "server_key_exchange.params.dh_Ys"},
		"share padded further": {func(q *kx.Params) { q.Share = append([]byte{0, 0}, q.Share...) }, reason.None, ""},
	} {
		params := good
		c.change(&params)
		_, err := kx.DHE.Answer(kx.ClientInput{Rand: seeded(2), Params: params})
		checkReason(t, what, err, c.want, c.field)
	}

	offer, _, err := kx.DHE.Offer(kx.ServerInput{Rand: seeded(1), Groups: []kx.Group{kx.FFDHE2048}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = offer.Finish([]byte{1})
	checkReason(t, "the client's share 1", err, reason.BadDHShare, "client_key_exchange.dh_Yc")
	_, _, err = kx.DHE.Offer(kx.ServerInput{Rand: seeded(1), Groups: []kx.Group{kx.X25519}})
	checkReason(t, "no finite field", err, reason.NoCommonGroup, "client_hello.extensions.supported_groups")
	if v := values(offer); v["p"] == nil || v["A = g^a mod p"] == nil {
		t.Error("the offer does not explain itself")
	}
}
