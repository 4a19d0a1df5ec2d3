// Package lesson makes chains of certificates that are good, or wrong in one way.
//
// Each has a root, an intermediate and a leaf, with the trust store of a client that believes the
// root; what is wrong is named as badssl.com names it (Kind), and a kind says for which reason a
// client refuses it (Kind.Expect). A seeded lesson repeats itself byte for byte, because its keys
// lie in this repository.
//
// These keys are PUBLIC AND WORTHLESS. Nothing here is for use: package authority makes
// certificates with keys of their own. Package pki judges both.
//
// Read kinds.go first (the table), then lesson.go.
package lesson
