package pki_test

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// goodChain is a chain that is good for www.lab.test, and who made it.
func goodChain(t *testing.T) (*lesson.Lesson, []*x509.Certificate) {
	t.Helper()
	l, err := lesson.New(lesson.Options{KeyAlg: "ecdsa", Name: "www.lab.test"})
	if err != nil {
		t.Fatal(err)
	}
	chain, err := pki.Certificates(l.Chain)
	if err != nil {
		t.Fatal(err)
	}
	return l, chain
}

// TestVerdictsHold: a cache that has seen the good chain answers as Verify does, whatever changes:
// it is asked before and after each change, so that what it remembers could come between.
func TestVerdictsHold(t *testing.T) {
	l, chain := goodChain(t)
	var cache pki.VerdictCache
	good := pki.VerifyOptions{Roots: l.Roots, ServerName: "www.lab.test", Time: time.Now(), Signatures: new(pki.SignatureCache)}
	ask := func(what string, chain []*x509.Certificate, o pki.VerifyOptions, want reason.Reason) {
		t.Helper()
		_, verify := pki.Verify(chain, o)
		if got := reason.Of(verify); got != want {
			t.Errorf("%s: Verify says %v, not %v", what, got, want)
		}
		for range 2 {
			if got := cache.Verify(chain, o); reason.Of(got) != want {
				t.Errorf("%s: the cache says %v, not %v", what, got, want)
			}
		}
	}
	none := reason.Of(nil)
	ask("good", chain, good, none)

	with := func(change func(*pki.VerifyOptions)) pki.VerifyOptions {
		o := good
		change(&o)
		return o
	}
	path := append(slices.Clone(chain), l.Root.Cert)
	last := slices.MinFunc(path, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter
	first := slices.MaxFunc(path, func(a, b *x509.Certificate) int { return a.NotBefore.Compare(b.NotBefore) }).NotBefore
	for _, c := range []struct {
		what string
		o    pki.VerifyOptions
		want reason.Reason
	}{
		{"the last second", with(func(o *pki.VerifyOptions) { o.Time = last }), none},
		{"a nanosecond later", with(func(o *pki.VerifyOptions) { o.Time = last.Add(1) }), reason.CertificateExpired},
		{"the first second", with(func(o *pki.VerifyOptions) { o.Time = first }), none},
		{"a second sooner", with(func(o *pki.VerifyOptions) { o.Time = first.Add(-time.Second) }), reason.CertificateNotYetValid},
		{"another name", with(func(o *pki.VerifyOptions) { o.ServerName = "other.lab.test" }), reason.CertificateWrongName},
		{"another use", with(func(o *pki.VerifyOptions) { o.Usage = pki.ClientAuth }), reason.CertificateUsage},
		{"a key usage that it lacks", with(func(o *pki.VerifyOptions) { o.KeyUsage = x509.KeyUsageCRLSign }), reason.CertificateUsage},
		{"another store", with(func(o *pki.VerifyOptions) { o.Roots = new(pki.TrustStore) }), reason.CertificateUntrusted},
		{"no store", with(func(o *pki.VerifyOptions) { o.Roots = nil }), reason.CertificateUntrusted},
		{"a status that is required", with(func(o *pki.VerifyOptions) { o.RequireStaple = true }), reason.BadStatusResponse},
		{"a policy that is required", with(func(o *pki.VerifyOptions) { o.Policy.InitialExplicitPolicy = true }), reason.CertificateConstraint},
		{"no intermediate allowed", with(func(o *pki.VerifyOptions) { o.MaxDepth = new(int) }), reason.CertificateUntrusted},
	} {
		ask(c.what, chain, c.o, c.want)
		ask("good, behind "+c.what, chain, good, none)
	}
	ask("without its intermediate", chain[:1], good, reason.CertificateUntrusted)

	root := l.Root.Cert
	l.Roots.Remove(root)
	ask("its root removed", chain, good, reason.CertificateUntrusted)
	l.Roots.Add(root)
	ask("its root added again", chain, good, none)
}

// TestVerdictsCost: what is remembered costs no look for a path: the hash of the chain, and no more.
func TestVerdictsCost(t *testing.T) {
	l, chain := goodChain(t)
	var cache pki.VerdictCache
	o := pki.VerifyOptions{Roots: l.Roots, ServerName: "www.lab.test", Time: time.Now(), Signatures: new(pki.SignatureCache)}
	judged := testing.AllocsPerRun(10, func() { _, _ = pki.Verify(chain, o) })
	if got := testing.AllocsPerRun(10, func() { _ = cache.Verify(chain, o) }); got > 1 || judged <= 2 {
		t.Errorf("%v allocations, where judging takes %v", got, judged)
	}
}
