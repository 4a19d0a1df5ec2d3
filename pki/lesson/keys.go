package lesson

import (
	"crypto"
	"embed"
	"fmt"
	"slices"
	"sync"

	"tlslab/pki"
)

// The lesson keys are PUBLIC AND WORTHLESS: they lie in this repository and in
// every copy of the program. They exist because making an RSA key costs up to
// 150 ms, and so that the same lesson shows the same bytes each time. Whoever
// trusts a root made with one of them trusts everybody.
//
//go:embed keys/*.pem
var keyFiles embed.FS

// Key returns the public, worthless RSA-2048 key of that name. It panics on
// a name that KeyNames does not list: names are written in programs, not
// read from users. Keys are parsed on first use and then shared.
func Key(name string) crypto.Signer { return KeyOf("rsa", name) }

// KeyECDSA is Key's P-256 twin.
func KeyECDSA(name string) crypto.Signer { return KeyOf("ecdsa", name) }

// KeyEd25519 is Key's Ed25519 twin.
func KeyEd25519(name string) crypto.Signer { return KeyOf("ed25519", name) }

// KeyNames lists the names that each of the sets has.
func KeyNames() []string {
	return []string{
		"root", "intermediate", "leaf", "client", "ocsp",
		"mitm-root", "mitm-leaf", "other-root", "cross-root",
	}
}

// KeyAlgs lists the sets: "rsa" (2048 bits), "ecdsa" (P-256), "ed25519", "p384",
// "p521", "rsa-pss" (2048 bits, for RSASSA-PSS alone) and "ed448".
func KeyAlgs() []string {
	return []string{"rsa", "ecdsa", "ed25519", "p384", "p521", "rsa-pss", "ed448"}
}

// IsKey reports whether pub belongs to a lesson key, so that a program can
// refuse to put one to use.
func IsKey(pub crypto.PublicKey) bool {
	for _, alg := range KeyAlgs() {
		for _, name := range KeyNames() {
			if k, ok := KeyOf(alg, name).Public().(interface{ Equal(crypto.PublicKey) bool }); ok && k.Equal(pub) {
				return true
			}
		}
	}
	return false
}

var parsedKeys sync.Map // "rsa-root" to crypto.Signer

// KeyOf is Key for any of the sets that KeyAlgs lists.
func KeyOf(alg, name string) crypto.Signer {
	id := alg + "-" + name
	if k, ok := parsedKeys.Load(id); ok {
		return k.(crypto.Signer)
	}
	if !slices.Contains(KeyNames(), name) {
		panic(fmt.Sprintf("lesson: no lesson key is named %q; the names are %v", name, KeyNames()))
	}
	text, err := keyFiles.ReadFile("keys/" + id + ".pem")
	if err != nil {
		panic(fmt.Sprintf("lesson: no lesson key %s: %v", id, err))
	}
	k, err := pki.ParseKeyPEM(text)
	if err != nil {
		panic(fmt.Sprintf("lesson: lesson key %s: %v", id, err))
	}
	kept, _ := parsedKeys.LoadOrStore(id, k)
	return kept.(crypto.Signer)
}
