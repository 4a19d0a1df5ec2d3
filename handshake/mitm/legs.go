package mitm

import (
	"crypto/x509"

	"tlslab/handshake"
	"tlslab/handshake/message"
)

// What an interceptor says on each of its legs follows from what it heard on the other.
// Box and the proxy both go by these two functions.

// ToServer is base as the client would have it: its name for the server, and the
// application protocols that it offers. A client without server_name gets base's.
func ToServer(base handshake.Config, hello *message.ClientHello) *handshake.Config {
	if n, ok := message.Get[*message.ServerName](&hello.Extensions); ok {
		base.ServerName = n.Name
	}
	if a, ok := message.Get[*message.ALPN](&hello.Extensions); ok {
		base.ALPN = a.Protocols
	}
	return &base
}

// ToClient is base as the server has it: a forgery of its certificate, and the protocol
// that it chose. server is what the handshake on the other leg settled.
func (f *Forger) ToClient(base handshake.Config, server *handshake.Summary) (*handshake.Config, error) {
	forged, err := f.Forge(server.PeerChain[0])
	if err != nil {
		return nil, err
	}
	base.Certificates, base.ALPN = []handshake.Certificate{*forged}, nil
	if server.Protocol != "" {
		base.ALPN = []string{server.Protocol}
	}
	return &base, nil
}

// leaf is the certificate that cfg shows first.
func leaf(cfg *handshake.Config) *x509.Certificate { return cfg.Certificates[0].Leaf }
