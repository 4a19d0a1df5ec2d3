package pki

import (
	"crypto/x509"
	"sync"
	"testing"
)

// Roots come and go while others verify; the race detector watches.
func TestStoreIsSafeForConcurrentUse(t *testing.T) {
	l := lesson(t, LessonOptions{Kind: UntrustedRoot, KeyAlg: "ed25519"})
	store := NewTrustStore(l.Root.Cert)
	chain := []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert}
	cache := new(SignatureCache)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				store.Add(l.Other.Cert)
				store.Remove(l.Other.Cert)
				if _, err := Verify(chain, VerifyOptions{Roots: store, Time: lessonTime, Signatures: cache}); err != nil {
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
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	chain := []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert}
	o := VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: lessonTime, Signatures: new(SignatureCache)}
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := Verify(chain, o); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 8 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestParseCachedSharesAndCopies(t *testing.T) {
	der := append([]byte(nil), lesson(t, LessonOptions{KeyAlg: "ecdsa"}).Chain[0]...)
	first, err := ParseCached(der)
	if err != nil {
		t.Fatal(err)
	}
	serial := first.SerialNumber.String()
	again, err := ParseCached(append([]byte(nil), der...))
	if err != nil || again != first {
		t.Errorf("parsed twice: %v", err)
	}
	clear(der)
	if _, err := ParseCached(der); err == nil || first.SerialNumber.String() != serial || first.Raw[0] != 0x30 {
		t.Error("the certificate aliases the caller's bytes")
	}
}

// A name that was asked about is looked for anew once the store has changed.
func TestStoreForgetsWhatItFound(t *testing.T) {
	root := lesson(t, LessonOptions{KeyAlg: "ecdsa"}).Root.Cert
	store := NewTrustStore()
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
