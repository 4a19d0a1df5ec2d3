package tls_test

import (
	"crypto"
	stdtls "crypto/tls"
	"crypto/x509"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/suite"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

type benchCase struct {
	name  string
	suite uint16
	alg   string   // of the certificates
	group kx.Group // X25519 if nil
	auth  bool     // the client shows a certificate, too
}

func (c *benchCase) tls13() bool { return suite.ByID(iana.CipherSuite(c.suite)).Version == iana.TLS13 }

func (c *benchCase) kx() kx.Group {
	if c.group == nil {
		return kx.X25519
	}
	return c.group
}

var benchCases = []benchCase{
	{"TLS12-ECDHE-ECDSA-P256-X25519", stdtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ecdsa", nil, false},
	{"TLS12-ECDHE-RSA-2048-X25519", stdtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "rsa", nil, false},
	{"TLS12-RSA-2048", stdtls.TLS_RSA_WITH_AES_128_GCM_SHA256, "rsa", nil, false},
	{"TLS13-ECDSA-P256-X25519", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", nil, false},
	{"TLS13-ECDSA-P256-X25519MLKEM768", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", kx.X25519MLKEM768, false},
	{"TLS13-ECDSA-P256-X25519-client-certificate", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", nil, true},
	{"TLS13-RSA-2048-X25519", stdtls.TLS_AES_128_GCM_SHA256, "rsa", nil, false},
}

// world is one chain of two links, as most servers send it (an intermediate signed the
// leaf, a root the intermediate), and both libraries' configurations for it: the same suite,
// group, certificates and checks.
type world struct {
	lesson               *lesson.Lesson
	chain                [][]byte            // as sent
	path                 []*x509.Certificate // leaf to root
	clientPath           []*x509.Certificate // the same of the client's, if it has one
	clientKey            crypto.Signer
	client, server       *handshake.Config
	stdClient, stdServer *stdtls.Config
}

func newWorld(tb testing.TB, c benchCase) *world {
	tb.Helper()
	l, err := lesson.New(lesson.Options{KeyAlg: c.alg})
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{lesson: l, chain: l.Chain, path: []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert, l.Root.Cert}}
	suites := []*suite.Suite{suite.ByID(iana.CipherSuite(c.suite))}
	groups := []kx.Group{c.kx(), kx.P256} // the second for TLS 1.2: the certificate's curve
	if c.tls13() {
		groups = groups[:1]
	}
	w.client = &handshake.Config{Suites: suites, Groups: groups, Roots: l.Roots, ServerName: l.Name}
	w.server = &handshake.Config{Suites: suites, Groups: groups, Certificates: []handshake.Certificate{{Chain: w.chain, Key: l.Key}}}
	pool := x509.NewCertPool()
	for _, r := range l.Roots.All() {
		pool.AddCert(r)
	}
	var curves []stdtls.CurveID
	for _, g := range groups {
		curves = append(curves, stdtls.CurveID(g.ID()))
	}
	w.stdClient = &stdtls.Config{RootCAs: pool, ServerName: l.Name, MaxVersion: stdtls.VersionTLS12,
		CipherSuites: []uint16{c.suite}, CurvePreferences: curves}
	w.stdServer = &stdtls.Config{Certificates: []stdtls.Certificate{{Certificate: w.chain, PrivateKey: l.Key, Leaf: w.path[0]}},
		MaxVersion: stdtls.VersionTLS12, CipherSuites: []uint16{c.suite}, SessionTicketsDisabled: true,
		CurvePreferences: curves}
	if c.tls13() {
		for _, std := range []*stdtls.Config{w.stdClient, w.stdServer} {
			std.MinVersion, std.MaxVersion, std.CipherSuites = stdtls.VersionTLS13, stdtls.VersionTLS13, nil
		}
	}
	if c.auth {
		w.authenticate(tb, pool)
	}
	return w
}

// authenticate gives the client a certificate, and makes both servers demand it.
func (w *world) authenticate(tb testing.TB, pool *x509.CertPool) {
	key := lesson.KeyECDSA("client")
	csr, err := authority.NewRequest(key, authority.Request{CommonName: "client.lab.test"})
	if err != nil {
		tb.Fatal(err)
	}
	is, err := w.lesson.Intermediate.Sign(csr, authority.LeafOptions{Client: true})
	if err != nil {
		tb.Fatal(err)
	}
	w.clientKey, w.clientPath = key, []*x509.Certificate{is.Leaf, w.lesson.Intermediate.Cert, w.lesson.Root.Cert}
	w.client.Certificates = []handshake.Certificate{{Chain: is.Chain, Key: key}}
	w.server.ClientAuth, w.server.Roots = handshake.RequireClientCert, w.lesson.Roots
	w.stdClient.Certificates = []stdtls.Certificate{{Certificate: is.Chain, PrivateKey: key, Leaf: is.Leaf}}
	w.stdServer.ClientAuth, w.stdServer.ClientCAs = stdtls.RequireAndVerifyClientCert, pool
}
