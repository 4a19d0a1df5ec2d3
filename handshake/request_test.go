package handshake_test

import (
	"errors"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
)

// TestClientCertificateAsked: a client asks its caller what to show, in both versions, and is told
// what the server wants.
func TestClientCertificateAsked(t *testing.T) {
	l := world("ecdsa")
	mine, foreign := alice(t, l), alice(t, world("rsa"))
	away := errors.New("the token is not in its slot")
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, test := range []struct {
			name    string
			give    *handshake.Certificate
			err     error
			auth    handshake.ClientAuth
			clients reason.Reason // with which the client fails
			servers reason.Reason // or the server
		}{
			{name: "one", give: &mine, auth: handshake.RequireClientCert},
			{name: "none", auth: handshake.RequestClientCert},
			{name: "none, and one is demanded", auth: handshake.RequireClientCert, servers: reason.CertificateRequired},
			{name: "nobody asks", give: &mine},
			{name: "an error", err: away, auth: handshake.RequestClientCert, clients: reason.Misuse},
			{name: "no chain", give: new(handshake.Certificate), auth: handshake.RequestClientCert, clients: reason.Misuse},
			{name: "a key that cannot sign so", give: &foreign, auth: handshake.RequestClientCert, clients: reason.Misuse},
		} {
			t.Run(version.String()+", "+test.name, func(t *testing.T) {
				cc, sc := ends13(l)
				cc.MaxVersion = version
				cc.Certificates = []handshake.Certificate{foreign} // not asked
				sc.ClientAuth, sc.Roots = test.auth, l.Roots
				sc.Schemes = []*sig.Scheme{sig.ByID(iana.ECDSAP256SHA256)}
				var asked *handshake.CertificateRequest
				cc.ClientCertificate = func(r *handshake.CertificateRequest) (*handshake.Certificate, error) {
					asked = r
					return test.give, test.err
				}
				c := connect(t, cc, sc).run(nil)
				if (asked != nil) != (test.auth != handshake.NoClientCert) {
					t.Fatalf("asked with %+v", asked)
				}
				if asked != nil {
					takes, err := asked.Takes(&mine)
					other, err2 := asked.Takes(&foreign)
					if asked.Version != version || !slices.Equal(asked.Schemes, []iana.SignatureScheme{iana.ECDSAP256SHA256}) || len(asked.Authorities) == 0 ||
						(len(asked.Types) > 0) != (version == iana.TLS12) || !takes || other || err != nil || err2 != nil {
						t.Errorf("asked with %+v, which takes ours: %v, a foreign one: %v", asked, takes, other)
					}
				}
				if r := reason.Of(c.ends[client].Err()); test.clients != 0 && r != test.clients {
					t.Errorf("the client fails with %v", c.ends[client].Err())
				}
				if test.err != nil && !errors.Is(c.ends[client].Err(), test.err) {
					t.Errorf("the cause is gone from %v", c.ends[client].Err())
				}
				if test.servers != 0 && version == iana.TLS12 {
					test.servers = reason.CertificateMissing // RFC 5246 has no alert of its own for it
				}
				if r := reason.Of(c.ends[server].Err()); test.servers != 0 && r != test.servers {
					t.Errorf("the server fails with %v", c.ends[server].Err())
				}
				if test.clients != 0 || test.servers != 0 {
					return
				}
				c.completes()
				shown := test.give != nil && test.auth != handshake.NoClientCert
				if got := c.ends[server].Summary().PeerChain; (len(got) > 0) != shown || c.ends[client].Summary().CertificateShown != shown {
					t.Errorf("the server saw %d certificates", len(got))
				}
			})
		}
	}
}

// TestClientCertificateNotResumed: what the caller would say today it did not say, so a session in
// which it was asked is not resumed; one in which nobody asked is.
func TestClientCertificateNotResumed(t *testing.T) {
	l := world("ecdsa")
	mine := alice(t, l)
	for name, configure := range resumingWays(t) {
		for _, auth := range []handshake.ClientAuth{handshake.NoClientCert, handshake.RequireClientCert} {
			for _, still := range []bool{true, false} { // the function is still there
				cc, sc := configure()
				cc.ClientCertificate = func(*handshake.CertificateRequest) (*handshake.Certificate, error) { return &mine, nil }
				sc.ClientAuth, sc.Roots = auth, l.Roots
				connect(t, cc, sc).run(nil).completes()
				if !still {
					cc.ClientCertificate, cc.Certificates = nil, []handshake.Certificate{mine}
				}
				c := connect(t, cc, sc).run(nil).completes()
				if want := auth == handshake.NoClientCert; c.ends[client].Summary().Resumed != want {
					t.Errorf("%s, %v, %v: resumed %v, for %v", name, auth, still, !want, c.decisions(client, event.DecisionResumption))
				}
			}
		}
	}
}

// TestCertificateSchemes: a key signs by the schemes of its Certificate, whatever the Config takes.
func TestCertificateSchemes(t *testing.T) {
	l := world("rsa")
	pss := sig.ByID(iana.RSAPSSRSAESHA512)
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		cc, sc := ends13(l)
		cc.MaxVersion = version
		sc.Schemes = []*sig.Scheme{sig.ByID(iana.ECDSAP256SHA256), sig.ByID(iana.RSAPSSRSAESHA256)} // is taken of clients
		sc.Certificates[0].Schemes = []*sig.Scheme{pss}
		cc.Suites = only(0x1301, 0xc02f)
		sc.Suites = cc.Suites
		c := connect(t, cc, sc).run(nil).completes()
		if got := c.ends[client].Summary().Scheme; got != pss.ID {
			t.Errorf("%v: signed by %v", version, got)
		}
		// And not by any other, though the client would take it.
		cc.Schemes = []*sig.Scheme{sig.ByID(iana.RSAPSSRSAESHA256)}
		if c := connect(t, cc, sc).run(nil); reason.Of(c.ends[server].Err()) != reason.NoCommonScheme {
			t.Errorf("%v: %v", version, c.ends[server].Err())
		}
		mine := alice(t, world("ecdsa"))
		mine.Schemes = []*sig.Scheme{sig.ByID(iana.ECDSAP256SHA256), nil}
		if _, err := handshake.NewClient(&handshake.Config{ServerName: "a.test", Certificates: []handshake.Certificate{mine}}); reason.Of(err) != reason.Misuse {
			t.Errorf("a nil scheme: %v", err)
		}
	}
}

// TestTakesIsWhatHappens: a function that gives whatever certificate the request Takes, and else
// none, never breaks a handshake, whichever schemes the two ends have, and shows what Certificates
// in its place would.
func TestTakesIsWhatHappens(t *testing.T) {
	l := world("rsa")
	mine := alice(t, l)
	own := mine
	pss := *sig.ByID(iana.RSAPSSRSAESHA256) // a row of the caller's own making
	own.Schemes = []*sig.Scheme{&pss}
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, cert := range []handshake.Certificate{mine, own} {
			for _, theirs := range []iana.SignatureScheme{iana.RSAPKCS1SHA1, iana.RSAPSSRSAESHA256, iana.RSAPSSRSAESHA512, iana.ECDSAP256SHA256} {
				for _, ours := range [][]*sig.Scheme{nil, {sig.ByID(iana.RSAPSSRSAESHA256)}, {sig.ByID(iana.RSAPSSRSAESHA512), sig.ByID(iana.ECDSAP256SHA256)}} {
					if ours != nil && version == iana.TLS12 && !slices.ContainsFunc(ours, func(s *sig.Scheme) bool { return s.ID == iana.RSAPSSRSAESHA256 }) {
						continue // the client takes no signature that this server's key makes
					}
					shown := map[bool]bool{}
					for _, call := range []bool{false, true} {
						cc, sc := ends13(l)
						cc.MaxVersion, cc.Schemes = version, ours
						sc.ClientAuth, sc.Roots = handshake.RequestClientCert, l.Roots
						sc.Schemes = []*sig.Scheme{sig.ByID(theirs)}
						sc.Certificates[0].Schemes = sig.Defaults()
						if call {
							cc.ClientCertificate = func(r *handshake.CertificateRequest) (*handshake.Certificate, error) {
								if takes, err := r.Takes(&cert); !takes {
									return nil, err
								}
								return &cert, nil
							}
						} else {
							cc.Certificates = []handshake.Certificate{cert}
						}
						shown[call] = connect(t, cc, sc).run(nil).completes().ends[client].Summary().CertificateShown
					}
					if shown[true] != shown[false] {
						t.Errorf("%v, %v against %v and %d of ours: asked %v, by itself %v", version, cert.Schemes, theirs, len(ours), shown[true], shown[false])
					}
				}
			}
		}
	}
}

// TestClientCertificateBroken: what a caller gives that is none ends the handshake, and nothing else.
func TestClientCertificateBroken(t *testing.T) {
	l := world("ecdsa")
	bad := alice(t, l)
	bad.Schemes = []*sig.Scheme{sig.ByID(0x9999)}
	worse := alice(t, l)
	worse.Chain = [][]byte{{1, 2, 3}}
	worse.Leaf = nil
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, cert := range []*handshake.Certificate{&bad, &worse} {
			cc, sc := ends13(l)
			cc.MaxVersion = version
			sc.ClientAuth, sc.Roots = handshake.RequestClientCert, l.Roots
			cc.ClientCertificate = func(*handshake.CertificateRequest) (*handshake.Certificate, error) { return cert, nil }
			if c := connect(t, cc, sc).run(nil); reason.Of(c.ends[client].Err()) != reason.Misuse {
				t.Errorf("%v: %v", version, c.ends[client].Err())
			}
		}
	}
}

// TestClientCertificateAskedLate: nobody is asked for a certificate by a server that has not proved
// who it is, in either version.
func TestClientCertificateAskedLate(t *testing.T) {
	l := world("ecdsa")
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		cc, sc := ends13(l)
		cc.MaxVersion = version
		sc.ClientAuth, sc.Roots = handshake.RequestClientCert, l.Roots
		cc.Roots = world("rsa").Roots // which have not issued it
		cc.ClientCertificate = func(*handshake.CertificateRequest) (*handshake.Certificate, error) {
			t.Errorf("%v: asked", version)
			return nil, nil
		}
		if c := connect(t, cc, sc).run(nil); reason.Of(c.ends[client].Err()) != reason.CertificateBadSignature { // a root of the same name
			t.Errorf("%v: %v", version, c.ends[client].Err())
		}
	}
}
