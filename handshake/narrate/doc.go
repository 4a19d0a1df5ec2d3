// Package narrate is what there is to say about a handshake, in English and in
// Chinese: data files keyed by what happened, and the rules that find the key for
// an event. The files are en/*.txt and zh/*.txt, one per Kind, embedded.
//
// It writes nothing (package render lays out) and knows no values: they come from
// the event, and where a sentence needs one it has a {placeholder} for Fill.
//
// Summarize tells a whole flow in three sentences, Caption an arrow in a few words.
//
// Read en/move.txt first, then narrate.go; myths.go is where the corrections of a
// textbook's loose sentences find their moment.
package narrate
