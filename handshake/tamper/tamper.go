// Package tamper is the wire between two honest endpoints, in the hands of an
// attacker: a Link carries records from one to the other, and a Script decides
// what becomes of each: pass, edit, drop, delay, replay.
//
// An attack here is a script over honest code; nothing in this package knows how
// a record is protected. What is in clear can also be changed by name, and that is
// the hellos. It drives no endpoint: that is package stage's. An interceptor with keys of its
// own is package mitm.
//
// Read tamper.go, then scripts.go and hello.go.
package tamper

import (
	"bytes"

	"tlslab/handshake/record"
)

// Direction says which way a record travels.
type Direction uint8

// The directions.
const (
	ToServer Direction = iota
	ToClient
)

// String returns "to server" or "to client".
func (d Direction) String() string {
	if d == ToServer {
		return "to server"
	}
	return "to client"
}

// Script is asked about each record in flight, header included, and returns what
// goes on in its place: the record itself, an edited one, several, or none. It
// may change rec and keep it. A nil Script passes everything.
type Script func(d Direction, rec []byte) [][]byte

// orPass is s, or what a nil Script does.
func (s Script) orPass() Script {
	if s == nil {
		return Pass
	}
	return s
}

// Link is a wire with a script. Its zero value passes everything.
type Link struct {
	Script Script
	part   [2][]byte // by direction: not yet a whole record
}

// Carry puts b on the wire and returns what comes out at the other end. What is
// not yet a whole record stays inside.
func (l *Link) Carry(d Direction, b []byte) []byte {
	if l.Script == nil {
		return b
	}
	buf := append(l.part[d], b...)
	var out []byte
	for {
		n := recordLen(buf)
		if n == 0 {
			break
		}
		for _, rec := range l.Script(d, bytes.Clone(buf[:n])) {
			out = append(out, rec...)
		}
		buf = buf[n:]
	}
	l.part[d] = buf
	return out
}

// recordLen is the length of the first record in b, 0 if it is not all there.
func recordLen(b []byte) int {
	if len(b) < record.HeaderLen {
		return 0
	}
	n := record.HeaderLen + int(b[3])<<8 + int(b[4])
	if len(b) < n {
		return 0
	}
	return n
}
