package proxy

import (
	"net"
	"strings"
	"testing"
)

// TestOwnAddresses: a proxy knows itself at each address at which it can be reached, and takes no
// other server for itself.
func TestOwnAddresses(t *testing.T) {
	for _, c := range []struct {
		listens, to string
		own         bool
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", true},
		{"127.0.0.1:8080", "[::ffff:127.0.0.1]:8080", true},
		{"127.0.0.1:8080", "127.0.0.1:8081", false},
		{"127.0.0.1:8080", "127.0.0.2:8080", false}, // another may listen there
		{"127.0.0.1:8080", "[::1]:8080", false},
		{"0.0.0.0:8080", "127.0.0.1:8080", true},
		{"0.0.0.0:8080", "127.0.0.2:8080", true},
		{"0.0.0.0:8080", "127.0.0.1:8081", false},
		{"0.0.0.0:8080", "[::1]:8080", false}, // it does not hear IPv6
		{"0.0.0.0:8080", "192.0.2.1:8080", false},
		{"[::]:8080", "127.0.0.1:8080", true},
		{"[::]:8080", "[::1]:8080", true},
		{"[::]:8080", "[2001:db8::1]:8080", false},
	} {
		p := &Proxy{own: []string{"127.0.0.9:1", c.listens}}
		to, err := net.ResolveTCPAddr("tcp", c.to)
		if err != nil {
			t.Fatal(err)
		}
		if p.isOwn(to) != c.own {
			t.Errorf("listening on %s, %s is its own: %v", c.listens, c.to, !c.own)
		}
	}
	if p := (&Proxy{own: []string{"pipe"}}); !p.isOwn(named("pipe")) || p.isOwn(named("another")) {
		t.Error("an address that is none of IP")
	}
}

// TestOwnInterfaces: on every address is on each that this machine's interfaces have.
func TestOwnInterfaces(t *testing.T) {
	addrs, err := net.InterfaceAddrs()
	if err != nil || len(addrs) == 0 {
		t.Skip("this machine tells of no interface:", err)
	}
	p := &Proxy{own: []string{"[::]:8080"}}
	for _, a := range addrs {
		host, _, _ := strings.Cut(a.String(), "/")
		if to, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, "8080")); err != nil || !p.isOwn(to) {
			t.Errorf("%s: %v", a, err)
		}
	}
}

type named string

func (n named) Network() string { return "pipe" }
func (n named) String() string  { return string(n) }
