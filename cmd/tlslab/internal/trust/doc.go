// Package trust is the verbs of whom to believe: ca, a small certification authority in a
// directory, and verify, which shows every check of a chain.
//
// What a certificate is and how it is checked is in package pki. Read ca.go first, and issue.go
// for what an authority signs.
package trust
