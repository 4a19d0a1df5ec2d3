// Package algid is the AlgorithmIdentifiers of X.509 (RFC 5280 §4.1.1.2) and what they name: the
// algorithms of signatures, with their parameters, and those of public keys.
//
// It checks no signature: package pki does, and says why one is refused. Package authority signs
// with what is found here.
//
// Read algorithm.go first, then pss.go (the parameters of RSASSA-PSS, RFC 4055).
package algid
