package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
)

// The policy cases of PKITS, §4.8 to §4.12, each with every set of inputs that NIST gives it: 88.
var pkitsPolicy = []string{"4.8.", "4.9.", "4.10.", "4.11.", "4.12."}

// All of them come out as NIST says, and as OpenSSL says, told the same; and as crypto/x509 says,
// where the user says no more than its public options can.
func TestNISTPolicies(t *testing.T) {
	dir := pkitsDir(t)
	tried, refused, std := 0, 0, 0
	for _, tc := range pkitsCases(t, dir) {
		if !begins(tc.Name, pkitsPolicy) {
			continue
		}
		tried++
		chain, in := tc.chain(t, dir), tc.policy(t)
		if chain == nil {
			t.Fatalf("%s: a certificate cannot be read", tc.Name)
		}
		anchor := len(chain) - 1
		_, err := pki.Verify(chain[:anchor], pki.VerifyOptions{Roots: pki.NewTrustStore(chain[anchor]), Time: pkitsTime, Policy: in})
		if (err == nil) != tc.ShouldValidate {
			t.Errorf("%s: %v, and NIST accepts it: %v", tc.Name, err, tc.ShouldValidate)
		}
		if err != nil {
			refused++
		}
		if said, bad := opensslOnPolicies(t, chain, in); (bad == nil) != tc.ShouldValidate {
			t.Errorf("%s: NIST accepts it: %v, OpenSSL says %s", tc.Name, tc.ShouldValidate, said)
		}
		if in.InitialExplicitPolicy || in.InitialPolicyMappingInhibit || in.InitialAnyPolicyInhibit {
			continue
		}
		std++
		if err := x509OnPolicies(chain, in); (err == nil) != tc.ShouldValidate {
			t.Errorf("%s: NIST accepts it: %v, crypto/x509 says %v", tc.Name, tc.ShouldValidate, err)
		}
	}
	if tried != 88 {
		t.Errorf("%d cases with their inputs, want 88", tried)
	}
	t.Logf("%d of %d refused; %d judged by crypto/x509 too", refused, tried, std)
}

// opensslOnPolicies is OpenSSL's judgement of a path, leaf first, under the same inputs.
func opensslOnPolicies(t *testing.T, path []*x509.Certificate, in pki.PolicyInputs) (said string, err error) {
	t.Helper()
	dir := t.TempDir()
	var others [][]byte
	for _, c := range path[1 : len(path)-1] {
		others = append(others, c.Raw)
	}
	args := []string{"verify", "-no-CApath", "-no-CAstore", "-policy_check", "-CAfile", writeFile(t, dir, "root.pem", pki.EncodeCert(path[len(path)-1].Raw))}
	if !path[0].NotAfter.After(pkitest.Time) { // NIST's
		args = append(args, "-attime", fmt.Sprint(pkitsTime.Unix()))
	} else {
		args = append(args, "-attime", attime)
	}
	if len(in.InitialPolicySet) == 0 {
		in.InitialPolicySet = oids(pki.AnyPolicy) // to OpenSSL no policy is none, and not any
	}
	for _, id := range in.InitialPolicySet {
		args = append(args, "-policy", id.String())
	}
	for flag, set := range map[string]bool{"-explicit_policy": in.InitialExplicitPolicy, "-inhibit_map": in.InitialPolicyMappingInhibit, "-inhibit_any": in.InitialAnyPolicyInhibit} {
		if set {
			args = append(args, flag)
		}
	}
	if len(others) > 0 {
		args = append(args, "-untrusted", writeFile(t, dir, "others.pem", pemOf(others)))
	}
	return openssl(t, append(args, writeFile(t, dir, "leaf.pem", pki.EncodeCert(path[0].Raw)))...)
}

// x509OnPolicies is crypto/x509's, which takes a set of policies from its user and nothing else.
func x509OnPolicies(path []*x509.Certificate, in pki.PolicyInputs) error {
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: pkitest.Time,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, CertificatePolicies: in.InitialPolicySet}
	if !path[0].NotAfter.After(pkitest.Time) {
		o.CurrentTime = pkitsTime
	}
	o.Roots.AddCert(path[len(path)-1])
	for _, c := range path[1 : len(path)-1] {
		o.Intermediates.AddCert(c)
	}
	_, err := path[0].Verify(o)
	return err
}

// What the report says about the user's demands.
func TestPolicyIsTold(t *testing.T) {
	w := newWorld("ecdsa", 2)
	w.certs[2].Policies = []x509.OID{mustOID("1.3.1"), mustOID("1.3.2")}
	w.certs[2].ExtraExtensions = []pkix.Extension{mapPolicy("1.3.1", "1.3.9")}
	w.certs[1].Policies = []x509.OID{mustOID("1.3.9"), mustOID("1.3.2")}
	w.leaf().Policies = []x509.OID{mustOID("1.3.9")}
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		in              pki.PolicyInputs
		cause           string // "": accepted
		authority, user []string
	}{
		"nothing is asked":      {pki.PolicyInputs{}, "", []string{"1.3.1"}, []string{"1.3.1"}},
		"any":                   {pki.PolicyInputs{InitialExplicitPolicy: true}, "", []string{"1.3.1"}, []string{"1.3.1"}},
		"the issuer's name":     {pki.PolicyInputs{InitialPolicySet: oids("1.3.1", "1.3.5"), InitialExplicitPolicy: true}, "", []string{"1.3.1"}, []string{"1.3.1"}},
		"any beside another":    {pki.PolicyInputs{InitialPolicySet: oids("1.3.5", pki.AnyPolicy), InitialExplicitPolicy: true}, "", []string{"1.3.1"}, []string{"1.3.1"}},
		"the subject's name":    {pki.PolicyInputs{InitialPolicySet: oids("1.3.9"), InitialExplicitPolicy: true}, pki.CauseOtherPolicy, []string{"1.3.1"}, nil},
		"another, not required": {pki.PolicyInputs{InitialPolicySet: oids("1.3.9")}, "", []string{"1.3.1"}, nil},
		"no mapping":            {pki.PolicyInputs{InitialExplicitPolicy: true, InitialPolicyMappingInhibit: true}, pki.CausePolicyDemanded, nil, nil},
	} {
		r, _ := pki.Verify(w.certs[:3], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, Policy: tc.in, Explain: true})
		if r.Cause() != tc.cause {
			t.Errorf("%s: %q, want %q: %v", name, r.Cause(), tc.cause, r.Err)
		}
		c := checkOf(t, r, pki.CheckPolicy, 0)
		authority, _ := c.Input(pki.InAuthorityPolicies).([]string)
		user, _ := c.Input(pki.InUserPolicies).([]string)
		if !slices.Equal(authority, tc.authority) || !slices.Equal(user, tc.user) {
			t.Errorf("%s: valid %q, of them accepted %q", name, authority, user)
		}
		if asked := c.Input(pki.InInitialPolicySet) != nil; asked != (name != "nothing is asked") {
			t.Errorf("%s: the user's demands are shown: %v", name, asked)
		}
		if said, err := opensslOnPolicies(t, w.certs, tc.in); (err == nil) != r.OK {
			t.Errorf("%s: accepted %v, OpenSSL says %s", name, r.OK, said)
		}
		states := r.Paths[0].States()
		if now := states[0].ExplicitPolicy == 0; now != tc.in.InitialExplicitPolicy {
			t.Errorf("%s: explicit_policy begins at %d", name, states[0].ExplicitPolicy)
		}
	}
}

func oids(names ...string) (ids []x509.OID) {
	for _, n := range names {
		ids = append(ids, mustOID(n))
	}
	return ids
}

// A chain whose tree of RFC 5280 has 2^30 nodes at its lowest level: each certificate has two
// policies and maps each to both (CVE-2023-0464). The graph of RFC 9618 has two nodes a level.
func TestPoliciesDoNotExplode(t *testing.T) {
	const n = 30
	w := longWorld(n)
	for _, c := range w.certs[1 : n+1] {
		c.Policies = oids("1.3.1", "1.3.2")
		c.ExtraExtensions = []pkix.Extension{mapPolicies("1.3.1", "1.3.1", "1.3.1", "1.3.2", "1.3.2", "1.3.1", "1.3.2", "1.3.2")}
	}
	w.leaf().Policies = oids("1.3.1", "1.3.2")
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	for _, set := range [][]string{{"1.3.1"}, {"1.3.3"}} {
		in := pki.PolicyInputs{InitialPolicySet: oids(set...), InitialExplicitPolicy: true}
		nodes, edges, err := pki.PolicyGraphSize(w.certs, in)
		if nodes != 1+2*(n+1) || edges != 2+4*n {
			t.Errorf("%d nodes, %d edges", nodes, edges)
		}
		if (err == nil) != (set[0] == "1.3.1") {
			t.Errorf("asked for %v: %v", set, err)
		}
	}
}

// With anyPolicy in each certificate the graph has, at each level, all policies from above. It is not
// followed without end.
func TestPoliciesAreBounded(t *testing.T) {
	for per, accepted := range map[int]bool{1: true, 50: false} {
		w := longWorld(30)
		for i, c := range w.certs[:31] {
			c.Policies = oids(pki.AnyPolicy)
			for k := range per {
				c.Policies = append(c.Policies, mustOID(fmt.Sprintf("1.3.%d.%d", i, k)))
			}
		}
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		o := pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, Policy: pki.PolicyInputs{InitialExplicitPolicy: true}, Explain: true}
		r, _ := pki.Verify(w.certs[:31], o)
		if r.OK != accepted || !accepted && r.Cause() != pki.CauseManyPolicies {
			t.Errorf("%d policies a certificate: %v", per, r.Err)
		}
		nodes, edges, err := pki.PolicyGraphSize(w.certs, o.Policy)
		if nodes > pki.MaxPolicyNodes || edges > pki.MaxPolicyNodes || (err == nil) != accepted {
			t.Errorf("%d policies a certificate: %d nodes, %d edges, %v", per, nodes, edges, err)
		}
		for _, s := range r.Paths[0].States() {
			if len(s.Policies) > pki.MaxPolicyNodes {
				t.Errorf("%d policies shown", len(s.Policies))
			}
		}
	}
}

// longWorld has any number of intermediates, all with one key.
func longWorld(n int) *world {
	w := newWorld("ed25519", 1)
	leaf, middle, root := w.certs[0], w.certs[1], w.certs[2]
	w.certs, w.signer = []*x509.Certificate{leaf}, []string{"leaf"}
	for i := range n {
		c := *middle
		c.Subject.CommonName = fmt.Sprintf("World intermediate %d", i)
		w.certs, w.signer = append(w.certs, &c), append(w.signer, "intermediate")
	}
	w.certs, w.signer = append(w.certs, root), append(w.signer, "root")
	return w
}

// Chains of chance, with policies, mappings and constraints from a few of each, are judged as by
// crypto/x509 and OpenSSL.
func TestPoliciesOfChance(t *testing.T) {
	const chains, toOpenSSL = 600, 120
	rng := rand.New(pkitest.Seeded(11))
	pool := []string{"1.3.1", "1.3.2", "1.3.3", pki.AnyPolicy}
	some := func(from []string, most int) (picked []string) {
		for _, i := range rng.Perm(len(from))[:rng.IntN(min(most, len(from))+1)] {
			picked = append(picked, from[i])
		}
		return picked
	}
	refused, mapped := 0, 0
	for n := range chains {
		w := newWorld("ed25519", rng.IntN(4))
		for i, c := range w.certs {
			if c == w.root() {
				break
			}
			c.SubjectKeyId, c.AuthorityKeyId = []byte{byte(i)}, []byte{byte(i + 1)} // or OpenSSL takes what is self-issued for a root
			c.Policies = oids(some(pool, 4)...)
			if rng.IntN(4) > 0 && len(c.Policies) == 0 {
				c.Policies = oids(pool[rng.IntN(len(pool))])
			}
			if i == 0 {
				continue
			}
			if i > 1 && rng.IntN(4) == 0 {
				c.Subject = w.certs[i-1].Subject // self-issued is what is below
			}
			if rng.IntN(3) == 0 {
				var pairs []string
				for range 1 + rng.IntN(3) {
					pairs = append(pairs, pool[rng.IntN(3)], pool[rng.IntN(3)])
				}
				mapped++
				c.ExtraExtensions = append(c.ExtraExtensions, mapPolicies(pairs...))
			}
			if rng.IntN(3) == 0 {
				c.ExtraExtensions = append(c.ExtraExtensions, ext(oidPolicyConstraints, true, 0x30, 3, 0x80+byte(rng.IntN(2)), 1, byte(rng.IntN(3))))
			}
			if rng.IntN(4) == 0 {
				c.ExtraExtensions = append(c.ExtraExtensions, ext(asn1.ObjectIdentifier{2, 5, 29, 54}, true, 2, 1, byte(rng.IntN(3))))
			}
		}
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		in := pki.PolicyInputs{InitialPolicySet: oids(some(pool[:3], 2)...)}
		verify := func() error {
			_, err := pki.Verify(w.certs[:len(w.certs)-1], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, Policy: in})
			return err
		}
		ours := verify()
		if std := x509OnPolicies(w.certs, in); (ours == nil) != (std == nil) {
			t.Errorf("chain %d, %v: ours %v, crypto/x509 %v", n, in, ours, std)
		}
		if n < toOpenSSL {
			in.InitialExplicitPolicy, in.InitialPolicyMappingInhibit, in.InitialAnyPolicyInhibit = rng.IntN(2) == 0, rng.IntN(4) == 0, rng.IntN(4) == 0
			ours = verify()
			if said, err := opensslOnPolicies(t, w.certs, in); (ours == nil) != (err == nil) {
				t.Errorf("chain %d, %v: ours %v, OpenSSL says %s", n, in, ours, said)
			}
		}
		if ours != nil {
			refused++
		}
	}
	if refused < chains/10 || refused > chains*9/10 || mapped < chains/10 {
		t.Errorf("of %d chains %d refused, %d mappings: too few to say anything", chains, refused, mapped)
	}
}

// The limit on the depth is OpenSSL's: what stands between the leaf and the anchor counts, self-issued
// certificates too.
func TestDepth(t *testing.T) {
	for n := 0; n <= 3; n++ {
		w := newWorld("ecdsa", n)
		for i, c := range w.certs[:n+1] {
			c.SubjectKeyId, c.AuthorityKeyId = []byte{byte(i)}, []byte{byte(i + 1)} // or OpenSSL takes what is self-issued for a root
		}
		if n >= 2 {
			w.certs[1].Subject = w.certs[2].Subject // self-issued
		}
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		for depth := 0; depth <= 3; depth++ {
			o := pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, MaxDepth: &depth, Explain: true}
			r, _ := pki.Verify(w.certs[:n+1], o)
			looksAgree(t, r, nil)
			if r.OK != (n <= depth) || !r.OK && (r.Cause() != pki.CauseDepth || r.Err.Reason != reason.CertificateUntrusted) {
				t.Errorf("%d intermediates, limit %d: %v", n, depth, r.Err)
			}
			if c := checkOf(t, r, pki.CheckDepth, 0); c.Input(pki.InDepth) != n || c.Input(pki.InMaxDepth) != depth {
				t.Errorf("%d intermediates, limit %d: %v", n, depth, c.Inputs)
			}
			dir := t.TempDir()
			args := []string{"verify", "-no-CApath", "-no-CAstore", "-attime", attime, "-verify_depth", fmt.Sprint(depth), "-CAfile", writeFile(t, dir, "root.pem", pki.EncodeCert(w.root().Raw))}
			if n > 0 {
				var others [][]byte
				for _, c := range w.certs[1 : n+1] {
					others = append(others, c.Raw)
				}
				args = append(args, "-untrusted", writeFile(t, dir, "others.pem", pemOf(others)))
			}
			said, err := openssl(t, append(args, writeFile(t, dir, "leaf.pem", pki.EncodeCert(w.leaf().Raw)))...)
			if (err == nil) != r.OK || err != nil && !strings.Contains(said, "chain too long") && !strings.Contains(said, "unable to get") {
				t.Errorf("%d intermediates, limit %d: we accept %v, OpenSSL says %s", n, depth, r.OK, said)
			}
		}
	}
	w := newWorld("ecdsa", 0)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	none := 0
	if r, _ := pki.Verify(w.certs[:1], pki.VerifyOptions{Roots: pki.NewTrustStore(w.leaf()), Time: pkitest.Time, MaxDepth: &none}); !r.OK {
		t.Errorf("a leaf that is installed has nothing above it: %v", r.Err)
	}
}
