package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// ALPN lists application protocols, best first; from a server it is the one
// chosen (RFC 7301 §3.1). No name is empty.
type ALPN struct {
	Protocols []string // bytes by right, text by habit: "h2", "http/1.1"
}

// Type returns iana.ExtALPN.
func (x *ALPN) Type() iana.ExtensionType { return iana.ExtALPN }

// Walk visits extension_data.
func (x *ALPN) Walk(c *wire.Codec) {
	list := c.Length(2, "protocol_name_list.length", 2)
	wire.RestOf(c, &x.Protocols, func(c *wire.Codec, name *string) { c.Text(1, "protocol_name", name, 1) })
	c.End(list)
}
