package render_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// The verdict is the first line, with what to do about it; and two authorities of one name
// can be told apart by what ca show prints of each.
func TestReportBeginsWithItsVerdict(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	root := func() *authority.CA {
		a, err := authority.NewRoot(authority.Options{CommonName: "One Name", KeyKind: authority.P256, NotBefore: at.Add(-time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	signer, namesake := root(), root()
	leaf := leafOf(t, signer, at)
	for roots, verdict := range map[*authority.CA][2]string{signer: {"accepted", "接受"}, namesake: {"REFUSED: ", "拒绝："}} {
		o := pki.VerifyOptions{Roots: pki.NewTrustStore(roots.Cert), ServerName: "www.lab.test", Time: at, Explain: true}
		report, _ := pki.Verify([]*x509.Certificate{leaf, namesake.Cert, signer.Cert}, o)
		for i, lang := range []narrate.Lang{narrate.En, narrate.Zh} {
			var b bytes.Buffer
			if err := render.WriteReport(&b, report, render.TerminalOptions{Lang: lang, Width: 100}); err != nil {
				t.Fatal(err)
			}
			if first, _, _ := strings.Cut(b.String(), "\n"); !strings.HasPrefix(first, verdict[i]) {
				t.Errorf("%s: begins with %q", lang, first)
			}
			for _, c := range []*x509.Certificate{signer.Cert, namesake.Cert} {
				if print := fmt.Sprintf("%x", sha256.Sum256(c.Raw))[:8]; !strings.Contains(b.String(), print) {
					t.Errorf("%s: %s is not told apart in\n%s", lang, print, &b)
				}
			}
		}
	}
}

// leafOf is a certificate for www.lab.test that signer has issued, an hour before at.
func leafOf(t *testing.T, signer *authority.CA, at time.Time) *x509.Certificate {
	t.Helper()
	key, err := authority.GenerateKey(authority.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := authority.NewRequest(key, authority.Request{DNSNames: []string{"www.lab.test"}})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := signer.Sign(csr, authority.LeafOptions{NotBefore: at.Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return issued.Leaf
}
