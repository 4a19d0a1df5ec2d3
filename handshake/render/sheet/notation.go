package sheet

import (
	"tlslab/handshake/event"
	"tlslab/handshake/message"
)

// The notation of RFC 9846 §2, for diagrams and flights alike: what protects a message is
// shown by brackets, and it is the kind of key that they go by, never a count of keys.
// TLS 1.2 has one set of keys, which application data is under, and so [] alone; RFC 5246
// has no notation for it: its [ChangeCipherSpec] says that this is no handshake message.

// Bracketed is what was sent under k.
func Bracketed(what string, k event.Keys) string {
	switch k {
	case event.EarlyKeys:
		return "(" + what + ")"
	case event.HandshakeKeys:
		return "{" + what + "}"
	case event.ApplicationKeys:
		return "[" + what + "]"
	}
	return what
}

// KeysOf is what protects a message in a direction that is under k: nothing, if it is a
// ChangeCipherSpec. TLS 1.2's comes before the keys, and TLS 1.3's is outside all of them.
func KeysOf(e *event.Message, k event.Keys) event.Keys {
	if e.Kind == message.KindChangeCipherSpec {
		return event.InClear
	}
	return k
}

// PassedOver reports whether a record is early data that the server received and did not read.
func PassedOver(e *event.Record) bool {
	return e.Dir == event.Receive && e.Keys == event.EarlyKeys && e.Payload == nil
}
