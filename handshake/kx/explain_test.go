package kx_test

import (
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// The names are what narrate explains and what a transcript prints, in the order in
// which the numbers are computed; (brackets) mark what an eavesdropper does not see.
func TestExplanations(t *testing.T) {
	for _, v := range []struct {
		group                 kx.Group
		before, after, answer string
	}{
		{kx.X25519,
			"(a) | A = aG",
			"(a) | A = aG | B | (abG)",
			"(b) | B = bG | A | (abG)"},
		{kx.P256,
			"(a) | A = aG",
			"(a) | A = aG | B | (abG)",
			"(b) | B = bG | A | (abG)"},
		{kx.FFDHE2048,
			"p | g | (a) | A = g^a mod p",
			"p | g | (a) | A = g^a mod p | B | (g^ab mod p)",
			"p | g | (b) | B = g^b mod p | A | (g^ab mod p)"},
		{kx.MLKEM768,
			"(seed) | ek",
			"(seed) | ek | c | (K)",
			"ek | (m) | c | (K)"},
		{kx.X25519MLKEM768,
			"(MLKEM768: seed) | MLKEM768: ek | (x25519: a) | x25519: A = aG | share",
			"(MLKEM768: seed) | MLKEM768: ek | MLKEM768: c | (MLKEM768: K) | (x25519: a) | x25519: A = aG | x25519: B | (x25519: abG) | share | (secret)",
			"MLKEM768: ek | (MLKEM768: m) | MLKEM768: c | (MLKEM768: K) | (x25519: b) | x25519: B = bG | x25519: A | (x25519: abG) | share | (secret)"},
	} {
		o, err := v.group.Offer(seeded(1))
		if err != nil {
			t.Fatal(err)
		}
		a, err := v.group.Answer(seeded(2), o.Share())
		if err != nil {
			t.Fatal(err)
		}
		compare(t, v.group.Name()+", offer", o, v.before)
		if _, err := o.Finish(a.Share()); err != nil {
			t.Fatal(err)
		}
		compare(t, v.group.Name()+", offer after Finish", o, v.after)
		compare(t, v.group.Name()+", answer", a, v.answer)
	}

	o, _, err := kx.RSA.Offer(kx.ServerInput{Rand: seeded(1), Key: rsaKey(), ClientVersion: iana.TLS12})
	if err != nil {
		t.Fatal(err)
	}
	a, err := kx.RSA.Answer(kx.ClientInput{Rand: seeded(2), PublicKey: &rsaKey().PublicKey, ClientVersion: iana.TLS12})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "RSA, offer", o, "n | e | (d)")
	if _, err := o.Finish(a.Share()); err != nil {
		t.Fatal(err)
	}
	compare(t, "RSA, offer after Finish", o, "n | e | (d) | RSA(premaster) | (premaster)")
	compare(t, "RSA, answer", a, "n | e | (premaster) | (m = 00 02 padding 00 premaster) | RSA(premaster) = m^e mod n")
}

func compare(t *testing.T, what string, end any, want string) {
	t.Helper()
	var names []string
	for _, v := range end.(kx.Explainer).Explain() {
		if len(v.Bytes) == 0 {
			t.Errorf("%s: %s is empty", what, v.Name)
		}
		if v.Private {
			v.Name = "(" + v.Name + ")"
		}
		names = append(names, v.Name)
	}
	if got := strings.Join(names, " | "); got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

func TestKindNames(t *testing.T) {
	for k, want := range map[kx.Kind]string{kx.KindECDH: "ecdh", kx.KindFFDH: "ffdh", kx.KindKEM: "kem", kx.KindHybrid: "hybrid", 0: "unknown"} {
		if k.String() != want {
			t.Errorf("%d is %q, want %q", k, k, want)
		}
	}
}
