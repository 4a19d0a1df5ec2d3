// Package watch shows a capture proxy's list in a browser: a page that goes on by itself, and behind
// each entry the page of its handshakes. What an entry says, and its page, come from whoever has the
// proxy; here is what is kept of the entries (feed.go), the stream of those to come (stream.go), and
// what is answered (answer.go). The page itself is render/page's (list.go there).
//
// It has no sockets, and lets in whoever asks: whoever serves it sees to that, and had better, for
// there are secrets in it. A request has nothing dialled, listened on or captured: it reads. Who
// reads slowly, or not at all, holds up nobody: a reader is a number, of the last entry that it got,
// and the list is the same for all.
//
// Read feed.go first.
package watch
