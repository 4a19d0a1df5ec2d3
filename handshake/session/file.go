package session

import (
	"bytes"
	"crypto/sha256"

	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// File is what a client keeps of its sessions with one server, for a later run. As a
// file it is
//
//	"tlslab sessions 1\n"                 18 bytes; 1 is the version of this format
//	uint8   server_verified               0 or 1
//	Session sessions<0..2^24-1>           each as Session.Marshal has it
//	opaque  digest[32]                    SHA-256 of all before
//
// The digest finds damage. It stops no attacker. Anybody who can write the file can make
// the digest fit, and anybody who can read the file has the sessions' secrets, so it is for
// its owner alone (mode 0600). This package reads and writes no files.
type File struct {
	// ServerVerified: the server's chain was verified when the sessions were made.
	// Resuming verifies no signature again, so sessions made without must not lend
	// their server a trust that nobody checked.
	ServerVerified bool
	Sessions       []Session

	digest [sha256.Size]byte
}

const fileMagic = "tlslab sessions "

// Walk visits the stored form. It does not compute the digest.
func (f *File) Walk(c *wire.Codec) {
	b := c.Enter("session_file")
	heading(c, fileMagic)
	flag(c, "server_verified", &f.ServerVerified)
	wire.List(c, 3, "sessions", &f.Sessions, 0, func(c *wire.Codec, s *Session) { s.Walk(c) })
	c.Array("digest", f.digest[:])
	c.End(b)
}

// Marshal returns the file's bytes. The error is a *reason.Error, for what the format
// has no room for.
func (f *File) Marshal() ([]byte, error) {
	b, err := wire.Append(nil, f, nil)
	if err != nil {
		return nil, err
	}
	f.digest = sha256.Sum256(b[:len(b)-sha256.Size])
	return append(b[:len(b)-sha256.Size], f.digest[:]...), nil
}

// ParseFile reads a file's bytes. The error is a *reason.Error: Truncated, TrailingBytes,
// or BadValue, with the field that tells a foreign file (magic), another version of the
// format (version) and a damaged one (digest) apart. It judges no session: some may have
// expired.
func ParseFile(b []byte) (*File, error) {
	f := new(File)
	if err := wire.Parse(bytes.Clone(b), f, nil); err != nil {
		return nil, err
	}
	at := len(b) - sha256.Size
	if want := sha256.Sum256(b[:at]); f.digest != want {
		return nil, &reason.Error{Reason: reason.BadValue, Field: "session_file.digest", Off: at, Want: want[:], Got: f.digest[:]}
	}
	return f, nil
}
