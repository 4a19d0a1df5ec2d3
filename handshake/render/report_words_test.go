package render_test

import (
	"bytes"
	"crypto/x509"
	"regexp"
	"testing"
	"time"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// Words of ours among the values of a check are in the reader's language; a peer's name that
// happens to be such a word stays as it is.
func TestOurWordsAmongValues(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	root, err := authority.NewRoot(authority.Options{CommonName: "none", KeyKind: authority.Ed25519, NotBefore: at.Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	o := pki.VerifyOptions{Roots: pki.NewTrustStore(root.Cert), ServerName: "www.lab.test", Time: at, Explain: true, Staple: []byte("no response")}
	report, _ := pki.Verify([]*x509.Certificate{leafOf(t, root, at)}, o)
	for lang, wanted := range map[narrate.Lang][]string{
		narrate.En: {`\bwanted_usage +digitalSignature or `, `\bstatus +none\n`, `\bissuer +CN=none\n`},
		narrate.Zh: {`这里需要的用途 +digitalSignature 或 `, `吊销状态 +无\n`, `签发者 +CN=none\n`},
	} {
		var b bytes.Buffer
		if err := render.WriteReport(&b, report, render.TerminalOptions{Lang: lang, Width: 200, Level: render.Bytes}); err != nil {
			t.Fatal(err)
		}
		for _, re := range wanted {
			if !regexp.MustCompile(re).Match(b.Bytes()) {
				t.Errorf("%s: nothing matches %q in\n%s", lang, re, &b)
			}
		}
	}
}
