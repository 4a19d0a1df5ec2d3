package pki_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// Every fault that a check finds is one of those listed for its reason, if any are: else a
// reader would get the advice for another.
func TestCausesAreListed(t *testing.T) {
	causes, seen := pki.Causes(), map[string]bool{}
	look := func(name string, r *pki.Report) {
		for _, p := range r.Paths {
			for k := range p.Checks {
				c := &p.Checks[k]
				if c.Err == nil {
					continue
				}
				if cause := pki.Cause(c.Err); cause != c.Cause() && !slices.Contains([]string{pki.CauseChanged, pki.CauseOtherKey}, c.Cause()) {
					t.Errorf("%s: %s: the error alone has the cause %q, its check %q", name, c.Key, cause, c.Cause())
				}
				seen[c.Err.Reason.String()+"+"+c.Cause()] = true
				if list := causes[c.Err.Reason]; list != nil && c.Err.Reason != reason.CertificateMalformed && !slices.Contains(list, c.Cause()) {
					t.Errorf("%s: %q is no cause listed of %s", name, c.Cause(), c.Err.Reason)
				}
			}
		}
		if r.Err != nil && r.FailedCheck() == nil && r.Err.Field != "certificate_list" {
			t.Errorf("%s: no check is about %v", name, r.Err)
		}
	}
	for _, alg := range []string{"rsa", "ecdsa"} {
		for _, kind := range lesson.Kinds() {
			for _, staple := range []string{"none", "stale", "unknown"} {
				if kind != lesson.SHA1 || pkitest.SignsSHA1(alg) {
					look(string(kind), pkitest.Judge(t, pkitest.Lesson(t, lesson.Options{Kind: kind, KeyAlg: alg, Staple: staple}), true))
				}
			}
		}
	}
	for _, d := range defects {
		for n := d.min; n < 3; n++ {
			chain, roots, name, usage, err := build("ecdsa", n, d)
			if err != nil {
				continue
			}
			r, _ := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(roots...), ServerName: name, Time: pkitest.Time, Usage: usage, Explain: true})
			look(d.name, r)
		}
	}
	for _, must := range []string{"certificate_constraint+basic_constraints", "certificate_constraint+path_len_constraint",
		"certificate_untrusted+subject", "certificate_untrusted+issuer", "certificate_bad_signature+other_key",
		"certificate_bad_signature+signature", "certificate_bad_signature+signature_algorithm", "bad_status_response+tls_feature"} {
		if !seen[must] {
			t.Errorf("%s was not seen: the test looks at too little", must)
		}
	}
}

// Every fault that is written somewhere in this package is one of those listed for its
// reason: what no test above runs into is found in the source.
func TestEveryFaultInTheSourceIsListed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string][]string{}
	for r, causes := range pki.Causes() {
		byName[r.String()] = causes
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			var causes []string
			var at ast.Expr
			switch called := exprText(call.Fun); {
			case called == "badStatus":
				causes, at = byName[reason.BadStatusResponse.String()], call.Args[1]
			case called == "reason.New" && exprText(call.Args[0]) != "reason.CertificateMalformed":
				causes, at = byName[reasonNamed(exprText(call.Args[0]))], call.Args[2]
			}
			if inner, ok := at.(*ast.CallExpr); ok && exprText(inner.Fun) == "field" {
				at = inner.Args[1]
			}
			if lit, ok := at.(*ast.BasicLit); ok && causes != nil && lit.Value != `""` {
				found++
				field := strings.Trim(lit.Value, `"`)
				if cause := field[strings.LastIndexByte(field, '.')+1:]; !slices.Contains(causes, cause) {
					t.Errorf("%s: %s %q is no cause listed", file, exprText(call.Args[0]), cause)
				}
			}
			return true
		})
	}
	if found < 30 {
		t.Errorf("%d faults: the test looked in the wrong place", found)
	}
}

func exprText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return exprText(e.X) + "." + e.Sel.Name
	}
	return ""
}

// reasonNamed is the reason of a constant's name: reason.CertificateUsage is
// "certificate_usage".
func reasonNamed(constant string) string {
	for _, r := range reason.All() {
		if strings.EqualFold(strings.TrimPrefix(constant, "reason."), strings.ReplaceAll(r.String(), "_", "")) {
			return r.String()
		}
	}
	return ""
}

// What an RSA signature opens to tells whether the certificate was changed or another key
// signed it; of an ECDSA signature nobody can tell.
func TestCauseOfABadSignature(t *testing.T) {
	for alg, want := range map[string][3]string{
		"rsa":   {pki.CauseChanged, pki.CauseOtherKey, pki.CauseAlgorithmMisfit},
		"ecdsa": {"signature", "signature", pki.CauseAlgorithmMisfit},
	} {
		cause := func(chain []*x509.Certificate, root *x509.Certificate) string {
			r, _ := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), Time: pkitest.Time, Explain: true})
			c := r.FailedCheck()
			if c == nil || c.Err.Reason != reason.CertificateBadSignature {
				t.Fatalf("%s: %v", alg, r.Err)
			}
			if bare, _ := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), Time: pkitest.Time}); pki.Cause(bare.Err) != "signature" && pki.Cause(bare.Err) != c.Cause() {
				t.Errorf("%s: the error alone has the cause %q, its check %q", alg, pki.Cause(bare.Err), c.Cause())
			}
			return c.Cause()
		}
		w := newWorld(alg, 0)
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		der := bytes.Clone(w.leaf().Raw)
		at := bytes.Index(der, []byte("www.lab.test"))
		copy(der[at:], "xxx")
		changed, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		other := newWorld(alg, 0)
		other.signer[1] = "other-root"
		other.certs[1].SubjectKeyId = w.root().SubjectKeyId // else it would tell that there are two (TestAnotherCAOfTheName)
		if err := other.sign(); err != nil {
			t.Fatal(err)
		}
		// A root of the same name with a key of another kind: it cannot have signed.
		kind := newWorld("ed25519", 0)
		kind.certs[1].Subject, kind.certs[1].SubjectKeyId = w.root().Subject, w.root().SubjectKeyId
		if err := kind.sign(); err != nil {
			t.Fatal(err)
		}
		got := [3]string{cause([]*x509.Certificate{changed}, w.root()), cause([]*x509.Certificate{other.leaf()}, w.root()), cause([]*x509.Certificate{w.leaf()}, kind.root())}
		if got != want {
			t.Errorf("%s: %q, want %q", alg, got, want)
		}
	}
}

// Whose date is over, and what is wrong with a key, the error says: what to do is different.
func TestCauseOfDatesAndKeys(t *testing.T) {
	for i, want := range []string{"not_after", pki.CauseIssuer, pki.CauseAnchor} {
		w := newWorld("ecdsa", 1)
		w.certs[i].NotAfter = day(-1)
		w.certs[i].NotBefore = day(-2)
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		r, _ := pki.Verify(w.certs[:2], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), ServerName: "www.lab.test", Time: pkitest.Time})
		if r.Err == nil || r.Err.Reason != reason.CertificateExpired || pki.Cause(r.Err) != want {
			t.Errorf("certificate %d is over: %v, want %s", i, r.Err, want)
		}
	}
	n := new(big.Int).Lsh(big.NewInt(1), 2047)
	for want, k := range map[string]*rsa.PublicKey{
		pki.CauseTooSmall: {N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537},
		pki.CauseTooLarge: {N: new(big.Int).SetBit(big.NewInt(1), 8192, 1), E: 65537},
		pki.CauseNumbers:  {N: n, E: 65537},
	} {
		if _, _, _, got := pki.KeyFault(k); got != want {
			t.Errorf("%d bits, odd %d: %q, want %q", k.N.BitLen(), k.N.Bit(0), got, want)
		}
	}
}

// Of a leaf of another name an explained report says whether it is genuine otherwise. The
// reason is the same as in a silent one, which looks at nothing else.
func TestCauseOfAWrongName(t *testing.T) {
	good := newWorld("ecdsa", 1)
	late := newWorld("ecdsa", 1)
	late.leaf().NotBefore, late.leaf().NotAfter = day(-3), day(-2)
	for _, w := range []*world{good, late} {
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		chain []*x509.Certificate
		root  *x509.Certificate
		want  string
		also  int
	}{
		"good otherwise": {good.certs[:2], good.root(), pki.CauseNameAlone, 0},
		"past its date":  {late.certs[:2], late.root(), pki.CauseNameToo, 1},
		"not trusted":    {good.certs[:1], good.root(), pki.CauseNameToo, 1},
	} {
		for _, explain := range []bool{true, false} {
			r, _ := pki.Verify(test.chain, pki.VerifyOptions{Roots: pki.NewTrustStore(test.root), ServerName: "other.test", Time: pkitest.Time, Explain: explain})
			if r.Err == nil || r.Err.Reason != reason.CertificateWrongName {
				t.Fatalf("%s: %v", name, r.Err)
			}
			if explain && (r.Cause() != test.want || r.AlsoFailed() != test.also) {
				t.Errorf("%s: %s, and %d more failed", name, r.Cause(), r.AlsoFailed())
			}
			if !explain && r.Cause() != "subject_alt_name" {
				t.Errorf("%s: a silent report claims %s", name, r.Cause())
			}
		}
	}
}

// A chain that does not begin with its leaf is told of as such, and no name is blamed.
func TestLeafFirst(t *testing.T) {
	w := newWorld("ecdsa", 1)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	for want, chain := range map[string][]*x509.Certificate{
		pki.CauseNotFirst: {w.certs[1], w.leaf()},
		pki.CauseCAFirst:  {w.certs[1]},
	} {
		for _, explain := range []bool{true, false} {
			r, _ := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), ServerName: "www.lab.test", Time: pkitest.Time, Explain: explain})
			if r.Err == nil || r.Err.Reason != reason.CertificateWrongName || r.Cause() != want {
				t.Errorf("explained %v: %v, want %s", explain, r.Err, want)
			}
		}
	}
	// A self-signed server's certificate is mostly a CA's, too, and the leaf all the same.
	both := *w.certs[1]
	both.DNSNames = []string{"other.lab.test"}
	if err := pki.NameError([]*x509.Certificate{&both}, "www.lab.test"); err == nil || err.Field != "certificate[0].subject_alt_name" {
		t.Errorf("a CA that names a server: %v", err)
	}
}

// A default that is written out is no DER, and the certificate is refused; but every reader reads the
// same, so the advice is not that a constraint is uncertain.
func TestCauseOfAWrittenDefault(t *testing.T) {
	for name, e := range map[string]pkix.Extension{
		"cA":      ext(oidBasicConstraints, true, 0x30, 3, 1, 1, 0),
		"minimum": ext(pki.OidNameConstraints, true, 0x30, 0x0f, 0xa0, 0x0d, 0x30, 0x0b, 0x82, 6, 'a', '.', 't', 'e', 's', 't', 0x80, 1, 0),
	} {
		w := newWorld("ecdsa", 0)
		w.leaf().BasicConstraintsValid = name != "cA"
		w.leaf().ExtraExtensions = []pkix.Extension{e}
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		_, err := pki.Verify(w.certs[:1], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time})
		var bad *reason.Error
		if !errors.As(err, &bad) || bad.Ref != "X.690 §11.5" || pki.Cause(bad) == "constraint" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
