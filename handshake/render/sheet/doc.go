// Package sheet is the paper that all faces of render share: the words of narrate in one
// language (Voice), lines that fit a width, where Chinese takes two columns and is broken by
// its own rules (Page), colours or none (Paint), values as text, and what several faces must
// know of a connection: who is at the other end, in which version, under which keys (Ends),
// and what of HTTP/2 was said (Talk).
//
// It shows nothing by itself and knows no lesson. It needs events and words, and no engine.
//
// Read page.go first, then voice.go.
package sheet
