package pki_test

import (
	"crypto/x509"
	"sync"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func TestTrustStore(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{Kind: lesson.UntrustedRoot, KeyAlg: "ecdsa"})
	s := pki.NewTrustStore(l.Root.Cert)
	s.Add(l.Root.Cert)
	if s.Len() != 1 || !s.Contains(l.Root.Cert) || s.Contains(l.Other.Cert) {
		t.Errorf("%d certificates after adding one twice", s.Len())
	}
	if n, err := s.AddPEM(append([]byte("# other\n"), pki.EncodeCert(l.Other.Cert.Raw)...)); n != 1 || err != nil || s.Len() != 2 {
		t.Errorf("AddPEM: %d, %v", n, err)
	}
	before := s.FindBySubject(l.Root.Cert.RawSubject)
	if !s.Remove(l.Root.Cert) || s.Remove(l.Root.Cert) || s.Len() != 1 || len(before) != 1 || len(s.FindBySubject(l.Root.Cert.RawSubject)) != 0 {
		t.Error("removing does not remove, or changes a slice given out")
	}
	if _, err := s.AddPEM(append(pki.EncodeCert(l.Root.Cert.Raw), pki.EncodeCert([]byte("rubbish"))...)); err == nil || s.Len() != 1 {
		t.Errorf("a bad bundle: %v, and %d certificates", err, s.Len())
	}
	var nobody *pki.TrustStore
	if nobody.Len() != 0 || nobody.Contains(l.Root.Cert) || nobody.All() != nil {
		t.Error("a nil store trusts somebody")
	}
}

// Roots come and go while others verify; the race detector watches.
func TestStoreIsSafeForConcurrentUse(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{Kind: lesson.UntrustedRoot, KeyAlg: "ed25519"})
	store := pki.NewTrustStore(l.Root.Cert)
	chain := []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert}
	cache := new(pki.SignatureCache)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				store.Add(l.Other.Cert)
				store.Remove(l.Other.Cert)
				if _, err := pki.Verify(chain, pki.VerifyOptions{Roots: store, Time: pkitest.Time, Signatures: cache}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if store.Len() != 1 {
		t.Errorf("%d certificates left", store.Len())
	}
}

// The silent verifier is on the handshake's path: what it allocates beyond the
// signatures is its report.
func TestSilentVerifyAllocatesLittle(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	chain := []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert}
	o := pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Signatures: new(pki.SignatureCache)}
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := pki.Verify(chain, o); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 8 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestParseCachedSharesAndCopies(t *testing.T) {
	der := append([]byte(nil), pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Chain[0]...)
	first, err := pki.ParseCached(der)
	if err != nil {
		t.Fatal(err)
	}
	serial := first.SerialNumber.String()
	again, err := pki.ParseCached(append([]byte(nil), der...))
	if err != nil || again != first {
		t.Errorf("parsed twice: %v", err)
	}
	clear(der)
	if _, err := pki.ParseCached(der); err == nil || first.SerialNumber.String() != serial || first.Raw[0] != 0x30 {
		t.Error("the certificate aliases the caller's bytes")
	}
}

// A name that was asked about is looked for anew once the store has changed.
func TestStoreForgetsWhatItFound(t *testing.T) {
	root := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Root.Cert
	store := pki.NewTrustStore()
	for range 2 {
		if got := store.FindBySubject(root.RawSubject); len(got) != 0 {
			t.Error("found before it was installed, or after it was removed")
		}
		store.Add(root)
		if got := store.FindBySubject(root.RawSubject); len(got) != 1 || !store.Contains(root) {
			t.Error("not found after it was installed")
		}
		store.Remove(root)
	}
}
