package pki

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
)

func authority(t *testing.T, o Options) *Authority {
	t.Helper()
	o.NotBefore = lessonTime.Add(-time.Hour)
	if o.Rand == nil {
		o.Rand = seeded(4)
	}
	a, err := NewRoot(o)
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
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	old := authority(t, Options{CommonName: "Old Root", Key: LessonKeyECDSA("cross-root"), Mutate: func(c *x509.Certificate) {
		c.NotAfter = lessonTime.Add(-time.Minute)
	}})
	bridge, err := old.CrossSign(l.Root.Cert, Options{NotBefore: lessonTime.Add(-time.Hour), Rand: seeded(5)})
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
		r, err := Verify(chain, VerifyOptions{Roots: NewTrustStore(tc.roots...), ServerName: l.Name, Time: lessonTime, Explain: true})
		if r.OK != tc.ok || reason.Of(err) != tc.err || len(r.Paths) != tc.paths {
			t.Errorf("%s: %v with %d paths", tc.name, err, len(r.Paths))
		}
	}
}

// The first path fails, the second is found.
func TestSecondPathIsTried(t *testing.T) {
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	again, err := l.Root.CrossSign(l.Intermediate.Cert, Options{NotBefore: lessonTime.Add(-time.Hour), Rand: seeded(6), Mutate: func(c *x509.Certificate) {
		c.NotAfter = lessonTime.Add(-time.Minute)
	}})
	again = mustCert(t, again, err)
	chain := []*x509.Certificate{l.Leaf.Leaf, again, l.Intermediate.Cert}
	for _, explain := range []bool{false, true} {
		r, err := Verify(chain, VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: lessonTime, Explain: explain})
		if err != nil || !sameCert(r.ChosenPath()[1], l.Intermediate.Cert) {
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
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	impostor := authority(t, Options{CommonName: "Lesson Intermediate", Organization: "tlslab", Key: LessonKeyECDSA("other-root")})
	stranger := authority(t, Options{CommonName: "Stranger", Key: LessonKeyECDSA("ocsp")})
	chain := []*x509.Certificate{l.Leaf.Leaf, impostor.Cert, l.Intermediate.Cert, l.Intermediate.Cert, stranger.Cert}
	// The impostor's key identifier does not fit, so the right one is tried first.
	r, err := Verify(chain, VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: lessonTime, Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[RejectionReason]*x509.Certificate{}
	for _, rej := range r.Rejected {
		if !slices.Contains(RejectionReasons(), rej.Reason) {
			t.Errorf("%q is not listed", rej.Reason)
		}
		got[rej.Reason] = rej.Cert
	}
	if got[RejectedDuplicate] != l.Intermediate.Cert || !slices.Contains([]*x509.Certificate{impostor.Cert, stranger.Cert}, got[RejectedUnused]) {
		t.Errorf("rejected: %v", got)
	}

	// Without the right one the impostor is looked at, and its signature fails.
	r, err = Verify(chain[:2], VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: lessonTime, Explain: true})
	if reason.Of(err) != reason.CertificateBadSignature {
		t.Errorf("the impostor alone: %v", err)
	}
	if len(r.Paths) == 0 || r.Paths[0].Certs[1] != impostor.Cert {
		t.Error("the path through the impostor is not shown")
	}
}

// Two authorities that certify each other are a loop; nobody is trusted.
func TestLoop(t *testing.T) {
	a := authority(t, Options{CommonName: "A", Key: LessonKeyECDSA("root")})
	b := authority(t, Options{CommonName: "B", Key: LessonKeyECDSA("other-root")})
	o := Options{NotBefore: lessonTime.Add(-time.Hour), Rand: seeded(8)}
	aByB, err := b.CrossSign(a.Cert, o)
	aByB = mustCert(t, aByB, err)
	bByA, err := a.CrossSign(b.Cert, o)
	bByA = mustCert(t, bByA, err)
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	csr, err := NewRequest(l.Key, Request{DNSNames: []string{l.Name}})
	if err != nil {
		t.Fatal(err)
	}
	is, err := a.Sign(csr, LeafOptions{NotBefore: lessonTime.Add(-time.Hour), Rand: seeded(8)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Verify([]*x509.Certificate{is.Leaf, aByB, bByA}, VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: lessonTime, Explain: true})
	if reason.Of(err) != reason.CertificateUntrusted {
		t.Errorf("got %v", err)
	}
	if !slices.ContainsFunc(r.Rejected, func(rej Rejection) bool { return rej.Reason == RejectedLoop }) {
		t.Error("the loop is not reported")
	}
}

// Certificates that all bear one name, under many keys that all sign each other:
// the number of paths explodes, the work must not (CVE-2018-16875).
func TestWorkIsBounded(t *testing.T) {
	const n = 12
	var keys []*Authority
	for i := range n {
		key, err := GenerateKey(Ed25519, seeded(byte(50+i)))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, authority(t, Options{CommonName: "Same", Key: key}))
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
			c, err := from.CrossSign(&bare, Options{NotBefore: lessonTime.Add(-time.Hour), Serial: big.NewInt(int64(i*n + j + 1)), Mutate: noHint})
			web = append(web, mustCert(t, c, err))
		}
	}
	w := newWorld("ed25519", 0)
	w.leaf().Issuer = pkix.Name{CommonName: "Same"}
	leaf, err := create(nil, w.leaf(), keys[0].Cert, LessonKeyEd25519("leaf").Public(), keys[0].Key)
	leaf = mustCert(t, leaf, err)
	for _, explain := range []bool{false, true} {
		r, err := Verify(append([]*x509.Certificate{leaf}, web...), VerifyOptions{
			Roots: NewTrustStore(lesson(t, LessonOptions{}).Root.Cert), Time: lessonTime, Explain: explain,
		})
		if reason.Of(err) != reason.CertificateUntrusted {
			t.Errorf("got %v", err)
		}
		if r.SignatureChecks > maxSignatures || len(r.Paths) > maxPaths+maxShown {
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
	for _, n := range []int{20, maxPathLen + 1} {
		up := authority(t, Options{CommonName: "Top", KeyKind: Ed25519, Rand: seeded(10)})
		root := up
		rng := seeded(11)
		for i := range n {
			next, err := up.NewIntermediate(Options{CommonName: fmt.Sprintf("Level %d", i), KeyKind: Ed25519, Rand: rng, NotBefore: lessonTime.Add(-time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			up = next
		}
		csr, err := NewRequest(LessonKeyEd25519("leaf"), Request{DNSNames: []string{"www.lab.test"}})
		if err != nil {
			t.Fatal(err)
		}
		is, err := up.Sign(csr, LeafOptions{NotBefore: lessonTime.Add(-time.Hour), Rand: rng})
		if err != nil {
			t.Fatal(err)
		}
		chain, err := Certificates(is.Chain)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := Verify(chain, VerifyOptions{Roots: NewTrustStore(root.Cert), ServerName: "www.lab.test", Time: lessonTime, Explain: true})
		if want := n < maxPathLen-1; r.OK != want {
			t.Errorf("%d intermediates: %v", n, r.Err)
		}
	}
}

// A self-signed certificate under SHA-1, not installed: the fault is that nobody
// trusts it, whichever way it is asked, and its matching signature is shown.
func TestSelfSignedIsUntrustedFirst(t *testing.T) {
	a := authority(t, Options{CommonName: "Old", Key: LessonKey("root"), Mutate: func(c *x509.Certificate) {
		c.SignatureAlgorithm = x509.SHA1WithRSA
	}})
	// The same name and key signed by another: self-issued, but not self-signed.
	rolled := damaged([]*x509.Certificate{a.Cert}, 0)[0]
	for _, c := range []*x509.Certificate{a.Cert, rolled} {
		_, silent := Verify([]*x509.Certificate{c}, VerifyOptions{Time: lessonTime})
		r, full := Verify([]*x509.Certificate{c}, VerifyOptions{Time: lessonTime, Explain: true})
		if reason.Of(silent) != reason.CertificateUntrusted || fmt.Sprint(silent) != fmt.Sprint(full) {
			t.Errorf("silent: %v, explained: %v", silent, full)
		}
		shown := slices.ContainsFunc(r.Paths[0].Checks, func(c Check) bool { return c.Key == CheckSignature && c.OK && c.Input(InSelfSigned) == true })
		if shown != (c == a.Cert) {
			t.Errorf("its own signature shown: %v", shown)
		}
	}
}

func TestRefusesWhatIsNoChain(t *testing.T) {
	if _, err := Verify(nil, VerifyOptions{}); reason.Of(err) != reason.CertificateMissing {
		t.Errorf("no chain: %v", err)
	}
	if _, err := Verify([]*x509.Certificate{nil}, VerifyOptions{}); reason.Of(err) != reason.CertificateMalformed {
		t.Errorf("nil certificate: %v", err)
	}
	if _, err := Verify([]*x509.Certificate{{}}, VerifyOptions{}); reason.Of(err) != reason.CertificateMalformed {
		t.Errorf("unparsed certificate: %v", err)
	}
}

func TestSignatureCache(t *testing.T) {
	cache := new(SignatureCache)
	good, bad := lesson(t, LessonOptions{KeyAlg: "ecdsa"}), lesson(t, LessonOptions{KeyAlg: "ecdsa", Kind: BadSignature})
	for range 2 {
		for _, l := range []*Lesson{good, bad} {
			chain, err := Certificates(l.Chain)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Verify(chain, VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: lessonTime, Signatures: cache})
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
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	chain, err := Certificates(l.Chain)
	if err != nil {
		t.Fatal(err)
	}
	o := VerifyOptions{Roots: l.Roots, Time: lessonTime, KeyUsage: x509.KeyUsageDigitalSignature}
	if _, err := Verify(chain, o); err != nil {
		t.Error(err)
	}
	o.KeyUsage = x509.KeyUsageKeyEncipherment
	if _, err := Verify(chain, o); reason.Of(err) != reason.CertificateUsage {
		t.Errorf("an ECDSA leaf for RSA key transport: %v", err)
	}

	weak := *chain[0]
	full := LessonKey("leaf").Public().(*rsa.PublicKey)
	weak.PublicKey = &rsa.PublicKey{N: new(big.Int).Rsh(full.N, 2048-768), E: full.E}
	if _, err := Verify([]*x509.Certificate{&weak, chain[1]}, VerifyOptions{Roots: l.Roots, Time: lessonTime}); reason.Of(err) != reason.WeakKey {
		t.Errorf("a 768-bit key: %v", err)
	}
}
