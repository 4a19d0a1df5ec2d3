// Package lesson shows whole lessons of package scenario: a Terminal that lays out their
// scenes (NewTerminal), the first screen, the comparison of ways to a connection, what an
// interceptor comes to with each defence; and the same as diagrams and as the documents of
// package transcript.
//
// It is the part of render that needs the lessons, and so the engine. What it does not know
// is the attacks of package replay: package replays shows those, so that who prints a
// handshake links no bank and no database.
//
// Read terminal.go first, which is the list of the scenes; a file each has how one is laid
// out. firstscreen.go is the page that bare `tlslab run` prints.
package lesson
