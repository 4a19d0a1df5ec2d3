// Package explain is the verb explain: a capture file as a list of its connections, and one of
// them as a transcript. What is found in the file is package explain's of handshake; here are
// the flags (explain.go), who is told (faces.go), the list (list.go, its columns in row.go, what is said below them in ended.go and opens.go) and
// its JSON (json.go), who can read what (readers.go), and what the faces of one connection know of recordings (scenes.go).
//
// Read explain.go first.
package explain
