package explain

import (
	"bytes"

	"tlslab/handshake/iana"
)

// Where TLS begins is found by what was said, at whatever offset.

// records reports whether b is what TLS goes on with: records, one behind the other. One of them is there whole, or
// is known by its beginning.
func records(b []byte) bool {
	for rest, whole := b, false; ; whole = true {
		n, sure := recordAt(rest)
		switch {
		case n == 0:
			return false
		case n >= len(rest):
			return whole || sure || n == len(rest)
		}
		rest = rest[n:]
	}
}

// recordAt is how long the record is that b begins with, or b as far as it may be the beginning of one, and whether it is
// unmistakable; 0 if it is none.
func recordAt(b []byte) (n int, sure bool) {
	if t := iana.ContentType(b[0]); t < iana.ChangeCipherSpec || t > iana.ApplicationData || len(b) > 1 && b[1] != 3 || len(b) > 2 && (b[2] == 0 || b[2] > 3) {
		return 0, false
	}
	if len(b) < 5 {
		return len(b) + 1, false
	}
	n = 5 + int(b[3])<<8 + int(b[4])
	if n == 5 || n > 5+maxRecord {
		return 0, false
	}
	return n, isServerHello(b) || b[0] == byte(iana.ChangeCipherSpec) && n == 6 && len(b) > 5 && b[5] == 1
}

// maxRecord is the most that a record carries: what is encrypted may have grown (RFC 5246 §6.2.3).
const maxRecord = 1<<14 + 2048

// isServerHello: a record with the beginning of a ServerHello, up to its version.
func isServerHello(b []byte) bool {
	so, sure := isAnswer(b)
	return so && sure && b[0] == byte(iana.Handshake) && len(b) > 10 && b[6] == 0 && b[9] == 3 && b[10] <= 3
}

// find is where in b, from at on, something begins that is says of whether it is that as far as it goes, and
// whether enough of it is there to be sure; or the end of b. It begins with one of the bytes first.
func find(b []byte, at int, first string, is func(b []byte) (so, sure bool)) (int, bool) {
	for ; at < len(b); at++ {
		next := bytes.IndexAny(b[at:], first)
		if next < 0 {
			break
		}
		if so, sure := is(b[at+next:]); so {
			return at + next, sure
		}
		at += next
	}
	return max(at, len(b)), false
}

// What a ClientHello's record begins with, and an answer to it.
const (
	helloFirst  = "\x16"     // handshake
	answerFirst = "\x16\x15" // handshake, alert
)

// isHello: a record with the beginning of a ClientHello (RFC 9846 §5.1, §4, §4.2.2).
func isHello(b []byte) (so, sure bool) {
	if len(b) == 0 || b[0] != byte(iana.Handshake) {
		return false, false
	}
	n := 5 + 39 // up to the length of the session ID, if the record has as much
	if len(b) >= 5 {
		n = min(n, 5+int(b[3])<<8+int(b[4]))
	}
	for i, x := range b[:min(len(b), n)] {
		switch i {
		case 1, 9:
			so = x == 3
		case 2, 10:
			so = x <= 4
		case 3:
			so = x <= 0x40
		case 4:
			so = x > 0 || b[3] > 0
		case 5:
			so = x == byte(iana.ClientHello)
		case 6:
			so = x <= maxHello>>16
		case 43:
			so = x <= 32
		default:
			so = true
		}
		if !so {
			return false, false
		}
	}
	return true, len(b) >= n && n > 5
}

// maxHello is longer than any ClientHello is.
const maxHello = 1<<18 - 1

// isAnswer: a record with the beginning of a ServerHello, or with an alert.
func isAnswer(b []byte) (so, sure bool) {
	const n = 7
	if len(b) == 0 {
		return false, false
	}
	for i, x := range b[:min(len(b), n)] {
		switch i {
		case 0:
			so = x == byte(iana.Handshake) || x == byte(iana.Alert)
		case 1:
			so = x == 3
		case 2:
			so = x <= 4
		case 3:
			so = x <= 0x40 && (x == 0 || b[0] == byte(iana.Handshake))
		case 4:
			so = b[0] == byte(iana.Handshake) || x == 2
		case 5:
			so = b[0] == byte(iana.Handshake) && x == byte(iana.ServerHello) || b[0] == byte(iana.Alert) && (x == 1 || x == 2)
		}
		if !so {
			return false, false
		}
	}
	return true, len(b) >= n
}
