// Package explain is the verb explain: a capture file as a list of its connections, and one of
// them as a transcript. What is found in the file is package explain's of handshake; here are
// the flags (explain.go), the list (list.go) and its JSON (json.go).
//
// Read explain.go first.
package explain
