package proxy

import "testing"

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
