package tls

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
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

// Serve runs an HTTP server over TLS connections accepted from l, in HTTP/1.1.
//
// It takes no early data: net/http reads by Read, which never returns any, so that a request
// would be accepted and lost.
func Serve(srv *http.Server, l net.Listener, cfg *Config) error {
	if cfg != nil && cfg.MaxEarlyData > 0 {
		own := *cfg
		own.MaxEarlyData, cfg = 0, &own
	}
	return srv.Serve(NewListener(l, cfg))
}

// Transport returns an http.RoundTripper that reaches https URLs over this package.
// Response.TLS stays nil: net/http fills it in for crypto/tls's connections only.
// A program that wants it finds the *Conn by httptrace's GotConn.
func Transport(cfg *Config) *http.Transport {
	return &http.Transport{
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return DialContext(ctx, network, addr, cfg)
		},
	}
}

// isPeerGone reports whether a write failed for want of a peer.
func isPeerGone(err error) bool {
	return isReset(err) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrDeadlineExceeded)
}
