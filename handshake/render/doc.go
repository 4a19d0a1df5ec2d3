// Package render has the listener that writes for a terminal: what an endpoint tells as
// events becomes text, in English or Chinese.
//
// It computes nothing about TLS and holds no prose: every value comes from an event, every
// sentence from package narrate, so that neither can drift. Kinds of events that it does
// not know are passed over. It needs no engine and no lesson: what is told may come from an
// endpoint, from an observer, or from a file.
//
// It knows no lesson's scenes: one that has no Layout shows its title, its text and its
// values. Package lesson brings the layouts of scenario's; a student's own scene can have
// one, too. Other faces of the same events are package mermaid's diagrams, replays, which
// tells of attacks, and transcript, which is the document.
//
// Read terminal.go first: events are gathered move by move, and a move is what is shown. At level
// Flights it is a flight: flights.go. One thing alone, throughout, is only.go's.
// Then pen.go, which is what a Layout writes with.
package render
