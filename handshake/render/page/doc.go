// Package page lays a handshake out as one HTML document: the ladder of its messages, each of
// which opens in place down to every byte; what each party checks, chooses and computes before
// it sends; who can read what; the secrets, and what each is made from. It is a listener to the
// same events as the terminal, its sentences are the terminal's, and it never adds a fact of
// its own.
//
// The document needs nothing from anywhere: style and script are inside, and its policy
// forbids every request. Without the script it works too. What a peer wrote goes in escaped,
// by a writer that has no other way (html.go).
//
// It is no server and knows no files: the command writes what New's Page writes. The script is
// page.js.
//
// Read page.go first, then ladder.go, which turns the stream of events into acts, flights and
// rows, and html.go. A file each draws one part of the page: draw_ladder.go, draw_work.go and
// draw_arrow.go the ladder, opened.go what opens under an arrow, telling.go the sentences.
// WriteReport and Write are for what is no handshake: a verifier's report, a comparison.
package page
