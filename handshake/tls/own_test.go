package tls_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// Our two ends against each other: what no peer has (DEFLATE, a student's group,
// odd combinations), and every combination of suite, group and certificate.

// toggles are what a handshake can be run with besides suite, group and certificate.
type toggles struct {
	ems, etm, deflate, mfl, mutual bool
	resume                         string // "", "id", "ticket"
}

// allToggles lists every setting.
func allToggles() (all []toggles) {
	for bits := range 1 << 5 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		for _, resume := range []string{"", "id", "ticket"} {
			all = append(all, toggles{on(0), on(1), on(2), on(3), on(4), resume})
		}
	}
	return all
}

// match is a suite with a group and a certificate that it can be used with.
type match struct {
	suite *suite.Suite
	group kx.Group // nil where there is none
	id    *tlstest.Identity
}

func (m match) String() string { return tlstest.CaseName(m.suite, m.group) + " " + m.id.Kind }

// matches lists every one.
func matches() (all []match) {
	for _, s := range suite.Of(iana.TLS12) {
		groups := []kx.Group{nil}
		if s.Kx != iana.KxRSA {
			groups = groups[:0]
			for _, g := range kx.Defaults12() {
				if kx.Serves(s.Kx, g) {
					groups = append(groups, g)
				}
			}
		}
		for _, g := range groups {
			for _, kind := range tlstest.Kinds {
				if id := tlstest.Servers()[kind]; id.Auth() == s.Auth && (s.Kx != iana.KxRSA || kind == "rsa") { // RSA-PSS keys only sign
					all = append(all, match{s, g, id})
				}
			}
		}
	}
	return all
}

// TestEveryMatch runs each suite with each group and each kind of certificate. The
// toggles are dealt out in turn, a step that has no divisor in common with their
// number: over the run, each setting meets many matches.
func TestEveryMatch(t *testing.T) {
	settings := allToggles() // 96
	const each, step = 2, 37
	at := 0
	for _, m := range matches() {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			at := at
			for range each {
				at += step
				runMatch(t, m, settings[at%len(settings)])
			}
		})
		at += each * step
	}
}

// TestEveryToggle runs every setting, with one match of each key exchange and each
// way of protecting records.
func TestEveryToggle(t *testing.T) {
	for _, m := range []match{
		{suite.ByID(0xc02b), kx.X25519, tlstest.Servers()["ecdsa"]},
		{suite.ByID(0x0067), kx.FFDHE2048, tlstest.Servers()["rsa"]},
		{suite.ByID(0x0035), nil, tlstest.Servers()["rsa"]},
		{suite.ByID(0xc006), kx.P256, tlstest.Servers()["ed25519"]},
	} {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			for _, o := range allToggles() {
				runMatch(t, m, o)
			}
		})
	}
}

// runMatch makes one connection, or two of which the second resumes.
func runMatch(t *testing.T, m match, o toggles) {
	t.Helper()
	cc, sc := tlstest.Verifying(), tlstest.Serving(m.id)
	for _, cfg := range []*tls.Config{cc, sc} {
		cfg.Suites, cfg.Weak.NULL = []*suite.Suite{m.suite}, true
		if m.group != nil {
			cfg.Groups = []kx.Group{m.group, kx.P256, kx.P384, kx.P521} // the others for the certificate's curve
		}
		cfg.EncryptThenMAC, cfg.Weak.Compression, cfg.Weak.NoExtendedMasterSecret = o.etm, o.deflate, !o.ems
		if o.resume != "" {
			cfg.Sessions = session.NewMemory(0)
		}
	}
	if o.mfl {
		cc.MaxFragmentLength = 1
	}
	if o.mutual {
		sc.ClientAuth, cc.Certificates = handshake.RequireClientCert, tlstest.Clients()[m.id.Kind].Ours()
	}
	if o.resume == "ticket" {
		sc.Tickets = session.NewTicketKeys(rand.Reader, 0)
	}
	connections := 1
	if o.resume != "" {
		connections = 2
	}
	for i := range connections {
		cw, w := tlstest.Witnessed(t, cc)
		sw, _ := tlstest.Witnessed(t, sc)
		a, b := tlstest.Pipe()
		c, s := tlstest.Client(t, a, cw), tlstest.Server(t, b, sw)
		tlstest.Converse(t, c, s, 1500)
		for _, got := range []handshake.Summary{c.Summary(), s.Summary()} {
			checkMatch(t, m, o, got, i > 0)
		}
		if t.Failed() {
			t.Fatalf("with %+v, connection %d; messages %v", o, i, w.Kinds)
		}
	}
}

func checkMatch(t testing.TB, m match, o toggles, got handshake.Summary, resumed bool) {
	t.Helper()
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"suite", got.Suite, m.suite},
		{"resumed", got.Resumed, resumed},
		{"extended master secret", got.ExtendedMasterSecret, o.ems},
		{"encrypt-then-MAC", got.EncryptThenMAC, o.etm && m.suite.Cipher.Kind == suite.CBC},
		{"DEFLATE", got.Compression == iana.CompressionDEFLATE, o.deflate},
		{"max_fragment_length", got.MaxFragmentLength != 0, o.mfl},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
	if m.group != nil && !resumed && got.Group != m.group.ID() {
		t.Errorf("group: %v", got.Group)
	}
}

// TestStudentsGroup runs ECDHE over a group with a private number, which no peer
// could know.
func TestStudentsGroup(t *testing.T) {
	own := kx.FromECDH(iana.GroupPrivate, ecdh.P384())
	runMatch(t, match{suite.ByID(0xc02f), own, tlstest.Servers()["rsa"]}, toggles{ems: true})
	runMatch(t, match{suite.ByID(0xc02b), own, tlstest.Servers()["ed25519"]}, toggles{mutual: true})
}

// TestGREASE has a client say what nobody knows; all of it is passed by.
func TestGREASE(t *testing.T) {
	cc, w := tlstest.Witnessed(t, tlstest.Verifying())
	cc.GREASE = true
	a, b := tlstest.Pipe()
	tlstest.Converse(t, tlstest.Client(t, a, cc), tlstest.Server(t, b, tlstest.Serving(tlstest.Servers()["rsa"])), 10)
	if w.Saw(message.KindClientHello) != 1 {
		t.Errorf("messages %v", w.Kinds)
	}
}

// TestServerPicksByName has certificates for two names and keys; the client's
// server_name decides, then what it can verify.
func TestServerPicksByName(t *testing.T) {
	sc := tlstest.Serving(tlstest.Servers()["rsa"])
	sc.Certificates = append(sc.Certificates, tlstest.Servers()["ecdsa"].Ours()...)
	for _, s := range []iana.CipherSuite{0xc02f, 0xc02b, 0x009d} {
		cc := tlstest.Verifying()
		cc.Suites = []*suite.Suite{suite.ByID(s)}
		a, b := tlstest.Pipe()
		c := tlstest.Client(t, a, cc)
		tlstest.Converse(t, c, tlstest.Server(t, b, sc), 10)
		if got := fmt.Sprint(c.Summary().PeerChain[0].PublicKeyAlgorithm); got != fmt.Sprint(suite.ByID(s).Auth) {
			t.Errorf("%v: got an %s certificate", s, got)
		}
	}
}
