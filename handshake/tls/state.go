package tls

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
)

// handshakeTimeout is how long a client of an HTTP server may take to shake
// hands. Long enough for a person stepping through a client by hand would be too
// long for a server: use Server yourself for that.
const handshakeTimeout = 30 * time.Second

// ConnectionState is crypto/tls's view of the connection, as far as it has words for it.
// net/http looks for this method, and calls it before the first Read: so the handshake is
// completed here, within handshakeTimeout. Its ExportKeyingMaterial has nothing to work
// with, since crypto/tls keeps that to itself: use Export of the Conn.
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

// UpdateKeys goes on under new keys, and asks the peer to do the same if request is
// set (RFC 9846 §4.7.3). The peer's KeyUpdate comes with what is read; until TLS 1.3 is
// settled there is nothing to update, and the error says so.
func (c *Conn) UpdateKeys(request bool) error {
	if !c.complete.Load() {
		return errors.New("UpdateKeys before the handshake is complete")
	}
	c.write.Lock()
	defer c.write.Unlock()
	if c.closed.Load() {
		return net.ErrClosed
	}
	c.mu.Lock()
	err := c.e.UpdateKeys(request)
	c.mu.Unlock()
	if ferr := c.flushLocked(); err == nil {
		err = ferr
	}
	c.tell()
	return err
}

// Export returns n bytes of keying material for another protocol, as Endpoint.Export does.
func (c *Conn) Export(label string, context []byte, n int) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.e.Export(label, context, n)
}

// State is where the handshake stands, and stood when it was given up; Summary's FailedIn is where
// it failed.
func (c *Conn) State() event.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.e.State()
}

// Summary is what the handshake settled.
func (c *Conn) Summary() handshake.Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.e.Summary()
}
