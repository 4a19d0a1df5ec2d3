package tls

import (
	"context"
	"crypto/tls"
	"time"
)

// handshakeTimeout is how long a client of an HTTP server may take to shake
// hands. Long enough for a person stepping through a client by hand would be too
// long for a server: use Server yourself for that.
const handshakeTimeout = 30 * time.Second

// ConnectionState is crypto/tls's view of the connection, as far as it has words
// for it. net/http looks for this method, and calls it before the first Read: so
// the handshake is completed here, within handshakeTimeout. Its ExportKeyingMaterial has
// nothing to work with, since crypto/tls keeps that to itself: Export is the Conn's.
func (c *Conn) ConnectionState() tls.ConnectionState {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	// A failed handshake shows at the next Read or Write, and in HandshakeComplete.
	_ = c.HandshakeContext(ctx)
	s := c.Summary()
	out := tls.ConnectionState{
		Version:            uint16(s.Version),
		HandshakeComplete:  c.complete.Load(),
		DidResume:          s.Resumed,
		CurveID:            tls.CurveID(s.Group),
		HelloRetryRequest:  s.Retried,
		NegotiatedProtocol: s.Protocol,
		ServerName:         s.ServerName,
		PeerCertificates:   s.PeerChain,
		OCSPResponse:       s.Staple,
	}
	if s.Suite != nil {
		out.CipherSuite = uint16(s.Suite.ID)
	}
	if s.Report != nil && s.Report.OK {
		out.VerifiedChains = append(out.VerifiedChains, s.Report.ChosenPath())
	}
	return out
}
