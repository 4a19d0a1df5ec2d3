package pki_test

import (
	"fmt"

	"tlslab/pki"
	"tlslab/pki/lesson"
)

// A chain whose leaf has expired, judged and explained.
func ExampleVerify() {
	lesson, err := lesson.New(lesson.Options{Kind: lesson.Expired})
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
