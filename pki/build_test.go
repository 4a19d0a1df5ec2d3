package pki_test

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func newRoot(t *testing.T, o authority.Options) *authority.CA {
	t.Helper()
	o.NotBefore = pkitest.Time.Add(-time.Hour)
	if o.Rand == nil {
		o.Rand = pkitest.Seeded(4)
	}
	a, err := authority.NewRoot(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustCert(t *testing.T, c *x509.Certificate, err error) *x509.Certificate {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The autumn of 2021: the old root has expired, servers still send the
// cross-signed certificate that leads to it, and the new root is installed.
func TestCrossSignedPastAnExpiredRoot(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	old := newRoot(t, authority.Options{CommonName: "Old Root", Key: lesson.KeyECDSA("cross-root"), Mutate: func(c *x509.Certificate) {
		c.NotAfter = pkitest.Time.Add(-time.Minute)
	}})
	bridge, err := old.CrossSign(l.Root.Cert, authority.Options{NotBefore: pkitest.Time.Add(-time.Hour), Rand: pkitest.Seeded(5)})
	bridge = mustCert(t, bridge, err)
	chain := []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert, bridge}

	for _, tc := range []struct {
		name  string
		roots []*x509.Certificate
		ok    bool
		err   reason.Reason
		paths int
	}{
		{"old root only", []*x509.Certificate{old.Cert}, false, reason.CertificateExpired, 1},
		{"new root only", []*x509.Certificate{l.Root.Cert}, true, reason.None, 1},
		{"both", []*x509.Certificate{old.Cert, l.Root.Cert}, true, reason.None, 1},
		{"neither", nil, false, reason.CertificateUntrusted, 1},
	} {
		r, err := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(tc.roots...), ServerName: l.Name, Time: pkitest.Time, Explain: true})
		if r.OK != tc.ok || reason.Of(err) != tc.err || len(r.Paths) != tc.paths {
			t.Errorf("%s: %v with %d paths", tc.name, err, len(r.Paths))
		}
	}
}

// The first path fails, the second is found.
func TestSecondPathIsTried(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	again, err := l.Root.CrossSign(l.Intermediate.Cert, authority.Options{NotBefore: pkitest.Time.Add(-time.Hour), Rand: pkitest.Seeded(6), Mutate: func(c *x509.Certificate) {
		c.NotAfter = pkitest.Time.Add(-time.Minute)
	}})
	again = mustCert(t, again, err)
	chain := []*x509.Certificate{l.Leaf.Leaf, again, l.Intermediate.Cert}
	for _, explain := range []bool{false, true} {
		r, err := pki.Verify(chain, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Explain: explain})
		if err != nil || !pki.SameCert(r.ChosenPath()[1], l.Intermediate.Cert) {
			t.Fatalf("explain %v: %v", explain, err)
		}
		if explain && (len(r.Paths) != 2 || r.Chosen != 1 || reason.Of(r.Paths[0].Err) != reason.CertificateExpired) {
			t.Errorf("%d paths, chosen %d", len(r.Paths), r.Chosen)
		}
		if !explain && (len(r.Paths) != 1 || len(r.Paths[0].Checks) != 0) {
			t.Errorf("silent, but %d paths and %d checks", len(r.Paths), len(r.Paths[0].Checks))
		}
	}
}

func TestRejectedCandidates(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	impostor := newRoot(t, authority.Options{CommonName: "Lesson Intermediate", Organization: "tlslab", Key: lesson.KeyECDSA("other-root")})
	stranger := newRoot(t, authority.Options{CommonName: "Stranger", Key: lesson.KeyECDSA("ocsp")})
	chain := []*x509.Certificate{l.Leaf.Leaf, impostor.Cert, l.Intermediate.Cert, l.Intermediate.Cert, stranger.Cert}
	// The impostor's key identifier does not fit, so the right one is tried first.
	r, err := pki.Verify(chain, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[pki.RejectionReason]*x509.Certificate{}
	for _, rej := range r.Rejected {
		if !slices.Contains(pki.RejectionReasons(), rej.Reason) {
			t.Errorf("%q is not listed", rej.Reason)
		}
		got[rej.Reason] = rej.Cert
	}
	if got[pki.RejectedDuplicate] != l.Intermediate.Cert || !slices.Contains([]*x509.Certificate{impostor.Cert, stranger.Cert}, got[pki.RejectedUnused]) {
		t.Errorf("rejected: %v", got)
	}

	// Without the right one the impostor is looked at, and its signature fails.
	r, err = pki.Verify(chain[:2], pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Explain: true})
	if reason.Of(err) != reason.CertificateBadSignature {
		t.Errorf("the impostor alone: %v", err)
	}
	if len(r.Paths) == 0 || r.Paths[0].Certs[1] != impostor.Cert {
		t.Error("the path through the impostor is not shown")
	}
}

// Two authorities that certify each other are a loop; nobody is trusted.
func TestLoop(t *testing.T) {
	a := newRoot(t, authority.Options{CommonName: "A", Key: lesson.KeyECDSA("root")})
	b := newRoot(t, authority.Options{CommonName: "B", Key: lesson.KeyECDSA("other-root")})
	o := authority.Options{NotBefore: pkitest.Time.Add(-time.Hour), Rand: pkitest.Seeded(8)}
	aByB, err := b.CrossSign(a.Cert, o)
	aByB = mustCert(t, aByB, err)
	bByA, err := a.CrossSign(b.Cert, o)
	bByA = mustCert(t, bByA, err)
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	csr, err := authority.NewRequest(l.Key, authority.Request{DNSNames: []string{l.Name}})
	if err != nil {
		t.Fatal(err)
	}
	is, err := a.Sign(csr, authority.LeafOptions{NotBefore: pkitest.Time.Add(-time.Hour), Rand: pkitest.Seeded(8)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := pki.Verify([]*x509.Certificate{is.Leaf, aByB, bByA}, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Explain: true})
	if reason.Of(err) != reason.CertificateUntrusted {
		t.Errorf("got %v", err)
	}
	if !slices.ContainsFunc(r.Rejected, func(rej pki.Rejection) bool { return rej.Reason == pki.RejectedLoop }) {
		t.Error("the loop is not reported")
	}
}

// Certificates that all bear one name, under many keys that all sign each other:
// the number of paths explodes, the work must not (CVE-2018-16875).
func TestWorkIsBounded(t *testing.T) {
	const n = 12
	var keys []*authority.CA
	for i := range n {
		key, err := authority.GenerateKey(authority.Ed25519, pkitest.Seeded(byte(50+i)))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, newRoot(t, authority.Options{CommonName: "Same", Key: key}))
	}
	noHint := func(c *x509.Certificate) { c.SubjectKeyId, c.AuthorityKeyId = nil, nil }
	var web []*x509.Certificate
	for i, from := range keys {
		for j, to := range keys {
			if i == j {
				continue
			}
			bare := *to.Cert
			bare.SubjectKeyId = nil
			c, err := from.CrossSign(&bare, authority.Options{NotBefore: pkitest.Time.Add(-time.Hour), Serial: big.NewInt(int64(i*n + j + 1)), Mutate: noHint})
			web = append(web, mustCert(t, c, err))
		}
	}
	w := newWorld("ed25519", 0)
	w.leaf().Issuer = pkix.Name{CommonName: "Same"}
	leaf, err := authority.CreateCertificate(nil, w.leaf(), keys[0].Cert, lesson.KeyEd25519("leaf").Public(), keys[0].Key)
	leaf = mustCert(t, leaf, err)
	for _, explain := range []bool{false, true} {
		r, err := pki.Verify(append([]*x509.Certificate{leaf}, web...), pki.VerifyOptions{
			Roots: pki.NewTrustStore(pkitest.Lesson(t, lesson.Options{}).Root.Cert), Time: pkitest.Time, Explain: explain,
		})
		if reason.Of(err) != reason.CertificateUntrusted {
			t.Errorf("got %v", err)
		}
		if r.SignatureChecks > pki.MaxSignatures || len(r.Paths) > pki.MaxPaths+pki.MaxShown {
			t.Errorf("explain %v: %d signatures, %d paths", explain, r.SignatureChecks, len(r.Paths))
		}
		want := &reason.Error{Reason: reason.CertificateUntrusted}
		if !errors.Is(err, want) || r.Err.Field != "certificate_list" {
			t.Errorf("the bound is not the reason given: %v", err)
		}
	}
}

// A long chain is followed, one that is longer than the bound is not.
func TestLongChains(t *testing.T) {
	for _, n := range []int{20, pki.MaxPathLen + 1} {
		up := newRoot(t, authority.Options{CommonName: "Top", KeyKind: authority.Ed25519, Rand: pkitest.Seeded(10)})
		root := up
		rng := pkitest.Seeded(11)
		for i := range n {
			next, err := up.NewIntermediate(authority.Options{CommonName: fmt.Sprintf("Level %d", i), KeyKind: authority.Ed25519, Rand: rng, NotBefore: pkitest.Time.Add(-time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			up = next
		}
		csr, err := authority.NewRequest(lesson.KeyEd25519("leaf"), authority.Request{DNSNames: []string{"www.lab.test"}})
		if err != nil {
			t.Fatal(err)
		}
		is, err := up.Sign(csr, authority.LeafOptions{NotBefore: pkitest.Time.Add(-time.Hour), Rand: rng})
		if err != nil {
			t.Fatal(err)
		}
		chain, err := pki.Certificates(is.Chain)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root.Cert), ServerName: "www.lab.test", Time: pkitest.Time, Explain: true})
		if want := n < pki.MaxPathLen-1; r.OK != want {
			t.Errorf("%d intermediates: %v", n, r.Err)
		}
	}
}

// A self-signed certificate under SHA-1, not installed: the fault is that nobody
// trusts it, whichever way it is asked, and its matching signature is shown.
func TestSelfSignedIsUntrustedFirst(t *testing.T) {
	a := newRoot(t, authority.Options{CommonName: "Old", Key: lesson.Key("root"), Mutate: func(c *x509.Certificate) {
		c.SignatureAlgorithm = x509.SHA1WithRSA
	}})
	// The same name and key signed by another: self-issued, but not self-signed.
	rolled := damaged([]*x509.Certificate{a.Cert}, 0)[0]
	for _, c := range []*x509.Certificate{a.Cert, rolled} {
		_, silent := pki.Verify([]*x509.Certificate{c}, pki.VerifyOptions{Time: pkitest.Time})
		r, full := pki.Verify([]*x509.Certificate{c}, pki.VerifyOptions{Time: pkitest.Time, Explain: true})
		if reason.Of(silent) != reason.CertificateUntrusted || fmt.Sprint(silent) != fmt.Sprint(full) {
			t.Errorf("silent: %v, explained: %v", silent, full)
		}
		shown := slices.ContainsFunc(r.Paths[0].Checks, func(c pki.Check) bool {
			return c.Key == pki.CheckSignature && c.OK && c.Input(pki.InSelfSigned) == true
		})
		if shown != (c == a.Cert) {
			t.Errorf("its own signature shown: %v", shown)
		}
	}
}

func TestRefusesWhatIsNoChain(t *testing.T) {
	if _, err := pki.Verify(nil, pki.VerifyOptions{}); reason.Of(err) != reason.CertificateMissing {
		t.Errorf("no chain: %v", err)
	}
	if _, err := pki.Verify([]*x509.Certificate{nil}, pki.VerifyOptions{}); reason.Of(err) != reason.CertificateMalformed {
		t.Errorf("nil certificate: %v", err)
	}
	if _, err := pki.Verify([]*x509.Certificate{{}}, pki.VerifyOptions{}); reason.Of(err) != reason.CertificateMalformed {
		t.Errorf("unparsed certificate: %v", err)
	}
}

func TestSignatureCache(t *testing.T) {
	cache := new(pki.SignatureCache)
	good, bad := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}), pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa", Kind: lesson.BadSignature})
	for range 2 {
		for _, l := range []*lesson.Lesson{good, bad} {
			chain, err := pki.Certificates(l.Chain)
			if err != nil {
				t.Fatal(err)
			}
			_, err = pki.Verify(chain, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Signatures: cache})
			if reason.Of(err) != l.Kind.Expect() {
				t.Errorf("%s: %v", l.Kind, err)
			}
		}
	}
	if cache.Len() != 2 {
		t.Errorf("%d signatures remembered, want the two good ones", cache.Len())
	}
}

// Usage bits of the leaf, and keys below what we take.
func TestLeafKeyUsageAndWeakKeys(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	chain, err := pki.Certificates(l.Chain)
	if err != nil {
		t.Fatal(err)
	}
	o := pki.VerifyOptions{Roots: l.Roots, Time: pkitest.Time, KeyUsage: x509.KeyUsageDigitalSignature}
	if _, err := pki.Verify(chain, o); err != nil {
		t.Error(err)
	}
	o.KeyUsage = x509.KeyUsageKeyEncipherment
	if _, err := pki.Verify(chain, o); reason.Of(err) != reason.CertificateUsage {
		t.Errorf("an ECDSA leaf for RSA key transport: %v", err)
	}

	weak := *chain[0]
	full := lesson.Key("leaf").Public().(*rsa.PublicKey)
	weak.PublicKey = &rsa.PublicKey{N: new(big.Int).Rsh(full.N, 2048-768), E: full.E}
	if _, err := pki.Verify([]*x509.Certificate{&weak, chain[1]}, pki.VerifyOptions{Roots: l.Roots, Time: pkitest.Time}); reason.Of(err) != reason.WeakKey {
		t.Errorf("a 768-bit key: %v", err)
	}
}
