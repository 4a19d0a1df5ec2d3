// Package pki is a small certification authority, a trust store, and a verifier
// that reports every check it made.
//
// The authority walks the flow that a server's operator walks: make a key, send a
// certificate request, have possession of the key proved, get back a chain; the
// values of each step are kept (Issued.Steps). The verifier builds the candidate
// paths from the leaf to a trust anchor, and on each certificate of each path
// runs the rows of one table of checks, RFC 5280 §6 with the names of RFC 9525;
// asked to explain, it keeps the inputs of each: the hash of the to-be-signed
// bytes, the block that an RSA signature opens to, x(R) of an ECDSA signature.
//
// It is no production authority: no revocation lists, no audit log, no hardware
// keys, and the lesson keys are public. Certificates are built and parsed by
// crypto/x509, save for the keys that it does not know, Ed448 and id-RSASSA-PSS
// (spki.go), and for names and name constraints, which it reads in part and compares
// byte for byte (dn.go, subtrees.go); signatures are made and checked by the primitives of the standard library,
// and circl's for Ed448; building paths and judging them is done here, and tests compare the judgement
// with crypto/x509's.
//
// Read verify.go first, then rules.go (the table), build.go (the paths), and
// authority.go with issue.go for the other side.
package pki
