package proxy_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// socksRequest asks for a connection: 5, command, 0, type, address, port.
func socksRequest(command, kind byte, addr []byte, port uint16) string {
	return string(binary.BigEndian.AppendUint16(append([]byte{5, command, 0, kind}, addr...), port))
}

// TestSOCKS5: each kind of address leads there.
func TestSOCKS5(t *testing.T) {
	o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = nil })
	v4, v6 := netip.MustParseAddr("127.0.0.1").As4(), netip.MustParseAddr("2001:db8::7").As16()
	for _, x := range []struct {
		name, wire, dialled string
	}{
		{"IPv4", socksRequest(1, 1, v4[:], 8443), "127.0.0.1:8443"},
		{"IPv6", socksRequest(1, 4, v6[:], 443), "[2001:db8::7]:443"},
		{"domain", socksRequest(1, 3, append([]byte{byte(len(wwwName))}, wwwName...), 443), wwwName + ":443"},
	} {
		t.Run(x.name, func(t *testing.T) {
			var dialled string
			u := start(t, o, func(p *proxy.Options) {
				p.Mode = proxy.SOCKS5
				p.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					dialled = addr
					return o.dial(ctx, network, addr)
				}
			})
			c := u.raw(t)
			greet(t, c, "\x05\x02\x02\x00", "\x05\x00") // a password, or nothing: nothing
			greet(t, c, x.wire, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
			over := tls.Client(c, &tls.Config{RootCAs: u.pool, ServerName: wwwName})
			_, body := asks(t, over, "GET /socks HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
			if !strings.Contains(body, "GET /socks") {
				t.Error(body)
			}
			sound(t, u.total(t, 1)[0])
			if dialled != x.dialled {
				t.Errorf("dialled %s, want %s", dialled, x.dialled)
			}
		})
	}
}

func greet(t testing.TB, c net.Conn, say, want string) {
	t.Helper()
	if _, err := c.Write([]byte(say)); err != nil {
		t.Fatal(err)
	}
	if err := hears(c, want); err != nil {
		t.Fatal(err)
	}
}

// TestSOCKS5Refuses: what the proxy does not do it says in the protocol, and in the list.
func TestSOCKS5Refuses(t *testing.T) {
	domain := append([]byte{byte(len(wwwName))}, wwwName...)
	refusal := func(code string) string { return "\x05" + code + "\x00\x01\x00\x00\x00\x00\x00\x00" }
	for _, x := range []struct {
		name  string
		lines []string // said, and what must come back, in turn
		why   string   // in the list
	}{
		{"BIND", []string{"\x05\x01\x00", "\x05\x00", socksRequest(2, 3, domain, 443), refusal("\x07")}, "command 2"},
		{"UDP", []string{"\x05\x01\x00", "\x05\x00", socksRequest(3, 1, []byte{127, 0, 0, 1}, 53), refusal("\x07")}, "command 3"},
		{"address type", []string{"\x05\x01\x00", "\x05\x00", socksRequest(1, 2, []byte{127, 0, 0, 1}, 53), refusal("\x08")}, "address type 2"},
		{"no name", []string{"\x05\x01\x00", "\x05\x00", socksRequest(1, 3, []byte{0}, 443), refusal("\x08")}, "empty"},
		{"password alone", []string{"\x05\x01\x02", "\x05\xff"}, "authenticate"},
		{"no method", []string{"\x05\x00", "\x05\xff"}, "authenticate"},
		{"SOCKS4", []string{"\x04\x01\x01\xbb\x7f\x00\x00\x01\x00", ""}, "0x04"},
		{"HTTP", []string{"CONNECT www.lab.test:443 HTTP/1.1\r\n\r\n", ""}, "0x43"},
		{"TLS", []string{"\x16\x03\x01\x00\x05hello", ""}, "0x16"},
	} {
		t.Run(x.name, func(t *testing.T) {
			u := start(t, nil, func(p *proxy.Options) { p.Mode = proxy.SOCKS5 })
			c := u.raw(t)
			for pair := range slices.Chunk(x.lines, 2) {
				greet(t, c, pair[0], pair[1])
			}
			ended(t, c)
			e := u.total(t, 1)[0]
			faulty(t, e, proxy.Failure, proxy.SideClient, proxy.SideProxy, proxy.CauseBadRequest)
			if e.Fault != nil && !strings.Contains(e.Fault.Error(), x.why) {
				t.Errorf("%v says nothing of %q", e.Fault, x.why)
			}
		})
	}
}

// TestSOCKS5Left: a client that leaves amid its request has left.
func TestSOCKS5Left(t *testing.T) {
	for _, part := range []string{"\x05", "\x05\x03\x00", "\x05\x01\x00\x05\x01\x00\x03\x20www"} {
		u := start(t, nil, func(p *proxy.Options) { p.Mode = proxy.SOCKS5 })
		c := u.raw(t)
		if _, err := c.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		ended(t, c)
		faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideClient, proxy.SideClient, proxy.CauseLeft)
	}
}
