package interop_test

import (
	stdtls "crypto/tls"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// Suites, groups and kinds of certificate, each with each in TLS 1.3.

// TestHasOurSuites keeps the matrices honest: those are all the suites that a peer shares
// with us, and there is none that it would pass by in silence.
func TestHasOurSuites(t *testing.T) {
	for _, p := range thePeers {
		for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
			t.Run(p.name+", "+v.String(), func(t *testing.T) {
				shared := p.suites(v)
				for _, s := range suite.Of(v) {
					if has := p.has(t, s); has != slices.Contains(shared, s) {
						t.Errorf("%s has %v: %v", p.name, s, has)
					}
				}
				if least := map[iana.Version]int{iana.TLS12: 16, iana.TLS13: 3}[v]; len(shared) < least {
					t.Errorf("only %d suites in common", len(shared))
				}
			})
		}
	}
}

// TestMatrix13 settles each suite with each group and each kind of certificate.
func TestMatrix13(t *testing.T) {
	meetings(t, "matrix", iana.TLS13, func(t *testing.T, m meeting) {
		for _, kind := range m.kinds {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				h := m.host(t, deal{server: []string{kind}, takes: m.groups(m.version)})
				for _, s := range m.suites(m.version) {
					for _, g := range m.groups(m.version) {
						t.Run(tlstest.CaseName(s, g), func(t *testing.T) {
							m.parallel(t)
							got := m.meet(t, h, deal{server: []string{kind}, suite: s, offers: []kx.Group{g}, ours: m.only})
							tlstest.CheckMatrix(t, got.Summary, s, g, tlstest.Servers()[kind])
							if got.Retried {
								t.Error("with a HelloRetryRequest")
							}
						})
					}
				}
			})
		}
	})
}

// TestSuites settles each suite of TLS 1.2, with the groups that it can have, and those with
// CBC also where the peer has no encrypt-then-MAC.
func TestSuites(t *testing.T) {
	meetings(t, "suites", iana.TLS12, func(t *testing.T, m meeting) {
		for _, etm := range []bool{true, false} {
			noETM := m.why("encrypt-then-MAC", m.version, m.role) != ""
			if etm && noETM {
				continue
			}
			t.Run(fmt.Sprintf("etm %v", etm), func(t *testing.T) {
				h := m.host(t, deal{noETM: !etm})
				for _, s := range m.suites(m.version) {
					if !etm && !noETM && s.Cipher.Kind != suite.CBC {
						continue // it makes no difference there
					}
					for _, g := range m.groupsWith(s, etm) {
						t.Run(tlstest.CaseName(s, g), func(t *testing.T) {
							t.Parallel()
							d := deal{suite: s, noETM: !etm, ours: func(cfg *tls.Config) {
								cfg.EncryptThenMAC, cfg.Weak.NULL = true, true
								if cfg.Suites == nil {
									cfg.Suites = suite.Of(iana.TLS12) // NULL too
								}
							}}
							if g != nil {
								d.offers = []kx.Group{g}
								if g != kx.P256 {
									d.offers = append(d.offers, kx.P256) // for the certificate's curve
								}
							}
							got := m.meet(t, h, d)
							if got.Suite != s || !got.ExtendedMasterSecret || !got.SecureRenegotiation || got.EncryptThenMAC != (etm && s.Cipher.Kind == suite.CBC) {
								t.Errorf("settled %+v", got.Summary)
							}
							// Who is the server chooses: the peers' the client's first.
							if g != nil && m.role == event.Client && got.Group != g.ID() {
								t.Errorf("settled %v", got.Group)
							}
						})
					}
				}
			})
		}
	})
}

// groupsWith lists the groups to try a suite with; a single nil where they play no part. The
// peers whose client is a process each time meet each suite once, but for OpenSSL's, which
// meets all that is meant to be met.
func (m meeting) groupsWith(s *suite.Suite, etm bool) []kx.Group {
	processes := m.role == event.Server && (m.peer == gnutls || !etm)
	if m.peer == stdlib || processes {
		return []kx.Group{nil}
	}
	serves := filter(m.groups(m.version), func(g kx.Group) bool { return kx.Serves(s.Kx, g) })
	if len(serves) == 0 {
		return []kx.Group{nil}
	}
	return serves
}

// TestGroups settles each group of TLS 1.2, with certificates whose keys have no curve that
// would be in the way.
func TestGroups(t *testing.T) {
	meetings(t, "groups", iana.TLS12, func(t *testing.T, m meeting) {
		h := m.host(t, deal{server: []string{"rsa", "ed25519"}})
		for _, g := range m.groups(m.version) {
			for kind, id := range map[string]iana.CipherSuite{"rsa": 0xc02f, "ed25519": 0xc02b} {
				if !slices.Contains(m.kindsOr("rsa"), kind) {
					continue
				}
				if kx.Serves(iana.KxDHE, g) {
					if id = 0x009e; kind != "rsa" {
						continue
					}
				}
				t.Run(g.Name()+" "+kind, func(t *testing.T) {
					t.Parallel()
					d := deal{server: []string{kind}, suite: suite.ByID(id), offers: []kx.Group{g}}
					if !m.offersOne(m.version) {
						d.takes = d.offers
					}
					if got := m.meet(t, h, d); got.Group != g.ID() {
						t.Errorf("settled %v", got.Group)
					}
				})
			}
		}
	})
}

// TestFields: in TLS 1.2 a server of OpenSSL's brings its own field, RFC 7919's or by default
// RFC 3526's, whatever the client offers; and to its client that is what ours does.
func TestFields(t *testing.T) {
	meetings(t, "fields", iana.TLS12, func(t *testing.T, m meeting) {
		names := []string{"ffdhe2048", "ffdhe3072", "ffdhe4096"}
		if m.role == event.Client {
			names = append(names, "modp_2048", "modp_3072", "modp_4096")
		}
		for i, field := range names {
			t.Run(field, func(t *testing.T) {
				var d deal
				if m.role == event.Client {
					d.words = []string{"-dhparam", fieldFile(t, field)}
				} else {
					d.takes = fields[i : i+1]
				}
				h := m.host(t, d)
				for _, s := range suite.Of(iana.TLS12) {
					if s.Kx != iana.KxDHE {
						continue
					}
					t.Run(s.String(), func(t *testing.T) {
						t.Parallel()
						d := d
						d.suite = s
						got := m.meet(t, h, d)
						if named := strings.HasPrefix(field, "ffdhe"); named && got.Group.String() != field || !named && got.Group != 0 {
							t.Errorf("the field is called %v", got.Group)
						}
					})
				}
			})
		}
	})
}

func fieldFile(t *testing.T, field string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dh.pem")
	if out, err := exec.Command(tool(t, "openssl"), "genpkey", "-genparam", "-algorithm", "DH",
		"-pkeyopt", "group:"+field, "-out", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// TestKinds has either end show each kind of certificate in TLS 1.2.
func TestKinds(t *testing.T) {
	meetings(t, "kinds", iana.TLS12, func(t *testing.T, m meeting) {
		for _, kind := range m.kinds {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				if got := m.meet(t, nil, deal{server: []string{kind}}); m.role == event.Client && len(got.PeerChain) == 0 {
					t.Error("no chain")
				}
			})
		}
	})
}

// TestLongChain makes Certificate longer than a record, so that it comes in fragments.
func TestLongChain(t *testing.T) {
	chain := slices.Clone(tlstest.Servers()["rsa"].Chain)
	for size := 0; size < 20_000; size += len(chain[1]) {
		chain = append(chain, chain[1]) // superfluous ones are for the peer to ignore
	}
	meetings(t, "long chain", iana.TLS12, func(t *testing.T, m meeting) {
		got := m.meet(t, nil, deal{server: []string{"rsa"}, std: func(c *stdtls.Config) {
			if m.role == event.Client {
				c.Certificates[0].Certificate = chain
			}
		}, ours: func(cfg *tls.Config) {
			if m.role == event.Server {
				cfg.Certificates[0].Chain = chain
			}
		}})
		if got.w.Saw(message.KindCertificate) != 1 {
			t.Errorf("messages %v", got.w.Kinds)
		}
	})
}

// TestBulk sends a MiB each way, in each kind of protection.
func TestBulk(t *testing.T) {
	bothVersions(t, "bulk", func(t *testing.T, m meeting) {
		h := m.host(t, deal{server: []string{"rsa"}})
		suites := m.suites(m.version)
		if m.version == iana.TLS12 {
			suites = filter(suites, func(s *suite.Suite) bool {
				return slices.Contains([]iana.CipherSuite{0xc02f, 0xc030, 0xcca8, 0xc013, 0xc027}, s.ID)
			})
		}
		for _, s := range suites {
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				m.meet(t, h, deal{server: []string{"rsa"}, suite: s, bytes: 1 << 20})
			})
		}
	})
}
