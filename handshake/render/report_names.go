package render

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"

	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// reportNames says how the certificates of a report are called in it: by their subject,
// and where another one has the same, as cross-signed and renewed ones do, with the
// beginning of its fingerprint, which ca show writes whole.
type reportNames struct {
	say  sheet.Voice
	bear map[string][]*x509.Certificate
}

func namesIn(r *pki.Report, say sheet.Voice) reportNames {
	n := reportNames{say, map[string][]*x509.Certificate{}}
	for i := range r.Paths {
		for _, c := range r.Paths[i].Certs {
			n.add(c)
		}
	}
	for _, x := range r.Rejected {
		n.add(x.Cert)
		if x.For != nil {
			n.add(x.For)
		}
	}
	return n
}

func (n reportNames) add(c *x509.Certificate) {
	name := sheet.Subject(c)
	for _, have := range n.bear[name] {
		if bytes.Equal(have.Raw, c.Raw) {
			return
		}
	}
	n.bear[name] = append(n.bear[name], c)
}

// of is what c is called.
func (n reportNames) of(c *x509.Certificate) string {
	name := sheet.Subject(c)
	if len(n.bear[name]) < 2 {
		return name
	}
	return n.say.Aside(name, "SHA-256 "+fingerprint(c)[:8]+"…")
}

// path names the certificates of a path, from the leaf up.
func (n reportNames) path(p *pki.Path) string {
	names := make([]string, len(p.Certs))
	for i, c := range p.Certs {
		names[i] = n.of(c)
	}
	return strings.Join(names, " < ")
}

// fingerprint is the SHA-256 of a certificate, in hex.
func fingerprint(c *x509.Certificate) string { return fmt.Sprintf("%x", sha256.Sum256(c.Raw)) }
