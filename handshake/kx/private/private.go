// Package private has the KEMs that no registry has numbered for TLS. It stands apart from kx
// because it links every KEM that circl has, which a program that only speaks TLS does not
// need.
package private

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudflare/circl/kem/schemes"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// groups are KEMs that no registry has numbered for TLS, each at a number of ours
// in ecdhe_private_use, 0xFE00 to 0xFEFF (RFC 9846 §4.3.7). It means something between
// two ends of tlslab and nowhere else. Numbers are never given anew; those below
// 0xFE80 are left to students.
//
// ML-KEM and X25519MLKEM768 have the registry's numbers and are not here. Nor is
// circl's P256Kyber768Draft00, which kxtest refuses: its keys come from crypto/ecdh's
// GenerateKey, which ignores the randomness it is given.
var groups = []kx.Group{
	circl(0xfe80, "X-Wing"), // X25519 and ML-KEM-768 again, hashed into one secret
	circl(0xfe81, "FrodoKEM-640-SHAKE"),
	// What ML-KEM was before it was a standard: on paper close, on the wire another
	// thing.
	circl(0xfe90, "Kyber512"),
	circl(0xfe91, "Kyber768"),
	circl(0xfe92, "Kyber1024"),
	circl(0xfe93, "Kyber512-X25519"),
	circl(0xfe94, "Kyber768-X25519"),
	circl(0xfe95, "Kyber768-X448"),
	circl(0xfe96, "Kyber1024-X448"),
	// Diffie–Hellman dressed as a KEM (RFC 9180 §4.1): what is called a KEM need not
	// be safe from quantum computers.
	circl(0xfea0, "HPKE_KEM_P256_HKDF_SHA256"),
	circl(0xfea1, "HPKE_KEM_P384_HKDF_SHA384"),
	circl(0xfea2, "HPKE_KEM_P521_HKDF_SHA512"),
	circl(0xfea3, "HPKE_KEM_X25519_HKDF_SHA256"),
	circl(0xfea4, "HPKE_KEM_X448_HKDF_SHA512"),
}

// Groups returns the groups that exist by name only: they are not in kx.All and in no
// default. The slice is the caller's.
func Groups() []kx.Group { return slices.Clone(groups) }

// ByName is kx.ByName, and knows these groups as well: X-Wing.
func ByName(name string) (kx.Group, error) { return kx.Find(name, slices.Concat(kx.All(), groups)) }

// KEM makes a Group of the KEM that circl knows by name, in any case ("X-Wing",
// "FrodoKEM-640-SHAKE"), at a number of the caller's, who does well to take one from
// iana.GroupPrivate to iana.GroupPrivateLast. The error lists the names.
func KEM(name string, id iana.Group) (kx.Described, error) {
	scheme := schemes.ByName(strings.TrimSpace(name))
	if scheme == nil {
		var names []string
		for _, s := range schemes.All() {
			names = append(names, s.Name())
		}
		return nil, fmt.Errorf("no KEM %q; there are %s", name, strings.Join(names, ", "))
	}
	return kx.FromKEM(id, scheme.Name(), scheme), nil
}

func circl(id iana.Group, name string) kx.Group {
	g, err := KEM(name, id)
	if err != nil {
		panic(err)
	}
	return g
}
