package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// QUICTransportParameters is what an end of QUIC lets the other do: how long to be idle, how
// many streams to open, how much to send (RFC 9000 §18, RFC 9001 §8.2). A ClientHello is read
// so only under Context.QUIC: over TCP the extension means nothing, and is Raw.
type QUICTransportParameters struct {
	List []TransportParameter
}

// A TransportParameter is one of them, as it was written.
type TransportParameter struct {
	ID, Length wire.Number
	Int        wire.Number // the value, if Integer
	Value      []byte      // if not
	Integer    bool
}

// transportParameters are their names (RFC 9000 §18.2, RFC 9221 §3, RFC 9287 §3, RFC 9368 §3),
// and whether the value is an integer.
var transportParameters = map[uint64]struct {
	name    string
	integer bool
}{
	0x00: {"original_destination_connection_id", false},
	0x01: {"max_idle_timeout", true},
	0x02: {"stateless_reset_token", false},
	0x03: {"max_udp_payload_size", true},
	0x04: {"initial_max_data", true},
	0x05: {"initial_max_stream_data_bidi_local", true},
	0x06: {"initial_max_stream_data_bidi_remote", true},
	0x07: {"initial_max_stream_data_uni", true},
	0x08: {"initial_max_streams_bidi", true},
	0x09: {"initial_max_streams_uni", true},
	0x0a: {"ack_delay_exponent", true},
	0x0b: {"max_ack_delay", true},
	0x0c: {"disable_active_migration", false},
	0x0d: {"preferred_address", false},
	0x0e: {"active_connection_id_limit", true},
	0x0f: {"initial_source_connection_id", false},
	0x10: {"retry_source_connection_id", false},
	0x11: {"version_information", false},
	0x20: {"max_datagram_frame_size", true},

	0x2ab2: {"grease_quic_bit", false},
}

// Name is the parameter's, "initial_max_data"; "other_parameter" of one that is not known here.
func (p *TransportParameter) Name() string {
	if k, known := transportParameters[p.ID.V]; known {
		return k.name
	}
	return "other_parameter"
}

// Type returns iana.ExtQUICTransportParameters.
func (x *QUICTransportParameters) Type() iana.ExtensionType { return iana.ExtQUICTransportParameters }

// Walk visits extension_data.
func (x *QUICTransportParameters) Walk(c *wire.Codec) {
	if !c.Writing() {
		x.List = nil
		if n := countParameters(c.Peek(0, c.Left())); n > 0 {
			x.List = make([]TransportParameter, 0, n)
		}
	}
	wire.RestOf(c, &x.List, walkParameter)
}

// countParameters is how many b has, if all of it is as it should be.
func countParameters(b []byte) (n int) {
	for ; len(b) > 0; n++ {
		_, id := wire.Varint(b)
		length, size := wire.Varint(b[id:])
		b = b[id+size:]
		if id == 0 || size == 0 || length > uint64(len(b)) {
			break
		}
		b = b[length:]
	}
	return n
}

func walkParameter(c *wire.Codec, p *TransportParameter) {
	if !c.Writing() {
		p.ID.V, _ = wire.Varint(c.Peek(0, min(8, c.Left())))
	}
	group := c.Enter(p.Name())
	defer c.End(group)
	c.Var("parameter_id", &p.ID)
	c.Var("parameter_length", &p.Length)
	if !c.Writing() {
		if p.Length.V > uint64(c.Left()) {
			c.Fail(reason.Truncated, "parameter_length", reason.Say("%d bytes", p.Length.V), reason.Say("%d left", c.Left()))
			return
		}
		_, n := wire.Varint(c.Peek(0, int(p.Length.V)))
		p.Integer = transportParameters[p.ID.V].integer && n > 0 && uint64(n) == p.Length.V
		if n := p.Length.V; n > 0 && !p.Integer && c.OK() {
			p.Value = make([]byte, n)
		}
	}
	if p.Integer {
		c.Var("parameter_value", &p.Int)
		return
	}
	c.Array("parameter_value", p.Value)
}
