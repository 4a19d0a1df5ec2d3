// Package tlstest is what the tests of package tls and of package interop share: ends of
// ours that are ready to shake hands (ends.go), what they show each other (identity.go), a
// transport through memory (pipe.go), a Listener that holds each message to package wire's
// promise (witness.go), what is said over a connection (talk.go), and the demands that a
// handshake of TLS 1.3 must meet whoever the other end is (settled.go).
//
// It is for tests alone, and no part of what the module promises. Read ends.go first.
package tlstest
