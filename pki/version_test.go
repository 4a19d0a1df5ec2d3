package pki_test

import (
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
)

// crypto/x509 passes over the extensions of a certificate of version 1 or 2, and over the unique
// identifiers of one of version 1: a constraint would be there, and bind nobody. So no path goes through one, and an
// anchor is no exception.
func TestFieldsOfALaterVersion(t *testing.T) {
	bare := func(r *rawTBS) { r.Extensions = nil }
	unique := func(r *rawTBS) { r.Extensions, r.SubjectUID = nil, algid.BitString([]byte{1}) }
	keep := func(*rawTBS) {}
	for name, tc := range map[string]struct {
		cert, version int
		edit          func(*rawTBS)
		ok, profile   bool // profile: is that what fails
	}{
		"leaf, 1":                        {0, 1, keep, false, true},
		"leaf, 2":                        {0, 2, keep, false, true},
		"leaf, 3":                        {0, 3, keep, true, false},
		"leaf, 1, no extensions":         {0, 1, bare, true, false},
		"leaf, 1, unique identifier":     {0, 1, unique, false, true},
		"leaf, 2, unique identifier":     {0, 2, unique, true, false},
		"intermediate, 1":                {1, 1, keep, false, true},
		"intermediate, 1, no extensions": {1, 1, bare, false, false},
		"anchor, 1":                      {2, 1, keep, false, true},
		"anchor, 2":                      {2, 2, keep, false, true},
		"anchor, 1, no extensions":       {2, 1, bare, true, false},
	} {
		w := newWorld("ecdsa", 1)
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		w.certs[tc.cert] = edited(t, w.certs[tc.cert], "ecdsa", w.signer[min(tc.cert+1, 2)], func(r *rawTBS) {
			tc.edit(r)
			r.Version = tc.version - 1
		})
		for _, explain := range []bool{false, true} {
			r, _ := pki.Verify(w.certs[:2], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, Explain: explain})
			if r.OK != tc.ok {
				t.Errorf("%s: %v", name, r.Err)
			}
			if !explain {
				continue
			}
			for _, c := range r.Paths[0].Checks {
				if c.Key != pki.CheckProfile || c.Cert != tc.cert {
					continue
				}
				if c.OK == tc.profile || !c.OK && (c.Err.Reason != reason.CertificateMalformed || pki.Cause(c.Err) != "version") {
					t.Errorf("%s: the profile: %v", name, c.Err)
				}
			}
		}
	}
}
