// Package web is the verb web: the lab, served on loopback. What an address is answered with is
// package lab's; here are the sockets (web.go), who is let in (guard.go), and what was answered
// before (kept.go).
//
// Read web.go first.
package web
