package handshake_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// keyUsage says what TLS may have a key do, and TLS asks, whoever judges the chain: a server's
// key signs, or with key transport decrypts (RFC 5246 §7.4.2), a client's signs (§7.4.6), in
// TLS 1.3 both sign (RFC 9846 §4.5.1.2).
func TestKeyUsageIsAsked(t *testing.T) {
	const sign, encipher, agree = x509.KeyUsageDigitalSignature, x509.KeyUsageKeyEncipherment, x509.KeyUsageKeyAgreement
	rsaKey := newKey(t, "rsa")
	trusting := func(cfg *handshake.Config) {
		cfg.VerifyChain = func(handshake.ChainInput) (*pki.Report, error) { return nil, nil }
	}
	for _, test := range []struct {
		suite iana.CipherSuite
		usage x509.KeyUsage
		taken [2]bool // of a client's certificate, of a server's
	}{
		{aes128GCM, sign, [2]bool{true, true}}, {aes128GCM, encipher, [2]bool{}}, {aes128GCM, agree, [2]bool{}}, {aes128GCM, 0, [2]bool{}},
		{ecdheRSA, sign, [2]bool{true, true}}, {ecdheRSA, encipher, [2]bool{}}, {ecdheRSA, 0, [2]bool{}},
		{rsaRSA, sign, [2]bool{true, false}}, {rsaRSA, encipher, [2]bool{false, true}}, {rsaRSA, sign | encipher, [2]bool{true, true}},
	} {
		for name, judge := range map[string]func(*handshake.Config){
			"a verifier of one's own": trusting,
			"no verifier":             func(cfg *handshake.Config) { cfg.Weak.SkipVerify = true },
		} {
			for _, shows := range []event.Role{client, server} {
				what := fmt.Sprintf("%v, usage %b of a %v, %s", test.suite, test.usage, shows, name)
				cc, sc := ends13(world("rsa"))
				cc.Suites, sc.Suites = only(test.suite), only(test.suite)
				cc.Groups, sc.Groups = []kx.Group{kx.X25519}, []kx.Group{kx.X25519}
				good := selfSigned(t, rsaKey, sign|encipher)
				shown := selfSigned(t, rsaKey, test.usage)
				judge(cc)
				judge(sc)
				sc.Certificates = []handshake.Certificate{good}
				from, to := client, server
				if shows == client {
					cc.Certificates, sc.ClientAuth = []handshake.Certificate{good}, handshake.RequireClientCert
				} else {
					from, to = server, client
				}
				// An end of ours would not show it: it is put in the message's place.
				swap := func(m message.Message) {
					switch m := m.(type) {
					case *message.Certificate12:
						m.Certificates = shown.Chain
					case *message.Certificate13:
						m.Entries[0].Cert = shown.Chain[0]
					}
				}
				if from == client {
					cc.Edit(swap)
				} else {
					sc.Edit(swap)
				}
				c := connect(t, cc, sc).run(nil)
				if test.taken[shows] {
					c.completes()
					continue
				}
				e, ok := c.ends[to].Err().(*reason.Error)
				if !ok || e.Reason != reason.CertificateUsage || e.Field != "certificate[0].key_usage" {
					t.Errorf("%s: %v", what, c.ends[to].Err())
					continue
				}
				got := strings.Join(pki.KeyUsageNames(test.usage), ", ")
				if test.usage == 0 {
					got = "no bit"
				}
				if fmt.Sprint(e.Got) != got {
					t.Errorf("%s: got %v, want %s", what, e.Got, got)
				}
				alerts := all[*event.Alert](c.heard[to])
				if !slices.ContainsFunc(alerts, func(a *event.Alert) bool { return a.Description == iana.UnsupportedCertificate }) {
					t.Errorf("%s: no unsupported_certificate", what)
				}
			}
		}
	}
}

// A client does not show what it may not sign with, in either version: it goes on without.
func TestClientShowsNoKeyThatMayNotSign(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		cc, sc := ends13(world("ecdsa"))
		cc.MaxVersion, sc.MaxVersion = v, v
		cc.Certificates = []handshake.Certificate{selfSigned(t, newKey(t, "ecdsa"), x509.KeyUsageKeyAgreement)}
		sc.ClientAuth, sc.Weak.SkipVerify = handshake.RequestClientCert, true
		c := connect(t, cc, sc).run(nil).completes()
		if n := len(c.ends[server].Summary().PeerChain); n != 0 {
			t.Errorf("%v: the client shows %d certificates", v, n)
		}
	}
}
