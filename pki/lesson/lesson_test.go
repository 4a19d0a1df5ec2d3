package lesson_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func TestForgery(t *testing.T) {
	l, err := lesson.NewForgery(lesson.Options{Time: pkitest.Time, Rand: pkitest.Seeded(1)})
	if err != nil {
		t.Fatal(err)
	}
	if r := pkitest.Judge(t, l, false); !r.OK {
		t.Errorf("whoever trusts the box's root: %v", r.Err)
	}
	l.Roots = pkitest.Lesson(t, lesson.Options{}).Roots
	if r := pkitest.Judge(t, l, false); r.OK {
		t.Error("accepted without trusting the box's root")
	}
}

// Under one seed two runs have the same bytes, and another seed changes them.
func TestLessonsRepeat(t *testing.T) {
	for _, o := range pkitest.EverySignature() {
		o.Staple = "good"
		bytesOf := func(seed byte) []byte {
			o.Rand = pkitest.Seeded(seed)
			l := pkitest.Lesson(t, o)
			client, _, err := l.Client("student")
			if err != nil {
				t.Fatal(err)
			}
			forged, err := lesson.NewForgery(lesson.Options{KeyAlg: o.KeyAlg, PSS: o.PSS, Time: pkitest.Time, Rand: o.Rand})
			if err != nil {
				t.Fatal(err)
			}
			return slices.Concat(slices.Concat(l.Chain...), l.Root.Cert.Raw, l.Staple, stepsOf(l.Leaf), client.Leaf.Raw, slices.Concat(forged.Chain...))
		}
		if !bytes.Equal(bytesOf(1), bytesOf(1)) {
			t.Errorf("%+v: two runs differ", o)
		}
		if bytes.Equal(bytesOf(1), bytesOf(2)) {
			t.Errorf("%+v: the seed changes nothing", o)
		}
	}
}

// stepsOf is every value of the steps of issuing, the request among them.
func stepsOf(is *authority.Issued) []byte { return fmt.Append(nil, is.Steps) }

func TestEveryKindIsJudgedAsExpected(t *testing.T) {
	for _, alg := range lesson.KeyAlgs() {
		for _, kind := range lesson.Kinds() {
			if kind == lesson.SHA1 && !pkitest.SignsSHA1(alg) {
				continue // no such signature exists
			}
			t.Run(alg+"/"+string(kind), func(t *testing.T) {
				l, err := lesson.New(lesson.Options{Kind: kind, KeyAlg: alg, Time: pkitest.Time, Rand: pkitest.Seeded(1)})
				if err != nil {
					t.Fatal(err)
				}
				for _, explain := range []bool{false, true} {
					if r := pkitest.Judge(t, l, explain); reason.Of(pkitest.ErrOf(r)) != kind.Expect() {
						t.Errorf("explain %v: %v, expected %q", explain, r.Err, kind.Expect())
					}
				}
			})
		}
	}
}
