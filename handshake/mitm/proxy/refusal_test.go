package proxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/mitm/proxy"
)

// pinOf believes what this root has signed, and nothing else.
func pinOf(root *x509.Certificate) func([][]byte, [][]*x509.Certificate) error {
	return func(raw [][]byte, _ [][]*x509.Certificate) error {
		leaf, err := x509.ParseCertificate(raw[0])
		if err != nil {
			return err
		}
		return leaf.CheckSignatureFrom(root)
	}
}

// TestClientRefuses: who refused, with which alert, and why most likely.
func TestClientRefuses(t *testing.T) {
	pin := errors.New("not the key that I know")
	for _, x := range []struct {
		name   string
		client func(u *underTest, o *origin) *tls.Config
		by     proxy.Side
		cause  proxy.Cause
		alert  iana.AlertDescription
	}{
		{"no root", func(_ *underTest, o *origin) *tls.Config {
			return &tls.Config{ServerName: wwwName, RootCAs: o.pool}
		}, proxy.SideClient, proxy.CauseCertificateRefused, iana.BadCertificate},
		{"no root, TLS 1.2", func(_ *underTest, o *origin) *tls.Config {
			return &tls.Config{ServerName: wwwName, RootCAs: o.pool, MaxVersion: tls.VersionTLS12}
		}, proxy.SideClient, proxy.CauseCertificateRefused, iana.BadCertificate},
		{"pin", func(u *underTest, o *origin) *tls.Config {
			return &tls.Config{ServerName: wwwName, RootCAs: u.pool, VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return pin }}
		}, proxy.SideClient, proxy.CauseCertificateRefused, iana.BadCertificate},
		{"too old", func(u *underTest, o *origin) *tls.Config {
			return &tls.Config{ServerName: wwwName, RootCAs: u.pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		}, proxy.SideProxy, proxy.CauseTooOld, iana.ProtocolVersion},
		{"suites", func(u *underTest, o *origin) *tls.Config {
			return &tls.Config{ServerName: wwwName, RootCAs: u.pool, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}}
		}, proxy.SideProxy, proxy.CauseNoCommon, iana.HandshakeFailure},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := newOrigin(t, hello, nil)
			u := start(t, o, nil)
			c := tls.Client(u.connect(t, wwwName+":443"), x.client(u, o))
			if err := c.Handshake(); err == nil {
				// TLS 1.3's client knows only when it reads.
				if _, err := c.Read(make([]byte, 1)); err == nil {
					t.Fatal("the handshake was completed")
				}
			}
			c.Close()
			e := u.total(t, 1)[0]
			faulty(t, e, proxy.Failure, proxy.SideClient, x.by, x.cause)
			if f := e.Fault; f != nil && (!f.Alerted || f.Alert != x.alert) {
				t.Errorf("alert %v (%t), want %v", f.Alert, f.Alerted, x.alert)
			}
		})
	}
}

// TestSilentPin: some pin only when the handshake is over, and leave without a word.
func TestSilentPin(t *testing.T) {
	for _, protocols := range [][]string{nil, {"h2"}} {
		o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = protocols })
		u := start(t, o, nil)
		u.dial(t, wwwName+":443", &tls.Config{ServerName: wwwName, RootCAs: u.pool, NextProtos: protocols}).Close()
		faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideClient, proxy.SideClient, proxy.CausePin)
	}
}

// TestUntidyClients: what is not TLS, or none that goes on.
func TestUntidyClients(t *testing.T) {
	for _, x := range []struct {
		name, say string
		by        proxy.Side
		cause     proxy.Cause
	}{
		{"nothing", "", proxy.SideClient, proxy.CauseLeft},
		{"half a hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", proxy.SideClient, proxy.CauseLeft},
		{"another message", "\x16\x03\x01\x00\x04\x02\x00\x00\x00", proxy.SideProxy, proxy.CauseMalformed},
		{"nonsense", "\x16\x03\x01\x00\x06\x01\x00\x00\x02ab", proxy.SideProxy, proxy.CauseMalformed},
		{"too long", "\x16\x03\x01\x00\x04\x01\xff\xff\xff", proxy.SideProxy, proxy.CauseMalformed},
		{"a record too long", "\x16\x03\x01\xff\xff\x01", proxy.SideProxy, proxy.CauseMalformed},
	} {
		t.Run(x.name, func(t *testing.T) {
			u := start(t, nil, nil)
			c := u.connect(t, wwwName+":443")
			if _, err := io.WriteString(c, x.say); err != nil {
				t.Fatal(err)
			}
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			ended(t, c)
			faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideClient, x.by, x.cause)
		})
	}
}

// TestServerLeavesFirst: a server that hangs up before anything was asked is not a client
// that pins.
func TestServerLeavesFirst(t *testing.T) {
	o := newScripted(t, nil)
	u := start(t, o.origin, nil)
	c := u.tunnel(t)
	o.next(t).Close()
	ended(t, c)
	faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideServer, proxy.SideServer, proxy.CauseLeft)
}
