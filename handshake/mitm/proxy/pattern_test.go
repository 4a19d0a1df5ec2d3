package proxy

import (
	"strings"
	"testing"
)

// TestPatternFolds: a host is the same host in whatever form a client asks for it, and in whatever
// form a pattern names it.
func TestPatternFolds(t *testing.T) {
	for _, c := range []struct {
		pattern, host, port string
		fits                bool
	}{
		{"*.bank.example", "www.bank.example", "443", true},
		{"*.bank.example", "www.bank.example.", "443", true},
		{"*.bank.example.", "www.bank.example", "443", true},
		{"*.bank.example", "WWW.Bank.Example", "443", true},
		{"*.Bank.example", "a.b.bank.example", "443", true},
		{"*.bank.example", "bank.example", "443", false},
		{"*.bank.example", "www.bank.example.org", "443", false},
		{"bücher.example", "xn--bcher-kva.example", "443", true},
		{"BÜCHER.example", "xn--bcher-kva.example", "443", true},
		{"*.bücher.example", "www.xn--bcher-kva.example.", "443", true},
		{"xn--bcher-kva.example", "bücher.example", "443", true},
		{"XN--BCHER-KVA.example", "xn--bcher-kva.example", "443", true},
		{"例子。example", "xn--fsqu00a.example", "443", true},
		{"*", "", "443", true},
		{"*:8443", "www.example.org", "8443", true},
		{"*:08443", "www.example.org", "8443", true},
		{"*:8443", "www.example.org", "443", false},
		{"[::1]:443", "0:0:0:0:0:0:0:1", "443", true},
		{"::1", "::1", "443", true},
		{"2001:DB8::1", "2001:db8:0:0::1", "443", true},
		{"127.0.0.1", "127.0.0.1", "443", true},
		{"127.*", "127.0.0.1", "443", true},
		{"[a-c].example", "b.example", "443", true},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		if p.matches(c.host, c.port) != c.fits {
			t.Errorf("%q fits %q at %s: %v", c.pattern, c.host, c.port, !c.fits)
		}
	}
}

// TestPatternOfAddresses: an address is the same in brackets, in IPv6's clothes, and at a port with
// a zero before it, which is where a client's CONNECT leads with them.
func TestPatternOfAddresses(t *testing.T) {
	for _, c := range []struct{ pattern, host, port string }{
		{"[::1]", "::1", "443"},
		{"::1", "[::1]", "443"},
		{"192.0.2.1", "::ffff:192.0.2.1", "443"},
		{"::ffff:192.0.2.1", "192.0.2.1", "443"},
		{"192.0.2.1", "192.0.2.1.", "443"},
		{"2001:db8::*", "2001:DB8:0::5", "443"},
		{"fe80::1%eth0", "FE80:0::1%eth0", "443"},
		{"*:443", "www.example.org", "0443"},
		{"*.例子", "www。例子。", "443"},
		{"_x.example", "_X.example", "443"},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
		} else if !p.matches(c.host, c.port) {
			t.Errorf("%q does not fit %q at %s", c.pattern, c.host, c.port)
		}
	}
}

// TestPatternsThatFitNothing: what no client can ask for is refused, and the sentence says why.
func TestPatternsThatFitNothing(t *testing.T) {
	long := strings.Repeat("a", 60)
	for _, c := range []struct{ pattern, why string }{
		{"", "names a host"},
		{".", "a label is empty"},
		{"https://www.example.org", "no URL"},
		{"192.0.2.0/24", "no URL"},
		{"www..example.org", "a label is empty"},
		{".example.org", "a label is empty"},
		{"www.example.org:https", "no port"},
		{"www.example.org:0", "no port"},
		{"www.example.org:65536", "no port"},
		{"www.example.org:80:90", "no address of IPv6"},
		{"a.example,b.example", "what no name has"},
		{"a.example;b.example", "what no name has"},
		{"100%.example", "what no name has"},
		{"b*cher.bü*.example", "of its own"},
		{"bü[a-z].example", "of its own"},
		{strings.Repeat("a", 64) + ".example", "63 octets"},
		{strings.Join([]string{long, long, long, long, long}, "."), "253 octets"},
		{"[a-", "not closed"},
	} {
		if _, err := ParsePattern(c.pattern); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%q: %v, and not that %s", c.pattern, err, c.why)
		}
	}
}
