// Package authority is a small certification authority, with its files.
//
// It walks the flow that a server's operator walks: make a key, send a certificate request, have
// possession of the key proved, get back a chain; the values of each step are kept (Issued.Steps).
// It answers for the status of what it issued (OCSP), keeps authorities, keys and chains on disk as
// PEM, and reads those that are there: files of others, and the roots that the machine trusts.
//
// It is no production authority: no revocation lists, no audit log, no hardware keys, and whoever
// asks for a name gets it. It judges nothing: package pki does. Whoever believes certificates needs
// of this package what reads files, at most, and the engine links none of it.
//
// Read issue.go first (the steps), then authority.go (roots and intermediates), ocsp.go and files.go.
package authority
