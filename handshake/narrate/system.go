//go:build !js

package narrate

import (
	"context"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"

	"tlslab/handshake/foreign"
	"tlslab/handshake/reason"
)

// What the network and the operating system say is said by packages that speak English. The kinds that a user meets
// have words here; the others stay as they are.

// system are those kinds, with what Go says of each: errno by errno, since two of them may be one kind to package fs.
var system = []struct {
	is   error
	said reason.Phrase
}{
	{syscall.ECONNREFUSED, reason.Say("connection refused")},
	{syscall.ECONNRESET, reason.Say("connection reset by peer")},
	{syscall.ECONNABORTED, reason.Say("software caused connection abort")},
	{syscall.EPIPE, reason.Say("broken pipe")},
	{syscall.ETIMEDOUT, reason.Say("connection timed out")},
	{syscall.EHOSTUNREACH, reason.Say("no route to host")},
	{syscall.ENETUNREACH, reason.Say("network is unreachable")},
	{syscall.EADDRINUSE, reason.Say("address already in use")},
	{syscall.EADDRNOTAVAIL, reason.Say("cannot assign requested address")},
	{syscall.ENOTCONN, reason.Say("transport endpoint is not connected")},
	{syscall.EACCES, reason.Say("permission denied")},
	{syscall.EPERM, reason.Say("operation not permitted")},
	{syscall.ENOENT, reason.Say("no such file or directory")},
	{syscall.EEXIST, reason.Say("file exists")},
	{syscall.EISDIR, reason.Say("is a directory")},
	{syscall.ENOTDIR, reason.Say("not a directory")},
	{syscall.ENAMETOOLONG, reason.Say("file name too long")},
	{syscall.ENOSPC, reason.Say("no space left on device")},
	{syscall.EROFS, reason.Say("read-only file system")},
	{syscall.EMFILE, reason.Say("too many open files")},
	{syscall.EINVAL, reason.Say("invalid argument")},
	{syscall.EIO, reason.Say("input/output error")},
	{os.ErrDeadlineExceeded, reason.Say("i/o timeout")},
	{context.DeadlineExceeded, reason.Say("context deadline exceeded")},
	{context.Canceled, reason.Say("context canceled")},
	{net.ErrClosed, reason.Say("use of closed network connection")},
	{fs.ErrClosed, reason.Say("file already closed")},
	{fs.ErrPermission, reason.Say("permission denied")},
	{fs.ErrNotExist, reason.Say("file does not exist")},
	{fs.ErrExist, reason.Say("file already exists")},
	{io.ErrUnexpectedEOF, reason.Say("unexpected EOF")},
	{io.EOF, reason.Say("EOF")},
}

// lookups are what package net says of a name that it looked up, in words.
var lookups = []reason.Phrase{reason.Say("no such host"), reason.Say("server misbehaving"), reason.Say("i/o timeout")}

// doing are what was done to an address, by net.OpError's word for it.
var doing = map[string]reason.Phrase{"dial": reason.Say("dial %s: %s"), "listen": reason.Say("listen %s: %s"), "read": reason.Say("read %s: %s"), "write": reason.Say("write %s: %s")}

// about is what went wrong with something that has a name.
var about = reason.Say("%s: %s")

// spelled is a phrase with a name and what went wrong in it.
func spelled(l Lang, p reason.Phrase, name, cause string) string {
	p.Args = []any{foreign.Sentence(name), foreign.Sentence(cause)}
	return say(l, p)
}

// LookupFault says why a name could not be looked up, without the name.
func LookupFault(l Lang, err *net.DNSError) string {
	for _, p := range lookups {
		if p.Format == err.Err {
			return say(l, p)
		}
	}
	return foreign.Line(err.Err)
}

// ofSystem is the part of an error that is of the system, as far out as there are words for it, and what it says in a
// language; nil if there is none.
func ofSystem(l Lang, err error) (said string, part error) {
	if said := systemWords(l, err); said != "" {
		return said, err
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return ofSystem(l, inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if said, part := ofSystem(l, inner); part != nil {
				return said, part
			}
		}
	}
	return "", nil
}

// systemWords says an error that is of the system itself; "" if it is not, or has no words.
func systemWords(l Lang, err error) string {
	switch e := err.(type) {
	case *net.OpError:
		cause, _ := ofSystem(l, e.Err)
		if p, known := doing[e.Op]; known && cause != "" && e.Addr != nil {
			return spelled(l, p, e.Addr.String(), cause)
		}
		return cause
	case *fs.PathError:
		if cause, _ := ofSystem(l, e.Err); cause != "" {
			return spelled(l, about, e.Path, cause)
		}
	case *os.SyscallError: // its name says nothing to a user
		cause, _ := ofSystem(l, e.Err)
		return cause
	case *net.DNSError:
		if cause := LookupFault(l, e); cause != e.Err {
			return spelled(l, about, e.Name, cause)
		}
		return ""
	}
	for _, row := range system {
		if err == row.is {
			return say(l, row.said)
		}
	}
	return ""
}
