package handshake_test

import (
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/session"
	"tlslab/handshake/sig"
)

// A client resumes only as whom it would be in a full handshake.
func TestClientCertificateChanged(t *testing.T) {
	l := world("ecdsa")
	one, rsa := alice(t, l), alice(t, world("rsa"))
	is, key, err := l.Client("bob")
	if err != nil {
		t.Fatal(err)
	}
	bob := handshake.Certificate{Chain: is.Chain, Key: key}
	type list = []handshake.Certificate
	for _, test := range []struct {
		name        string
		first, then list
		asked       handshake.ClientAuth
		resumes     bool
	}{
		{"the same", list{one}, list{one}, handshake.RequireClientCert, true},
		{"another", list{one}, list{bob}, handshake.RequireClientCert, false},
		{"one more behind it", list{one}, list{one, bob}, handshake.RequireClientCert, true},
		{"one more before it", list{one}, list{bob, one}, handshake.RequireClientCert, false},
		{"the second fits", list{rsa, one}, list{rsa, one}, handshake.RequireClientCert, true},
		{"no longer one", list{one}, nil, handshake.RequestClientCert, false},
		{"none as before", nil, nil, handshake.RequestClientCert, true},
		{"one where was none", nil, list{one}, handshake.RequestClientCert, false},
		{"one more where none fitted", list{rsa}, list{rsa, one}, handshake.RequestClientCert, false},
		{"none fits as before", list{rsa}, list{rsa}, handshake.RequestClientCert, true},
		{"another, and nobody asks", list{one}, list{bob}, handshake.NoClientCert, true},
	} {
		for name, configure := range resumingWays(t) {
			t.Run(test.name+", "+name, func(t *testing.T) {
				cc, sc := configure()
				cc.Certificates = test.first
				sc.ClientAuth, sc.Roots = test.asked, l.Roots
				sc.Schemes = slices.DeleteFunc(sig.Defaults(), func(s *sig.Scheme) bool { return s.ID != iana.ECDSAP256SHA256 }) // to which an RSA key does not fit
				for i := range 3 {                                                                                               // what was shown is remembered from resumption to resumption
					if c := connect(t, cc, sc).run(nil).completes(); c.ends[client].Summary().Resumed != (i > 0) {
						t.Fatalf("connection %d: %v", i, c.decisions(client, event.DecisionResumption))
					}
				}
				cc.Certificates = test.then
				c := connect(t, cc, sc).run(nil).completes()
				said := slices.Contains(c.decisions(client, event.DecisionResumption), event.WhySessionOtherClientCertificate)
				if got := c.ends[client].Summary().Resumed; got != test.resumes || said == test.resumes {
					t.Errorf("resumed %v: %v", got, c.decisions(client, event.DecisionResumption))
				}
			})
		}
	}
}

// resumingWays are configurations that resume, each in a way of its own.
func resumingWays(t *testing.T) map[string]func() (c, s *handshake.Config) {
	t.Helper()
	old := func(tickets bool) func() (c, s *handshake.Config) {
		return func() (*handshake.Config, *handshake.Config) {
			cc, sc := ticketed()
			if cc.MaxVersion = iana.TLS12; !tickets {
				cc.NoTickets, sc.Tickets, sc.Sessions = true, nil, session.NewMemory(0)
			}
			return cc, sc
		}
	}
	return map[string]func() (c, s *handshake.Config){"session ID": old(false), "ticket": old(true), "PSK": ticketed}
}

// nobody takes a client's certificate away, and makes it offer its sessions all the same:
// what they say about it is for the server to judge.
func nobody(t *testing.T, c *handshake.Config) {
	t.Helper()
	c.Certificates = nil
	kept(t, c, func(s *session.Session) { s.OwnCertificates = nil })
}
