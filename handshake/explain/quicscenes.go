package explain

import (
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/quic"
)

// The scenes of a connection of QUIC: what stands around the messages of TLS there.
const (
	SceneQUICKeys     event.SceneKey = "quic_keys"
	SceneQUICInitial  event.SceneKey = "quic_initial"
	SceneQUICRetry    event.SceneKey = "quic_retry"
	SceneQUICVersions event.SceneKey = "quic_versions"
	SceneQUICClosed   event.SceneKey = "quic_closed"
)

// quicScenes lists the keys of narrate's entries for them.
func quicScenes() []event.SceneKey {
	return []event.SceneKey{SceneQUICKeys, SceneQUICKeys.Variant(afterRetry), SceneQUICKeys.Variant(inAnother), SceneQUICKeys.Variant(second), SceneQUICInitial, SceneQUICInitial.Variant(more), SceneQUICRetry, SceneQUICVersions, SceneQUICClosed, SceneQUICClosed.Variant(midway)}
}

const (
	afterRetry = "retry"
	inAnother  = "version"
	second     = "v2"
	more       = "more"
	midway     = "midway"
)

// QUICKeys says where the keys of Initial packets come from.
type QUICKeys struct {
	event.Meta
	Version  quic.Version
	DCID     []byte
	Retried  bool // they are the second, after a Retry
	Switched bool // the server went on in another version than the client's
}

// Key returns SceneQUICKeys.
func (*QUICKeys) Key() event.SceneKey { return SceneQUICKeys }

// Entry is one for each way in which they come about.
func (e *QUICKeys) Entry() event.SceneKey {
	switch {
	case e.Switched:
		return SceneQUICKeys.Variant(inAnother)
	case e.Retried:
		return SceneQUICKeys.Variant(afterRetry)
	case e.Version == quic.V2:
		return SceneQUICKeys.Variant(second)
	}
	return SceneQUICKeys
}

// Values are the version and the connection ID.
func (e *QUICKeys) Values() []event.Value {
	return []event.Value{{Name: "quic_version", Value: e.Version.String()}, {Name: "destination_connection_id", Value: e.DCID}, {Name: "initial_salt", Value: e.Version.Salt()}}
}

// QUICInitial is an Initial packet whose protection was taken off.
type QUICInitial struct {
	event.Meta
	More       bool // not the first of its connection, so what it is has been said
	Version    quic.Version
	DCID, SCID []byte
	Token      []byte
	Bytes      int    // of the packet
	Protected  []byte // the header as it was sent, packet number included
	Opened     *quic.Opened
	Frames     []string
}

// Key returns SceneQUICInitial.
func (*QUICInitial) Key() event.SceneKey { return SceneQUICInitial }

// Entry is another for all but the first.
func (e *QUICInitial) Entry() event.SceneKey {
	if e.More {
		return SceneQUICInitial.Variant(more)
	}
	return SceneQUICInitial
}

// Values are the steps of removing the protection (RFC 9001 §5.4.1, §5.3), and the frames.
func (e *QUICInitial) Values() []event.Value {
	o := e.Opened
	values := []event.Value{{Name: "packet_number", Value: int(o.Number)}, {Name: "packet_length", Value: e.Bytes}, {Name: "frames", Value: strings.Join(e.Frames, ", ")},
		{Name: "destination_connection_id", Value: e.DCID}, {Name: "source_connection_id", Value: e.SCID}}
	if len(e.Token) > 0 {
		values = append(values, event.Value{Name: "token", Value: e.Token})
	}
	return append(values, event.Value{Name: "protected_header", Value: e.Protected}, event.Value{Name: "sample", Value: o.Sample}, event.Value{Name: "mask", Value: o.Mask},
		event.Value{Name: "masked", Value: underMask(e.Protected, o.Sent)}, event.Value{Name: "unmasked", Value: underMask(o.Header, o.Sent)}, event.Value{Name: "header", Value: o.Header}, event.Value{Name: "nonce", Value: o.Nonce}, event.Value{Name: "payload", Value: o.Payload})
}

// underMask is what of a header the mask lies over: the first byte and the packet number.
func underMask(header []byte, number int) []byte {
	return append([]byte{header[0]}, header[len(header)-number:]...)
}

// told says of each frame what it is, and which bytes of the stream a CRYPTO frame has.
func told(frames []quic.Frame) (out []string) {
	for i := range frames {
		switch f := &frames[i]; f.Type {
		case quic.Crypto:
			out = append(out, fmt.Sprintf("%v [%d:%d]", f.Type, f.Offset, f.Offset+uint64(len(f.Data))))
		case quic.Padding:
			out = append(out, fmt.Sprintf("%v × %d", f.Type, f.Len))
		case quic.Ping:
			if f.Len > 1 {
				out = append(out, fmt.Sprintf("%v × %d", f.Type, f.Len))
				continue
			}
			out = append(out, f.Type.String())
		case quic.Ack, quic.AckECN:
			out = append(out, fmt.Sprintf("%v …%d", f.Type, f.Largest))
		case quic.ConnectionClose:
			out = append(out, fmt.Sprintf("%v 0x%x", f.Type, f.Code))
		default:
			out = append(out, f.Type.String())
		}
	}
	return out
}

// QUICRetry is a server that lets the client begin again, to see that it is where it says.
type QUICRetry struct {
	event.Meta
	SCID, Token, Tag []byte
}

// Key returns SceneQUICRetry.
func (*QUICRetry) Key() event.SceneKey { return SceneQUICRetry }

// Values are what it gives the client.
func (e *QUICRetry) Values() []event.Value {
	return []event.Value{{Name: "source_connection_id", Value: e.SCID}, {Name: "token", Value: e.Token}, {Name: "retry_integrity_tag", Value: e.Tag}}
}

// QUICVersions is a server that speaks other versions.
type QUICVersions struct {
	event.Meta
	Versions []quic.Version
}

// Key returns SceneQUICVersions.
func (*QUICVersions) Key() event.SceneKey { return SceneQUICVersions }

// Values are those versions.
func (e *QUICVersions) Values() []event.Value {
	var list []string
	for _, v := range e.Versions {
		list = append(list, v.String())
	}
	return []event.Value{{Name: "quic_versions", Value: strings.Join(list, ", ")}}
}

// QUICClosed is what stays closed to whoever only listens.
type QUICClosed struct {
	event.Meta
	Packets [2][quic.OneRTT + 1]int // as QUIC has them
	Opened  [2]int
	Midway  bool // the recording lacks the beginning, so Initial packets are closed too
}

// Key returns SceneQUICClosed.
func (*QUICClosed) Key() event.SceneKey { return SceneQUICClosed }

// Entry is another where the beginning is missing.
func (e *QUICClosed) Entry() event.SceneKey {
	if e.Midway {
		return SceneQUICClosed.Variant(midway)
	}
	return SceneQUICClosed
}

// Values count the packets of both ends, by type.
func (e *QUICClosed) Values() []event.Value {
	both := func(t quic.Type) int { return e.Packets[client][t] + e.Packets[server][t] }
	opened := e.Opened[client] + e.Opened[server]
	values := []event.Value{{Name: "initial_packets_opened", Value: opened}}
	for _, v := range []event.Value{{Name: "initial_packets_closed", Value: both(quic.Initial) - opened}, {Name: "zero_rtt_packets", Value: both(quic.ZeroRTT)},
		{Name: "handshake_packets", Value: both(quic.Handshake)}, {Name: "one_rtt_packets", Value: both(quic.OneRTT)}} {
		if v.Value != 0 {
			values = append(values, v)
		}
	}
	return values
}
