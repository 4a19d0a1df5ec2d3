// Package tls gives the engine the face of a net.Conn: Dial, Listen, Client and
// Server, with the names that a user of crypto/tls knows. net/http runs over it.
//
// All of TLS is in package handshake; here are sockets, deadlines and locks, and
// nothing that a lesson would want to see.
//
// Read conn.go.
package tls

import (
	"context"
	"errors"
	"net"
	"time"

	"tlslab/handshake"
)

// Config is the Config of the engine.
type Config = handshake.Config

// Certificate is a chain with its key.
type Certificate = handshake.Certificate

// Client wraps conn as the client of a TLS connection. The handshake runs at the first Read
// or Write, or when Handshake asks for it. A bad Config is an error, reason.Misuse. A nil
// Config is bad, since it names no server.
func Client(conn net.Conn, cfg *Config) (*Conn, error) {
	cfg, h := listen(cfg)
	e, err := handshake.NewClient(cfg)
	if err != nil {
		return nil, err
	}
	c := newConn(conn, e, h)
	if cfg.FalseStart {
		c.started = make(chan struct{})
	}
	return c, nil
}

// Server wraps conn as the server of a TLS connection. A bad Config is an error,
// reason.Misuse. A nil Config is bad, since it has no certificate.
func Server(conn net.Conn, cfg *Config) (*Conn, error) {
	cfg, h := listen(cfg)
	e, err := handshake.NewServer(cfg)
	if err != nil {
		return nil, err
	}
	return newConn(conn, e, h), nil
}

func newConn(conn net.Conn, e *handshake.Endpoint, h *heard) *Conn {
	return &Conn{conn: conn, e: e, heard: h, shake: make(chan struct{}, 1)}
}

// Dial connects to addr ("host:port") and completes the handshake. A Config without
// ServerName gets addr's host. A nil Config is taken for one with no field set, as by
// crypto/tls; but here only Roots are trusted, and not the system's store. For False Start
// use Client, which waits for nothing.
func Dial(network, addr string, cfg *Config) (*Conn, error) {
	return DialContext(context.Background(), network, addr, cfg)
}

// DialContext is Dial, given up when ctx ends.
func DialContext(ctx context.Context, network, addr string, cfg *Config) (*Conn, error) {
	if cfg == nil {
		cfg = new(Config)
	}
	if cfg.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		own := *cfg
		own.ServerName = host
		cfg = &own
	}
	var d net.Dialer
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c, err := Client(raw, cfg)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Listen announces addr and hands out server connections whose handshake has not
// begun. A Config that no server can use, such as nil, is refused at once.
func Listen(network, addr string, cfg *Config) (net.Listener, error) {
	if _, err := handshake.NewServer(cfg); err != nil {
		return nil, err
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		return nil, err
	}
	return NewListener(l, cfg), nil
}

// NewListener wraps what l accepts, patiently: see Patient.
func NewListener(l net.Listener, cfg *Config) net.Listener { return &listener{Patient(l), cfg} }

type listener struct {
	net.Listener
	cfg *Config
}

func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c, err := Server(raw, l.cfg)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return c, nil
}

// closeTimeout bounds how long Close waits to get close_notify out to a peer
// that reads no more.
const closeTimeout = 5 * time.Second
