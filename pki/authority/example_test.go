package authority_test

import (
	"fmt"

	"tlslab/pki/authority"
)

// A server gets its certificate.
func ExampleCA_Sign() {
	root, _ := authority.NewRoot(authority.Options{CommonName: "My Root"})
	key, _ := authority.GenerateKey(authority.P256, nil)
	request, _ := authority.NewRequest(key, authority.Request{DNSNames: []string{"www.lab.test"}})
	issued, err := root.Sign(request, authority.LeafOptions{})
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
