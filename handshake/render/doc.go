// Package render has the listeners that write: what an endpoint or a lesson tells
// as events becomes text for a terminal, JSON, or a Mermaid diagram.
//
// It computes nothing about TLS and holds no prose: every value comes from an
// event, every sentence from package narrate, so that neither can drift. Kinds of
// events that it does not know are passed over.
//
// Read terminal.go first: events are gathered move by move, and a move is what is
// shown. firstscreen.go is the page that bare `tlslab run` prints, json.go
// documents the JSON.
package render
