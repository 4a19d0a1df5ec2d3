package narrate

import (
	"cmp"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/wire"
)

// A hello has the same fields in TLS 1.2 and 1.3. In a hello with supported_versions some of
// them have lost their meaning: the RFC then calls them legacy.

// FieldKey is the key for a field's dotted path, "client_hello.random", in the message that
// it is in. The first of these that has an entry is taken: the path; the same in any message
// ("*."); the same in any block of extensions ("*.extensions."), wherever in a message that
// is; the same in any extension ("*.extensions.*."); its last component. Each is first
// looked for with what the versions add to it: "+both" in a hello for TLS 1.2 and 1.3 alike,
// "+tls13" there too and wherever TLS 1.3 alone is spoken; "+quic" over QUIC, before both.
func FieldKey(path string, e *event.Message) string {
	_, rest, _ := strings.Cut(path, ".")
	candidates := []string{path, "*." + rest}
	if _, inner, ok := strings.Cut(path, ".extensions."); ok {
		candidates = append(candidates, "*.extensions."+inner)
		if _, last, ok := strings.Cut(inner, "."); ok {
			candidates = append(candidates, "*.extensions.*."+last)
		}
	}
	candidates = append(candidates, path[strings.LastIndexByte(path, '.')+1:])
	variants := append(versionsOf(e), "")
	if e.QUIC {
		variants = append([]string{"+quic"}, variants...)
	}
	for _, key := range candidates {
		for _, v := range variants {
			if has(Field, key+v) {
				return key + v
			}
		}
	}
	return path
}

// FieldKeyOf is the key of a field: FieldKey of its path, or the variant for a length that
// is zero, where there is one.
func FieldKeyOf(f wire.Field, e *event.Message) string {
	key := FieldKey(f.Name, e)
	if f.Value == 0 && has(Field, key+"+empty") {
		return key + "+empty"
	}
	return key
}

// FieldRef is where a field of e is specified, "RFC 9846 §4.3.8": the place that its entry
// names, else the place of the structure that it is in. A field of a message that could not be
// read has no place of its own: it gets the event's.
func FieldRef(f wire.Field, e *event.Message) string {
	entry, _ := Get(En, Field, FieldKeyOf(f, e))
	ref := f.Ref
	if len(versionsOf(e)) == 0 {
		ref = message.RefIn(iana.TLS12, ref, f.Name)
	}
	if e.Kind == message.KindChangeCipherSpec { // a protocol of its own in TLS 1.2, a byte to be dropped in TLS 1.3
		ref = e.Ref
	}
	return cmp.Or(entry.Ref, ref, e.Ref)
}

// Keys of a record's fields beside their paths.
const (
	// Initial is what the key of a record's version has behind it where the record is the first
	// of all, with a ClientHello in it, and calls itself TLS 1.0 (RFC 9846 §5.1).
	Initial = "+initial"
	// protected is what the key of a record's fragment has behind it where keys are in use.
	protected = "+protected"
)

// RecordFieldKey is the key of a field of e, one of e.Fields or of what e.Opened returns.
func RecordFieldKey(f wire.Field, e *event.Record) string {
	switch {
	case f.Name == "record.version" && isInitial(e):
		return f.Name + Initial
	case f.Name == "record.fragment" && e.Protected:
		return f.Name + protected
	}
	return f.Name
}

// RecordFieldRef is where such a field is specified.
func RecordFieldRef(f wire.Field, e *event.Record) string {
	entry, _ := Get(En, Field, RecordFieldKey(f, e))
	return cmp.Or(entry.Ref, f.Ref)
}

// isInitial reports whether e is a record that brings a ClientHello, in clear and as TLS 1.0.
func isInitial(e *event.Record) bool {
	return e.Type == iana.Handshake && e.Version == iana.TLS10 && !e.Protected &&
		len(e.Payload) > 0 && iana.HandshakeType(e.Payload[0]) == iana.ClientHello
}

// FieldName is what the RFC of the version spoken calls the field at a path: RFC 9846
// renames what it keeps of TLS 1.2's hellos. Fixed is true of a version that is
// always the same there, and says nothing. A path is the same in all versions.
func FieldName(path string, e *event.Message) (name string, fixed bool) {
	name = path[strings.LastIndexByte(path, '.')+1:]
	if len(versionsOf(e)) == 0 {
		return name, false
	}
	switch path {
	case "client_hello.client_version", "server_hello.server_version", "hello_retry_request.server_version":
		return "legacy_version", true
	case "server_hello.session_id", "hello_retry_request.session_id":
		return "legacy_session_id_echo", false
	case "client_hello.session_id", "client_hello.compression_methods",
		"server_hello.compression_method", "hello_retry_request.compression_method":
		return "legacy_" + name, false
	}
	return name, false
}

// versionsOf is what the versions spoken add to a key, the most exact first.
func versionsOf(e *event.Message) []string {
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		x, ok := message.Get[*message.SupportedVersions](&m.Extensions)
		switch {
		case !ok || !slices.Contains(x.Versions, iana.TLS13):
			return nil
		case slices.Contains(x.Versions, iana.TLS12):
			return []string{"+both", "+tls13"}
		}
		return []string{"+tls13"}
	case *message.ServerHello:
		if x, ok := message.Get[*message.SelectedVersion](&m.Extensions); ok && x.Version == iana.TLS13 {
			return []string{"+tls13"}
		}
		return nil
	}
	if strings.HasSuffix(e.Move, tls13) {
		return []string{"+tls13"}
	}
	return nil
}

// GeneralRef is where fields of a key are specified that stand in many structures: a message's type
// and length, an extension's, the length before any vector. It is "" of any other key. What the
// field of one structure names as its place is the place of that structure alone.
func GeneralRef(key string, e *event.Message) string {
	v := iana.TLS13
	if len(versionsOf(e)) == 0 {
		v = iana.TLS12
	}
	switch key {
	case "*.msg_type", "*.length":
		return messageRef(v)
	case "*.extensions.*.extension_type", "*.extensions.*.length", "*.extensions.*.length+empty", "*.extensions":
		return extensionRef(v)
	case "*.extensions.length", "length":
		return vectorRef(v)
	}
	return ""
}

// messageRef, extensionRef and vectorRef are where all messages, extensions and vectors are
// specified, by the version: 1.2 or 1.3.
func messageRef(v iana.Version) string   { return refOf(v, "RFC 5246 §7.4", "RFC 9846 §4") }
func extensionRef(v iana.Version) string { return refOf(v, "RFC 5246 §7.4.1.4", "RFC 9846 §4.3") }
func vectorRef(v iana.Version) string    { return refOf(v, "RFC 5246 §4.3", "RFC 9846 §3.4") }

func refOf(v iana.Version, in12, in13 string) string {
	if v == iana.TLS12 {
		return in12
	}
	return in13
}
