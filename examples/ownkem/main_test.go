package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/kx"
	"tlslab/handshake/kx/kxtest"
	"tlslab/handshake/kx/private"
)

// The conformance suite: what a peer may rely on, and what an attacker may not. An
// exchange takes 15 ms, so few are made.
func TestFrodo(t *testing.T) { kxtest.Run(t, Frodo{}, kxtest.WithRuns(3)) }

// By hand it is what kx.FromKEM makes of the same scheme: either end can be the other's.
func TestSameAsFromKEM(t *testing.T) {
	library, err := private.KEM("FrodoKEM-640-SHAKE", Frodo{}.ID())
	if err != nil {
		t.Fatal(err)
	}
	for _, ends := range [][2]kx.Group{{Frodo{}, library}, {library, Frodo{}}} {
		rand := bytes.NewReader(make([]byte, 1000))
		o, err := ends[0].Offer(rand)
		if err != nil {
			t.Fatal(err)
		}
		a, err := ends[1].Answer(rand, o.Share())
		if err != nil {
			t.Fatal(err)
		}
		if secret, err := o.Finish(a.Share()); err != nil || !bytes.Equal(secret, a.Secret()) {
			t.Errorf("%x and %x, %v", secret, a.Secret(), err)
		}
	}
}

// The transcript shows the KEM's numbers: the key and the ciphertext that the two hellos
// carry, and one secret at both ends.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out, "kem"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"frodo640", "TLS 1.3", "GET /", "client computes the same shared_secret"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	sent := regexp.MustCompile(`key_share +frodo640 \(0xfe01\) ([0-9a-f]+)`).FindAllStringSubmatch(out.String(), -1)
	if len(sent) != 2 {
		t.Fatalf("%d key shares in\n%s", len(sent), &out)
	}
	for pattern, want := range map[string]string{
		`ek +([0-9a-f]+)… \(9616 bytes\)`: sent[0][1],
		`c +([0-9a-f]+)… \(9720 bytes\)`:  sent[1][1],
		`K +([0-9a-f]+) \[secret\]`:       "", // never on the wire
	} {
		shown := regexp.MustCompile(`(?m)^ +`+pattern).FindAllStringSubmatch(out.String(), -1)
		if len(shown) == 0 {
			t.Errorf("no %s in\n%s", pattern, &out)
			continue
		}
		if want == "" {
			want = shown[0][1]
		}
		for _, s := range shown {
			if !strings.HasPrefix(s[1], want) { // the hello shows fewer bytes
				t.Errorf("%s is %s, want %s", pattern, s[1], want)
			}
		}
	}
}
