package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"reflect"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
)

// The state of RFC 5280 §6.1 down a path of three certificates, worked out by hand from
// the text: n is 3, so each counter begins at 4; the anchor limits the path to 2
// intermediates and has no say about policies; the upper intermediate wants a policy from
// the second certificate below it on and maps one; the lower one takes anyPolicy away.
func TestPathStates(t *testing.T) {
	w := newWorld("ecdsa", 2)
	w.root().MaxPathLen = 2
	upper, lower := w.certs[2], w.certs[1]
	upper.Policies = []x509.OID{mustOID("1.3.1"), mustOID("1.3.2")}
	upper.ExtraExtensions = []pkix.Extension{
		ext(oidPolicyConstraints, true, 0x30, 3, 0x80, 1, 2), // requireExplicitPolicy 2
		mapPolicy("1.3.1", "1.3.9"),                          // 1.3.1 goes by 1.3.9 below
	}
	upper.PermittedDNSDomains, upper.ExcludedDNSDomains = []string{"lab.test"}, []string{"secret.lab.test"}
	lower.Policies = []x509.OID{mustOID("1.3.9"), mustOID("1.3.7")}
	lower.ExtraExtensions = []pkix.Extension{
		ext(oidPolicyConstraints, true, 0x30, 3, 0x81, 1, 5), // inhibitPolicyMapping 5, which is no limit any more
		ext(asn1.ObjectIdentifier{2, 5, 29, 54}, true, 2, 1, 0),
	}
	lower.MaxPathLen, lower.MaxPathLenZero = 0, true
	w.leaf().Policies = []x509.OID{mustOID("1.3.9")}
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	r, _ := pki.Verify(w.certs[:3], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), ServerName: "www.lab.test", Time: pkitest.Time, Explain: true})
	if !r.OK {
		t.Fatal(r.Err)
	}
	names := func(trees ...string) []string { return trees }
	want := []pki.PathState{
		{Cert: 3, MaxPathLength: 2, ExplicitPolicy: 4, InhibitAnyPolicy: 4, PolicyMapping: 4, Policies: []string{pki.AnyPolicy}},
		{Cert: 2, MaxPathLength: 1, ExplicitPolicy: 2, InhibitAnyPolicy: 3, PolicyMapping: 3,
			Policies: []string{"1.3.1 = 1.3.9", "1.3.2"}, Permitted: names("DNS:lab.test"), Excluded: names("DNS:secret.lab.test")},
		{Cert: 1, MaxPathLength: 0, ExplicitPolicy: 1, InhibitAnyPolicy: 0, PolicyMapping: 2,
			Policies: []string{"1.3.9"}, Permitted: names("DNS:lab.test"), Excluded: names("DNS:secret.lab.test")},
		{Cert: 0, MaxPathLength: 0, ExplicitPolicy: 0, InhibitAnyPolicy: 0, PolicyMapping: 2, Policies: []string{"1.3.9"}},
	}
	if got := r.Paths[0].States(); !reflect.DeepEqual(got, want) {
		t.Errorf("\n%+v, want\n%+v", got, want)
	}
	for _, s := range want {
		for _, in := range s.Inputs() {
			if in.Value() == nil {
				t.Errorf("certificate %d: %s is nil", s.Cert, in.Name)
			}
		}
	}
}

// A self-issued intermediate uses nothing up (§6.1.4 (h), (l)); a path without an anchor
// has no state; where policies fail, NULL is what is left.
func TestPathStatesOfOddPaths(t *testing.T) {
	w := newWorld("ecdsa", 2)
	w.certs[1].Subject = w.certs[2].Subject
	w.certs[2].ExtraExtensions = requirePolicy(0)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	r, _ := pki.Verify(w.certs[:3], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, Explain: true})
	var room, explicit []int
	for _, s := range r.Paths[0].States() {
		room, explicit = append(room, s.MaxPathLength), append(explicit, s.ExplicitPolicy)
		if s.Cert < 3 && s.Policies != nil {
			t.Errorf("certificate %d has no policy, and %q is valid", s.Cert, s.Policies)
		}
	}
	if !reflect.DeepEqual(room, []int{3, 2, 2, 2}) || !reflect.DeepEqual(explicit, []int{4, 0, 0, 0}) || r.OK {
		t.Errorf("max_path_length %v, explicit_policy %v, accepted %v", room, explicit, r.OK)
	}
	r, _ = pki.Verify(w.certs[:3], pki.VerifyOptions{Time: pkitest.Time, Explain: true})
	if s := r.Paths[0].States(); s != nil {
		t.Errorf("a path to no anchor has states: %+v", s)
	}
}
