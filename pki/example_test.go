package pki_test

import (
	"fmt"

	"tlslab/pki"
)

// A chain whose leaf has expired, judged and explained.
func ExampleVerify() {
	lesson, err := pki.NewLesson(pki.LessonOptions{Kind: pki.Expired})
	if err != nil {
		panic(err)
	}
	chain, err := pki.Certificates(lesson.Chain)
	if err != nil {
		panic(err)
	}
	report, _ := pki.Verify(chain, pki.VerifyOptions{Roots: lesson.Roots, ServerName: "www.lab.test", Explain: true})
	for _, check := range report.Paths[0].Checks[:4] {
		fmt.Println(check.Cert, check.Key, check.OK)
	}
	fmt.Println(report.OK, report.Err.Reason)
	// Output:
	// 0 signature_algorithm true
	// 0 signature true
	// 0 validity false
	// 0 issuer_name true
	// false certificate_expired
}

// A server gets its certificate.
func ExampleAuthority_Sign() {
	root, _ := pki.NewRoot(pki.Options{CommonName: "My Root"})
	key, _ := pki.GenerateKey(pki.P256, nil)
	request, _ := pki.NewRequest(key, pki.Request{DNSNames: []string{"www.lab.test"}})
	issued, err := root.Sign(request, pki.LeafOptions{})
	if err != nil {
		panic(err)
	}
	for _, step := range issued.Steps {
		fmt.Println(step.Key)
	}
	fmt.Println(issued.Leaf.Subject, "by", issued.Leaf.Issuer)
	// Output:
	// csr
	// proof_of_possession
	// tbs
	// tbs_hash
	// sign
	// chain
	// CN=www.lab.test by CN=My Root
}
