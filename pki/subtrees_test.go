package pki_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A thousand mixtures of few labels, so that names and subtrees meet often.
func TestSetsAgreeWithTheSlowWords(t *testing.T) {
	rng := rand.New(pkitest.Seeded(9))
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	host := func() string {
		labels := []string{pick("test", "lab")}
		for range rng.IntN(3) {
			labels = append([]string{pick("a", "b", "A", "a-b", "lab", "b_")}, labels...)
		}
		return strings.Join(labels, ".")
	}
	relative := func() []byte {
		return attr([][]byte{typeO, typeOU}[rng.IntN(2)], []cbasn1.Tag{cbasn1.UTF8String, cbasn1.PrintableString}[rng.IntN(2)], pick("x", "X", "y", " x"))
	}
	dn := func() []byte {
		var all [][]byte
		for range rng.IntN(4) {
			all = append(all, relative())
		}
		return name(all...)
	}
	address := func() []byte {
		b := []byte{10, byte(rng.IntN(2)), byte(rng.IntN(2)), byte(rng.IntN(4))}
		if rng.IntN(3) == 0 {
			b = netip.AddrFrom16(netip.AddrFrom4([4]byte(b)).As16()).AsSlice()
		}
		return b
	}
	base := func() []byte {
		switch rng.IntN(4) {
		case 0:
			return dns(pick("", "", "", ".") + host())
		case 1:
			return mail(pick("", ".", "a@", "A@") + host())
		case 2:
			b := address()
			mask := bytes.Repeat([]byte{255}, len(b))
			bits := len(b)*8 - rng.IntN(20)
			for i := range mask {
				mask[i] = byte(uint16(0xff00) >> max(0, min(8, bits-8*i)))
			}
			return ip(append(b, mask...)...)
		}
		return dir(dn())
	}
	one := func() []byte {
		switch rng.IntN(4) {
		case 0:
			return dns(pick("", "", "*.") + host())
		case 1:
			return mail(pick("a@", "A@", `"a"@`) + host())
		case 2:
			return ip(address()...)
		}
		return dir(dn())
	}
	many := func(n int, make func() []byte) (all [][]byte) {
		for range n {
			all = append(all, make())
		}
		return all
	}
	for range 5000 {
		constraints := constraintsDER(trees(many(rng.IntN(6), base)...), trees(many(1+rng.IntN(5), base)...))
		pki.CompareJudges(t, constraints, asDER(cbasn1.SEQUENCE, many(1+rng.IntN(3), one)...), dn())
	}
	if t.Failed() {
		t.Log("the sets do not say what the words say")
	}
}

// FuzzNameConstraints feeds any constraints and any names to both judges.
func FuzzNameConstraints(f *testing.F) {
	for _, tc := range constraintCases {
		san := asDER(cbasn1.SEQUENCE, tc.names...)
		if len(tc.permitted)+len(tc.excluded) > 0 {
			f.Add(constraintsDER(tc.permitted, tc.excluded), san, tc.subject)
		}
	}
	f.Fuzz(func(t *testing.T, constraints, san, subject []byte) {
		if _, ok := pki.AppendName(nil, subject); !ok {
			subject = nil
		}
		pki.CompareJudges(t, constraints, san, subject)
	})
}

// An extension that crypto/x509 takes and we cannot read refuses everything below.
func TestUnreadableConstraints(t *testing.T) {
	odd := subtreeDER(dns("lab.test"), primitive(2, []byte{1})) // a third field
	w := newWorld("ecdsa", 1)
	w.certs[1].ExtraExtensions = append(w.certs[1].ExtraExtensions, constraintsExt(true, [][]byte{odd}, nil))
	chain, root := w.signed(t)
	_, err := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), Time: pkitest.Time})
	if got := fmt.Sprint(err); !strings.Contains(got, "certificate_malformed in certificate[1].name_constraints") {
		t.Error(got)
	}
	// Likewise a name of a tag that crypto/x509 passes over: here a constructed dNSName.
	w = newWorld("ecdsa", 1)
	w.certs[1].PermittedDNSDomains = []string{"lab.test"}
	w.leaf().DNSNames = nil
	w.leaf().ExtraExtensions = append(w.leaf().ExtraExtensions, sanExt(false, dns("www.lab.test"), constructed(pki.DNSName, []byte("evil.test"))))
	chain, root = w.signed(t)
	_, err = pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), Time: pkitest.Time})
	if got := fmt.Sprint(err); !strings.Contains(got, "certificate_malformed in certificate[0].subject_alt_name") {
		t.Error(got)
	}
}
