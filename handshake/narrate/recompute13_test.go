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

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/kx"
	"tlslab/handshake/narrate"
	"tlslab/handshake/sig"
	"tlslab/pki"
)

// schedule is TLS 1.3's key schedule as an endpoint tells it, over invented hashes.
type schedule struct {
	h      crypto.Hash
	events []*handshake.SecretEvent
}

func (s *schedule) extract(label string, salt, ikm, value []byte) {
	s.events = append(s.events, &handshake.SecretEvent{Label: label, Method: "HKDF-Extract", Hash: s.h.String(), Value: bytes.Clone(value),
		Inputs: []kx.Value{{Name: "salt", Bytes: bytes.Clone(salt)}, {Name: "ikm", Bytes: ikm}}})
}

func (s *schedule) expand(label, tag string, secret []byte, contextName string, context, value []byte) {
	s.events = append(s.events, &handshake.SecretEvent{Label: label, Method: "HKDF-Expand-Label", Hash: s.h.String(), Tag: tag, Value: bytes.Clone(value),
		Inputs: []kx.Value{{Name: "secret", Bytes: bytes.Clone(secret)}, {Name: contextName, Bytes: context},
			{Name: "hkdf_label", Bytes: keyschedule.AppendHkdfLabel(nil, tag, context, len(value))}}})
}

// newSchedule plays a handshake with a shared secret, one ticket and one KeyUpdate.
func newSchedule(h crypto.Hash, shared []byte, keyLen int) []*handshake.SecretEvent {
	s := &schedule{h: h}
	hash := func(of string) []byte {
		x := h.New()
		x.Write([]byte(of))
		return x.Sum(nil)
	}
	zeros, none := make([]byte, h.Size()), hash("")
	helloHash, serverFinished, all := hash("to ServerHello"), hash("to the server's Finished"), hash("everything")

	early := keyschedule.NewEarlySecret(h, nil)
	s.extract("early_secret", zeros, zeros, early.Bytes())
	earlyDerived := early.Derived()
	s.expand("early_derived", "derived", early.Bytes(), "transcript_hash", none, earlyDerived.Bytes())
	hs := early.Handshake(shared)
	s.extract("handshake_secret", earlyDerived.Bytes(), shared, hs.Bytes())
	hsDerived := hs.Derived()
	s.expand("handshake_derived", "derived", hs.Bytes(), "transcript_hash", none, hsDerived.Bytes())
	main := hs.Main()
	s.extract("main_secret", hsDerived.Bytes(), zeros, main.Bytes())

	for _, who := range []struct {
		name, handshakeLabel, applicationLabel string
		handshake, application                 keyschedule.TrafficSecret
	}{
		{"client", "c hs traffic", "c ap traffic", hs.ClientTraffic(helloHash), main.ClientTraffic(serverFinished)},
		{"server", "s hs traffic", "s ap traffic", hs.ServerTraffic(helloHash), main.ServerTraffic(serverFinished)},
	} {
		s.expand(who.name+"_handshake_traffic_secret", who.handshakeLabel, hs.Bytes(), "transcript_hash", helloHash, who.handshake.Bytes())
		s.expand(who.name+"_application_traffic_secret_0", who.applicationLabel, main.Bytes(), "transcript_hash", serverFinished, who.application.Bytes())
		for stage, traffic := range map[string]keyschedule.TrafficSecret{"handshake": who.handshake, "application": who.application} {
			key, iv := make([]byte, keyLen), make([]byte, 12)
			traffic.Key(key)
			traffic.IV(iv)
			s.expand(who.name+"_"+stage+"_key", "key", traffic.Bytes(), "context", nil, key)
			s.expand(who.name+"_"+stage+"_iv", "iv", traffic.Bytes(), "context", nil, iv)
		}
		finished, verifyData, next := who.handshake.FinishedKey(), who.handshake.VerifyData(all), who.application.Next()
		s.expand(who.name+"_finished_key", "finished", who.handshake.Bytes(), "context", nil, finished.Bytes())
		s.events = append(s.events, &handshake.SecretEvent{Label: who.name + "_verify_data", Method: "HMAC", Hash: h.String(), Value: bytes.Clone(verifyData.Bytes()),
			Inputs: []kx.Value{{Name: "finished_key", Bytes: bytes.Clone(finished.Bytes())}, {Name: "transcript_hash", Bytes: all}}})
		s.expand(who.name+"_application_traffic_secret_n", "traffic upd", who.application.Bytes(), "context", nil, next.Bytes())
	}
	exporter, resumption := main.Exporter(serverFinished), main.Resumption(all)
	s.expand("exporter_secret", "exp master", main.Bytes(), "transcript_hash", serverFinished, exporter.Bytes())
	s.expand("resumption_secret", "res master", main.Bytes(), "transcript_hash", all, resumption.Bytes())
	psk := resumption.PSK([]byte{0, 1})
	s.expand("resumption_psk", "resumption", resumption.Bytes(), "ticket_nonce", []byte{0, 1}, psk.Bytes())
	return s.events
}

// Every stage of the key schedule has a command, under both hashes.
func TestRecomputeKeySchedule(t *testing.T) {
	needs(t, "sh", "openssl")
	for _, c := range []struct {
		h      crypto.Hash
		keyLen int
		shared []byte
	}{
		{crypto.SHA256, 16, bytes.Repeat([]byte{7}, 32)},
		{crypto.SHA384, 32, bytes.Repeat([]byte{9}, 256)}, // as long as a finite field's
	} {
		events := newSchedule(c.h, c.shared, c.keyLen)
		if labels := recompute(t, "sh", events); len(labels) != len(events) {
			t.Errorf("%v: %d of %d stages have a command: %v", c.h, len(labels), len(events), labels)
		}
	}
}

// Each group's shares and secret have commands from either end's knowledge, or the
// reason why there are none.
func TestRecomputeShares(t *testing.T) {
	needs(t, "sh", "openssl")
	source := rand.NewChaCha8([32]byte{13})
	var events []*handshake.SecretEvent
	for _, g := range kx.All() {
		o, err := g.Offer(source)
		if err != nil {
			t.Fatal(err)
		}
		offered := o.(kx.Explainer).Explain()
		a, err := g.Answer(source, o.Share())
		if err != nil {
			t.Fatal(err)
		}
		secret, err := o.Finish(a.Share())
		if err != nil {
			t.Fatal(err)
		}
		own := []*handshake.SecretEvent{
			{Label: "client_key_share", Method: g.Name(), Inputs: offered, Value: o.Share()},
			{Label: "server_key_share", Method: g.Name(), Inputs: a.(kx.Explainer).Explain(), Value: a.Share()},
			{Label: "shared_secret", Method: g.Name(), Inputs: o.(kx.Explainer).Explain(), Value: secret},
			{Label: "shared_secret", Method: g.Name(), Inputs: a.(kx.Explainer).Explain(), Value: a.Secret()},
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
	var events []*handshake.SecretEvent
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
		events = append(events, &handshake.SecretEvent{Meta: handshake.Meta{Move: "server/send/certificate_verify/tls13"},
			Label: "certificate_verify_signature", Method: s.Name(), Value: b,
			Inputs: []kx.Value{{Name: "signed", Bytes: signed}, {Name: "public_key", Bytes: spki}}})
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
		key = pki.LessonKey(pki.LessonKeyNames()[0]).(*rsa.PrivateKey)
		if s.PSSKey {
			key = &sig.PSSPrivateKey{RSA: key.(*rsa.PrivateKey)}
		}
	}
	if err != nil {
		t.Fatal(fmt.Errorf("a key for %s: %w", s.Name(), err))
	}
	return key
}
