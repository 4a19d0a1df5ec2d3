package message

import (
	"strings"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// ServerName says which host the client wants, in clear (RFC 6066 §3). The wire
// form is a list, but host_name is the only type of name there is and no type may
// come twice, so any list but one of a single host_name is BadValue when read.
type ServerName struct {
	Name string // visible ASCII; no port, no trailing dot, no IP address (whoever makes sense of it checks that)
}

// Type returns iana.ExtServerName.
func (x *ServerName) Type() iana.ExtensionType { return iana.ExtServerName }

// Walk visits extension_data.
func (x *ServerName) Walk(c *wire.Codec) {
	list := c.Length(2, "server_name_list.length", 1)
	wire.Const8(c, "name_type", iana.HostName)
	c.Text(2, "host_name", &x.Name, 1)
	if !c.Writing() && strings.ContainsFunc(x.Name, invisible) {
		c.Fail(reason.BadValue, "host_name", reason.Say("visible ASCII"), x.Name)
	}
	if c.Left() > 0 {
		c.Fail(reason.BadValue, "server_name_list", reason.Say("one name"), reason.Say("another after it"))
	}
	c.End(list)
}

// invisible finds what no host name holds, a NUL above all: it would end the name
// early for some readers and not for others.
func invisible(r rune) bool { return r <= ' ' || r > '~' }

// ServerNameAck is the server's answer: the name was of use to it (RFC 6066 §3).
type ServerNameAck struct{}

// Type returns iana.ExtServerName.
func (x *ServerNameAck) Type() iana.ExtensionType { return iana.ExtServerName }

// Walk visits extension_data, which is empty.
func (x *ServerNameAck) Walk(*wire.Codec) {}
