package pki_test

import (
	"crypto/x509"
	"net/url"
	"strings"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
)

// A foreign name in a sentence of ours is escaped, and once: \x1b is the byte that the peer
// wrote, \\x1b would be the four characters.
func TestForeignNamesAreQuotedOnce(t *testing.T) {
	const bad = "good\x1b[2J"
	w, again := newWorld("ecdsa", 0), newWorld("ecdsa", 0)
	again.signer[1] = "other-root"
	for _, w := range []*world{w, again} {
		w.root().Subject.CommonName = bad
		w.leaf().Subject.CommonName, w.leaf().DNSNames = bad+" leaf", nil
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
	}
	trust := func(certs ...*x509.Certificate) pki.VerifyOptions {
		return pki.VerifyOptions{Roots: pki.NewTrustStore(certs...), Time: pkitest.Time}
	}
	for name, o := range map[string]pki.VerifyOptions{
		"no issuer":          trust(),
		"another of a name":  trust(again.root()),
		"a root not trusted": {Time: pkitest.Time, Intermediates: []*x509.Certificate{w.root()}},
	} {
		_, err := pki.Verify([]*x509.Certificate{w.leaf()}, o)
		if err == nil || !strings.Contains(err.Error(), `good\x1b[2J`) || strings.Contains(err.Error(), `\\`) {
			t.Errorf("%s: %v", name, err)
		}
	}

	u := newWorld("ecdsa", 0)
	u.leaf().URIs = []*url.URL{mustURL("http://host.test/good")}
	if err := u.sign(); err != nil {
		t.Fatal(err)
	}
	raw := []byte(strings.Replace(string(u.leaf().Raw), "host.test/good", "host.test/go\x1bd", 1))
	_, err := pki.ParseCertificate(raw)
	if err == nil || !strings.Contains(err.Error(), `go\x1bd`) || strings.Contains(err.Error(), `\\x1b`) {
		t.Errorf("a URI that Go does not parse: %v", err)
	}
}
