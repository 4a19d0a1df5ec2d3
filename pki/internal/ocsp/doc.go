// Package ocsp is the OCSP response of RFC 6960 §4.2.1 as encoding/asn1 reads and writes it.
//
// It signs nothing and judges nothing: package authority makes responses of these types, and
// package pki decides what one says about a certificate. golang.org/x/crypto/ocsp has such a
// response too, and the tests hold ours against it both ways. It will not do for a lesson: it
// stamps producedAt from the wall clock and signs with its own randomness, so a seeded run would
// differ from itself; it knows no Ed25519; and it matches a response to a certificate by serial
// number alone and takes any certificate of the issuer for a delegated responder.
//
// Read response.go first.
package ocsp
