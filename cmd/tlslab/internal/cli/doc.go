// Package cli is what every verb of the command shares: how it speaks to a person (voice.go),
// the root that verbs hang on (root.go), the view of a transcript and the place it goes to
// (output.go), the files that a flag names (written.go, spool.go), names and addresses as they
// are typed (names.go, address.go).
//
// It has no verb, and it knows nothing of handshakes but their words. What a flag means to a
// handshake is in package flags. Read voice.go first.
package cli
