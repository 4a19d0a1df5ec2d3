package pki

import (
	"crypto/x509"
	"strings"
	"testing"
)

func TestMatchDNS(t *testing.T) {
	for _, tc := range []struct {
		pattern, server string
		want            bool
	}{
		{"www.lab.test", "www.lab.test", true},
		{"WWW.lab.TEST", "www.LAB.test", true},
		{"www.lab.test", "lab.test", false},
		{"lab.test", "www.lab.test", false},
		{"*.lab.test", "www.lab.test", true},
		{"*.lab.test", "WWW.LAB.TEST", true},
		{"*.lab.test", "lab.test", false},
		{"*.lab.test", ".lab.test", false},
		{"*.lab.test", "a.b.lab.test", false},
		{"*.lab.test", "*.lab.test", false},
		{"w*.lab.test", "www.lab.test", false},
		{"*w.lab.test", "www.lab.test", false},
		{"www.*.test", "www.lab.test", false},
		{"*.*.test", "www.lab.test", false},
		{"*", "lab", false},
		{"*.", "lab.", false},
		{"*.test", "lab.test", true}, // what is a public suffix, DNS does not say
		{"", "", false},
		{"www.lab.test\x00.evil.test", "www.lab.test", false},
		{"\u212aelvin.test", "kelvin.test", false}, // the Kelvin sign folds to k in Unicode
	} {
		if got := matchDNS(tc.pattern, tc.server); got != tc.want {
			t.Errorf("%q for %q: %v", tc.pattern, tc.server, got)
		}
	}
}

// A U-label is never what a certificate holds (RFC 5280 §7.2): the refusal says in which form
// to ask.
func TestNameBeyondASCII(t *testing.T) {
	leaf := &x509.Certificate{DNSNames: []string{"xn--fsqu00a.example"}}
	if err := nameError(leaf, "xn--fsqu00a.example"); err != nil {
		t.Error(err)
	}
	if err := nameError(leaf, "例子.example"); err == nil || !strings.Contains(err.Error(), "A-labels") {
		t.Error(err)
	}
	if err := nameError(leaf, "www.lab.test"); err == nil || strings.Contains(err.Error(), "A-labels") {
		t.Error(err)
	}
}

func TestDNSSubtrees(t *testing.T) {
	for _, tc := range []struct {
		name, tree      string
		within, touches bool
	}{
		{"www.lab.test", "lab.test", true, true},
		{"lab.test", "lab.test", true, true},
		{"lab.test", ".lab.test", false, false},
		{"www.lab.test", ".lab.test", true, true},
		{"wwwlab.test", "lab.test", false, false},
		{"anything", "", true, true},
		{"*.lab.test", "lab.test", true, true},
		{"*.lab.test", "www.lab.test", false, true},
		{"*.lab.test", "a.www.lab.test", false, false},
		{"*.lab.test", "other.test", false, false},
	} {
		var set subtreeSet
		if !set.addBase(&generalName{kind: dNSName, value: []byte(tc.tree)}, 0) {
			t.Fatalf("%q is no subtree", tc.tree)
		}
		n := 0
		set.arrange(&n)
		key := keyOf(&generalName{kind: dNSName, value: []byte(tc.name)})
		if _, got := set.holds(&key, &n); got != tc.within {
			t.Errorf("%q within %q: %v", tc.name, tc.tree, got)
		}
		if _, got := set.touches(&key, &n); got != tc.touches {
			t.Errorf("%q touches %q: %v", tc.name, tc.tree, got)
		}
	}
}
