package authority_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// Each kind of key at each level, fresh, and accepted.
func TestIssueWithEveryKindOfKey(t *testing.T) {
	for _, kind := range []authority.KeyKind{authority.RSA2048, authority.RSAPSS, authority.P256, authority.P384, authority.P521, authority.Ed25519, authority.Ed448} {
		root, err := authority.NewRoot(authority.Options{CommonName: "Root", KeyKind: kind})
		if err != nil {
			t.Fatal(err)
		}
		low, err := root.NewIntermediate(authority.Options{CommonName: "Intermediate", KeyKind: kind, PSS: kind == authority.RSA2048})
		if err != nil {
			t.Fatal(err)
		}
		key, err := authority.GenerateKey(kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		csr, err := authority.NewRequest(key, authority.Request{DNSNames: []string{"www.lab.test"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}})
		if err != nil {
			t.Fatal(err)
		}
		is, err := low.Sign(csr, authority.LeafOptions{Client: true, Server: true})
		if err != nil {
			t.Fatal(err)
		}
		chain, err := pki.Certificates(is.Chain)
		if err != nil || len(chain) != 2 {
			t.Fatalf("%d certificates in the chain: %v", len(chain), err)
		}
		for _, name := range []string{"www.lab.test", "192.0.2.1"} {
			for _, usage := range []pki.Usage{pki.ServerAuth, pki.ClientAuth} {
				if _, err := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root.Cert), ServerName: name, Usage: usage}); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		}
		if chain[0].SerialNumber.Sign() <= 0 || chain[0].SerialNumber.BitLen() > 159 {
			t.Errorf("serial number %v", chain[0].SerialNumber)
		}
	}
}

func TestStepsCarryTheRealValues(t *testing.T) {
	is := pkitest.Lesson(t, lesson.Options{}).Leaf
	var keys []string
	values := map[string]any{}
	for _, s := range is.Steps {
		keys = append(keys, s.Key)
		for _, in := range s.Inputs {
			values[s.Key+"."+in.Name] = in.Value()
		}
	}
	if !slices.Equal(keys, pki.StepKeys()) {
		t.Errorf("steps %v", keys)
	}
	hash := sha256.Sum256(is.Leaf.RawTBSCertificate)
	for name, want := range map[string][]byte{
		pki.StepTBS + "." + pki.InTBS: is.Leaf.RawTBSCertificate, pki.StepHash + "." + pki.InTBSHash: hash[:],
		pki.StepSign + "." + pki.InSignature: is.Leaf.Signature, pki.StepChain + "." + pki.InCertificate: is.Leaf.Raw,
	} {
		if got, _ := values[name].([]byte); !bytes.Equal(got, want) {
			t.Errorf("%s is %x", name, got)
		}
	}
	csr, err := x509.ParseCertificateRequest(values[pki.StepCSR+"."+pki.InCSR].([]byte))
	if err != nil || csr.CheckSignature() != nil {
		t.Errorf("the request kept is none: %v", err)
	}
	digest, _ := values[pki.StepPossession+"."+pki.InRecoveredDigest].([]byte)
	if want := sha256.Sum256(csr.RawTBSCertificateRequest); !bytes.Equal(digest, want[:]) {
		t.Error("the proof of possession opens to another digest")
	}
}

func TestNoCertificateWithoutPossession(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	csr, err := authority.NewRequest(l.Key, authority.Request{DNSNames: []string{l.Name}})
	if err != nil {
		t.Fatal(err)
	}
	csr[len(csr)-1] ^= 1
	if _, err := l.Root.Sign(csr, authority.LeafOptions{}); err == nil || !strings.Contains(err.Error(), "proof of possession") {
		t.Errorf("a request signed by another key: %v", err)
	}
	if _, err := l.Root.Sign([]byte("please"), authority.LeafOptions{}); err == nil {
		t.Error("signed what is no request")
	}
	if _, err := authority.NewRoot(authority.Options{}); err == nil {
		t.Error("made an authority without a name")
	}
	if _, err := lesson.New(lesson.Options{Kind: "fine"}); err == nil || !strings.Contains(err.Error(), "wrong.host") {
		t.Errorf("an unknown kind: %v", err)
	}
	if _, err := lesson.New(lesson.Options{Kind: lesson.SHA1, KeyAlg: "ed25519"}); err == nil {
		t.Error("Ed25519 over SHA-1")
	}
}

func TestDefaultsAreWholeSeconds(t *testing.T) {
	from, to := authority.Period(pkitest.Time.Add(300*time.Millisecond), time.Time{}, 0, time.Hour)
	if !from.Equal(pkitest.Time) || !to.Equal(pkitest.Time.Add(time.Hour)) {
		t.Errorf("%v to %v", from, to)
	}
}
