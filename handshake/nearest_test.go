package handshake_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

// A server that finds no suite names what came nearest, whatever the order in which it tried:
// that is what somebody has to change.
func TestRefusedForWhatCameNearest(t *testing.T) {
	both := []iana.CipherSuite{ecdheECDSA, ecdheRSA, rsaRSA}
	const extensions = "client_hello.extensions."
	p256 := selfSigned(t, newKey(t, "ecdsa"), x509.KeyUsageDigitalSignature)
	signs := selfSigned(t, newKey(t, "rsa"), x509.KeyUsageDigitalSignature)
	mute := selfSigned(t, newKey(t, "ecdsa"), x509.KeyUsageKeyAgreement)
	empty := selfSigned(t, newKey(t, "rsa"), 0)
	for name, test := range map[string]struct {
		suites []iana.CipherSuite
		certs  []handshake.Certificate
		change func(cc *handshake.Config)
		reason reason.Reason
		field  string
		says   string
	}{
		"an ECDSA key, a client of RSA's schemes": {both, []handshake.Certificate{p256}, func(cc *handshake.Config) {
			cc.Schemes = schemes(t, iana.RSAPSSRSAESHA256, iana.RSAPSSRSAESHA384)
		}, reason.NoCommonScheme, extensions + "signature_algorithms", "a scheme for our key"},
		"an ECDSA key, a client of another curve": {both, []handshake.Certificate{p256}, func(cc *handshake.Config) {
			cc.Groups = []kx.Group{kx.X25519, kx.P384}
		}, reason.NoCommonGroup, extensions + "supported_groups", "the curve of our key"},
		"no group at all, and no key either": {[]iana.CipherSuite{ecdheECDSA, rsaRSA}, []handshake.Certificate{p256}, func(cc *handshake.Config) {
			cc.Groups = []kx.Group{kx.X448}
		}, reason.NoCommonSuite, "config.certificates", "RSA key"},
		"a key that may only sign": {[]iana.CipherSuite{rsaRSA, ecdheECDSA}, []handshake.Certificate{signs}, nil,
			reason.NoCommonSuite, "config.certificates", "keyEncipherment"},
		"a key that may not sign": {[]iana.CipherSuite{ecdheRSA, ecdheECDSA}, []handshake.Certificate{mute}, nil,
			reason.NoCommonSuite, "config.certificates", "digitalSignature"},
		"a key that may do nothing": {[]iana.CipherSuite{ecdheRSA, rsaRSA}, []handshake.Certificate{empty}, nil,
			reason.NoCommonSuite, "config.certificates", "key usage"},
		"two keys, the nearer second": {[]iana.CipherSuite{ecdheECDSA}, []handshake.Certificate{mute, p256}, func(cc *handshake.Config) {
			cc.Groups = []kx.Group{kx.X25519}
		}, reason.NoCommonGroup, extensions + "supported_groups", "the curve of our key"},
		"two keys, the nearer first": {[]iana.CipherSuite{ecdheECDSA}, []handshake.Certificate{p256, mute}, func(cc *handshake.Config) {
			cc.Groups = []kx.Group{kx.X25519}
		}, reason.NoCommonGroup, extensions + "supported_groups", "the curve of our key"},
		"TLS 1.3, a key that may not sign": {[]iana.CipherSuite{aes128GCM}, []handshake.Certificate{mute}, nil,
			reason.NoCommonScheme, "config.certificates", "digitalSignature"},
	} {
		for _, reversed := range []bool{false, true} {
			cc, sc := ends13(world("ecdsa"))
			cc.Suites, sc.Suites = suitesOf(test.suites, false), suitesOf(test.suites, reversed)
			sc.Groups, sc.Certificates = []kx.Group{kx.X25519, kx.P256, kx.P384}, test.certs
			if test.change != nil {
				test.change(cc)
			}
			c := connect(t, cc, sc).run(nil)
			e, ok := c.ends[server].Err().(*reason.Error)
			if !ok || e.Reason != test.reason || e.Field != test.field || !strings.Contains(e.Error(), test.says) {
				t.Errorf("%s (reversed: %v): %v", name, reversed, c.ends[server].Err())
			}
		}
	}
}

func suitesOf(ids []iana.CipherSuite, reversed bool) (list []*suite.Suite) {
	for _, id := range ids {
		if list = append(list, suite.ByID(id)); reversed {
			list[0], list[len(list)-1] = list[len(list)-1], list[0]
		}
	}
	return list
}

func newKey(t testing.TB, alg string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	if alg == "rsa" {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// selfSigned is a certificate for www.lab.test by crypto/x509, whose key usage, which is there,
// lets its key do just this.
func selfSigned(t testing.TB, key crypto.Signer, usage x509.KeyUsage) handshake.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "www.lab.test"}, DNSNames: []string{"www.lab.test"},
		NotBefore: clock().Add(-time.Hour), NotAfter: clock().Add(time.Hour), KeyUsage: usage, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if usage == 0 { // crypto/x509 leaves it out then
		template.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 15}, Critical: true, Value: []byte{3, 1, 0}}}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return handshake.Certificate{Chain: [][]byte{der}, Key: key}
}
