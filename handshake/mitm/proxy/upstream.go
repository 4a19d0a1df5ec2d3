package proxy

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/net/http/httpproxy"
	socks "golang.org/x/net/proxy"

	"tlslab/handshake"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// Upstream is another proxy, by way of which servers are reached: with CONNECT, for plain HTTP
// too, so that what is said to a server goes on as it came; or with SOCKS5. It resolves the
// servers' names. Nothing of it shows the password.
type Upstream struct {
	scheme     string // "http", "https", "socks5"
	host, port string
	user       *url.Userinfo
}

// ParseUpstream reads http://[USER:PASSWORD@]HOST[:PORT]; https and socks5 are known too. The
// error does not show what it was given: there may be a password in it.
func ParseUpstream(text string) (*Upstream, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, reason.Usagef("it is no URL; a sign in the password that means something in URLs is written %XX")
	}
	return upstreamOf(u)
}

func upstreamOf(u *url.URL) (*Upstream, error) {
	up := &Upstream{scheme: u.Scheme, host: u.Hostname(), port: u.Port(), user: u.User}
	if up.scheme == "socks5h" { // SOCKS5 is given names here in any case
		up.scheme = "socks5"
	}
	usual, ok := map[string]string{"http": "80", "https": "443", "socks5": "1080"}[up.scheme]
	switch {
	case !ok:
		return nil, reason.Usagef("an upstream proxy is http://, https:// or socks5://")
	case up.host == "":
		return nil, reason.Usagef("it names no host")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, reason.Usagef("nothing stands behind the port")
	}
	if up.port == "" {
		up.port = usual
	}
	return up, nil
}

// Addr is its address, HOST:PORT.
func (u *Upstream) Addr() string { return net.JoinHostPort(u.host, u.port) }

// String is its URL, without user and password.
func (u *Upstream) String() string { return u.scheme + "://" + u.Addr() }

// By is u for every server.
func (u *Upstream) By(string, string) *Upstream { return u }

// UpstreamsOfEnvironment are the upstream proxies that HTTPS_PROXY and HTTP_PROXY name, and which
// of them is for which server: NO_PROXY's, and those on this machine, have none. named is what the
// variables name, nil if they name nothing.
func UpstreamsOfEnvironment() (by func(scheme, addr string) *Upstream, named map[string]*Upstream, err error) {
	env := httpproxy.FromEnvironment()
	for name, value := range map[string]string{"HTTPS_PROXY": env.HTTPSProxy, "HTTP_PROXY": env.HTTPProxy} {
		if value == "" {
			continue
		}
		// What is written without http:// is taken for that, as everywhere.
		u, err := (&httpproxy.Config{HTTPProxy: value}).ProxyFunc()(&url.URL{Scheme: "http", Host: "example.org"})
		if err != nil || u == nil {
			return nil, nil, fmt.Errorf("%s: it is no URL", name)
		}
		up, err := upstreamOf(u)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if named == nil {
			named = map[string]*Upstream{}
		}
		named[name] = up
	}
	which := env.ProxyFunc()
	return func(scheme, addr string) *Upstream {
		u, err := which(&url.URL{Scheme: scheme, Host: addr})
		if err != nil || u == nil {
			return nil
		}
		up, _ := upstreamOf(u) // it was looked at
		return up
	}, named, nil
}

// UpstreamError is an upstream proxy that could not be reached, or that did not connect.
type UpstreamError struct {
	Upstream string // HOST:PORT
	Reached  bool   // it was
	Status   int    // what it answered in HTTP; 0 if nothing
	Err      error
}

// Error says which one, and what it said.
func (e *UpstreamError) Error() string { return "upstream proxy " + e.Upstream + ": " + e.Err.Error() }

// Unwrap returns the error behind it.
func (e *UpstreamError) Unwrap() error { return e.Err }

// dialer reaches addresses.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// Dial and DialContext are a proxy.Dialer of x/net.
func (d dialer) Dial(network, addr string) (net.Conn, error) {
	return d(context.Background(), network, addr)
}

// DialContext is d.
func (d dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d(ctx, network, addr)
}

// dial connects to addr by way of u. direct reaches u itself, and over is how TLS to u is to be.
func (u *Upstream) dial(ctx context.Context, direct dialer, over handshake.Config, addr string) (conn net.Conn, err error) {
	e := &UpstreamError{Upstream: u.Addr()}
	reach := func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := direct(ctx, network, u.Addr())
		if err != nil || u.scheme != "https" {
			e.Reached = err == nil
			return conn, err
		}
		over.ServerName, over.ALPN, over.Certificates = u.host, []string{"http/1.1"}, nil
		over.MinVersion, over.MaxVersion = 0, 0 // what was said of versions is said of servers
		c, err := tls.Client(conn, &over)
		if err == nil {
			err = c.HandshakeContext(ctx)
		}
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		e.Reached = true
		return c, nil
	}
	if u.scheme == "socks5" {
		conn, err = u.socks(ctx, reach, addr)
	} else if conn, err = reach(ctx, "tcp", ""); err == nil {
		stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
		var through net.Conn
		through, e.Status, err = u.connect(conn, addr)
		if !stop() {
			err = context.Cause(ctx)
		}
		if err != nil {
			_ = conn.Close()
		}
		conn = through
	}
	if err != nil {
		e.Err = err
		return nil, e
	}
	return conn, nil
}

// socks is SOCKS5.
func (u *Upstream) socks(ctx context.Context, reach dialer, addr string) (net.Conn, error) {
	var auth *socks.Auth
	if u.user != nil {
		password, _ := u.user.Password()
		auth = &socks.Auth{User: u.user.Username(), Password: password}
	}
	d, err := socks.SOCKS5("tcp", u.Addr(), auth, reach)
	if err != nil {
		return nil, err
	}
	conn, err := d.(socks.ContextDialer).DialContext(ctx, "tcp", addr)
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "socks connect" {
		return nil, op.Err // the addresses are known
	}
	return conn, err
}

// maxUpstreamHead bounds what an upstream proxy may answer to CONNECT, in bytes.
const maxUpstreamHead = 64 << 10

// connect is CONNECT (RFC 9110 §9.3.6).
func (u *Upstream) connect(conn net.Conn, addr string) (through net.Conn, status int, err error) {
	head := "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	if u.user != nil {
		password, _ := u.user.Password()
		head += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.user.Username()+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		return nil, 0, err
	}
	limited := &io.LimitedReader{R: conn, N: maxUpstreamHead}
	r := bufio.NewReader(limited)
	for {
		reply, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
		switch {
		case err != nil && limited.N <= 0:
			return nil, 0, &relay.Refusal{From: relay.Server, Rule: relay.RuleHeadTooLong}
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, 0, errHungUp
		case err != nil:
			return nil, 0, err
		case reply.StatusCode/100 == 1:
			continue
		case reply.StatusCode/100 != 2:
			_ = reply.Body.Close()
			return nil, reply.StatusCode, fmt.Errorf("%.60q", reply.Status)
		}
		early, _ := r.Peek(r.Buffered()) // of a server that speaks first
		return &begun{Conn: conn, early: slices.Clone(early)}, reply.StatusCode, nil
	}
}

// errHungUp is an upstream proxy that answers nothing.
var errHungUp = errors.New("it closed the connection without an answer")

// begun is a connection of which the first bytes have been read.
type begun struct {
	net.Conn
	early []byte
}

// Read reads those first.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.early) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.early)
	b.early = b.early[n:]
	return n, nil
}

// CloseWrite ends the stream in this direction, where the transport can.
func (b *begun) CloseWrite() error {
	if c, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return b.Conn.Close()
}

// SetLinger is the socket's, where there is one.
func (b *begun) SetLinger(seconds int) error {
	if c, ok := b.Conn.(interface{ SetLinger(int) error }); ok {
		return c.SetLinger(seconds)
	}
	return errors.ErrUnsupported
}
