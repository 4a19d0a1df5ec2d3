// Package https puts net/http's server and client over package tls. It stands apart so that
// a program without HTTP does not link it.
package https

import (
	"context"
	"net"
	"net/http"
	"slices"

	"tlslab/handshake/message"
	"tlslab/handshake/tls"
)

// Serve runs an HTTP server over TLS connections accepted from l, in HTTP/1.1. So it agrees on no
// "h2", whatever cfg.ALPN says: net/http knows of crypto/tls's connections alone that they have, and a
// client would speak what nobody understands.
//
// It takes no early data: net/http reads by Read, which never returns any, so that a request
// would be accepted and lost.
func Serve(srv *http.Server, l net.Listener, cfg *tls.Config) error {
	if cfg != nil {
		cfg = plain(cfg)
	}
	return srv.Serve(tls.NewListener(l, cfg))
}

// plain is cfg without what net/http cannot serve here, whomever it gives a Config of his own.
func plain(cfg *tls.Config) *tls.Config {
	own := *cfg
	own.MaxEarlyData = 0
	own.ALPN = slices.DeleteFunc(slices.Clone(cfg.ALPN), func(p string) bool { return p == "h2" })
	if choose := cfg.ForClient; choose != nil {
		own.ForClient = func(m *message.ClientHello) (*tls.Config, error) {
			chosen, err := choose(m)
			if err != nil || chosen == nil {
				return chosen, err
			}
			return plain(chosen), nil
		}
	}
	return &own
}

// Transport returns an http.RoundTripper that reaches https URLs over this package.
// Response.TLS stays nil: net/http fills it in for crypto/tls's connections only.
// A program that wants it finds the *Conn by httptrace's GotConn.
func Transport(cfg *tls.Config) *http.Transport {
	return &http.Transport{
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return tls.DialContext(ctx, network, addr, cfg)
		},
	}
}
