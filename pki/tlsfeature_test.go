package pki_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func features(t testing.TB, critical bool, numbers ...int) []pkix.Extension {
	t.Helper()
	value, err := asn1.Marshal(numbers)
	if err != nil {
		t.Fatal(err)
	}
	return []pkix.Extension{{Id: pki.OidTLSFeature, Critical: critical, Value: value}}
}

// A leaf that promises a staple is believed without one only by who did not ask for a
// status (RFC 7633 §4); whatever it promises, a bad staple is a bad one.
func TestMustStaple(t *testing.T) {
	for _, kind := range []lesson.Kind{lesson.Good, lesson.MustStaple} {
		for _, staple := range []string{"none", "good", "revoked", "stale", "unknown"} {
			l := pkitest.Lesson(t, lesson.Options{Kind: kind, KeyAlg: "ecdsa", Staple: staple})
			chain, err := pki.Certificates(l.Chain)
			if err != nil {
				t.Fatal(err)
			}
			if pki.PromisesStaple(chain[0]) != (kind == lesson.MustStaple) {
				t.Errorf("%s promises a staple: %v", kind, pki.PromisesStaple(chain[0]))
			}
			for _, explain := range []bool{false, true} {
				for _, heed := range []bool{false, true} {
					for _, require := range []bool{false, true} {
						r, _ := pki.Verify(chain, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Staple: l.Staple,
							HeedMustStaple: heed, RequireStaple: require, Explain: explain})
						var want reason.Reason
						switch {
						case staple == "revoked":
							want = reason.CertificateRevoked
						case staple == "stale", staple == "unknown", staple == "none" && (require || heed && kind == lesson.MustStaple):
							want = reason.BadStatusResponse
						}
						if reason.Of(pkitest.ErrOf(r)) != want {
							t.Errorf("%s, staple %s, heed %v, require %v: %v, want %q", kind, staple, heed, require, r.Err, want)
						}
						if !explain {
							continue
						}
						noted := slices.ContainsFunc(r.Paths[0].Notes, func(n pki.Note) bool { return n.Key == pki.NoteMustStaple })
						if noted != (kind == lesson.MustStaple && staple == "none" && !heed && !require) {
							t.Errorf("%s, staple %s, heed %v, require %v: noted %v", kind, staple, heed, require, noted)
						}
					}
				}
			}
		}
	}
}

// What an issuer's certificate promises, those that it issues must promise (§4.2.2), all
// the way down; and certtool says the same.
func TestTLSFeaturesOfIssuers(t *testing.T) {
	for name, tc := range map[string]struct {
		root, intermediate, leaf []int // nil: no extension
		broken                   string
	}{
		"nobody promises":               {},
		"the leaf alone":                {leaf: []int{5}},
		"issuer and leaf":               {intermediate: []int{5}, leaf: []int{5}},
		"the leaf more, in other order": {intermediate: []int{5}, leaf: []int{17, 5}},
		"the leaf less":                 {intermediate: []int{5, 17}, leaf: []int{17}, broken: "certificate[0].tls_feature"},
		"the leaf nothing":              {intermediate: []int{5}, broken: "certificate[0].tls_feature"},
		"the leaf something else":       {intermediate: []int{5}, leaf: []int{16}, broken: "certificate[0].tls_feature"},
		"an empty promise":              {intermediate: []int{}},
		"all three":                     {root: []int{5}, intermediate: []int{5}, leaf: []int{5}},
		"the intermediate nothing":      {root: []int{5}, leaf: []int{5}, broken: "certificate[1].tls_feature"},
	} {
		w := newWorld("ecdsa", 1)
		for i, promised := range [][]int{tc.leaf, tc.intermediate, tc.root} {
			if promised != nil {
				w.certs[i].ExtraExtensions = features(t, false, promised...)
			}
			// certtool judges by the machine's clock.
			w.certs[i].NotBefore, w.certs[i].NotAfter = pkitest.Time.AddDate(-20, 0, 0), pkitest.Time.AddDate(23, 0, 0)
		}
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		for _, explain := range []bool{false, true} {
			r, _ := pki.Verify(w.certs[:2], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, Explain: explain})
			if r.OK != (tc.broken == "") || !r.OK && (r.Err.Reason != reason.CertificateConstraint || r.Err.Field != tc.broken) {
				t.Errorf("%s: %v, want %q", name, r.Err, tc.broken)
			}
		}
		t.Run("certtool/"+name, func(t *testing.T) {
			certtool, err := exec.LookPath("certtool")
			if err != nil {
				missing(t, "certtool")
			}
			dir := t.TempDir()
			roots := writeFile(t, dir, "root.pem", pki.EncodeCert(w.root().Raw))
			chain := writeFile(t, dir, "chain.pem", pemOf([][]byte{w.certs[0].Raw, w.certs[1].Raw}))
			out, err := exec.Command(certtool, "--verify", "--load-ca-certificate", roots, "--infile", chain).CombinedOutput()
			if accepted := err == nil && strings.Contains(string(out), "Verified. The certificate is trusted."); accepted != (tc.broken == "") {
				t.Errorf("certtool disagrees: %v, %s", err, out)
			}
		})
	}
}

// A list that is none is refused; a critical one is processed where it is heeded.
func TestTLSFeatureMalformed(t *testing.T) {
	for name, value := range map[string][]byte{
		"no DER":              {0x05},
		"bytes left over":     {0x30, 3, 2, 1, 5, 0},
		"no numbers":          {0x30, 2, 4, 0},
		"no TLS extension":    {0x30, 5, 2, 3, 1, 0, 0},
		"a negative one":      {0x30, 3, 2, 1, 0xff},
		"an integer, no list": {2, 1, 5},
	} {
		w := newWorld("ecdsa", 1)
		w.leaf().ExtraExtensions = []pkix.Extension{ext(pki.OidTLSFeature, false, value...)}
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		r, _ := pki.Verify(w.certs[:2], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time})
		if reason.Of(pkitest.ErrOf(r)) != reason.CertificateMalformed || pki.PromisesStaple(w.leaf()) {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa", Staple: "good"})
	w := newWorld("ecdsa", 1)
	w.leaf().ExtraExtensions = features(t, true, int(iana.ExtStatusRequest))
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		heed, require bool
		want          reason.Reason
	}{{false, false, reason.CertificateConstraint}, {true, false, reason.BadStatusResponse}, {false, true, reason.BadStatusResponse}} {
		r, _ := pki.Verify(w.certs[:2], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, HeedMustStaple: o.heed, RequireStaple: o.require})
		if reason.Of(pkitest.ErrOf(r)) != o.want {
			t.Errorf("critical, %+v: %v", o, r.Err)
		}
	}
	by := &authority.CA{Cert: w.certs[1], Key: lesson.KeyOf("ecdsa", w.signer[1]), Parent: l.Root}
	staple, err := by.OCSP(w.leaf(), authority.StatusGood, authority.OCSPOptions{Time: pkitest.Time})
	if err != nil {
		t.Fatal(err)
	}
	for _, heed := range []bool{false, true} {
		o := pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, HeedMustStaple: heed, RequireStaple: !heed, Staple: staple}
		if r, _ := pki.Verify(w.certs[:2], o); !r.OK {
			t.Errorf("critical, heeded %v or else demanded, and kept: %v", heed, r.Err)
		}
	}
}
