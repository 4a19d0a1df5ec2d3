package kx

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/cloudflare/circl/kem"
	"github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// ML-KEM (FIPS 203) by itself, for TLS 1.3 (draft-ietf-tls-mlkem).
var (
	MLKEM512  = mlkem(iana.MLKEM512, "MLKEM512", mlkem512.Scheme())
	MLKEM768  = mlkem(iana.MLKEM768, "MLKEM768", mlkem768.Scheme())
	MLKEM1024 = mlkem(iana.MLKEM1024, "MLKEM1024", mlkem1024.Scheme())
)

// FromKEM makes a Group of any KEM that circl has. The offer is an encapsulation
// key, the answer a ciphertext under it, and the two need not be of one length: only
// the offerer ever owns a key pair.
//
// The answerer checks the key as the scheme does (for ML-KEM, FIPS 203 §7.2: every
// coefficient below q). A ciphertext of the right length is never refused: ML-KEM
// rejects a wrong one implicitly, with a secret that only the offerer can compute.
//
// What it says of itself is what is known of the scheme by its name. If the scheme is not one
// of circl's, this package does not know whether a quantum computer would break it, and does
// not call it safe: a Group of your own can wrap this one and describe itself otherwise.
func FromKEM(id iana.Group, name string, scheme kem.Scheme) Described {
	return &kemGroup{id: id, name: name, scheme: scheme}
}

// mlkem is FromKEM of a KEM whose rules we know: what a key must be, and a ciphertext.
func mlkem(id iana.Group, name string, scheme kem.Scheme) Described {
	return &kemGroup{id: id, name: name, scheme: scheme, keyRule: "FIPS 203 §7.2", ciphertextRule: "FIPS 203 §7.3"}
}

type kemGroup struct {
	id     iana.Group
	name   string
	scheme kem.Scheme

	keyRule, ciphertextRule string // "" where the KEM is somebody else's
}

func (g *kemGroup) ID() iana.Group { return g.id }
func (g *kemGroup) Name() string   { return g.name }
func (g *kemGroup) Describe() Description {
	return Description{
		Kind:  KindKEM,
		Offer: g.scheme.PublicKeySize(), Answer: g.scheme.CiphertextSize(), Secret: g.scheme.SharedKeySize(),
		Hybrid:      made(g.scheme, withCurve),
		QuantumSafe: made(g.scheme, onLattices),
	}
}

// What schemes are made of, by what their names begin with. HPKE's are
// Diffie–Hellman dressed as KEMs, and no row of either.
var (
	onLattices = []string{"ML-KEM-", "Kyber", "FrodoKEM-", "X-Wing", "X25519MLKEM", "P256Kyber"}
	withCurve  = []string{"X-Wing", "Kyber512-X", "Kyber768-X", "Kyber1024-X", "X25519MLKEM", "P256Kyber"}
)

func made(s kem.Scheme, of []string) bool {
	return slices.ContainsFunc(of, func(name string) bool { return strings.HasPrefix(s.Name(), name) })
}

func (g *kemGroup) Offer(rand io.Reader) (Offer, error) {
	seed := make([]byte, g.scheme.SeedSize())
	if err := fill(rand, seed); err != nil {
		return nil, err
	}
	public, private := g.scheme.DeriveKeyPair(seed)
	share, err := public.MarshalBinary()
	if err != nil {
		return nil, reason.Fault("", err)
	}
	return &kemOffer{group: g, seed: seed, key: private, share: share}, nil
}

func (g *kemGroup) Answer(rand io.Reader, offered []byte) (Answer, error) {
	if want := g.scheme.PublicKeySize(); len(offered) != want {
		return nil, wrongLength(g.keyRule, want, len(offered))
	}
	public, err := g.scheme.UnmarshalBinaryPublicKey(offered)
	if err != nil {
		return nil, reason.Wrap(reason.BadShare, g.keyRule, "", err)
	}
	seed := make([]byte, g.scheme.EncapsulationSeedSize())
	if err := fill(rand, seed); err != nil {
		return nil, err
	}
	ciphertext, secret, err := g.scheme.EncapsulateDeterministically(public, seed)
	if err != nil {
		return nil, reason.Wrap(reason.BadShare, g.keyRule, "", err)
	}
	return &kemAnswer{offered: bytes.Clone(offered), seed: seed, share: ciphertext, secret: secret}, nil
}

type kemOffer struct {
	group          *kemGroup
	seed, share    []byte
	key            kem.PrivateKey
	answer, secret []byte
}

func (o *kemOffer) Share() []byte { return o.share }

func (o *kemOffer) Finish(answer []byte) ([]byte, error) {
	if want := o.group.scheme.CiphertextSize(); len(answer) != want {
		return nil, wrongLength(o.group.ciphertextRule, want, len(answer))
	}
	secret, err := o.group.scheme.Decapsulate(o.key, answer)
	if err != nil {
		return nil, reason.Wrap(reason.BadShare, o.group.ciphertextRule, "", err)
	}
	o.answer, o.secret = bytes.Clone(answer), secret
	return secret, nil
}

// Explain returns the seed of the key pair (for ML-KEM, d || z), the encapsulation
// key and, after Finish, the ciphertext and the secret, by FIPS 203's names.
func (o *kemOffer) Explain() []Value {
	v := []Value{{Name: "seed", Bytes: o.seed, Private: true}, {Name: "ek", Bytes: o.share}}
	if o.secret != nil {
		v = append(v, Value{Name: "c", Bytes: o.answer}, Value{Name: "K", Bytes: o.secret, Private: true})
	}
	return v
}

type kemAnswer struct{ offered, seed, share, secret []byte }

func (a *kemAnswer) Share() []byte  { return a.share }
func (a *kemAnswer) Secret() []byte { return a.secret }

// Explain returns the encapsulation key, the randomness m, the ciphertext and the
// secret, by FIPS 203's names.
func (a *kemAnswer) Explain() []Value {
	return []Value{
		{Name: "ek", Bytes: a.offered},
		{Name: "m", Bytes: a.seed, Private: true},
		{Name: "c", Bytes: a.share},
		{Name: "K", Bytes: a.secret, Private: true},
	}
}
