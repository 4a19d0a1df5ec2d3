// Package handshake is a TLS endpoint that can be walked one move at a time.
//
// An Endpoint has no sockets, no goroutines and no clock of its own: Feed it what
// the peer sent, Step it, carry its Output to the peer. What may happen in which
// state is one table of moves per role (client12.go, server12.go); the driver in
// endpoint.go is all that reads it. Everything that happens is told to a Listener
// as events (package event); the engine prints nothing.
//
// It is not a net.Conn (package tls has that face) and explains nothing (package
// narrate does).
//
// Read client12.go first: the table at its top is the TLS 1.2 handshake.
package handshake
