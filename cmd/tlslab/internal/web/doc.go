// Package web is the verb web: the lab, served on loopback. What an address is answered with is
// package lab's; here are the sockets (web.go), and what was answered before (kept.go). Who is let
// in is package guard's.
//
// Read web.go first.
package web
