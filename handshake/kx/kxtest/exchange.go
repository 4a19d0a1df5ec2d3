package kxtest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"math"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// WithKey is the certificate's key, for an exchange that uses it: else one of RSA is drawn.
func WithKey(key crypto.Signer) Option { return func(c *config) { c.key = key } }

// WithGroups are the groups that both ends of an exchange have, the first that it can use being the
// one: else they are X25519, P-256 and ffdhe2048.
func WithGroups(groups ...kx.Group) Option { return func(c *config) { c.groups = groups } }

// RunExchange reports every fault of a key exchange of TLS 1.2 as an error of t. WithBad and its
// like are about the shares of an ephemeral exchange.
func RunExchange(t testing.TB, x kx.Exchange, options ...Option) {
	t.Helper()
	for _, fault := range CheckExchange(x, options...) {
		t.Error(fault)
	}
}

// CheckExchange returns every fault of x, as Check does of a group, and with the same care.
//
// Of an ephemeral exchange it checks what Check checks of a group. Of one under the certificate's RSA
// key it also plays the attacker who sends ciphertexts and watches (RFC 5246 §7.4.7.1): no error may
// tell him what is in them. It does not measure time.
func CheckExchange(x kx.Exchange, options ...Option) []string {
	s := &exchangeSuite{suite: &suite{mark: newMark(), config: config{runs: manyRuns}}, x: x}
	for _, o := range options {
		o(&s.config)
	}
	if s.groups == nil {
		s.groups = []kx.Group{kx.X25519, kx.P256, kx.FFDHE2048}
	}
	if s.watch(s.all); !s.done() {
		s.left()
	}
	return s.found()
}

// exchangeSuite is one run of the checks over one exchange.
type exchangeSuite struct {
	*suite
	x kx.Exchange
}

// clientVersion is what the ClientHello says in these checks.
const clientVersion = iana.TLS12

func (s *exchangeSuite) all() {
	if isNil(s.x) {
		s.name = "nil"
		s.fault("there is no exchange")
		return
	}
	var kind iana.Kx
	var ephemeral bool
	if s.name = "the exchange"; s.call("Kx", nothing, func() { kind = s.x.Kx() }) != nil {
		return
	}
	if s.name = kind.String(); kind < iana.KxPrivate && kind != iana.KxRSA && kind != iana.KxDHE && kind != iana.KxECDHE {
		s.fault("no suite of ours has this word: it is iana.KxRSA, KxDHE or KxECDHE, or one of your own from iana.KxPrivate on")
	}
	if s.call("Ephemeral", nothing, func() { ephemeral = s.x.Ephemeral() }) != nil {
		return
	}
	if want := kind != iana.KxRSA; kind < iana.KxPrivate && ephemeral != want {
		s.fault("Ephemeral is %v: suites of this word have a ServerKeyExchange if it is true, and none if not (RFC 5246 §7.4.3)", ephemeral)
		return
	}
	s.preMaster(kind)
	if !ephemeral {
		s.static()
		return
	}
	if over, ok := s.overParams(kind); ok {
		s.group = over
		s.exchanges()
		s.foreignParams(over)
	}
}

// preMaster checks which zeros are stripped. Of a word of one's own they may be either way.
func (s *exchangeSuite) preMaster(kind iana.Kx) {
	z := []byte{0, 0, 1, 2, 0}
	want := z
	if kind == iana.KxDHE {
		want = z[2:]
	}
	var got []byte
	if s.call("PreMaster", nothing, func() { got = s.x.PreMaster(bytes.Clone(z)) }) != nil {
		return
	}
	switch {
	case len(got) == 0:
		s.fault("PreMaster returns nothing")
	case kind == iana.KxDHE && !bytes.Equal(got, want):
		s.fault("PreMaster of %x is %x, want %x: the zeros in front of Z are left out, or one handshake in 256 fails (RFC 5246 §8.1.2)", z, got, want)
	case kind < iana.KxPrivate && !bytes.Equal(got, want):
		s.fault("PreMaster of %x is %x: here all of the secret counts, its zeros too", z, got)
	}
}

// overParams makes a group of an ephemeral exchange, so that all that is asked of a group is asked of
// it: its share is that of Params, and what else is in there stays as it is.
func (s *exchangeSuite) overParams(kind iana.Kx) (overParams, bool) {
	p := overParams{x: s.x, groups: s.groups}
	var err error
	if _, p.params, err = s.offer12(p.server()); err != nil {
		s.refused("Offer fails although its random source works", err)
		return p, false
	}
	most, field := math.MaxUint16, "a vector of 65535 bytes"
	if kind == iana.KxECDHE {
		most, field = math.MaxUint8, "an ECPoint, of 255 bytes (RFC 8422 §5.4)"
	}
	switch n := len(p.params.Share); {
	case n == 0:
		s.fault("the Share in Params is empty: ServerKeyExchange has nothing to carry")
		return p, false
	case n > most:
		s.fault("a Share of %d bytes does not fit ServerKeyExchange, which has room for %s", n, field)
	}
	if kind == iana.KxDHE {
		if len(p.params.P) == 0 || len(p.params.G) == 0 {
			s.fault("Params have no P or no G: ServerKeyExchange carries both (RFC 5246 §7.4.3)")
			return p, false
		}
		s.varying = true // a number of TLS 1.2 may leave out its zeros
	}
	return p, true
}

// offer12 is the server's move.
func (s *exchangeSuite) offer12(in kx.ServerInput) (o kx.Offer, params kx.Params, err error) {
	o, err = s.offered(func() (o kx.Offer, err error) {
		o, params, err = s.x.Offer(in)
		return o, err
	})
	return o, params, err
}

// foreignParams wants refused what no server that keeps to the rules sends, and nothing to panic.
func (s *exchangeSuite) foreignParams(over overParams) {
	honest := over.params
	for _, bend := range []func(*kx.Params){
		func(p *kx.Params) { *p = kx.Params{} },
		func(p *kx.Params) { p.P = nil },
		func(p *kx.Params) { p.P = []byte{0} },
		func(p *kx.Params) { p.P = []byte{1} },
		func(p *kx.Params) { p.P = bytes.Repeat([]byte{0xff}, 9) },
		func(p *kx.Params) { p.G = nil },
		func(p *kx.Params) { p.G = []byte{0} },
		func(p *kx.Params) { p.G = []byte{1} },
		func(p *kx.Params) { p.Group = 0 },
		func(p *kx.Params) { p.Group = 0xfe55 },
	} {
		over.params = honest
		bend(&over.params)
		if same(over.params, honest) || len(honest.P) == 0 && len(over.params.P)+len(over.params.G) > 0 || honest.Group == 0 && over.params.Group != 0 {
			continue // it says nothing that this exchange looks at
		}
		s.group = over
		if _, err := s.answer(seeded(1), over.params.Share); err == nil {
			s.fault("Answer takes the group %v, p = %s, g = %s and a share of %d bytes, which were never offered: a server, or who plays it, would choose how weak the secret is",
				over.params.Group, brief(over.params.P), brief(over.params.G), len(over.params.Share))
		}
	}
	over.params, over.groups = honest, nil
	s.group = over
	if honest.Group != 0 {
		if _, err := s.answer(seeded(1), honest.Share); err == nil {
			s.fault("Answer takes the group %v, which the client has not offered", honest.Group)
		}
	}
	_, _ = s.tryOffer(seeded(0)) // with no group at all it may fail, and must not panic
}

func same(a, b kx.Params) bool {
	return a.Group == b.Group && bytes.Equal(a.P, b.P) && bytes.Equal(a.G, b.G) && bytes.Equal(a.Share, b.Share)
}

// someKey is the certificate's.
func (s *exchangeSuite) someKey() (crypto.Signer, bool) {
	if s.key != nil {
		return s.key, true
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.fault("no key could be drawn: %v", err)
	}
	return key, err == nil
}
