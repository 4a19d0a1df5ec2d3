package main

import (
	stdtls "crypto/tls"
	"crypto/x509"
	"net"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/pki"
)

func world() (*handshake.Config, *handshake.Config, *stdtls.Config, *stdtls.Config) {
	root, _ := pki.NewRoot(pki.Options{CommonName: "r"})
	key, _ := pki.GenerateKey("p256", nil)
	csr, _ := pki.NewRequest(key, pki.Request{DNSNames: []string{"www.lab.test"}})
	is, err := root.Sign(csr, pki.LeafOptions{})
	check(err)
	cert := handshake.Certificate{Chain: is.Chain, Key: key}
	roots := pki.NewTrustStore(root.Cert)
	g := []kx.Group{kx.X25519}
	pool := x509.NewCertPool()
	pool.AddCert(root.Cert)
	return &handshake.Config{ServerName: "www.lab.test", Roots: roots, MinVersion: iana.TLS13, Groups: g}, &handshake.Config{Certificates: []handshake.Certificate{cert}, MinVersion: iana.TLS13, Groups: g},
		&stdtls.Config{RootCAs: pool, ServerName: "www.lab.test", CurvePreferences: []stdtls.CurveID{stdtls.X25519}}, &stdtls.Config{Certificates: []stdtls.Certificate{{Certificate: is.Chain, PrivateKey: key}}, CurvePreferences: []stdtls.CurveID{stdtls.X25519}, SessionTicketsDisabled: true}
}

func BenchmarkOurs(b *testing.B) {
	cc, sc, _, _ := world()
	b.ReportAllocs()
	for range b.N {
		c, _ := handshake.NewClient(cc)
		s, _ := handshake.NewServer(sc)
		for !c.Done() || !s.Done() {
			for _, p := range [][2]*handshake.Endpoint{{c, s}, {s, c}} {
				for {
					ok, err := p[0].Step()
					if err != nil {
						b.Fatal(err)
					}
					if !ok {
						break
					}
				}
				p[1].Feed(p[0].Output())
			}
		}
	}
}

func BenchmarkStd(b *testing.B) {
	_, _, cc, sc := world()
	b.ReportAllocs()
	for range b.N {
		x, y := net.Pipe()
		s := stdtls.Server(y, sc)
		done := make(chan error)
		go func() { done <- s.Handshake() }()
		c := stdtls.Client(x, cc)
		if err := c.Handshake(); err != nil {
			b.Fatal(err)
		}
		<-done
		x.Close()
		y.Close()
	}
}
