package render

import (
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// The notation of RFC 9846 §2, for diagrams and flights alike: what protects a message is
// shown by brackets, and it is the kind of key that they go by, never a count of keys.
// TLS 1.2 has one set of keys, which application data is under, and so [] alone; RFC 5246
// has no notation for it: its [ChangeCipherSpec] says that this is no handshake message.

// bracketed is what was sent under k.
func bracketed(what string, k event.Keys) string {
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

// keysOf is what protects a message in a direction that is under k: nothing, if it is a
// ChangeCipherSpec. TLS 1.2's comes before the keys, and TLS 1.3's is outside all of them.
func keysOf(e *event.Message, k event.Keys) event.Keys {
	if e.Kind == message.KindChangeCipherSpec {
		return event.InClear
	}
	return k
}

// noteworthy are the extensions that the RFC's figures set beside a message of TLS 1.3: on
// them it depends how the handshake goes.
var noteworthy = []iana.ExtensionType{iana.ExtKeyShare, iana.ExtCookie, iana.ExtEarlyData, iana.ExtPreSharedKey}

// withExtensions is a message's name with its noteworthy extensions behind it.
func withExtensions(e *event.Message) (name string, some bool) {
	var extensions *message.Extensions
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		extensions = &m.Extensions
	case *message.ServerHello: // HelloRetryRequest, too
		extensions = &m.Extensions
	case *message.EncryptedExtensions:
		extensions = &m.Extensions
	default:
		return title(e.Kind), false
	}
	names := []string{title(e.Kind)}
	for _, x := range noteworthy {
		if extensions.Find(x) != nil {
			names = append(names, x.String())
		}
	}
	return strings.Join(names, " + "), len(names) > 1
}
