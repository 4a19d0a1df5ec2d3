package kxtest

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/big"
	"slices"
	"testing/iotest"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// The checks of this file are of an exchange under the certificate's own key: the server's offer is
// that key, and so only the client sends something.

// static makes them.
func (s *exchangeSuite) static() {
	key, ok := s.someKey()
	if !ok {
		return
	}
	s.key = key
	if !s.transports() {
		return
	}
	s.sources()
	s.wrongKeys()
	if private, ok := key.(*rsa.PrivateKey); ok {
		s.oracle(private)
	}
	s.staticTurns()
	for _, n := range []int{0, 1, 2, 47, 48, 128, 255, 256, 257, 512} {
		_, _ = s.receive(2, bytes.Repeat([]byte{0x5a}, n))
	}
}

// server is the server's move, with a key; send is the client's.

func (s *exchangeSuite) server(rand io.Reader, key crypto.PrivateKey) (kx.Offer, error) {
	o, params, err := s.offer12(kx.ServerInput{Rand: rand, Groups: s.groups, Key: key, ClientVersion: clientVersion})
	if err == nil && !same(params, kx.Params{}) {
		s.fault("Offer returns Params although Ephemeral is false: there is no ServerKeyExchange to carry them")
	}
	return o, err
}

func (s *exchangeSuite) send(rand io.Reader, key crypto.PublicKey) (kx.Answer, error) {
	return s.answered(nothing, func() (kx.Answer, error) {
		return s.x.Answer(kx.ClientInput{Rand: rand, Groups: s.groups, PublicKey: key, ClientVersion: clientVersion})
	})
}

// receive gives what came to a fresh offer, as each connection makes one.
func (s *exchangeSuite) receive(seed int, answer []byte) ([]byte, error) {
	o, err := s.server(seeded(seed), s.key)
	if err != nil {
		s.refused("Offer fails although its random source works", err)
		return nil, errTold
	}
	return s.finish(o, bytes.Clone(answer))
}

// transport is one honest run.
func (s *exchangeSuite) transport(seed int) (share, secret []byte, ok bool) {
	a, err := s.send(seeded(2*seed+1), s.key.Public())
	if err != nil {
		s.refused("Answer fails although its random source works", err)
		return nil, nil, false
	}
	share, secret = bytes.Clone(s.share("an Answer", a)), bytes.Clone(s.secret(a))
	switch {
	case len(share) == 0:
		s.fault("an Answer's share is empty: the peer has nothing to compute with")
		return nil, nil, false
	case len(share) > math.MaxUint16:
		s.fault("an Answer's share of %d bytes does not fit ClientKeyExchange, which has room for 65535", len(share))
		return nil, nil, false
	case len(secret) == 0, len(bytes.Trim(secret, "\x00")) == 0:
		s.fault("the secret is empty, or all zeros")
		return nil, nil, false
	}
	got, err := s.receive(2*seed, share)
	if err != nil {
		s.refused("Finish refuses the share of an honest Answer", err)
		return nil, nil, false
	}
	if !bytes.Equal(got, secret) {
		s.fault("the two ends do not agree: Finish and Secret return different secrets")
		return nil, nil, false
	}
	return share, secret, true
}

// transports makes honest runs and compares them with each other.
func (s *exchangeSuite) transports() bool {
	shares, secrets := map[string]bool{}, map[string]bool{}
	for i := range s.runs {
		share, secret, ok := s.transport(i)
		if !ok {
			return false
		}
		shares[string(share)], secrets[string(secret)] = true, true
		switch v := s.x.Kx(); {
		case v != iana.KxRSA || len(secret) == 48 && iana.Version(binary.BigEndian.Uint16(secret)) == clientVersion:
		case len(secret) != 48:
			s.fault("the premaster secret has %d bytes, want 48 (RFC 5246 §7.4.7.1)", len(secret))
		default:
			s.fault("the premaster secret begins with %x, want %04x, the version that the ClientHello says (RFC 5246 §7.4.7.1)", secret[:2], uint16(clientVersion))
		}
	}
	if len(shares) < s.runs || len(secrets) < s.runs {
		s.fault("what the client sends, or the secret, repeats although the randomness does not")
	}
	return true
}

// sources wants the client to draw from the source that it is given, and to notice one that fails.
func (s *exchangeSuite) sources() {
	share := func(rand io.Reader) []byte {
		a, err := s.send(rand, s.key.Public())
		if err != nil {
			return nil
		}
		return bytes.Clone(s.share("an Answer", a))
	}
	first := share(seeded(1))
	switch {
	case !bytes.Equal(first, share(seeded(1))):
		s.fault("the same randomness makes different shares: draw from the rand you are given, and from nothing else (crypto/rsa's EncryptPKCS1v15 ignores its reader)")
	case !bytes.Equal(first, share(iotest.OneByteReader(seeded(1)))):
		s.fault("a random source that returns few bytes at a time changes the shares: use io.ReadFull, not rand.Read")
	}
	all := &counted{from: seeded(1)}
	share(all)
	for _, n := range []int64{0, 1, all.n - 1} {
		if all.n > 0 && share(io.MultiReader(io.LimitReader(seeded(1), n), iotest.ErrReader(errBroken))) != nil {
			s.fault(answersAnyway)
		}
	}
}

// wrongKeys wants an error where the key is none, or of another kind.
func (s *exchangeSuite) wrongKeys() {
	other := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	if _, ours := s.key.(ed25519.PrivateKey); ours {
		return
	}
	for _, key := range []crypto.PrivateKey{nil, other, (*rsa.PrivateKey)(nil)} {
		if _, err := s.server(seeded(0), key); err == nil {
			s.fault("Offer takes a key of type %T", key)
		}
	}
	for _, key := range []crypto.PublicKey{nil, other.Public(), (*rsa.PublicKey)(nil)} {
		if _, err := s.send(seeded(1), key); err == nil {
			s.fault("Answer takes a public key of type %T: the certificate is the peer's", key)
		}
	}
}

// oracle plays Bleichenbacher's attacker, who learns from how the server fails.
func (s *exchangeSuite) oracle(key *rsa.PrivateKey) {
	_, honest, ok := s.transport(0)
	if !ok {
		return
	}
	size, version := key.Size(), 0 // the secret's first bytes that all have
	if s.x.Kx() == iana.KxRSA {
		version = 2
	}
	block := func(kind byte, message []byte) []byte { // rightly padded if kind is 2
		b := bytes.Repeat([]byte{0x5a}, size)
		b[0], b[1], b[size-len(message)-1] = 0, kind, 0
		copy(b[size-len(message):], message)
		return b
	}
	encrypt := func(b []byte) []byte {
		m := new(big.Int).SetBytes(b)
		return m.Exp(m, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, size))
	}
	premaster := binary.BigEndian.AppendUint16(nil, uint16(clientVersion))
	premaster = append(premaster, bytes.Repeat([]byte{7}, 46)...)
	older := slices.Clone(premaster)
	older[1] = 1
	short := block(2, premaster)
	short[5] = 0
	noZero := bytes.Repeat([]byte{0x5a}, size)
	noZero[0], noZero[1] = 0, 2
	whole := encrypt(block(2, premaster))
	// What everybody sees on the wire an error may tell as well.
	const hidden, visible, taken = 0, 1, 2
	for _, c := range []struct {
		what       string
		ciphertext []byte
		carried    []byte
		how        int
	}{
		{"a block that does not begin with 00 02", encrypt(block(1, premaster)), premaster, hidden},
		{"a block without the zero behind its padding", encrypt(noZero), nil, hidden},
		{"a block with fewer than 8 bytes of padding", encrypt(short), nil, hidden},
		{"a premaster secret of 47 bytes", encrypt(block(2, premaster[:47])), premaster[:47], hidden},
		{"a premaster secret of 49 bytes", encrypt(block(2, append(slices.Clone(premaster), 7))), premaster, hidden},
		{"a premaster secret of no bytes", encrypt(block(2, nil)), nil, hidden},
		{"a premaster secret with another version than the ClientHello's", encrypt(block(2, older)), older, taken},
		{"the number 0", make([]byte, size), nil, hidden},
		{"the modulus", key.N.FillBytes(make([]byte, size)), nil, visible},
		{"a number above the modulus", bytes.Repeat([]byte{0xff}, size), nil, visible},
		{"a ciphertext cut short", whole[:size-1], nil, visible},
		{"a ciphertext with a byte too many", append(slices.Clone(whole), 0), nil, visible},
		{"a ciphertext with a zero byte in front", append([]byte{0}, whole...), premaster, visible},
		{"no ciphertext at all", nil, nil, visible},
	} {
		first, err := s.receive(10, c.ciphertext)
		if errors.Is(err, errTold) {
			return
		}
		if err != nil {
			if c.how != visible {
				s.fault("Finish tells by an error that it was sent %s (%v): who may ask a million times decrypts any recorded premaster secret with that, so go on with a random one (RFC 5246 §7.4.7.1)", c.what, err)
			}
			continue
		}
		again, err := s.receive(12, c.ciphertext)
		switch {
		case err != nil:
			s.refused("Finish refuses what it has taken before", err)
		case len(first) != len(honest):
			s.fault("given %s, Finish returns a secret of %d bytes, want %d as ever", c.what, len(first), len(honest))
		case c.carried != nil && bytes.Equal(first, c.carried):
			s.fault("Finish takes %s for good", c.what)
		case c.how != taken && bytes.Equal(first[version:], again[version:]):
			s.fault("given %s, Finish returns the same secret twice: who knows it can finish the handshake, so draw the stand-in from the rand of each Offer", c.what)
		}
	}
	if s.x.Kx() != iana.KxRSA {
		return // what its client sends is its own affair
	}
	if got, err := s.receive(14, whole); err != nil || !bytes.Equal(got, premaster) {
		s.fault("Finish does not take a ciphertext of another client's, padded as RFC 8017 §7.2.1 says (%v)", err)
	}
}

// staticTurns has several connections at once, each of which must come to what it comes to alone.
func (s *exchangeSuite) staticTurns() {
	alone := map[int][]byte{}
	for i := range 4 {
		share, _, ok := s.transport(i)
		if !ok {
			return
		}
		alone[i] = share
	}
	s.atOnce(len(alone), func(p *suite, i int) bool {
		share, _, ok := (&exchangeSuite{p, s.x}).transport(i)
		return ok && bytes.Equal(share, alone[i])
	})
}
