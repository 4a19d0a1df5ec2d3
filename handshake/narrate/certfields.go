package narrate

import (
	"cmp"
	"strings"

	"tlslab/handshake/wire"
	"tlslab/pki/der"
)

// CertFieldKey is the key, of kind Cert, of a field of a certificate, a revocation list, an OCSP
// response or a request, as a walk of package der names it: what der.FieldKey says; else its
// last component, which means the same anywhere; else what is said of the parts of a structure
// that nobody describes.
func CertFieldKey(f wire.Field) string {
	key := der.FieldKey(f)
	if has(Cert, key) {
		return key
	}
	if last := key[strings.LastIndexByte(key, '.')+1:]; has(Cert, last) {
		return last
	}
	return undescribed
}

// undescribed is the key of a field in a structure whose syntax is not known.
const undescribed = "*"

// CertFieldRef is where such a field is specified.
func CertFieldRef(f wire.Field) string {
	entry, _ := Get(En, Cert, CertFieldKey(f))
	return cmp.Or(entry.Ref, f.Ref)
}
