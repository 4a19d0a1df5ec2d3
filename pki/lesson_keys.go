package pki

import (
	"crypto"
	"embed"
	"fmt"
	"slices"
	"sync"
)

// The lesson keys are PUBLIC AND WORTHLESS: they lie in this repository and in
// every copy of the program. They exist because making an RSA key costs up to
// 150 ms, and so that the same lesson shows the same bytes each time. Whoever
// trusts a root made with one of them trusts everybody.
//
//go:embed lessonkeys/*.pem
var lessonKeyFiles embed.FS

// LessonKey returns the public, worthless RSA-2048 key of that name. It panics on
// a name that LessonKeyNames does not list: names are written in programs, not
// read from users. Keys are parsed on first use and then shared.
func LessonKey(name string) crypto.Signer { return lessonKey("rsa", name) }

// LessonKeyECDSA is LessonKey's P-256 twin.
func LessonKeyECDSA(name string) crypto.Signer { return lessonKey("ecdsa", name) }

// LessonKeyEd25519 is LessonKey's Ed25519 twin.
func LessonKeyEd25519(name string) crypto.Signer { return lessonKey("ed25519", name) }

// LessonKeyNames lists the names that each of the sets has.
func LessonKeyNames() []string {
	return []string{
		"root", "intermediate", "leaf", "client", "ocsp",
		"mitm-root", "mitm-leaf", "other-root", "cross-root",
	}
}

// LessonKeyAlgs lists the sets: "rsa" (2048 bits), "ecdsa" (P-256), "ed25519", "p384",
// "p521", "rsa-pss" (2048 bits, for RSASSA-PSS alone) and "ed448".
func LessonKeyAlgs() []string {
	return []string{"rsa", "ecdsa", "ed25519", "p384", "p521", "rsa-pss", "ed448"}
}

// IsLessonKey reports whether pub belongs to a lesson key, so that a program can
// refuse to put one to use.
func IsLessonKey(pub crypto.PublicKey) bool {
	for _, alg := range LessonKeyAlgs() {
		for _, name := range LessonKeyNames() {
			if k, ok := lessonKey(alg, name).Public().(interface{ Equal(crypto.PublicKey) bool }); ok && k.Equal(pub) {
				return true
			}
		}
	}
	return false
}

var parsedLessonKeys sync.Map // "rsa-root" to crypto.Signer

func lessonKey(alg, name string) crypto.Signer {
	id := alg + "-" + name
	if k, ok := parsedLessonKeys.Load(id); ok {
		return k.(crypto.Signer)
	}
	if !slices.Contains(LessonKeyNames(), name) {
		panic(fmt.Sprintf("pki: no lesson key is named %q; the names are %v", name, LessonKeyNames()))
	}
	text, err := lessonKeyFiles.ReadFile("lessonkeys/" + id + ".pem")
	if err != nil {
		panic(fmt.Sprintf("pki: no lesson key %s: %v", id, err))
	}
	k, err := ParseKeyPEM(text)
	if err != nil {
		panic(fmt.Sprintf("pki: lesson key %s: %v", id, err))
	}
	kept, _ := parsedLessonKeys.LoadOrStore(id, k)
	return kept.(crypto.Signer)
}
