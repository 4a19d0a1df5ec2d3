package kx_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
)

// Each exchange carries a premaster secret from one end to the other.
func TestExchangesAgree(t *testing.T) {
	for _, x := range kx.Exchanges() {
		offer, params, err := x.Offer(kx.ServerInput{Rand: seeded(1), Groups: kx.Defaults12(), Key: rsaKey(), ClientVersion: iana.TLS12})
		if err != nil {
			t.Fatalf("%s: %v", x.Kx(), err)
		}
		if x.Ephemeral() != (len(params.Share) > 0) || !bytes.Equal(offer.Share(), params.Share) {
			t.Errorf("%s: ephemeral %v, with a share of %d bytes", x.Kx(), x.Ephemeral(), len(params.Share))
		}
		answer, err := x.Answer(kx.ClientInput{Rand: seeded(2), Groups: kx.Defaults12(), Params: params, PublicKey: &rsaKey().PublicKey, ClientVersion: iana.TLS12})
		if err != nil {
			t.Fatalf("%s: %v", x.Kx(), err)
		}
		secret, err := offer.Finish(answer.Share())
		if err != nil || !bytes.Equal(x.PreMaster(secret), x.PreMaster(answer.Secret())) {
			t.Errorf("%s: premaster secrets differ, %v", x.Kx(), err)
		}
		if want := map[iana.Kx]string{iana.KxECDHE: "ECDHE", iana.KxDHE: "DHE", iana.KxRSA: "RSA"}[x.Kx()]; x.Kx().String() != want {
			t.Errorf("%s calls itself %s", want, x.Kx())
		}
		if len(values(offer)) == 0 || len(values(answer)) == 0 {
			t.Errorf("%s: an end does not explain itself", x.Kx())
		}
	}
}

// sized is a group that does not describe itself, and whose shares have any number of bytes; below none there is
// no offer and no answer.
type sized struct{ offers, answers int }

func (sized) ID() iana.Group { return iana.GroupPrivate }
func (sized) Name() string   { return "sized" }
func (s sized) Offer(io.Reader) (kx.Offer, error) {
	if s.offers < 0 {
		return nil, nil
	}
	return sizedEnd(s.offers), nil
}
func (s sized) Answer(io.Reader, []byte) (kx.Answer, error) {
	if s.answers < 0 {
		return nil, nil
	}
	return sizedEnd(s.answers), nil
}

type sizedEnd int

func (n sizedEnd) Share() []byte                 { return make([]byte, n) }
func (n sizedEnd) Secret() []byte                { return []byte{1} }
func (n sizedEnd) Finish([]byte) ([]byte, error) { return []byte{1}, nil }

// A share that no ECPoint has room for is the fault of whose group it is, and not the peer's.
func TestPointTooLong(t *testing.T) {
	for _, n := range []int{-1, 0, 256, 70000} {
		_, _, err := kx.ECDHE.Offer(kx.ServerInput{Rand: seeded(1), Groups: []kx.Group{sized{n, 1}}})
		checkReason(t, "the server's", err, reason.Internal, "server_key_exchange.params.point")
		_, err = kx.ECDHE.Answer(kx.ClientInput{Rand: seeded(1), Groups: []kx.Group{sized{1, n}}, Params: kx.Params{Group: iana.GroupPrivate, Share: []byte{1}}})
		checkReason(t, "the client's", err, reason.Internal, "client_key_exchange.ecdh_Yc")
	}
	if _, _, err := kx.ECDHE.Offer(kx.ServerInput{Rand: seeded(1), Groups: []kx.Group{sized{255, 1}}}); err != nil {
		t.Error(err)
	}
}

func TestECDHE(t *testing.T) {
	offer := func(groups ...kx.Group) (kx.Offer, kx.Params, error) {
		return kx.ECDHE.Offer(kx.ServerInput{Rand: seeded(1), Groups: groups})
	}
	o, params, err := offer(kx.X25519MLKEM768, kx.FFDHE2048, kx.P384, kx.X25519)
	if err != nil || params.Group != iana.P384 {
		t.Fatalf("the first group that serves is P-384, got %v, %v", params.Group, err)
	}
	_, err = o.Finish(make([]byte, 97))
	checkReason(t, "a bad point from the client", err, reason.BadShare, "client_key_exchange.ecdh_Yc")
	_, _, err = offer(kx.MLKEM768)
	checkReason(t, "no curve", err, reason.NoCommonGroup, "client_hello.extensions.supported_groups")

	answer := func(p kx.Params, groups ...kx.Group) error {
		_, err := kx.ECDHE.Answer(kx.ClientInput{Rand: seeded(2), Groups: groups, Params: p})
		return err
	}
	checkReason(t, "good", answer(params, kx.X25519, kx.P384), reason.None, "")
	checkReason(t, "not offered", answer(params, kx.X25519), reason.NotOffered, "server_key_exchange.params.named_curve")
	params.Share = params.Share[1:]
	checkReason(t, "a bad point from the server", answer(params, kx.P384), reason.BadShare, "server_key_exchange.params.point")

	leading := []byte{0, 1}
	if !bytes.Equal(kx.ECDHE.PreMaster(leading), leading) {
		t.Error("ECDHE strips zeros; only DHE does")
	}
}

// The client's ciphertext is what crypto/rsa takes for a PKCS#1 v1.5 one, and
// comes from the seed alone.
func TestRSAAnswer(t *testing.T) {
	key := rsaKey()
	in := func(seed byte) kx.ClientInput {
		return kx.ClientInput{Rand: seeded(seed), PublicKey: &key.PublicKey, ClientVersion: iana.TLS12}
	}
	for seed := range byte(20) { // half of these draw a zero somewhere in 205 bytes
		a, err := kx.RSA.Answer(in(seed))
		if err != nil {
			t.Fatal(err)
		}
		//lint:ignore SA1019 the foreign decryption is the point
		plain, err := rsa.DecryptPKCS1v15(nil, key, a.Share())
		if err != nil || !bytes.Equal(plain, a.Secret()) || len(plain) != 48 || plain[0] != 3 || plain[1] != 3 {
			t.Fatalf("crypto/rsa reads %x, %v", plain, err)
		}
	}
	a, err1 := kx.RSA.Answer(in(2))
	b, err2 := kx.RSA.Answer(in(2))
	if err1 != nil || err2 != nil || !bytes.Equal(a.Share(), b.Share()) {
		t.Error("the same seed makes two ciphertexts")
	}

	// A source with zeros in it: the padding has none all the same.
	mostlyZero := &pattern{block: slices.Concat(make([]byte, 7), []byte{9})}
	a, err := kx.RSA.Answer(kx.ClientInput{Rand: mostlyZero, PublicKey: &key.PublicKey, ClientVersion: iana.TLS12})
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 the foreign decryption is the point
	if plain, err := rsa.DecryptPKCS1v15(nil, key, a.Share()); err != nil || len(plain) != 48 {
		t.Errorf("zeros in the padding: %x, %v", plain, err)
	}
	_, err = kx.RSA.Answer(kx.ClientInput{Rand: zeros{}, PublicKey: &key.PublicKey, ClientVersion: iana.TLS12})
	checkReason(t, "a source of zeros", err, reason.Internal, "")

	in2 := in(2)
	in2.PublicKey = &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1022), E: 65537}
	_, err = kx.RSA.Answer(in2)
	checkReason(t, "a key of 1023 bits", err, reason.WeakKey, "certificate.certificate_list")
	in2.PublicKey = &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 65537}
	_, err = kx.RSA.Answer(in2)
	checkReason(t, "a key of 8193 bits", err, reason.WeakKey, "certificate.certificate_list")
	if strings.Contains(err.Error(), "RFC") { // RFC 9325 §4.5 has a least length only
		t.Errorf("a key of 8193 bits breaks no rule but ours: %v", err)
	}
	in2.PublicKey = &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}
	_, err = kx.RSA.Answer(in2)
	checkReason(t, "an even modulus", err, reason.WeakKey, "certificate.certificate_list")
	in2.PublicKey = "no key"
	_, err = kx.RSA.Answer(in2)
	checkReason(t, "no RSA key", err, reason.CertificateWrongKey, "certificate.certificate_list")
	_, _, err = kx.RSA.Offer(kx.ServerInput{Rand: seeded(1), Key: "no key"})
	checkReason(t, "no RSA private key", err, reason.Misuse, "")
}

type pattern struct {
	block []byte
	at    int
}

func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = p.block[p.at%len(p.block)]
		p.at++
	}
	return len(b), nil
}

// Bleichenbacher's questions all get the same answer: no error, and the random secret drawn
// before the question was known. With the defence off, each gets another one.
func TestRSAPadding(t *testing.T) {
	key := rsaKey()
	size := key.Size()
	secret := append([]byte{3, 3}, bytes.Repeat([]byte{0x5a}, 46)...)
	block := func(first, second byte, message []byte) []byte {
		b := bytes.Repeat([]byte{0xaa}, size)
		b[0], b[1] = first, second
		copy(b[size-len(message):], message)
		b[size-len(message)-1] = 0
		return b
	}
	noSeparator := block(0, 2, secret)
	noSeparator[size-len(secret)-1] = 1
	shortPadding := block(0, 2, secret)
	shortPadding[5] = 0
	otherVersion := slices.Concat([]byte{3, 1}, secret[2:])

	finish := func(ciphertext []byte, reveal bool) ([]byte, error) {
		o, _, err := kx.RSA.Offer(kx.ServerInput{Rand: seeded(7), Key: key, ClientVersion: iana.TLS12, RevealPadding: reveal})
		if err != nil {
			t.Fatal(err)
		}
		return o.Finish(ciphertext)
	}
	good := power(key, block(0, 2, secret))
	for _, reveal := range []bool{false, true} {
		if got, err := finish(good, reveal); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("good padding, reveal %v: %x, %v", reveal, got, err)
		}
	}

	fallback := make([]byte, 48)
	binary.BigEndian.PutUint16(fallback, uint16(iana.TLS12))
	if _, err := seeded(7).Read(fallback[2:]); err != nil {
		t.Fatal(err)
	}
	for what, ciphertext := range map[string][]byte{
		"first byte not 0":   power(key, block(0, 1, secret)),
		"block type not 2":   power(key, block(0, 3, secret)),
		"no zero byte":       power(key, noSeparator),
		"padding too short":  power(key, shortPadding),
		"47 bytes":           power(key, block(0, 2, secret[1:])),
		"49 bytes":           power(key, block(0, 2, append([]byte{1}, secret...))),
		"empty":              nil,
		"zero":               make([]byte, size),
		"the modulus":        key.N.Bytes(),
		"longer than a key":  make([]byte, size+1),
		"one byte too short": good[:size-1],
	} {
		got, err := finish(ciphertext, false)
		if err != nil || !bytes.Equal(got, fallback) {
			t.Errorf("%s: %x, %v; want the random secret and no error", what, got, err)
		}
		_, err = finish(ciphertext, true)
		checkReason(t, what+", revealed", err, reason.BadShare, "client_key_exchange.encrypted_pre_master_secret")
	}

	// A rolled-back version is overwritten: the client's secret is another one.
	got, err := finish(power(key, block(0, 2, otherVersion)), false)
	if err != nil || !bytes.Equal(got, secret) || bytes.Equal(got, otherVersion) {
		t.Errorf("another version: %x, %v", got, err)
	}
	_, err = finish(power(key, block(0, 2, otherVersion)), true)
	checkReason(t, "another version, revealed", err, reason.BadShare, "client_key_exchange.encrypted_pre_master_secret")
}

// power encrypts a block without padding it.
func power(key *rsa.PrivateKey, block []byte) []byte {
	m := new(big.Int).SetBytes(block)
	return m.Exp(m, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
}

// BadShare places an error in a field, and gives a student's one a reason.
func TestBadShare(t *testing.T) {
	own := errors.New("my own error")
	err := kx.BadShare("a.b", own)
	checkReason(t, "a plain error", err, reason.BadShare, "a.b")
	if !errors.Is(err, own) {
		t.Error("the cause is lost")
	}
	checkReason(t, "no field yet", kx.BadShare("a.b", reason.New(reason.BadShare, "", "", 1, 2)), reason.BadShare, "a.b")
	checkReason(t, "a field already", kx.BadShare("a.b", reason.New(reason.BadShare, "", "c", 1, 2)), reason.BadShare, "c")
	checkReason(t, "our own fault", kx.BadShare("a.b", reason.New(reason.Internal, "", "", 1, 2)), reason.Internal, "")
}

// TestRSAShortCiphertext: a ciphertext whose first byte happens to be zero has the same
// value without it, and is not a ciphertext any more (RFC 8017 §7.2.2).
func TestRSAShortCiphertext(t *testing.T) {
	key := rsaKey()
	for seed := range byte(255) {
		for round := range 20 {
			rand := seeded(seed)
			if _, err := io.CopyN(io.Discard, rand, int64(1000*round)); err != nil {
				t.Fatal(err)
			}
			a, err := kx.RSA.Answer(kx.ClientInput{Rand: rand, PublicKey: &key.PublicKey, ClientVersion: iana.TLS12})
			if err != nil {
				t.Fatal(err)
			}
			if a.Share()[0] != 0 {
				continue
			}
			for _, cut := range []int{0, 1} {
				o, _, err := kx.RSA.Offer(kx.ServerInput{Rand: seeded(9), Key: key, ClientVersion: iana.TLS12})
				if err != nil {
					t.Fatal(err)
				}
				secret, err := o.Finish(a.Share()[cut:])
				if same := bytes.Equal(secret, a.Secret()); err != nil || same != (cut == 0) {
					t.Errorf("without %d bytes: the same premaster secret is %v, %v", cut, same, err)
				}
			}
			return
		}
	}
	t.Error("no ciphertext began with a zero")
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(nil, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// values are an end's explanation by name, nil if it gives none.
func values(end any) map[string][]byte {
	e, ok := end.(kx.Explainer)
	if !ok {
		return nil
	}
	m := map[string][]byte{}
	for _, v := range e.Explain() {
		m[v.Name] = v.Bytes
	}
	return m
}

func checkReason(t *testing.T, what string, err error, want reason.Reason, field string) {
	t.Helper()
	if reason.Of(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
		return
	}
	var e *reason.Error
	if errors.As(err, &e) && e.Field != field {
		t.Errorf("%s: field %s, want %s", what, e.Field, field)
	}
}
