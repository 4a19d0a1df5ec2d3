// Package handshake is a TLS endpoint that can be walked one move at a time.
//
// An Endpoint has no sockets, no goroutines and no clock of its own: Feed it what
// the peer sent, Step it, carry its Output to the peer. What may happen in which
// state is a table of moves for each role and version; the driver in endpoint.go is
// all that reads it. Everything that happens is told to a Listener as events (package
// event); the engine prints nothing.
//
// It is not a net.Conn (package tls has that face) and explains nothing (package
// narrate does).
//
// Read client12.go or client13.go first: the table at its top is that version's handshake,
// and its handlers stand below it. client.go and server.go are how it begins, before a
// version is settled. rows.md has all rows by message, with what does them.
//
// The other files are named by what they are about. The driver: endpoint, table, channel
// (bytes and records), messages, transcript, alert, ending, data, limits, tell. What both
// versions do: clienthello, choices (a server's), trust, keyusage, verdict (chains), proof
// (signatures), keylog, exporter, fault. What one version does: schedule, tell, choices,
// serverhello, certificate and resume with its number behind; keyexchange12, falsestart and
// hellorequest of TLS 1.2; psk13, early, keyupdate and compatibility of TLS 1.3.
package handshake
