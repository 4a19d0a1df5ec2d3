package pki_test

import (
	"crypto/x509"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
)

// pkitsDir is NIST's Public Key Interoperability Test Suite, which lies in the
// sources of the Go that runs this test.
func pkitsDir(t *testing.T) string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "src/crypto/x509/testdata/nist-pkits")
	if _, err := os.Stat(dir); err != nil {
		missing(t, "the PKITS certificates in GOROOT")
	}
	return dir
}

// missing skips a test for want of something, by name; in CI it must be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("absent, and CI=true asks for it: %s", what)
	}
	t.Skipf("absent: %s", what)
}

// pkitsOutside are the cases that ask for what this verifier does not do, by the
// beginning of their name. Everything else must come out as NIST says.
var pkitsOutside = map[string]string{
	"4.4.":   "certificate revocation lists: we check stapled OCSP alone",
	"4.5.2 ": "revocation lists",
	"4.5.5 ": "revocation lists",
	"4.5.7 ": "revocation lists",
	"4.7.4 ": "revocation lists",
	"4.7.5 ": "revocation lists",
	"4.14.":  "revocation lists, distribution points",
	"4.15.":  "revocation lists, deltas",
	"4.1.4 ": "DSA over SHA-1",
	"4.1.5 ": "DSA over SHA-1",
}

// pkitsFault is what the refused paths of a section of PKITS are about: the checks of
// which one must fail first, so that none is refused by accident.
var pkitsFault = map[string][]pki.CheckKey{
	"4.1.":  {pki.CheckSignature, pki.CheckSignatureAlgorithm}, // the latter for DSA
	"4.2.":  {pki.CheckValidity},
	"4.3.":  {pki.CheckTrustAnchor}, // nobody bears the issuer's name, so the path ends there
	"4.5.":  {pki.CheckBasicConstraints},
	"4.6.":  {pki.CheckBasicConstraints, pki.CheckPathLength},
	"4.7.":  {pki.CheckKeyUsage},
	"4.8.":  {pki.CheckPolicy},
	"4.9.":  {pki.CheckPolicy},
	"4.10.": {pki.CheckPolicy},
	"4.11.": {pki.CheckPolicy},
	"4.12.": {pki.CheckPolicy},
	"4.13.": {pki.CheckNameConstraints},
	"4.16.": {pki.CheckCriticalExtension},
}

func pkitsFaults(name string) []pki.CheckKey {
	for section, checks := range pkitsFault {
		if strings.HasPrefix(name, section) {
			return checks
		}
	}
	return nil
}

// firstFailed is the check that refused the path which the report's error is about.
func firstFailed(r *pki.Report) pki.CheckKey {
	for _, p := range r.Paths {
		if p.Err != r.Err {
			continue
		}
		for _, c := range p.Checks {
			if !c.OK {
				return c.Key
			}
		}
	}
	return ""
}

func begins(name string, with []string) bool {
	return slices.ContainsFunc(with, func(p string) bool { return strings.HasPrefix(name, p) })
}

// pkitsCase is a case of PKITS with what its user says (RFC 5280 §6.1.1).
type pkitsCase struct {
	Name                        string
	CertPath                    []string // the anchor first
	InitialPolicySet            []string // "NIST-test-policy-1", "anyPolicy"
	InitialPolicyMappingInhibit bool
	InitialExplicitPolicy       bool
	InitialAnyPolicyInhibit     bool
	ShouldValidate              bool
}

func pkitsCases(t *testing.T, dir string) []pkitsCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []pkitsCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// policy is what the case's user says. NIST's names stand for the policies of §3.1 of its
// document: an arc of test policies below csor-certpolicy.
func (tc *pkitsCase) policy(t *testing.T) pki.PolicyInputs {
	t.Helper()
	in := pki.PolicyInputs{InitialExplicitPolicy: tc.InitialExplicitPolicy, InitialPolicyMappingInhibit: tc.InitialPolicyMappingInhibit,
		InitialAnyPolicyInhibit: tc.InitialAnyPolicyInhibit}
	for _, name := range tc.InitialPolicySet {
		id := pki.AnyPolicy
		if n, ok := strings.CutPrefix(name, "NIST-test-policy-"); ok {
			id = "2.16.840.1.101.3.2.1.48." + n
		} else if name != "anyPolicy" {
			t.Fatalf("%s: what is %s?", tc.Name, name)
		}
		in.InitialPolicySet = append(in.InitialPolicySet, mustOID(id))
	}
	return in
}

// chain are the case's certificates, leaf first; nil if crypto/x509 cannot parse one.
func (tc *pkitsCase) chain(t *testing.T, dir string) []*x509.Certificate {
	t.Helper()
	var chain []*x509.Certificate
	for _, name := range tc.CertPath {
		der, err := os.ReadFile(filepath.Join(dir, "certs", name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			if tc.ShouldValidate {
				t.Errorf("crypto/x509 cannot parse %s: %v", name, err)
			}
			if section := tc.Name[:5]; section == "4.13." || strings.HasPrefix(section, "4.3.") {
				t.Errorf("crypto/x509 refuses %s, and we have nothing to say about it: %v", name, err)
			}
			return nil
		}
		chain = append(chain, c)
	}
	slices.Reverse(chain)
	return chain
}

// pkitsTime is a day on which the certificates of the suite are good.
var pkitsTime = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func TestNISTPathValidation(t *testing.T) {
	dir := pkitsDir(t)
	tried := 0
	for _, tc := range pkitsCases(t, dir) {
		if begins(tc.Name, slices.Collect(maps.Keys(pkitsOutside))) {
			continue
		}
		tried++
		t.Run(tc.Name, func(t *testing.T) {
			chain := tc.chain(t, dir)
			if chain == nil {
				return
			}
			anchor := len(chain) - 1
			o := pki.VerifyOptions{Roots: pki.NewTrustStore(chain[anchor]), Time: pkitsTime, Policy: tc.policy(t), Explain: true}
			r, _ := pki.Verify(chain[:anchor], o)
			looksAgree(t, r, nil)
			if r.OK != tc.ShouldValidate {
				t.Errorf("accepted %v, NIST says %v: %v %v", r.OK, tc.ShouldValidate, reason.Of(pkitest.ErrOf(r)), r.Err)
			}
			if why := pkitsFaults(tc.Name); !r.OK && !slices.Contains(why, firstFailed(r)) {
				t.Errorf("refused at %s, and it is about %v: %v", firstFailed(r), why, r.Err)
			}
			o.Explain = false
			if silent, _ := pki.Verify(chain[:anchor], o); silent.OK != r.OK {
				t.Errorf("accepted %v, and %v without Explain", r.OK, silent.OK)
			}
		})
	}
	if tried < 170 {
		t.Errorf("only %d cases tried", tried)
	}
}
