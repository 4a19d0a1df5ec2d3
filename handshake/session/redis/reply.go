package redis

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// A reply of Redis (RESP, version 2) says how long it is before it comes, and the client
// that we use makes room for all of it at once: a reply that says 9,223,372,036,854,775,807
// bytes ends the process, one of 2,147,483,647 elements takes all memory, and one of
// arrays in arrays in arrays the stack. Whoever can answer in Redis's place, on the way
// or by having taken its port, can say so. So what comes is read along with, below the
// client, and what says too much is not handed on.

// What one reply may have. Redis itself allows 512 MB.
const (
	mostBytes = 1 << 20 // of a string. A session is what is longest, and most of it a certificate chain, of which a handshake takes 256 KiB
	mostLine  = 4 << 10 // bytes of a line: a number, a status, or what an error says
	// Arrays come in the answer to HELLO alone: what the server is, with its modules
	// and their arguments.
	mostElements = 1 << 10
	mostDepth    = 8
)

// ErrReply is for what no Redis that keeps our keys would answer. The server is not one,
// or somebody stands between: to keep that from happening there is rediss://. The
// connection is given up, and the store counts as not to be reached (ErrUnavailable).
var ErrReply = errors.New("not a reply that redis would send")

// lied is an ErrReply that says more. It does not wrap it: the client takes off one layer
// of what wraps.
type lied struct{ how string }

func lie(format string, args ...any) error { return &lied{fmt.Sprintf(format, args...)} }

// Error says what was wrong.
func (e *lied) Error() string { return ErrReply.Error() + ": " + e.how }

// Is is for errors.Is.
func (e *lied) Is(target error) bool { return target == ErrReply }

// replies reads along with what comes on a connection. It is at the same place as the
// client, which cannot go on from a length before it has the whole line.
type replies struct {
	line     []byte // the line that is coming
	skip     int    // bytes of a string yet to come, and its end of line
	open     []int  // of each array that is not at its end, the outermost first: elements yet to come
	elements int    // of all arrays of this reply
}

// follow reads on. The error is an ErrReply.
func (r *replies) follow(p []byte) error {
	for len(p) > 0 {
		if r.skip > 0 {
			n := min(r.skip, len(p))
			p = p[n:]
			if r.skip -= n; r.skip == 0 {
				r.ended()
			}
			continue
		}
		n := bytes.IndexByte(p, '\n') + 1
		if n == 0 {
			n = len(p)
		}
		if len(r.line)+n > mostLine {
			return lie("a line of more than %d bytes", mostLine)
		}
		r.line = append(r.line, p[:n]...)
		if p = p[n:]; r.line[len(r.line)-1] != '\n' {
			return nil
		}
		if err := r.begun(r.line); err != nil {
			return err
		}
		r.line = r.line[:0]
	}
	return nil
}

// begun takes note of a line, with its end.
func (r *replies) begun(line []byte) error {
	rest, ok := bytes.CutSuffix(line[1:], []byte("\r\n"))
	if !ok {
		return lie("a line that does not end in CR LF")
	}
	switch line[0] {
	case '+', '-', ':': // a status, an error, a number
		r.ended()
		return nil
	case '$':
		n, err := length(rest, "string", "bytes", mostBytes)
		if err != nil {
			return err
		}
		if n < 0 {
			r.ended()
		} else {
			r.skip = n + len("\r\n")
		}
		return nil
	case '*':
		n, err := length(rest, "array", "elements", mostElements-r.elements)
		switch {
		case err != nil:
			return err
		case n <= 0:
			r.ended()
			return nil
		case len(r.open) == mostDepth:
			return lie("arrays more than %d deep", mostDepth)
		}
		r.elements += n
		r.open = append(r.open, n)
		return nil
	}
	return lie("one that begins with %q", line[:1])
}

// ended takes note of an element that is there in full, and of what ends with it.
func (r *replies) ended() {
	for last := len(r.open) - 1; last >= 0; last-- {
		if r.open[last]--; r.open[last] > 0 {
			return
		}
		r.open = r.open[:last]
	}
	r.elements = 0
}

// length reads a length, which is -1 for nothing.
func length(digits []byte, what, of string, most int) (int, error) {
	n, err := strconv.Atoi(string(digits))
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && n > most:
		return 0, lie("%s of %.20s %s, at most %d are taken", what, digits, of, most)
	case err != nil || n < -1 || string(digits) != strconv.Itoa(n): // no +1, no 01: the client reads a number in its own way
		return 0, lie("%s of %.20q %s", what, digits, of)
	}
	return n, nil
}

// bounded is a connection to a Redis that may say anything.
type bounded struct {
	net.Conn
	replies replies
	err     error
}

// Read hands on what is within bounds.
func (c *bounded) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Conn.Read(p)
	if c.err = c.replies.follow(p[:n]); c.err != nil {
		return 0, c.err
	}
	return n, err
}

// boundedSocket is a bounded one that the client can look at before it uses it again: one
// that Redis has closed meanwhile is not used. With TLS there is no looking.
type boundedSocket struct {
	bounded
	socket syscall.Conn
}

// SyscallConn implements syscall.Conn.
func (c *boundedSocket) SyscallConn() (syscall.RawConn, error) { return c.socket.SyscallConn() }

// bound puts bounds to what may come on a connection.
func bound(c net.Conn) net.Conn {
	if s, ok := c.(syscall.Conn); ok {
		return &boundedSocket{bounded: bounded{Conn: c}, socket: s}
	}
	return &bounded{Conn: c}
}
