package quic

import (
	"encoding/binary"
	"errors"
	"fmt"

	"tlslab/handshake/wire"
)

// Type is the type of a packet.
type Type uint8

// The types (RFC 9000 §17). Other is one with a long header of a version that is not known
// here: only what all versions have in common is read of it (RFC 8999 §5.1).
const (
	Other Type = iota
	Initial
	ZeroRTT
	Handshake
	Retry
	VersionNegotiation
	OneRTT // with a short header
)

// Types lists every Type.
func Types() []Type {
	return []Type{Other, Initial, ZeroRTT, Handshake, Retry, VersionNegotiation, OneRTT}
}

// String returns "initial", "0rtt", "handshake", "retry", "version_negotiation", "1rtt" or
// "other"; "0xc8" for a number that is no Type.
func (t Type) String() string {
	names := [...]string{"other", "initial", "0rtt", "handshake", "retry", "version_negotiation", "1rtt"}
	if int(t) >= len(names) {
		return fmt.Sprintf("0x%02x", uint8(t))
	}
	return names[t]
}

// A Packet is one packet of a datagram. Its slices are the datagram's.
type Packet struct {
	Type       Type
	Version    Version
	Wire       []byte    // all of it; to the datagram's end if it has no length of its own
	DCID, SCID []byte    // the connection IDs of who receives it, and of who sent it; not of a OneRTT
	Token      []byte    // of an Initial, or what a Retry gives out
	Length     int       // that the header says: of the packet number and the payload
	Number     int       // where in Wire the protected packet number begins; 0 if there is none
	Versions   []Version // that a VersionNegotiation offers
	Tag        []byte    // a Retry's integrity tag
}

// ErrForm is wrapped by every error about the form of a packet or frame.
var ErrForm = errors.New("not in the form of QUIC")

// maxID is how long a connection ID can be in the known versions (RFC 9000 §17.2).
const maxID = 20

// tagLen is how long the tag of AEAD_AES_128_GCM is, and a Retry's.
const tagLen = 16

// Next reads the packet at the beginning of b, a datagram or the rest of one (RFC 9000
// §12.2), and returns what is behind it.
func Next(b []byte) (p Packet, rest []byte, err error) {
	if len(b) == 0 {
		return p, nil, fmt.Errorf("%w: an empty datagram", ErrForm)
	}
	if b[0]&0x80 == 0 {
		return Packet{Type: OneRTT, Wire: b}, nil, nil
	}
	if len(b) < 7 {
		return p, nil, fmt.Errorf("%w: a long header of %d bytes", ErrForm, len(b))
	}
	p = Packet{Type: Other, Version: Version(binary.BigEndian.Uint32(b[1:5])), Wire: b}
	r := reader{b: b, off: 5}
	p.DCID, p.SCID = r.bytes(int(r.byte())), r.bytes(int(r.byte()))
	if r.short {
		return p, nil, fmt.Errorf("%w: the connection IDs are cut short", ErrForm)
	}
	known := rulesOf(p.Version)
	if p.Version == 0 {
		return negotiation(p, b[r.off:])
	}
	if known == nil {
		return p, nil, nil
	}
	if b[0]&0x40 == 0 || len(p.DCID) > maxID || len(p.SCID) > maxID {
		return p, nil, fmt.Errorf("%w: no long header of version %v", ErrForm, p.Version)
	}
	p.Type = known.types[b[0]>>4&3]
	switch p.Type {
	case Retry:
		n := len(b) - tagLen
		if n < r.off {
			return p, nil, fmt.Errorf("%w: a Retry without a tag", ErrForm)
		}
		p.Token, p.Tag = b[r.off:n], b[n:]
		return p, nil, nil
	case Initial:
		p.Token = r.bytes(r.count())
	}
	p.Length = r.count()
	p.Number = r.off
	// What follows must have room for a packet number and a sample of 16 bytes, taken as if
	// the number had 4 bytes (RFC 9001 §5.4.2).
	if r.short || p.Length > len(b)-r.off || p.Length < 4+tagLen {
		return p, nil, fmt.Errorf("%w: the length of a packet does not fit", ErrForm)
	}
	end := r.off + p.Length
	p.Wire = b[:end:end]
	return p, b[end:], nil
}

// negotiation reads the versions of a Version Negotiation packet (RFC 8999 §6).
func negotiation(p Packet, list []byte) (Packet, []byte, error) {
	p.Type = VersionNegotiation
	if len(list) == 0 || len(list)%4 != 0 {
		return p, nil, fmt.Errorf("%w: %d bytes of versions", ErrForm, len(list))
	}
	for ; len(list) > 0; list = list[4:] {
		p.Versions = append(p.Versions, Version(binary.BigEndian.Uint32(list)))
	}
	return p, nil, nil
}

// reader reads along b. Behind its end everything is empty, and short.
type reader struct {
	b     []byte
	off   int
	short bool
}

func (r *reader) left() int { return len(r.b) - r.off }

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > r.left() {
		r.short, r.off = true, len(r.b)
		return nil
	}
	r.off += n
	return r.b[r.off-n : r.off : r.off]
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a variable-length integer (RFC 9000 §16).
func (r *reader) number() uint64 {
	v, n := wire.Varint(r.b[r.off:])
	if n == 0 {
		r.bytes(-1)
	}
	r.off += n
	return v
}

// count reads one that counts bytes of b: there are never more than those that are left.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(r.left()) {
		r.bytes(-1)
		return 0
	}
	return int(n)
}
