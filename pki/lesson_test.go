package pki

import (
	"math/rand/v2"
	"testing"
	"time"

	"tlslab/handshake/reason"
)

// lessonTime is the clock of a seeded run (handshake/stage.Epoch, which pki may not import).
var lessonTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// signsSHA1 reports whether the keys of a set can sign over SHA-1: EdDSA has a hash of its own,
// and parameters for RSASSA-PSS name SHA-2 here.
func signsSHA1(alg string) bool { return alg != "ed25519" && alg != "ed448" && alg != "rsa-pss" }

func seeded(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

// judge verifies what a lesson's server would send, as its client would.
func judge(t *testing.T, l *Lesson, explain bool) *Report {
	t.Helper()
	chain, err := Certificates(l.Chain)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Verify(chain, VerifyOptions{
		Roots: l.Roots, ServerName: l.Name, Time: lessonTime, Staple: l.Staple, HeedMustStaple: true, Explain: explain,
	})
	if (err == nil) != r.OK || (r.Err == nil) != r.OK || (r.Chosen >= 0) != r.OK {
		t.Fatalf("report contradicts itself: OK %v, Err %v, Chosen %d, error %v", r.OK, r.Err, r.Chosen, err)
	}
	return r
}

func TestEveryKindIsJudgedAsExpected(t *testing.T) {
	for _, alg := range LessonKeyAlgs() {
		for _, kind := range Kinds() {
			if kind == SHA1 && !signsSHA1(alg) {
				continue // no such signature exists
			}
			t.Run(alg+"/"+string(kind), func(t *testing.T) {
				l, err := NewLesson(LessonOptions{Kind: kind, KeyAlg: alg, Time: lessonTime, Rand: seeded(1)})
				if err != nil {
					t.Fatal(err)
				}
				for _, explain := range []bool{false, true} {
					if r := judge(t, l, explain); reason.Of(errOf(r)) != kind.Expect() {
						t.Errorf("explain %v: %v, expected %q", explain, r.Err, kind.Expect())
					}
				}
			})
		}
	}
}

func errOf(r *Report) error {
	if r.Err == nil {
		return nil
	}
	return r.Err
}
