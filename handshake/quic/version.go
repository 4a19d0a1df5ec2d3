package quic

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// Version is a version of QUIC, as long headers have it (RFC 8999 §5.1).
type Version uint32

// The versions whose Initial packets are opened here.
const (
	V1 Version = 1          // RFC 9000
	V2 Version = 0x6b3343cf // RFC 9369
)

// Versions lists them.
func Versions() []Version { return []Version{V1, V2} }

// String returns "1", "2", or the number in hex.
func (v Version) String() string {
	switch v {
	case V1:
		return "1"
	case V2:
		return "2"
	}
	return fmt.Sprintf("0x%08x", uint32(v))
}

// Reserved reports whether v is one of 0x?a?a?a?a, which stand for no version: they are offered to
// see that an end passes over what it does not know (RFC 9000 §15, §6.3).
func (v Version) Reserved() bool { return v&0x0f0f0f0f == 0x0a0a0a0a }

// Known reports whether v is one of Versions.
func (v Version) Known() bool { return v == V1 || v == V2 }

// Labels are those under which the keys of a packet are derived (RFC 9001 §5.1, RFC 9369
// §3.3.2); empty unless v is Known.
func (v Version) Labels() (key, iv, hp string) {
	r := rulesOf(v)
	if r == nil {
		return "", "", ""
	}
	return r.key, r.iv, r.hp
}

// Salt is what the initial secret is extracted with (RFC 9001 §5.2, RFC 9369 §3.3.1): it is
// printed in the document, and the same for everybody. Nil unless v is Known.
func (v Version) Salt() []byte {
	r := rulesOf(v)
	if r == nil {
		return nil
	}
	return bytes.Clone(r.salt)
}

// rules are what differs between the versions: all of it is constants.
type rules struct {
	types                [4]Type // by the two bits of a long header
	salt                 []byte
	key, iv, hp          string
	retryKey, retryNonce []byte
}

var v1 = &rules{
	types: [4]Type{Initial, ZeroRTT, Handshake, Retry},
	salt:  unhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
	key:   "quic key", iv: "quic iv", hp: "quic hp",
	retryKey: unhex("be0c690b9f66575a1d766b54e368c84e"), retryNonce: unhex("461599d35d632bf2239825bb"),
}

var v2 = &rules{
	types: [4]Type{Retry, Initial, ZeroRTT, Handshake},
	salt:  unhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
	key:   "quicv2 key", iv: "quicv2 iv", hp: "quicv2 hp",
	retryKey: unhex("8fb4b01b56ac48e260fbcbcead7ccc92"), retryNonce: unhex("d86969bc2d7c6d9990efb04a"),
}

// rulesOf is nil for a version that is not Known.
func rulesOf(v Version) *rules {
	switch v {
	case V1:
		return v1
	case V2:
		return v2
	}
	return nil
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
