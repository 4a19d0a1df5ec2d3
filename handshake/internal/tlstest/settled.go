package tlstest

import (
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// Extras are what our end can do that no peer needs to know of to bear it.
var Extras = []struct {
	Name   string
	change func(*tls.Config)
}{
	{"padding", func(c *tls.Config) { c.Padding = func(n int) int { return 500 - n%500 } }},
	{"GREASE", func(c *tls.Config) { c.GREASE = true }},
	{"no middlebox compatibility", func(c *tls.Config) { c.NoCompatibilityMode = true }},
	{"certificate_authorities", func(c *tls.Config) { c.SendCertificateAuthorities = true }},
	{"signature_algorithms_cert", func(c *tls.Config) { c.CertificateSchemes = c.Schemes }},
	{"compress_certificate and record_size_limit", func(c *tls.Config) {
		c.CertificateCompression = []*certcompress.Method{brotli.Method, certcompress.Zlib, zstd.Method}
		c.RecordSizeLimit = 1000
	}},
	{"all of it", nil},
}

// WithExtra is a copy of cfg with one of the extras.
func WithExtra(cfg *tls.Config, i int) *tls.Config {
	own := *cfg
	if own.Schemes == nil {
		own.Schemes = sig.Defaults()
	}
	for j, x := range Extras {
		if x.change != nil && (i == j || Extras[i].change == nil) {
			x.change(&own)
		}
	}
	return &own
}

// CaseName names a case by its suite and its group; the group may be nil.
func CaseName(s *suite.Suite, g kx.Group) string {
	if g == nil {
		return s.String()
	}
	return s.String() + " " + g.Name()
}

// CheckMatrix demands what was asked for, and the signature that this kind of certificate
// makes first.
func CheckMatrix(t testing.TB, got handshake.Summary, s *suite.Suite, g kx.Group, id *Identity) {
	t.Helper()
	scheme := map[string]iana.SignatureScheme{"rsa": iana.RSAPSSRSAESHA256, "rsa-pss": iana.RSAPSSPSSSHA256, "ecdsa": iana.ECDSAP256SHA256,
		"p384": iana.ECDSAP384SHA384, "p521": iana.ECDSAP521SHA512, "ed25519": iana.Ed25519, "ed448": iana.Ed448}[id.Kind]
	if got.Version != iana.TLS13 || got.Suite != s || got.Group != g.ID() || got.Scheme != scheme {
		t.Errorf("settled %v %v %v %v; want %v %v %v", got.Version, got.Suite, got.Group, got.Scheme, s, g.ID(), scheme)
	}
}
