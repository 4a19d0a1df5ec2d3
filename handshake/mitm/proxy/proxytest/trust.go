package proxytest

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"testing"

	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// Name is whom an origin's certificate is for, beside 127.0.0.1.
const Name = "www.lab.test"

// Trust is an authority of origins, in the two forms in which it is believed.
type Trust struct {
	Roots *pki.TrustStore // for the proxy
	Pool  *x509.CertPool  // for crypto/tls
	Leaf  tls.Certificate // for Name and 127.0.0.1
}

// NewTrust makes an authority and a leaf.
func NewTrust() (*Trust, error) {
	root, err := authority.NewRoot(authority.Options{CommonName: "Origin Root"})
	if err != nil {
		return nil, err
	}
	leaf, err := sign(root, authority.P256, authority.Request{DNSNames: []string{Name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, authority.LeafOptions{})
	if err != nil {
		return nil, err
	}
	t := &Trust{pki.NewTrustStore(root.Cert), x509.NewCertPool(), leaf}
	t.Pool.AddCert(root.Cert)
	return t, nil
}

// SignedBy is a certificate of ca's for Name, with a key of this kind.
func SignedBy(t testing.TB, ca *authority.CA, kind authority.KeyKind, req authority.Request, o authority.LeafOptions) tls.Certificate {
	t.Helper()
	if req.DNSNames == nil {
		req.DNSNames = []string{Name}
	}
	cert, err := sign(ca, kind, req, o)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func sign(ca *authority.CA, kind authority.KeyKind, req authority.Request, o authority.LeafOptions) (tls.Certificate, error) {
	key, err := authority.GenerateKey(kind, nil)
	if err != nil {
		return tls.Certificate{}, err
	}
	csr, err := authority.NewRequest(key, req)
	if err != nil {
		return tls.Certificate{}, err
	}
	is, err := ca.Sign(csr, o)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: is.Chain, PrivateKey: crypto.PrivateKey(key)}, nil
}

// plays have one authority each side for all of them, made once.
var plays = sync.OnceValues(func() (*stand, error) {
	trust, err := NewTrust()
	if err != nil {
		return nil, err
	}
	ca, err := authority.NewRoot(authority.Options{CommonName: "Proxy Root"})
	if err != nil {
		return nil, err
	}
	f, err := proxy.NewForger(ca)
	if err != nil {
		return nil, err
	}
	s := &stand{trust: trust, forger: f, pool: x509.NewCertPool()}
	s.pool.AddCert(ca.Cert)
	return s, nil
})

type stand struct {
	trust  *Trust
	forger *mitm.Forger
	pool   *x509.CertPool // the proxy's root
}
