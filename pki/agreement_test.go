package pki_test

import (
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// build applies defects to a good chain.
func build(alg string, intermediates int, with ...defect) (chain, roots []*x509.Certificate, name string, usage pki.Usage, err error) {
	w := newWorld(alg, intermediates)
	name = "www.lab.test"
	for _, d := range with {
		if d.change != nil {
			d.change(w)
		}
	}
	if err := w.sign(); err != nil {
		return nil, nil, "", 0, err
	}
	chain, roots = w.certs[:len(w.certs)-1], []*x509.Certificate{w.root()}
	for _, d := range with {
		if d.sent != nil {
			chain = d.sent(w, chain)
		}
		if d.roots != nil {
			roots = d.roots(w, roots)
		}
		if d.server != "" {
			name = d.server
		}
		usage = max(usage, d.usage)
	}
	return chain, roots, name, usage, nil
}

func TestAgreesWithCryptoX509(t *testing.T) {
	chains, accepted, departures := 0, 0, 0
	for _, alg := range []string{"ecdsa", "ed25519"} {
		for n := 0; n <= 3; n++ {
			for _, d := range defects {
				if n < d.min {
					continue
				}
				chain, roots, name, usage, err := build(alg, n, d)
				if err != nil {
					t.Fatalf("%s: %v", d.name, err)
				}
				ours, std := bothVerdicts(chain, roots, name, usage)
				explained(t, ours, chain, roots, name, usage)
				chains++
				if std == nil {
					accepted++
				}
				if d.only != "" && d.only != alg {
					d.stricter, d.wider = "", ""
				}
				agree := (ours == nil) == (std == nil)
				switch {
				case d.stricter == "" && d.wider == "":
					if !agree {
						t.Errorf("%s, %d intermediates, %s: ours %v, crypto/x509 %v", alg, n, d.name, ours, std)
					}
				case d.stricter != "" && (ours == nil || std != nil), d.wider != "" && (ours != nil || std == nil):
					t.Errorf("%s, %d intermediates, %s is listed with %s%s, but ours %v, crypto/x509 %v",
						alg, n, d.name, d.stricter, d.wider, ours, std)
				default:
					departures++
				}
			}
		}
	}
	t.Logf("%d chains, %d accepted by crypto/x509, %d listed departures", chains, accepted, departures)
	if chains-departures < 200 || accepted < 50 || chains-accepted < 100 {
		t.Errorf("%d chains, of which %d accepted: too few to say anything", chains, accepted)
	}
}

// explained asks again with Explain, which must not change the answer.
func explained(t *testing.T, silent error, chain, roots []*x509.Certificate, name string, usage pki.Usage) {
	t.Helper()
	o := pki.VerifyOptions{Roots: pki.NewTrustStore(roots...), ServerName: name, Time: pkitest.Time, Usage: usage, Explain: true}
	r, err := pki.Verify(chain, o)
	heldToFacts(t, r, chain, o)
	if fmt.Sprint(err) != fmt.Sprint(silent) {
		t.Errorf("silent: %v, explained: %v", silent, err)
	}
}

// TestAgreesOnMixtures puts two or three things together that the table tries one by one.
func TestAgreesOnMixtures(t *testing.T) {
	plain := slices.DeleteFunc(slices.Clone(defects), func(d defect) bool {
		return d.stricter != "" || d.wider != "" || d.name == "self-signed"
	})
	rng := rand.New(pkitest.Seeded(7))
	for mixtures := 0; mixtures < 200; {
		n := rng.IntN(3) + 1
		var with []defect
		for range 2 + rng.IntN(2) {
			if d := plain[rng.IntN(len(plain))]; d.min <= n {
				with = append(with, d)
			}
		}
		var names []string
		for _, d := range with {
			names = append(names, d.name)
		}
		chain, roots, name, usage, err := build("ed25519", n, with...)
		if err != nil {
			continue // two changes that crypto/x509 will not put into one certificate
		}
		mixtures++
		if ours, std := bothVerdicts(chain, roots, name, usage); (ours == nil) != (std == nil) {
			t.Errorf("%d intermediates, %v: ours %v, crypto/x509 %v", n, names, ours, std)
		}
	}
}

// TestLessonsAgreeWithCryptoX509 leaves out revocation, which crypto/x509 does not look at.
func TestLessonsAgreeWithCryptoX509(t *testing.T) {
	for _, kind := range lesson.Kinds() {
		l, err := lesson.New(lesson.Options{Kind: kind, KeyAlg: "ecdsa", Time: pkitest.Time, Rand: pkitest.Seeded(2)})
		if err != nil {
			t.Fatal(err)
		}
		chain, err := pki.Certificates(l.Chain)
		if err != nil {
			t.Fatal(err)
		}
		if ours, std := bothVerdicts(chain, l.Roots.All(), l.Name, pki.ServerAuth); (ours == nil) != (std == nil) {
			t.Errorf("%s: ours %v, crypto/x509 %v", kind, ours, std)
		}
	}
}
