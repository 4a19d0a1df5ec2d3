package tls_test

import (
	"net"
	"net/http"
	"testing"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
	"tlslab/handshake/tls/https"
)

// TestNilConfig: no function of the package panics for want of a Config. Those that need
// something of one say what; Dial needs nothing, and believes nobody.
func TestNilConfig(t *testing.T) {
	misuse := func(name string, err error) {
		t.Helper()
		if reason.Of(err) != reason.Misuse {
			t.Errorf("%s: %v", name, err)
		}
	}
	a, b := tlstest.Pipe()
	_, err := tls.Client(a, nil)
	misuse("Client", err)
	_, err = tls.Server(b, nil)
	misuse("Server", err)
	for _, cfg := range []*tls.Config{nil, {}} {
		_, err = tls.Listen("tcp", "127.0.0.1:0", cfg)
		misuse("Listen", err)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := tls.NewListener(l, tlstest.Serving(tlstest.Servers()["ecdsa"])).Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake()
			c.Close()
		}
	}()
	if _, err := tls.Dial("tcp", l.Addr().String(), nil); reason.Of(err) != reason.CertificateUntrusted && reason.Of(err) != reason.CertificateWrongName {
		t.Errorf("Dial: %v", err)
	}
	if _, err := (&http.Client{Transport: https.Transport(nil)}).Get("https://" + l.Addr().String()); reason.Of(err) != reason.CertificateUntrusted && reason.Of(err) != reason.CertificateWrongName {
		t.Errorf("Transport: %v", err)
	}

	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	served := make(chan error, 1)
	go func() { served <- https.Serve(new(http.Server), plain, nil) }()
	c, err := net.Dial("tcp", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	misuse("Serve", <-served)
}
