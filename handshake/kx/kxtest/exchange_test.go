package kxtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"math/big"
	"runtime"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/kxtest"
)

// TestExchangesConform: our three keep the contract, ECDHE over every group that it can use.
func TestExchangesConform(t *testing.T) {
	kxtest.RunExchange(t, kx.RSA, kxtest.WithRuns(30))
	kxtest.RunExchange(t, kx.DHE, kxtest.WithRuns(8))
	for _, g := range []kx.Group{kx.X25519, kx.P256, kx.P384, kx.X448} {
		kxtest.RunExchange(t, kx.ECDHE, kxtest.WithRuns(20), kxtest.WithGroups(kx.MLKEM768, g))
	}
}

// bentExchange is one of ours with something changed.
type bentExchange struct {
	kx.Exchange
	kind   *iana.Kx
	always *bool // ephemeral
	offer  func(kx.ServerInput) (kx.Offer, kx.Params, error)
	answer func(kx.ClientInput) (kx.Answer, error)
	pre    func([]byte) []byte
}

func (b bentExchange) Kx() iana.Kx {
	if b.kind != nil {
		return *b.kind
	}
	return b.Exchange.Kx()
}

func (b bentExchange) Ephemeral() bool {
	if b.always != nil {
		return *b.always
	}
	return b.Exchange.Ephemeral()
}

func (b bentExchange) Offer(in kx.ServerInput) (kx.Offer, kx.Params, error) {
	if b.offer != nil {
		return b.offer(in)
	}
	return b.Exchange.Offer(in)
}

func (b bentExchange) Answer(in kx.ClientInput) (kx.Answer, error) {
	if b.answer != nil {
		return b.answer(in)
	}
	return b.Exchange.Answer(in)
}

func (b bentExchange) PreMaster(s []byte) []byte {
	if b.pre != nil {
		return b.pre(s)
	}
	return b.Exchange.PreMaster(s)
}

// finishing is an offer with a Finish of its own.
type finishing struct {
	kx.Offer
	finish func([]byte) ([]byte, error)
}

func (f finishing) Finish(b []byte) ([]byte, error) { return f.finish(b) }

// rsaFinish is RSA key transport with another Finish.
func rsaFinish(finish func(in kx.ServerInput, key *rsa.PrivateKey, ciphertext []byte) ([]byte, error)) kx.Exchange {
	return bentExchange{Exchange: kx.RSA, offer: func(in kx.ServerInput) (kx.Offer, kx.Params, error) {
		o, p, err := kx.RSA.Offer(in)
		if err != nil {
			return nil, p, err
		}
		key := in.Key.(*rsa.PrivateKey)
		return finishing{o, func(b []byte) ([]byte, error) { return finish(in, key, b) }}, p, nil
	}}
}

// standIn is what most would write first: decrypt, and if that fails take something else.
func standIn(otherwise func(in kx.ServerInput) []byte) kx.Exchange {
	return rsaFinish(func(in kx.ServerInput, key *rsa.PrivateKey, b []byte) ([]byte, error) {
		//lint:ignore SA1019 RSA key transport is what is tested
		plain, err := rsa.DecryptPKCS1v15(nil, key, b)
		if err != nil || len(plain) != 48 || len(b) != key.Size() {
			return otherwise(in), nil
		}
		plain[0], plain[1] = 3, 3
		return plain, nil
	})
}

func random48(in kx.ServerInput) []byte {
	b := make([]byte, 48)
	_, _ = io.ReadFull(in.Rand, b)
	b[0], b[1] = 3, 3
	return b
}

// TestExchangeFaults: each thing that a key exchange of TLS 1.2 can do wrong is found, and said.
func TestExchangeFaults(t *testing.T) {
	if faults := kxtest.CheckExchange(standIn(random48), kxtest.WithRuns(5)); len(faults) > 0 {
		t.Errorf("what is right but for its time is refused: %q", faults)
	}
	word := func(k iana.Kx) *iana.Kx { return &k }
	yes, no := true, false
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, x := range map[string]kx.Exchange{
		"there is no exchange":                 nil,
		"no suite of ours has this word":       bentExchange{Exchange: kx.ECDHE, kind: word(77)},
		"Ephemeral is false":                   bentExchange{Exchange: kx.ECDHE, always: &no},
		"Ephemeral is true":                    bentExchange{Exchange: kx.RSA, always: &yes},
		"PreMaster returns nothing":            bentExchange{Exchange: kx.ECDHE, pre: func([]byte) []byte { return nil }},
		"want 010200: the zeros in front of Z": bentExchange{Exchange: kx.DHE, pre: func(b []byte) []byte { return b }},
		"all of the secret counts":             bentExchange{Exchange: kx.ECDHE, pre: kx.DHE.PreMaster},
		"PreMaster panics":                     bentExchange{Exchange: kx.ECDHE, pre: func(b []byte) []byte { return b[9:] }},
		"neither an offer nor an error":        bentExchange{Exchange: kx.ECDHE, offer: func(kx.ServerInput) (kx.Offer, kx.Params, error) { return nil, kx.Params{}, nil }},
		"neither an answer nor an error":       bentExchange{Exchange: kx.ECDHE, answer: func(kx.ClientInput) (kx.Answer, error) { return nil, nil }},
		"the Share in Params is empty": bentExchange{Exchange: kx.ECDHE, offer: func(in kx.ServerInput) (kx.Offer, kx.Params, error) {
			o, _, err := kx.ECDHE.Offer(in)
			return o, kx.Params{}, err
		}},
		"room for an ECPoint": bentExchange{Exchange: kx.ECDHE, offer: func(in kx.ServerInput) (kx.Offer, kx.Params, error) {
			o, p, err := kx.ECDHE.Offer(in)
			p.Share = make([]byte, 256)
			return o, p, err
		}},
		"have no P or no G": bentExchange{Exchange: kx.DHE, offer: func(in kx.ServerInput) (kx.Offer, kx.Params, error) {
			o, p, err := kx.DHE.Offer(in)
			p.P = nil
			return o, p, err
		}},
		"which the client has not offered": bentExchange{Exchange: kx.ECDHE, answer: func(in kx.ClientInput) (kx.Answer, error) {
			in.Groups = []kx.Group{kx.X25519}
			return kx.ECDHE.Answer(in)
		}},
		"how weak the secret is": bentExchange{Exchange: kx.DHE, answer: anyPrime},
		"Offer panics": bentExchange{Exchange: kx.ECDHE, offer: func(in kx.ServerInput) (kx.Offer, kx.Params, error) {
			in.Groups = in.Groups[:1]
			return kx.ECDHE.Offer(in)
		}},
		"do not agree": bentExchange{Exchange: kx.ECDHE, answer: func(in kx.ClientInput) (kx.Answer, error) { a, err := kx.ECDHE.Answer(in); return liar{a}, err }},
		"although its random source fails": bentExchange{Exchange: kx.ECDHE, answer: func(in kx.ClientInput) (kx.Answer, error) {
			in.Rand = io.MultiReader(in.Rand, zeros{})
			return kx.ECDHE.Answer(in)
		}},
		"a key of type ed25519.PrivateKey": bentExchange{Exchange: kx.RSA, offer: anyKey},
		"ends its goroutine":               bentExchange{Exchange: kx.RSA, answer: func(kx.ClientInput) (kx.Answer, error) { runtime.Goexit(); return nil, nil }},
		"draw from the rand you are given": bentExchange{Exchange: kx.RSA, answer: func(in kx.ClientInput) (kx.Answer, error) { in.Rand = rand.Reader; return kx.RSA.Answer(in) }},
		"Offer returns Params although": bentExchange{Exchange: kx.RSA, offer: func(in kx.ServerInput) (kx.Offer, kx.Params, error) {
			o, _, err := kx.RSA.Offer(in)
			return o, kx.Params{Share: []byte{1}}, err
		}},
		"begins with 0301, want 0303":                 bentExchange{Exchange: kx.RSA, answer: older, offer: olderOffer},
		"sent a premaster secret of 47 bytes":         revealing(),
		"sent a block that does not begin with 00 02": revealing(),
		"another version than the ClientHello's (":    revealing(),
		"returns the same secret twice":               standIn(func(kx.ServerInput) []byte { return append([]byte{3, 3}, make([]byte, 46)...) }),
		"returns a secret of 0 bytes, want 48":        standIn(func(kx.ServerInput) []byte { return []byte{} }),
		"takes a premaster secret with another version": rsaFinish(func(in kx.ServerInput, key *rsa.PrivateKey, b []byte) ([]byte, error) {
			secret := random48(in)
			//lint:ignore SA1019 RSA key transport is what is tested
			_ = rsa.DecryptPKCS1v15SessionKey(nil, key, b, secret)
			return secret, nil
		}),
	} {
		faults := strings.Join(kxtest.CheckExchange(x, kxtest.WithRuns(4)), "\n")
		if !strings.Contains(faults, want) {
			t.Errorf("%q is not among the faults:\n%s", want, faults)
		}
	}
	faults := strings.Join(kxtest.CheckExchange(kx.RSA, kxtest.WithKey(ec)), "\n")
	if !strings.Contains(faults, "expected an RSA key") {
		t.Errorf("RSA key exchange under an elliptic curve's key: %q", faults)
	}
}

func revealing() kx.Exchange {
	return bentExchange{Exchange: kx.RSA, offer: func(in kx.ServerInput) (kx.Offer, kx.Params, error) {
		in.RevealPadding = true
		return kx.RSA.Offer(in)
	}}
}

// liar says another secret than the one it has.
type liar struct{ kx.Answer }

func (l liar) Secret() []byte { return append([]byte{1}, l.Answer.Secret()[1:]...) }

// zeros is what somebody takes whose source fails.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// anyKey makes an offer whatever the key is.
func anyKey(in kx.ServerInput) (kx.Offer, kx.Params, error) {
	if o, p, err := kx.RSA.Offer(in); err == nil {
		return o, p, nil
	}
	return finishing{nil, func([]byte) ([]byte, error) { return nil, errors.New("no key") }}, kx.Params{}, nil
}

// older and olderOffer are of two ends that agree, on the wrong version.
func older(in kx.ClientInput) (kx.Answer, error) {
	in.ClientVersion = 0x0301
	return kx.RSA.Answer(in)
}

func olderOffer(in kx.ServerInput) (kx.Offer, kx.Params, error) {
	in.ClientVersion = 0x0301
	return kx.RSA.Offer(in)
}

// anyPrime is DHE by a client that computes with any p and g.
func anyPrime(in kx.ClientInput) (kx.Answer, error) {
	p, g, y := new(big.Int).SetBytes(in.Params.P), new(big.Int).SetBytes(in.Params.G), new(big.Int).SetBytes(in.Params.Share)
	if p.Sign() == 0 {
		return nil, errors.New("no prime")
	}
	b := make([]byte, 32)
	if _, err := io.ReadFull(in.Rand, b); err != nil {
		return nil, err
	}
	x := new(big.Int).SetBytes(b)
	return &number{new(big.Int).Exp(g, x, p).FillBytes(make([]byte, len(in.Params.P))), new(big.Int).Exp(y, x, p).FillBytes(make([]byte, len(in.Params.P)))}, nil
}

type number struct{ share, secret []byte }

func (n *number) Share() []byte  { return n.share }
func (n *number) Secret() []byte { return n.secret }
