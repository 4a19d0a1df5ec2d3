// Package private has the KEMs that no registry has numbered for TLS. It stands apart from kx
// because it links every KEM that circl has, which a program that only speaks TLS does not
// need.
package private

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cloudflare/circl/kem/schemes"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// groups are KEMs that no registry has numbered for TLS, each at a number of ours for private
// use. iana.Group's Called says which number has which KEM, so that a transcript can name one
// without the KEM behind it.
//
// ML-KEM and X25519MLKEM768 have the registry's numbers and are not here. circl's
// P256Kyber768Draft00 is not here either, for kxtest refuses it: its keys come from
// crypto/ecdh's GenerateKey, which ignores the randomness it is given.
var groups = sync.OnceValue(func() (all []kx.Group) {
	for _, id := range iana.PrivateGroups() {
		g, err := KEM(id.Called(), id)
		if err != nil {
			panic(err)
		}
		all = append(all, g)
	}
	return all
})

// Groups returns the groups that exist by name only: they are not in kx.All and in no
// default. The caller may change the slice.
func Groups() []kx.Group { return slices.Clone(groups()) }

// ByName is kx.ByName, and knows these groups as well: X-Wing.
func ByName(name string) (kx.Group, error) { return kx.Find(name, slices.Concat(kx.All(), groups())) }

// KEM makes a Group of the KEM that circl knows by name, in any case ("X-Wing",
// "FrodoKEM-640-SHAKE"), at a number that the caller chooses, best one from
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
