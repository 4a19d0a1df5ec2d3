package pki_test

import (
	"crypto/x509"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// many makes a chain whose authority has n subtrees of each of two kinds, one list
// permitted and one excluded, and whose leaf has n names of each that keep to them.
func many(t testing.TB, n int) (chain []*x509.Certificate, root *x509.Certificate) {
	w := newWorld("ecdsa", 1)
	ca := w.certs[1]
	w.leaf().DNSNames = nil
	for i := range n {
		ca.PermittedDNSDomains = append(ca.PermittedDNSDomains, fmt.Sprintf("d%d.lab.test", i))
		ca.ExcludedDNSDomains = append(ca.ExcludedDNSDomains, fmt.Sprintf("x.d%d.lab.test", i))
		w.leaf().DNSNames = append(w.leaf().DNSNames, fmt.Sprintf("w.d%d.lab.test", i))
	}
	return w.signed(t)
}

// The work grows as n log n: a name and a subtree are compared some log n times each,
// and not n times.
func TestConstraintsCostNLogN(t *testing.T) {
	const logN = 12 // 2,048 of each
	n := 1 << (logN - 1)
	var subtrees, names [][]byte // of the kind that crypto/x509 does not write
	kinds := map[string]func(w *world, i int){
		"DNS": func(w *world, i int) {
			w.certs[1].PermittedDNSDomains = append(w.certs[1].PermittedDNSDomains, fmt.Sprintf("d%d.lab.test", i))
			w.leaf().DNSNames = append(w.leaf().DNSNames, fmt.Sprintf("w.d%d.lab.test", i))
		},
		"DNS, wildcards, excluded": func(w *world, i int) {
			w.certs[1].ExcludedDNSDomains = append(w.certs[1].ExcludedDNSDomains, fmt.Sprintf("w.d%d.lab.test", i))
			w.leaf().DNSNames = append(w.leaf().DNSNames, fmt.Sprintf("*.e%d.lab.test", i))
		},
		"DNS, nested": func(w *world, i int) {
			w.certs[1].PermittedDNSDomains = append(w.certs[1].PermittedDNSDomains, fmt.Sprintf("d%d.lab.test", i), fmt.Sprintf("a.d%d.lab.test", i))
			w.leaf().DNSNames = append(w.leaf().DNSNames, fmt.Sprintf("a.d%d.lab.test", i))
		},
		"IP": func(w *world, i int) {
			w.certs[1].PermittedIPRanges = append(w.certs[1].PermittedIPRanges, network(fmt.Sprintf("10.%d.%d.0/24", i>>8, i&255)))
			w.leaf().IPAddresses = append(w.leaf().IPAddresses, net.IPv4(10, byte(i>>8), byte(i), 1))
		},
		"email": func(w *world, i int) {
			w.certs[1].PermittedEmailAddresses = append(w.certs[1].PermittedEmailAddresses, fmt.Sprintf("a@h%d.lab.test", i))
			w.leaf().EmailAddresses = append(w.leaf().EmailAddresses, fmt.Sprintf("a@h%d.lab.test", i))
		},
		"directoryName": func(w *world, i int) {
			subtrees = append(subtrees, subtreeDER(dir(org(fmt.Sprint("O", i)))))
			names = append(names, dir(org(fmt.Sprint("o", i))))
		},
		"URI": func(w *world, i int) {
			w.certs[1].PermittedURIDomains = append(w.certs[1].PermittedURIDomains, fmt.Sprintf(".h%d.lab.test", i))
			w.leaf().URIs = append(w.leaf().URIs, mustURL(fmt.Sprintf("https://w.h%d.lab.test/", i)))
		},
	}
	for kind, add := range kinds {
		w := newWorld("ecdsa", 1)
		w.leaf().DNSNames = nil
		for i := range n {
			add(w, i)
		}
		if kind == "directoryName" {
			w.leaf().RawSubject = name()
			w.certs[1].ExtraExtensions = append(w.certs[1].ExtraExtensions, constraintsExt(true, subtrees, nil))
			w.leaf().ExtraExtensions = append(w.leaf().ExtraExtensions, sanExt(true, names...))
		}
		chain, root := w.signed(t)
		got, bad := pki.Comparisons(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), Time: pkitest.Time})
		if bad != nil {
			t.Errorf("%s: %v", kind, bad)
		}
		// Sorting costs up to n log n, and each name is looked up in up to four lists.
		if limit := 2*n*logN + 4*n*logN; got > limit || got < n {
			t.Errorf("%s: %d comparisons for %d names and subtrees, want at most %d", kind, got, n, limit)
		}
	}
}

// A leaf without the name asked for is refused before a signature is computed, whatever
// else is wrong; the report shows the rest all the same, under the same verdict.
func TestWrongNameComesFirst(t *testing.T) {
	for _, d := range defects {
		if d.server != "" {
			continue
		}
		d.server = "wrong.host.lab.test"
		chain, roots, host, usage, err := build("ecdsa", max(1, d.min), d)
		if err != nil {
			t.Fatal(err)
		}
		o := pki.VerifyOptions{Roots: pki.NewTrustStore(roots...), ServerName: host, Time: pkitest.Time, Usage: usage}
		silent, err := pki.Verify(chain, o)
		if reason.Of(err) != reason.CertificateWrongName || silent.SignatureChecks != 0 {
			t.Errorf("%s: %v after %d signatures", d.name, err, silent.SignatureChecks)
		}
		o.Explain = true
		full, shown := pki.Verify(chain, o)
		if fmt.Sprint(err) != fmt.Sprint(shown) {
			t.Errorf("%s: silent %v, explained %v", d.name, err, shown)
		}
		o.ServerName = "www.lab.test"
		right, _ := pki.Verify(chain, o)
		if got, want := len(full.Paths[0].Checks), len(right.Paths[0].Checks); got != want || checkOf(t, full, pki.CheckName, 0).OK {
			t.Errorf("%s: %d checks shown, with the right name %d", d.name, got, want)
		}
	}
}

// A path that is judged again, below another root, costs no second look at the names.
func TestConstraintsAreJudgedOnce(t *testing.T) {
	w := newWorld("ecdsa", 1)
	w.certs[1].PermittedDNSDomains = []string{"other.test"} // refused, so that every path is tried
	chain, root := w.signed(t)
	count := func(roots ...*x509.Certificate) int {
		chain, err := pki.Certificates([][]byte{chain[0].Raw, chain[1].Raw}) // of which nothing is known yet
		if err != nil {
			t.Fatal(err)
		}
		n, bad := pki.Comparisons(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(roots...), Time: pkitest.Time})
		if bad == nil {
			t.Error("accepted")
		}
		return n
	}
	again := newWorld("ecdsa", 1).root()
	again.SerialNumber.SetInt64(77)
	other, err := authority.CreateCertificate(nil, again, again, lesson.KeyOf("ecdsa", "root").Public(), lesson.KeyOf("ecdsa", "root"))
	other = mustCert(t, other, err)
	if one, two := count(root), count(root, other); one != two || one == 0 {
		t.Errorf("%d comparisons with one path, %d with two", one, two)
	}
}

// BenchmarkNameConstraints is 6,000 subtrees, permitted and excluded, against 6,000
// names, beside crypto/x509. The ratios are printed: at most 3 silent and 10 explained.
func BenchmarkNameConstraints(b *testing.B) {
	chain, root := many(b, 6000)
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	others.AddCert(chain[1])
	const host = "w.d5999.lab.test"
	ways := []struct {
		name string
		run  func() error
	}{
		{"crypto-x509", func() error {
			_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: others, DNSName: host, CurrentTime: pkitest.Time})
			return err
		}},
		{"silent", func() error {
			_, err := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), ServerName: host, Time: pkitest.Time})
			return err
		}},
		{"explained", func() error {
			_, err := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(root), ServerName: host, Time: pkitest.Time, Explain: true})
			return err
		}},
	}
	var spent [3]float64
	for b.Loop() {
		for i, way := range ways { // one after the other, so that all meet the same machine
			start := b.Elapsed()
			if err := way.run(); err != nil {
				b.Fatal(way.name, err)
			}
			spent[i] += float64(b.Elapsed() - start)
		}
	}
	b.ReportMetric(spent[1]/spent[0], "silent/x509")
	b.ReportMetric(spent[2]/spent[0], "explained/x509")
}

// BenchmarkConstrainedCached is a chain below an authority with a few constraints, every
// signature of which is known, as at a resumption.
func BenchmarkConstrainedCached(b *testing.B) {
	w := newWorld("ecdsa", 1)
	w.certs[1].PermittedDNSDomains = []string{"lab.test", "example.com"}
	w.certs[1].ExcludedIPRanges = []*net.IPNet{network("0.0.0.0/0"), network("::/0")}
	w.leaf().IPAddresses = nil
	chain, root := w.signed(b)
	o := pki.VerifyOptions{Roots: pki.NewTrustStore(root), ServerName: "www.lab.test", Time: pkitest.Time, Signatures: new(pki.SignatureCache)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pki.Verify(chain, o); err != nil {
			b.Fatal(err)
		}
	}
}

// What was read of an authority's constraints is kept with its certificate, and no longer
// than that; any number of judgements may use it at once.
func TestConstraintsAreKept(t *testing.T) {
	chain, root := many(t, 64)
	o := pki.VerifyOptions{Roots: pki.NewTrustStore(root), Time: pkitest.Time}
	work := func() int {
		n, bad := pki.Comparisons(chain, o)
		if bad != nil {
			t.Error(bad)
		}
		return n
	}
	first := work()
	kept, known := pki.KeptConstraints(chain[1])
	if !known {
		t.Fatal("nothing is kept")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if again := work(); again >= first {
				t.Errorf("%d comparisons, and at first %d", again, first)
			}
		})
	}
	all.Wait()
	if again, _ := pki.KeptConstraints(chain[1]); again != kept {
		t.Error("they were read again")
	}
	again, err := x509.ParseCertificate(chain[1].Raw) // another certificate to whoever changes one
	if err != nil {
		t.Fatal(err)
	}
	if _, known := pki.KeptConstraints(again); known {
		t.Error("kept for a certificate that was not judged")
	}
	runtime.KeepAlive(chain)
}
