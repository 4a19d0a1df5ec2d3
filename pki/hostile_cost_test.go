package pki_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/ocsp"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// What a peer, or whoever wrote a file, may put into a certificate or a response any number
// of times costs as much as there is of it, and not its square.

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A header may run on over any number of lines.
func TestFoldedHeaderIsLinear(t *testing.T) {
	read := func(lines int) uint64 {
		text := []byte("-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: a,\n" + strings.Repeat("b,\n", lines) + "c\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")
		return allocated(func() {
			blocks, err := pki.ReadPEM(text)
			if err != nil || len(blocks) != 1 {
				t.Fatal(err)
			}
			if got, want := blocks[0].Headers["DEK-Info"], "a,"+strings.Repeat("b,", lines)+"c"; got != want {
				t.Errorf("%d lines: %d bytes, want %d", lines, len(got), len(want))
			}
		})
	}
	read(10)
	if few, many := read(1000), read(16_000); many > 32*few {
		t.Errorf("1,000 lines allocate %d bytes, 16,000 allocate %d", few, many)
	}
}

// The hashes of the issuer's name and key are made once, however many answers there are,
// and extensions are looked through where they stand.
func TestAnswersAreLinear(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	_, single := answers(t, l)
	good := single(authority.StatusGood, pkitest.Time)
	elsewhere := good
	elsewhere.ID.NameHash = make([]byte, 20)
	look := func(n int) float64 {
		all := make([]ocsp.Single, n, n+1)
		for i := range all {
			all[i] = elsewhere
		}
		all = append(all, good)
		return testing.AllocsPerRun(5, func() {
			if got := pki.FindSingles(all, l.Leaf.Leaf, l.Intermediate.Cert); len(got) != 1 || got[0] != &all[n] {
				t.Fatalf("%d found", len(got))
			}
		})
	}
	if few, many := look(1), look(1000); many > few {
		t.Errorf("one other answer: %v allocations; 1,000: %v", few, many)
	}
	good.Extensions = []pkix.Extension{ext(oidNobodyKnows, false, 5, 0)}
	found := make([]*ocsp.Single, 1000)
	for i := range found {
		found[i] = &good
	}
	if n := testing.AllocsPerRun(5, func() {
		if pki.CriticalIn(good.Extensions, found) != nil {
			t.Fatal("a critical extension")
		}
	}); n > 0 {
		t.Errorf("%v allocations to look at extensions", n)
	}
}

// Two lists of four million features are compared; each with each would take hours.
func TestFeaturesAreLinear(t *testing.T) {
	own, above := make([]iana.ExtensionType, 4_000_000), make([]iana.ExtensionType, 4_000_000)
	for i := range own {
		own[i], above[i] = iana.ExtStatusRequestV2, iana.ExtStatusRequest
	}
	if pki.HoldsAll(own, above) {
		t.Error("a feature that is missing was found")
	}
	own[len(own)-1] = iana.ExtStatusRequest
	if !pki.HoldsAll(own, above) {
		t.Error("a feature that is there was not found")
	}
}

// Decimal digits of an arc cost the square of its length. One that is longer than any real
// one is written in hexadecimal, in names and in policies.
func TestLongObjectIdentifiers(t *testing.T) {
	content := append(append([]byte{0x2a}, bytes.Repeat([]byte{0xff}, 100_000)...), 0x7f)
	if got := pki.OidString(content); !strings.HasPrefix(got, "2affff") || len(got) != 2*len(content) {
		t.Errorf("%d characters, %.20s…", len(got), got)
	}
	longest := append([]byte{0x2a}, bytes.Repeat([]byte{0x8f, 0xff, 0xff, 0xff, 0x7f}, 127)...)
	if got := pki.OidString(longest); got != "1.2"+strings.Repeat(".4294967295", 127) {
		t.Errorf("128 arcs of 32 bits: %.40s…", got)
	}

	var policy x509.OID
	if err := policy.UnmarshalBinary(content); err != nil {
		t.Fatal(err)
	}
	if got := pki.PolicyName(policy); !strings.HasPrefix(got, "2affff") {
		t.Errorf("policy %.20s…", got)
	}
}

// How an issuer is named by a certificate it issued may be said in any number of names, and its own name be long.
func TestAuthorityNamesAreLinear(t *testing.T) {
	long := make([]string, 2000)
	for i := range long {
		long[i] = fmt.Sprint("unit ", i)
	}
	look := func(names int) uint64 {
		w := newWorld("ecdsa", 1)
		w.root().Subject.OrganizationalUnit = long // which is the intermediate's issuer
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		all := make([]asn1.RawValue, names)
		for i := range all {
			all[i] = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: []byte{0x30, 0}}
		}
		value, err := asn1.Marshal(struct {
			Issuer []asn1.RawValue `asn1:"tag:1"`
			Serial *big.Int        `asn1:"tag:2"`
		}{all, w.certs[1].SerialNumber})
		if err != nil {
			t.Fatal(err)
		}
		w.certs[0] = edited(t, w.certs[0], "ecdsa", w.signer[1], func(r *rawTBS) {
			r.Extensions = append(slices.DeleteFunc(r.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidAuthorityKeyID) }),
				pkix.Extension{Id: oidAuthorityKeyID, Value: value})
		})
		return allocated(func() { noteKeys(t, w.certs, pki.VerifyOptions{}) })
	}
	look(1)
	if few, many := look(1), look(500); many > 2*few {
		t.Errorf("with 1 name %d bytes are allocated, with 500 of them %d", few, many)
	}
}
