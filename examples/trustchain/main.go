// Command trustchain issues a chain of certificates, breaks it in a few ways, and
// has each judged. Its one idea: trust is a path from the server's certificate to
// one that you installed, and every link of it is checked.
package main

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"tlslab/pki"
	"tlslab/pki/authority"
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

const name = "www.lab.test"

func run(w io.Writer) error {
	root, chain, err := issue()
	if err != nil {
		return err
	}
	leaf, intermediate := chain[0], chain[1]
	trusting := pki.VerifyOptions{Roots: pki.NewTrustStore(root), ServerName: name, Explain: true}

	judge(w, "as issued", chain, trusting)

	// The client can find its way through disorder, but not across a gap.
	judge(w, "intermediate missing", chain[:1], trusting)

	otherName := trusting
	otherName.ServerName = "www.other.test"
	judge(w, "for another name", chain, otherName)

	later := trusting
	later.Time = leaf.NotAfter.Add(time.Hour)
	judge(w, "an hour too late", chain, later)

	// One letter of the name, inside the part that is signed.
	forged, err := x509.ParseCertificate(bytes.Replace(leaf.Raw, []byte("www.lab"), []byte("wwv.lab"), -1))
	if err != nil {
		return err
	}
	otherName.ServerName = "wwv.lab.test"
	judge(w, "name changed by hand", []*x509.Certificate{forged, intermediate}, otherName)

	// Nothing is wrong with the chain; it is only that nobody vouches for its root.
	trusting.Roots.Remove(root)
	judge(w, "root removed", chain, trusting)
	return nil
}

// issue makes root > intermediate > leaf. The root stays home: a client has it
// already, or does not trust it.
func issue() (root *x509.Certificate, chain []*x509.Certificate, err error) {
	ca, err := authority.NewRoot(authority.Options{CommonName: "Lab Root"})
	if err != nil {
		return nil, nil, err
	}
	issuing, err := ca.NewIntermediate(authority.Options{CommonName: "Lab Intermediate"})
	if err != nil {
		return nil, nil, err
	}
	key, err := authority.GenerateKey(authority.P256, nil) // the server's own; the CA never sees it
	if err != nil {
		return nil, nil, err
	}
	request, err := authority.NewRequest(key, authority.Request{DNSNames: []string{name}})
	if err != nil {
		return nil, nil, err
	}
	issued, err := issuing.Sign(request, authority.LeafOptions{})
	if err != nil {
		return nil, nil, err
	}
	chain, err = pki.Certificates(issued.Chain)
	return ca.Cert, chain, err
}

// judge prints the verdict, and the check that it turned on.
func judge(w io.Writer, what string, chain []*x509.Certificate, o pki.VerifyOptions) {
	report, err := pki.Verify(chain, o)
	checks := 0
	for _, p := range report.Paths {
		checks += len(p.Checks)
	}
	if err == nil {
		fmt.Fprintf(w, "%-22s accepted after %d checks\n", what, checks)
		for _, c := range report.ChosenPath() {
			fmt.Fprintf(w, "%24s %s\n", "-", c.Subject)
		}
		return
	}
	fmt.Fprintf(w, "%-22s refused: %v\n", what, report.Err.Reason)
	for _, p := range report.Paths {
		for _, c := range p.Checks {
			if !c.OK {
				fmt.Fprintf(w, "%24s %s of %s, %s\n", "-", c.Key, c.Subject, c.Ref)
			}
		}
	}
}
