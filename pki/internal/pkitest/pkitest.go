// Package pkitest has what the tests of pki, authority and lesson share: a clock, a seed, lessons
// made with them, and a client that judges a lesson.
//
// It is for tests alone, and checks nothing by itself but that a report agrees with itself (Judge).
//
// Read Lesson first.
package pkitest

import (
	"crypto"
	"encoding/pem"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tlslab/pki"
	"tlslab/pki/lesson"
)

// Time is the clock of a seeded run (handshake/stage.Epoch, which pki may not import).
var Time = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Seeded is a source of bytes that repeats itself.
func Seeded(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

// Lesson makes a lesson at Time, and with a seed of its own if o has no Rand.
func Lesson(t testing.TB, o lesson.Options) *lesson.Lesson {
	t.Helper()
	o.Time = Time
	if o.Rand == nil {
		o.Rand = Seeded(3)
	}
	l, err := lesson.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// EverySignature are the lessons that differ in how their certificates are signed.
func EverySignature() []lesson.Options {
	options := []lesson.Options{{KeyAlg: "rsa", PSS: true}}
	for _, alg := range lesson.KeyAlgs() {
		options = append(options, lesson.Options{KeyAlg: alg})
	}
	return options
}

// SignsSHA1 reports whether the keys of a set can sign over SHA-1: EdDSA has a hash of its own,
// and parameters for RSASSA-PSS name SHA-2 here.
func SignsSHA1(alg string) bool { return alg != "ed25519" && alg != "ed448" && alg != "rsa-pss" }

// Judge verifies what a lesson's server would send, as its client would.
func Judge(t *testing.T, l *lesson.Lesson, explain bool) *pki.Report {
	t.Helper()
	chain, err := pki.Certificates(l.Chain)
	if err != nil {
		t.Fatal(err)
	}
	r, err := pki.Verify(chain, pki.VerifyOptions{
		Roots: l.Roots, ServerName: l.Name, Time: Time, Staple: l.Staple, HeedMustStaple: true, Explain: explain,
	})
	if (err == nil) != r.OK || (r.Err == nil) != r.OK || (r.Chosen >= 0) != r.OK {
		t.Fatalf("report contradicts itself: OK %v, Err %v, Chosen %d, error %v", r.OK, r.Err, r.Chosen, err)
	}
	return r
}

// ErrOf is a report's error; nil if the chain was accepted.
func ErrOf(r *pki.Report) error {
	if r.Err == nil {
		return nil
	}
	return r.Err
}

// PKCS8 is a private key, DER.
func PKCS8(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	text, err := pki.EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return block.Bytes
}

// PemChain is a leaf and its intermediate as PEM, and the line on which the second
// block begins.
func PemChain(t testing.TB) (leaf, intermediate string, second int) {
	l := Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	leaf, intermediate = string(pki.EncodeCert(l.Chain[0])), string(pki.EncodeCert(l.Chain[1]))
	return leaf, intermediate, strings.Count(leaf, "\n") + 1
}
