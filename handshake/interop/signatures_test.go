package interop_test

import (
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/handshake/tls"
)

// Who signs what, and who shows whom a certificate.

// TestSchemes has the server sign in every scheme that each kind of key can. For the
// signatures in the chain there are others in TLS 1.3, if it wants them
// (signature_algorithms_cert).
func TestSchemes(t *testing.T) {
	bothVersions(t, "schemes", func(t *testing.T, m meeting) {
		for _, kind := range m.kinds {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				d := deal{server: []string{kind}}
				if m.peer == stdlib { // it signs likewise, and has no list to restrict
					d.client, d.auth = kind, handshake.RequireClientCert
				}
				h := m.host(t, d)
				for _, s := range tlstest.Servers()[kind].Schemes(m.version) {
					t.Run(s.Name(), func(t *testing.T) {
						m.parallel(t)
						schemes := []*sig.Scheme{s}
						if m.version == iana.TLS12 && m.role == event.Client && m.peer != stdlib {
							// The chain's own signatures are named too: the programs hold their chain to the list.
							schemes = append(schemes, chainSchemes(t, kind)...)
						}
						d := d
						d.ours = func(cfg *tls.Config) {
							cfg.Schemes = schemes
							if m.version == iana.TLS13 {
								cfg.CertificateSchemes = sig.Defaults()
							}
						}
						got := m.meet(t, h, d)
						// Its own preference decides; ours is all that it can take where there is no other.
						if len(schemes) == 1 && got.Scheme != s.ID {
							t.Errorf("signed in %v", got.Scheme)
						}
						if d.client != "" && (len(got.PeerChain) == 0 || got.w.Saw(message.KindCertificateVerify) != m.proofs(1)) {
							t.Errorf("messages %v", got.w.Kinds)
						}
					})
				}
			})
		}
	})
}

// proofs is how many CertificateVerify there are when so many clients prove their keys.
func (m meeting) proofs(clients int) int {
	if m.version == iana.TLS13 {
		return clients + 1 // the server, too
	}
	return clients
}

// TestClientSchemes13 has s_client sign in each scheme that its key can.
func TestClientSchemes13(t *testing.T) {
	m := meeting{openssl, iana.TLS13, event.Server}
	for _, kind := range m.kinds {
		for _, s := range tlstest.Clients()[kind].Schemes(iana.TLS13) {
			t.Run(kind+" "+s.Name(), func(t *testing.T) {
				t.Parallel()
				algs := s.Name()
				if kind != "ecdsa" { // it takes no list that names one twice
					algs += ":ecdsa_secp256r1_sha256" // ours
				}
				m.meet(t, nil, deal{client: kind, auth: handshake.RequireClientCert, words: []string{"-sigalgs", algs},
					ours: func(cfg *tls.Config) { cfg.Schemes, cfg.CertificateSchemes = sig.Defaults(), sig.Defaults() }})
			})
		}
	}
}

// TestClientAuth has the client show each kind of certificate, to a server that demands one,
// and sign as it pleases, and in TLS 1.2 in each scheme.
func TestClientAuth(t *testing.T) {
	bothVersions(t, "client certificate", func(t *testing.T, m meeting) {
		h := m.host(t, deal{auth: handshake.RequireClientCert})
		for _, kind := range m.kinds {
			schemes := []*sig.Scheme{nil}
			if m.version == iana.TLS12 {
				schemes = append(schemes, tlstest.Clients()[kind].Schemes(m.version)...)
			}
			for _, s := range schemes {
				name := kind
				if s != nil {
					name += " " + s.Name()
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					d := deal{client: kind, auth: handshake.RequireClientCert, ours: func(cfg *tls.Config) {
						switch {
						case s == nil:
						case m.role == event.Server:
							cfg.Schemes = []*sig.Scheme{s}
						default: // the server signs in what it pleases
							cfg.Schemes = slices.Concat([]*sig.Scheme{s}, chainSchemes(t, kind), sig.Defaults())
						}
					}}
					if d.server = []string{"ecdsa"}; m.role == event.Client {
						d.server = nil // what it has
					} else if s != nil || m.peer == openssl {
						d.server = []string{kind} // which can sign in that, too
					}
					m.mustProve(t, m.meet(t, h, d))
				})
			}
		}
	})
}

func (m meeting) mustProve(t testing.TB, got outcome) {
	t.Helper()
	if len(got.PeerChain) == 0 || got.w.Saw(message.KindCertificateVerify) != m.proofs(1) {
		t.Errorf("messages %v", got.w.Kinds)
	}
}

// TestClientAuthOptional shows a certificate to a server that asks for one, whatever the
// server's own, and none.
func TestClientAuthOptional(t *testing.T) {
	bothVersions(t, "client certificate", func(t *testing.T, m meeting) {
		for _, server := range []string{"rsa", "ecdsa"} {
			h := m.host(t, deal{server: []string{server}, auth: handshake.RequestClientCert})
			for _, kind := range m.kindsOr("ecdsa") {
				t.Run(kind+" to "+server, func(t *testing.T) {
					t.Parallel()
					m.mustProve(t, m.meet(t, h, deal{server: []string{server}, client: kind, auth: handshake.RequestClientCert}))
				})
			}
			t.Run("absent to "+server, func(t *testing.T) {
				got := m.meet(t, h, deal{server: []string{server}, auth: handshake.RequestClientCert})
				if got.w.Saw(message.KindCertificate) != 2 || got.w.Saw(message.KindCertificateVerify) != m.proofs(0) ||
					m.role == event.Server && len(got.PeerChain) > 0 {
					t.Errorf("messages %v", got.w.Kinds)
				}
			})
		}
	})
}

// TestClientAuthMissing shows none where one is demanded. In TLS 1.3 a client learns of it
// only after its handshake, when it reads.
func TestClientAuthMissing(t *testing.T) {
	bothVersions(t, "client certificate missing", func(t *testing.T, m meeting) {
		why, alert := reason.CertificateMissing, iana.HandshakeFailure
		if m.version == iana.TLS13 {
			why, alert = reason.CertificateRequired, iana.CertificateRequired
		}
		d := deal{server: []string{"ecdsa"}, auth: handshake.RequireClientCert}
		if m.role == event.Server {
			if err := m.refuse(t, nil, d, alert); reason.Of(err) != why {
				t.Errorf("server: %v", err)
			}
			return
		}
		if err := m.refuse(t, nil, d, noAlert); tlstest.PeerAlert(err) != alert {
			t.Errorf("client: %v", err)
		}
	})
}

// chainSchemes is what signs a chain whose scheme differs from the leaf's: P-384's
// issuer has a key on P-256.
func chainSchemes(t testing.TB, kind string) []*sig.Scheme {
	if kind != "p384" {
		return nil
	}
	s := sig.ByID(iana.ECDSAP256SHA256)
	if s == nil {
		t.Fatal("no such scheme")
	}
	return []*sig.Scheme{s}
}
