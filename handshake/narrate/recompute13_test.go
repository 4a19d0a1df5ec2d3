package narrate_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/narrate"
	"tlslab/handshake/sig"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// Each group's shares and secret have commands from either end's knowledge, or the
// reason why there are none.
func TestRecomputeShares(t *testing.T) {
	needs(t, "sh", "openssl")
	source := rand.NewChaCha8([32]byte{13})
	var events []*event.Secret
	for _, g := range kx.All() {
		o, err := g.Offer(source)
		if err != nil {
			t.Fatal(err)
		}
		offered := event.Inputs(o.(kx.Explainer).Explain()...)
		a, err := g.Answer(source, o.Share())
		if err != nil {
			t.Fatal(err)
		}
		secret, err := o.Finish(a.Share())
		if err != nil {
			t.Fatal(err)
		}
		own := []*event.Secret{
			{Label: event.LabelClientKeyShare, Group: event.GroupOf(g), Inputs: offered, Value: o.Share()},
			{Label: event.LabelServerKeyShare, Group: event.GroupOf(g), Inputs: event.Inputs(a.(kx.Explainer).Explain()...), Value: a.Share()},
			{Label: event.LabelSharedSecret, Group: event.GroupOf(g), Inputs: event.Inputs(o.(kx.Explainer).Explain()...), Value: secret},
			{Label: event.LabelSharedSecret, Group: event.GroupOf(g), Inputs: event.Inputs(a.(kx.Explainer).Explain()...), Value: a.Secret()},
		}
		kind := g.(kx.Described).Describe().Kind
		for _, e := range own {
			_, why := narrate.Recompute(e)
			if mlkem := kind == kx.KindKEM || kind == kx.KindHybrid; mlkem != (why == "recompute.mlkem") {
				t.Errorf("%s of %s: reason %q", e.Label, g.Name(), why)
			}
		}
		events = append(events, own...)
	}
	done := recompute(t, "sh", events)
	for _, label := range []string{"client_key_share", "server_key_share", "shared_secret"} {
		if !slices.Contains(done, label) {
			t.Errorf("no command was tried for any %s", label)
		}
	}
}

// Every scheme that TLS 1.3 signs with has a command that checks the signature.
func TestRecomputeSignatures(t *testing.T) {
	needs(t, "sh", "openssl")
	source := rand.NewChaCha8([32]byte{14})
	signed := append(bytes.Repeat([]byte{' '}, 64), "TLS 1.3, server CertificateVerify\x00 and a hash"...)
	var events []*event.Secret
	for _, s := range sig.All() {
		key := keyFor(t, s, source)
		if !s.FitsKey(key.Public(), iana.TLS13) {
			continue // PKCS #1 and SHA-1 are TLS 1.2's
		}
		b, err := s.Sign(source, key, signed)
		if err != nil {
			t.Fatal(err)
		}
		spki, err := pki.MarshalPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, &event.Secret{Label: event.LabelCertificateVerifySignature, Version: iana.TLS13, Scheme: s.ID, Method: s.Name(), Value: b,
			Inputs: []event.Input{event.Public("signed", signed), event.Public("public_key", spki)}})
	}
	if done := recompute(t, "sh", events); len(done) != len(events) || len(events) < 11 {
		t.Errorf("%d of %d schemes have a command", len(done), len(events))
	}
}

// keyFor makes a key that a scheme signs with.
func keyFor(t *testing.T, s *sig.Scheme, source *rand.ChaCha8) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch {
	case s.ID == iana.Ed25519:
		_, key, err = ed25519.GenerateKey(source)
	case s.ID == iana.Ed448:
		_, key, err = ed448.GenerateKey(source)
	case s.Kind == sig.ECDSA && s.Curve != nil:
		key, err = ecdsa.GenerateKey(s.Curve, source)
	case s.Kind == sig.ECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), source)
	default:
		key = lesson.Key(lesson.KeyNames()[0]).(*rsa.PrivateKey)
		if s.PSSKey {
			key = &sig.PSSPrivateKey{RSA: key.(*rsa.PrivateKey)}
		}
	}
	if err != nil {
		t.Fatal(fmt.Errorf("a key for %s: %w", s.Name(), err))
	}
	return key
}
