// Package pki is a trust store and a verifier that reports every check it made.
//
// It parses certificates, keys, PEM texts and bundles of PKCS #7, builds the candidate paths from the leaf to a trust
// anchor, and on each certificate of each path runs the rows of one table of checks, RFC 5280 §6
// with the names of RFC 9525; asked to explain, it keeps the inputs of each: the hash of the
// to-be-signed bytes, the block that an RSA signature opens to, x(R) of an ECDSA signature.
//
// It makes no certificate and no key (package authority does, whose steps are reported in this
// package's words), knows no lesson (package lesson has the chains that are wrong in one way), and
// reads no file. It fetches nothing, so of revocation it knows what is stapled. Certificates are
// parsed by crypto/x509, save for the keys that it does not know, Ed448 and id-RSASSA-PSS (spki.go),
// and for names and name constraints, which it reads in part and compares byte for byte (dn.go,
// subtrees.go); signatures are checked by the primitives of the standard library, and circl's for
// Ed448; building paths and judging them is done here, and tests compare the judgement with
// crypto/x509's.
//
// Read verify.go first, then rules.go (the table), build.go (the paths) and looked.go (in which
// fields of a certificate a check looked).
package pki
