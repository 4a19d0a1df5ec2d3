package interop_test

import (
	stdtls "crypto/tls"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// The peer in this file is crypto/tls, in this process.

// stdKinds are the kinds of certificate that crypto/tls has: crypto/x509 knows neither
// Ed448 nor id-RSASSA-PSS.
var stdKinds = []string{"rsa", "ecdsa", "p384", "p521", "ed25519"}

// stdCase is one handshake; each field is what a case may change. Both ends
// verify whom they talk to.
type stdCase struct {
	version   iana.Version      // the highest that crypto/tls may speak; 0 is TLS 1.2
	id        *tlstest.Identity // the server's
	clientID  *tlstest.Identity // nil shows none
	suites    []*suite.Suite
	groups    []kx.Group
	schemes   []*sig.Scheme
	auth      handshake.ClientAuth
	stdAuth   stdtls.ClientAuthType
	alpn      []string
	ours, std func(*tls.Config, *stdtls.Config) // last changes, by who is the client
}

func (k stdCase) ourEnd() *tls.Config {
	return &tls.Config{Roots: tlstest.Roots(), ServerName: tlstest.Name, Suites: k.suites, Groups: k.groups, Schemes: k.schemes,
		ALPN: k.alpn, ClientAuth: k.auth, Stapling: true}
}

func (k stdCase) stdEnd() *stdtls.Config {
	c := &stdtls.Config{RootCAs: tlstest.Pool(), ClientCAs: tlstest.Pool(), ServerName: tlstest.Name, MaxVersion: max(uint16(k.version), stdtls.VersionTLS12),
		ClientAuth: k.stdAuth, NextProtos: k.alpn}
	for _, s := range k.suites {
		c.CipherSuites = append(c.CipherSuites, uint16(s.ID))
	}
	for _, g := range k.groups {
		c.CurvePreferences = append(c.CurvePreferences, stdtls.CurveID(g.ID()))
	}
	return c
}

// settled is what both libraries say of one connection.
type settled struct {
	ours handshake.Summary
	std  stdtls.ConnectionState
	w    *tlstest.Witness
}

// ourClient runs our client against crypto/tls's server.
func (k stdCase) ourClient(t testing.TB, n int) settled {
	t.Helper()
	cc, sc := k.ourEnd(), k.stdEnd()
	sc.Certificates = k.id.Std()
	if k.clientID != nil {
		cc.Certificates = k.clientID.Ours()
	}
	if k.ours != nil {
		k.ours(cc, sc)
	}
	cc, w := tlstest.Witnessed(t, cc)
	a, b := tlstest.Pipe()
	c, s := tlstest.Client(t, a, cc), stdtls.Server(b, sc)
	tlstest.Converse(t, c, s, n)
	met(theStdlib, event.Client, cc, c.Summary(), w)
	return settled{c.Summary(), s.ConnectionState(), w}
}

// ourServer runs crypto/tls's client against our server.
func (k stdCase) ourServer(t testing.TB, n int) settled {
	t.Helper()
	sc, cc := k.ourEnd(), k.stdEnd()
	sc.Certificates = k.id.Ours()
	if k.clientID != nil {
		cc.Certificates = k.clientID.Std()
	}
	if k.std != nil {
		k.std(sc, cc)
	}
	sc, w := tlstest.Witnessed(t, sc)
	a, b := tlstest.Pipe()
	c, s := stdtls.Client(a, cc), tlstest.Server(t, b, sc)
	tlstest.Converse(t, c, s, n)
	met(theStdlib, event.Server, sc, s.Summary(), w)
	return settled{s.Summary(), c.ConnectionState(), w}
}

// bothRoles runs a case each way and hands each outcome to check.
func (k stdCase) bothRoles(t *testing.T, n int, check func(*testing.T, settled)) {
	t.Run("our client", func(t *testing.T) { check(t, k.ourClient(t, n)) })
	t.Run("our server", func(t *testing.T) { check(t, k.ourServer(t, n)) })
}

// stdGroups are the groups that both have and that our bare server key exchange
// can take; the last is there for the certificate's curve.
var stdGroups = []kx.Group{kx.X25519, kx.P256, kx.P384, kx.P521}

// mustHear demands that crypto/tls was told by the alert that a reason maps to.
func mustHear(t testing.TB, err error, r reason.Reason) {
	t.Helper()
	d, _ := reason.Alert(r)
	if err == nil || !strings.HasSuffix(err.Error(), stdtls.AlertError(d).Error()) {
		t.Errorf("crypto/tls heard %v, want %v", err, stdtls.AlertError(d))
	}
}
