package handshake

import (
	"tlslab/handshake/reason"
)

// checkLists finds what is in a list of the Config and is nothing: what suite.ByID and its
// like return for a number that they do not know. And a protocol that ALPN has no room for.
func (c *Config) checkLists() error {
	for i, s := range c.Suites {
		if s == nil {
			return isNil("config.suites", i)
		}
	}
	for i, g := range c.Groups {
		if g == nil {
			return isNil("config.groups", i)
		}
	}
	for i, x := range c.Exchanges {
		if x == nil {
			return isNil("config.exchanges", i)
		}
	}
	for i, s := range c.Schemes {
		if s == nil {
			return isNil("config.schemes", i)
		}
	}
	for i, s := range c.CertificateSchemes {
		if s == nil {
			return isNil("config.certificate_schemes", i)
		}
	}
	for i, m := range c.CertificateCompression {
		if m == nil {
			return isNil("config.certificate_compression", i)
		}
	}
	for i, p := range c.ALPN {
		if len(p) < 1 || len(p) > 255 { // RFC 7301 §3.1
			return reason.Mistake("config.alpn", reason.Say("names of 1 to 255 bytes"), reason.Say("%d in number %d", len(p), i+1))
		}
	}
	return nil
}

func isNil(field string, i int) error {
	return reason.Mistake(field, reason.Say("a value in each place"), reason.Say("nil in number %d", i+1))
}
