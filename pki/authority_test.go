package pki

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// Each kind of key at each level, fresh, and accepted.
func TestIssueWithEveryKindOfKey(t *testing.T) {
	for _, kind := range []KeyKind{RSA2048, RSAPSS, P256, P384, P521, Ed25519, Ed448} {
		root, err := NewRoot(Options{CommonName: "Root", KeyKind: kind})
		if err != nil {
			t.Fatal(err)
		}
		low, err := root.NewIntermediate(Options{CommonName: "Intermediate", KeyKind: kind, PSS: kind == RSA2048})
		if err != nil {
			t.Fatal(err)
		}
		key, err := GenerateKey(kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		csr, err := NewRequest(key, Request{DNSNames: []string{"www.lab.test"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}})
		if err != nil {
			t.Fatal(err)
		}
		is, err := low.Sign(csr, LeafOptions{Client: true, Server: true})
		if err != nil {
			t.Fatal(err)
		}
		chain, err := Certificates(is.Chain)
		if err != nil || len(chain) != 2 {
			t.Fatalf("%d certificates in the chain: %v", len(chain), err)
		}
		for _, name := range []string{"www.lab.test", "192.0.2.1"} {
			for _, usage := range []Usage{ServerAuth, ClientAuth} {
				if _, err := Verify(chain, VerifyOptions{Roots: NewTrustStore(root.Cert), ServerName: name, Usage: usage}); err != nil {
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
	is := lesson(t, LessonOptions{}).Leaf
	var keys []string
	values := map[string]any{}
	for _, s := range is.Steps {
		keys = append(keys, s.Key)
		for _, in := range s.Inputs {
			values[s.Key+"."+in.Name] = in.Value()
		}
	}
	if !slices.Equal(keys, StepKeys()) {
		t.Errorf("steps %v", keys)
	}
	hash := sha256.Sum256(is.Leaf.RawTBSCertificate)
	for name, want := range map[string][]byte{
		StepTBS + "." + InTBS: is.Leaf.RawTBSCertificate, StepHash + "." + InTBSHash: hash[:],
		StepSign + "." + InSignature: is.Leaf.Signature, StepChain + "." + InCertificate: is.Leaf.Raw,
	} {
		if got, _ := values[name].([]byte); !bytes.Equal(got, want) {
			t.Errorf("%s is %x", name, got)
		}
	}
	csr, err := x509.ParseCertificateRequest(values[StepCSR+"."+InCSR].([]byte))
	if err != nil || csr.CheckSignature() != nil {
		t.Errorf("the request kept is none: %v", err)
	}
	digest, _ := values[StepPossession+"."+InRecoveredDigest].([]byte)
	if want := sha256.Sum256(csr.RawTBSCertificateRequest); !bytes.Equal(digest, want[:]) {
		t.Error("the proof of possession opens to another digest")
	}
}

func TestNoCertificateWithoutPossession(t *testing.T) {
	l := lesson(t, LessonOptions{KeyAlg: "ecdsa"})
	csr, err := NewRequest(l.Key, Request{DNSNames: []string{l.Name}})
	if err != nil {
		t.Fatal(err)
	}
	csr[len(csr)-1] ^= 1
	if _, err := l.Root.Sign(csr, LeafOptions{}); err == nil || !strings.Contains(err.Error(), "proof of possession") {
		t.Errorf("a request signed by another key: %v", err)
	}
	if _, err := l.Root.Sign([]byte("please"), LeafOptions{}); err == nil {
		t.Error("signed what is no request")
	}
	if _, err := NewRoot(Options{}); err == nil {
		t.Error("made an authority without a name")
	}
	if _, err := NewLesson(LessonOptions{Kind: "fine"}); err == nil || !strings.Contains(err.Error(), "wrong.host") {
		t.Errorf("an unknown kind: %v", err)
	}
	if _, err := NewLesson(LessonOptions{Kind: SHA1, KeyAlg: "ed25519"}); err == nil {
		t.Error("Ed25519 over SHA-1")
	}
}

func TestForgery(t *testing.T) {
	l, err := NewForgery(LessonOptions{Time: lessonTime, Rand: seeded(1)})
	if err != nil {
		t.Fatal(err)
	}
	if r := judge(t, l, false); !r.OK {
		t.Errorf("whoever trusts the box's root: %v", r.Err)
	}
	l.Roots = lesson(t, LessonOptions{}).Roots
	if r := judge(t, l, false); r.OK {
		t.Error("accepted without trusting the box's root")
	}
}

func TestDefaultsAreWholeSeconds(t *testing.T) {
	from, to := period(lessonTime.Add(300*time.Millisecond), time.Time{}, 0, time.Hour)
	if !from.Equal(lessonTime) || !to.Equal(lessonTime.Add(time.Hour)) {
		t.Errorf("%v to %v", from, to)
	}
}
