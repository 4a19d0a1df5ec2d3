package pki_test

import (
	"bytes"
	"reflect"
	"sync"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// signed is an explained signature. Those of a lesson are in its chain, of the staple,
// and of the request, each with what it was computed over.
type signed struct {
	what   string
	inputs []pki.Input
}

func signaturesOf(t *testing.T, l *lesson.Lesson, r *pki.Report) (all []signed) {
	t.Helper()
	for i := range r.Paths[0].Checks {
		if c := &r.Paths[0].Checks[i]; c.Key == pki.CheckSignature || c.Key == pki.CheckStaple {
			all = append(all, signed{string(c.Key), c.Inputs})
		}
	}
	for _, s := range l.Leaf.Steps {
		if s.Key == pki.StepPossession {
			all = append(all, signed{s.Key, s.Inputs})
		}
	}
	if len(all) < 4 {
		t.Fatalf("only %d signatures are explained", len(all))
	}
	return all
}

// pending counts the values that nobody has asked for yet.
func pending(inputs []pki.Input) (waiting, all int) {
	for _, in := range inputs {
		promised, waits := pki.Waits(in)
		if promised {
			all++
		}
		if waits {
			waiting++
		}
	}
	return waiting, all
}

// Judging a chain, and issuing, computes no value of a good signature. When they are asked
// for they are all there, in the order and with the values that an explanation on the spot
// has: also after whoever handed us the staple has overwritten it.
func TestGoodSignaturesAreExplainedWhenShown(t *testing.T) {
	for _, o := range pkitest.EverySignature() {
		o.Staple = "good"
		l := pkitest.Lesson(t, o)
		chain, err := pki.Certificates(l.Chain)
		if err != nil {
			t.Fatal(err)
		}
		staple := bytes.Clone(l.Staple)
		r, err := pki.Verify(chain, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Staple: staple, Explain: true})
		if err != nil {
			t.Fatal(err)
		}
		now := onTheSpot(t, l, r)
		clear(staple)
		for i, s := range signaturesOf(t, l, r) {
			if waiting, all := pending(s.inputs); all < 3 || waiting != all {
				t.Errorf("%+v: of %d values of %s, %d wait", o, all, s.what, waiting)
			}
			var later []pki.Input
			for _, in := range s.inputs {
				if promised, _ := pki.Waits(in); promised {
					later = append(later, pki.NewInput(in.Name, in.Value()))
				}
			}
			if !reflect.DeepEqual(later, now[i]) {
				t.Errorf("%+v: %s\n later %v\n now   %v", o, s.what, later, now[i])
			}
			if waiting, _ := pending(s.inputs); waiting != 0 {
				t.Errorf("%+v: %d values of %s wait although they were shown", o, waiting, s.what)
			}
		}
	}
}

// onTheSpot explains the same signatures at once.
func onTheSpot(t *testing.T, l *lesson.Lesson, r *pki.Report) (all [][]pki.Input) {
	t.Helper()
	for _, s := range signaturesOf(t, l, r) {
		for _, in := range s.inputs {
			if promised, _ := pki.Waits(in); promised {
				all = append(all, pki.OnTheSpot(in))
				break
			}
		}
	}
	return all
}

// What a bad signature opens to is not known beforehand, so it is looked at on the spot.
func TestBadSignaturesAreExplainedAtOnce(t *testing.T) {
	for _, alg := range lesson.KeyAlgs() {
		check := checkOf(t, pkitest.Judge(t, pkitest.Lesson(t, lesson.Options{Kind: lesson.BadSignature, KeyAlg: alg}), true), pki.CheckSignature, 0)
		if _, all := pending(check.Inputs); check.OK || all > 0 {
			t.Errorf("%s: %d values of a bad signature are promised", alg, all)
		}
	}
}

// Listeners on several goroutines see one value.
func TestDeferredValuesAreSafeToShare(t *testing.T) {
	r := pkitest.Judge(t, pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}), true)
	check := checkOf(t, r, pki.CheckSignature, 0)
	want := bytesOf(t, checkOf(t, pkitest.Judge(t, pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}), true), pki.CheckSignature, 0), pki.InR)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, _ := check.Input(pki.InXOfR).([]byte); !bytes.Equal(got, want) {
				t.Errorf("x(R) mod n is %x, not %x", got, want)
			}
		})
	}
	all.Wait()
}

// The staple is read once a path, and its signatures are checked once: not again to be shown.
func TestStapleIsReadOnce(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa", Staple: "good"})
	chain, err := pki.Certificates(l.Chain)
	if err != nil {
		t.Fatal(err)
	}
	refused, shown, again := pki.ReadStaple(chain, l.Staple, pkitest.Time)
	if refused != nil || len(shown) < 10 {
		t.Fatalf("%v; %v", refused, shown)
	}
	if again {
		t.Error("the staple was read again to be shown")
	}
}
