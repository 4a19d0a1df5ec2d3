// Package live is the verbs that talk to a peer: client and server. What both ends share is in
// live.go: flags, and the transcript of a connection. The words for what failed are in
// failed.go and hints.go.
//
// TLS itself is package tls. Read live.go first, then client.go with calls.go, or server.go with
// serverhost.go and conn.go.
package live
