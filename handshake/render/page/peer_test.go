package page_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

// A peer's words are what it can write of its own: each place where a peer may say anything
// takes one of them. They differ from another peer's in nothing but these.
type words struct {
	utf8  string // for names in certificates, headers and bodies of HTTP
	ascii string // for strings that must be ASCII
	short string // of one byte at least and few: a protocol of ALPN
	body  string // of any length: what a body of HTTP has behind its beginning
}

// A conversation is what one end told of a connection with such a peer.
type conversation struct {
	name string
	long int // how often a long body says what it says
	play func(t *testing.T, w words) []event.Event
}

var conversations = []conversation{
	{"a server's chain, TLS 1.3", 3, func(t *testing.T, w words) []event.Event { return served(t, w, stdtls.VersionTLS13, true) }},
	{"a server's chain, TLS 1.2", 3, func(t *testing.T, w words) []event.Event { return served(t, w, stdtls.VersionTLS12, true) }},
	{"300 KB from a server", 30_000, func(t *testing.T, w words) []event.Event { return served(t, w, stdtls.VersionTLS13, true) }},
	{"a server's chain, refused", 0, func(t *testing.T, w words) []event.Event { return served(t, w, stdtls.VersionTLS13, false) }},
	{"a client's protocol and certificate", 3, func(t *testing.T, w words) []event.Event { return asked(t, w, tlstest.Name) }},
	{"a client's name, which is none", 0, func(t *testing.T, w words) []event.Event { return asked(t, w, " "+w.ascii) }},
}

// chainOf makes a root and a leaf that say the words wherever they can.
func chainOf(t *testing.T, w words) (*x509.Certificate, stdtls.Certificate) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	name := pkix.Name{CommonName: w.utf8, Organization: []string{w.utf8}, Locality: []string{w.utf8},
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 99}, Value: w.utf8}}}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		return k
	}
	sign := func(c, parent *x509.Certificate, public, by *ecdsa.PrivateKey) *x509.Certificate {
		c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(7), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, c, parent, public.Public(), by)
		must(err)
		c, err = x509.ParseCertificate(der)
		must(err)
		return c
	}
	// crypto/x509 would not write such names: their bytes are ours.
	var alternatives []asn1.RawValue
	for _, n := range []asn1.RawValue{{Tag: 2, Bytes: []byte("www.example.org")}, {Tag: 2, Bytes: []byte(w.ascii)}, {Tag: 1, Bytes: []byte(w.ascii)}} {
		n.Class = asn1.ClassContextSpecific
		alternatives = append(alternatives, n)
	}
	san, err := asn1.Marshal(alternatives)
	must(err)
	rootKey, leafKey := key(), key()
	root := &x509.Certificate{Subject: name, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root = sign(root, root, rootKey, rootKey)
	leaf := sign(&x509.Certificate{Subject: name, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: san}, {Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 9}, Value: []byte(w.utf8)}},
		OCSPServer:      []string{w.ascii}, IssuingCertificateURL: []string{w.ascii}, CRLDistributionPoints: []string{w.ascii}},
		root, leafKey, rootKey)
	return root, stdtls.Certificate{Certificate: [][]byte{leaf.Raw, root.Raw}, PrivateKey: leafKey}
}

// served is what our client tells of a server that says the words in its chain and in HTTP.
func served(t *testing.T, w words, version uint16, trusted bool) []event.Event {
	root, chain := chainOf(t, w)
	a, b := tlstest.Pipe()
	var told []event.Event
	cfg := &tls.Config{ServerName: "www.example.org", Listener: event.ListenerFunc(func(e event.Event) { told = append(told, e) })}
	if trusted {
		cfg.Roots = pki.NewTrustStore(root)
	} else {
		cfg.Roots = tlstest.Roots()
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		s := stdtls.Server(b, &stdtls.Config{Certificates: []stdtls.Certificate{chain}, MinVersion: version, MaxVersion: version, SessionTicketsDisabled: true})
		if s.Handshake() == nil {
			request := make([]byte, 100)
			if n, _ := s.Read(request); n > 0 {
				_, _ = io.WriteString(s, "HTTP/1.1 200 "+w.ascii+"\r\nServer: "+w.utf8+"\r\n"+w.ascii+": x\r\n\r\n"+w.utf8+w.body)
			}
		}
		_ = s.Close()
	}()
	c := tlstest.Client(t, a, cfg)
	err := c.Handshake()
	if (err == nil) != trusted {
		t.Fatal(err)
	}
	if trusted {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	}
	_ = c.Close()
	<-served
	return told
}

// asked is what our server tells of a client that asks for name, and that says the words in
// its hello, in its certificate and in HTTP.
func asked(t *testing.T, w words, name string) []event.Event {
	root, chain := chainOf(t, w)
	a, b := tlstest.Pipe()
	var told []event.Event
	cfg := tlstest.Serving13(tlstest.Servers()["ecdsa"])
	cfg.Roots, cfg.ClientAuth, cfg.ALPN = pki.NewTrustStore(root), handshake.RequireClientCert, []string{w.short}
	cfg.Listener = event.ListenerFunc(func(e event.Event) { told = append(told, e) })
	s := tlstest.Server(t, a, cfg)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c := stdtls.Client(b, &stdtls.Config{ServerName: name, NextProtos: []string{w.short, w.short + "2"}, InsecureSkipVerify: true, Certificates: []stdtls.Certificate{chain},
			MinVersion: uint16(iana.TLS13)})
		if c.Handshake() == nil {
			_, _ = io.WriteString(c, "GET /"+w.ascii+" HTTP/1.1\r\nHost: "+w.utf8+"\r\n\r\n"+w.utf8+w.body)
		}
		_ = c.Close()
	}()
	// A name that is none is refused, and told all the same.
	if err := s.Handshake(); (err == nil) != (name == tlstest.Name) {
		t.Fatal(err)
	} else if err == nil {
		_, _ = io.Copy(io.Discard, s)
	}
	_ = s.Close()
	<-done
	return told
}
