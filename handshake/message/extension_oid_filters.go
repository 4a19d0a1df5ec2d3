package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// OIDFilters says which certificate extensions a client's certificate should have
// (RFC 9846 §4.3.5). An empty list is allowed, and says nothing.
type OIDFilters struct {
	Filters []OIDFilter
}

// OIDFilter is one of them, and the values it should hold.
type OIDFilter struct {
	OID    []byte // DER, 1 to 255 bytes
	Values []byte // DER, as the OID's own RFC says; empty: any
}

// Type returns iana.ExtOIDFilters.
func (x *OIDFilters) Type() iana.ExtensionType { return iana.ExtOIDFilters }

// Walk visits extension_data.
func (x *OIDFilters) Walk(c *wire.Codec) {
	list := c.Length(2, "filters.length", 0)
	wire.RestOf(c, &x.Filters, func(c *wire.Codec, f *OIDFilter) {
		filter := c.Enter("filter")
		c.Opaque(1, "certificate_extension_oid", &f.OID, 1)
		c.Opaque(2, "certificate_extension_values", &f.Values, 0)
		c.End(filter)
	})
	c.End(list)
}
