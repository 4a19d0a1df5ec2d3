// Package watch serves the capture proxy's list to a browser: a page that goes on by itself, and
// behind each entry the page of its handshakes. What an entry says, and its page, come from whoever
// has the proxy (package capture); here is what is kept of the entries (feed.go), the stream of
// those to come (stream.go), and what is answered (watch.go).
//
// A request has nothing dialled, listened on or captured: it reads. Nobody reads without the token
// (package guard). Who reads slowly, or not at all, holds up nobody: a reader is a number, of the
// last entry that it got, and the list is the same for all.
//
// Read feed.go first.
package watch
