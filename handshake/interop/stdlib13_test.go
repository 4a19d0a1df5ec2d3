package interop_test

import (
	stdtls "crypto/tls"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// TLS 1.3 with crypto/tls, in this process.

// stdGroups13 are the groups that both have. Of ours crypto/tls lacks X448, the finite
// fields and bare ML-KEM.
var stdGroups13 = []kx.Group{kx.X25519MLKEM768, kx.SecP256r1MLKEM768, kx.SecP384r1MLKEM1024, kx.X25519, kx.P256, kx.P384, kx.P521}

// stdSuites13 are the suites that both have.
func stdSuites13() (common []*suite.Suite) {
	for _, s := range suite.Of(iana.TLS13) {
		for _, c := range stdtls.CipherSuites() {
			if c.ID == uint16(s.ID) {
				common = append(common, s)
			}
		}
	}
	return common
}

// in13 is a case of TLS 1.3 and nothing else; our end's suite is one, for crypto/tls
// cannot be told which to use.
func in13(id *tlstest.Identity, s *suite.Suite, groups ...kx.Group) stdCase {
	k := stdCase{version: iana.TLS13, id: id, groups: groups}
	if s != nil {
		k.suites = []*suite.Suite{s}
	}
	only := func(c *tls.Config, o *stdtls.Config) { c.MinVersion, o.MinVersion = iana.TLS13, stdtls.VersionTLS13 }
	k.ours, k.std = only, only
	return k
}

// also makes another change to both configurations, whoever is the client.
func (k stdCase) also(change func(*tls.Config, *stdtls.Config)) stdCase {
	ours, std := k.ours, k.std
	k.ours = func(c *tls.Config, o *stdtls.Config) { ours(c, o); change(c, o) }
	k.std = func(c *tls.Config, o *stdtls.Config) { std(c, o); change(c, o) }
	return k
}
