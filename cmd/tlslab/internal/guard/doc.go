// Package guard stands before whatever the command serves to a browser on this machine: it lets
// in who asks us by a name that is ours (guard.go) and, where more is at stake than a lesson, who
// knows a token (token.go).
//
// It knows nothing of what is served. Read guard.go first.
package guard
