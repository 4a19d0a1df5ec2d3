package handshake

import (
	"crypto"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// check finds what could work at neither end: a version that does not exist, a
// Certificate without a chain.
func (c *Config) check() error {
	if err := c.checkLists(); err != nil {
		return err
	}
	if c.minVersion() > iana.TLS13 || c.maxVersion() < iana.TLS12 {
		return reason.Mistake("config", reason.Say("TLS 1.2 or TLS 1.3 within MinVersion and MaxVersion"), reason.Say("%v to %v", c.minVersion(), c.maxVersion()))
	}
	if len(c.versions()) == 0 {
		return reason.Mistake("config.suites", reason.Say("a suite of a version in use, whose exchange is in Exchanges"), reason.Say("none"))
	}
	if l := c.RecordSizeLimit; l != 0 && (l < 64 || l > maxFragment+1) {
		return reason.Mistake("config.record_size_limit", reason.Say("64 to 16385, or 0"), l)
	}
	if c.SuiteOrder > ClientOrder {
		return reason.Mistake("config.suite_order", reason.Say("an order that there is"), c.SuiteOrder)
	}
	if n := c.MaxSendFragment; n != 0 && (n < 64 || n > maxFragment) {
		return reason.Mistake("config.max_send_fragment", reason.Say("64 to %d, or 0", maxFragment), n)
	}
	if n := c.MaxMessage; n != 0 && (n < leastMaxMessage || n > 1<<24-1) {
		return reason.Mistake("config.max_message", reason.Say("%d to %d, or 0", leastMaxMessage, 1<<24-1), n)
	}
	if n := c.SessionTickets; n < 0 || n > maxIdle {
		return reason.Mistake("config.session_tickets", reason.Say("at most %d, or no client will take them", maxIdle), n)
	}
	for _, id := range c.KeyShares {
		if c.group(id) == nil {
			return reason.Mistake("config.key_shares", reason.Say("groups that are in Groups"), id)
		}
	}
	for i := range c.PSKs {
		// An empty key is one that everybody has.
		switch p := &c.PSKs[i]; {
		case len(p.Key) == 0:
			return reason.Mistake("config.psks", reason.Say("a key in each"), reason.Say("none in number %d", i+1))
		case len(p.Identity) == 0 || len(p.Identity) > 1<<16-1-2-4:
			return reason.Mistake("config.psks", reason.Say("an identity of 1 to 65529 bytes in each"), reason.Say("%d in number %d", len(p.Identity), i+1))
		case p.hash() != crypto.SHA256 && p.hash() != crypto.SHA384:
			return reason.Mistake("config.psks", reason.Say("SHA-256 or SHA-384, a suite's hash"), reason.Say("%v in number %d", p.Hash, i+1))
		}
	}
	for i := range c.Certificates {
		if err := c.Certificates[i].check("config.certificates"); err != nil {
			return err
		}
	}
	return nil
}

// check finds what makes a certificate of no use to anybody.
func (c *Certificate) check(field string) error {
	if len(c.Chain) == 0 {
		return reason.Mistake(field, reason.Say("a chain in each"), reason.Say("none"))
	}
	length := 0
	for i, t := range c.Timestamps {
		if len(t) == 0 {
			return isNil(field+".timestamps", i)
		}
		length += 2 + len(t)
	}
	if length > 1<<16-1 {
		return reason.Mistake(field+".timestamps", reason.Say("at most 65535 bytes with their lengths"), length)
	}
	for i, s := range c.Schemes {
		if s == nil {
			return isNil(field+".schemes", i)
		}
	}
	return nil
}

// checkLists finds a nil in a list of the Config: suite.ByID and its like return nil for a
// number that they do not know. It also finds a protocol that ALPN has no room for.
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
