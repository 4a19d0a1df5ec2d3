package idn_test

import (
	"errors"
	"strings"
	"testing"

	"tlslab/handshake/idn"
)

// Names that are names, and what goes on for each.
func TestHostname(t *testing.T) {
	label := strings.Repeat("a", 63)
	for name, want := range map[string]string{
		"": "", "localhost": "localhost", "localhost.": "localhost.", "WWW.Lab.Test": "WWW.Lab.Test", "_sip.lab.test": "_sip.lab.test", "r3---sn-abc.example": "r3---sn-abc.example",
		"xn--fsqu00a.example": "xn--fsqu00a.example", "例子.example": "xn--fsqu00a.example", "1.example": "1.example",
		"192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::1", "fe80::1%eth0": "fe80::1%eth0", "１２７.0.0.1": "127.0.0.1",
		label + ".test": label + ".test", strings.Repeat("a.", 126) + "b": strings.Repeat("a.", 126) + "b",
	} {
		if got, err := idn.Hostname(name); got != want || err != nil {
			t.Errorf("%q became %q, %v, want %q", name, got, err, want)
		}
		if got, err := idn.HostPattern(name); got != want || err != nil {
			t.Errorf("as a pattern %q became %q, %v, want %q", name, got, err, want)
		}
	}
	for name, want := range map[string]string{"*.lab.test": "*.lab.test", "*.例子.example": "*.xn--fsqu00a.example"} {
		if got, err := idn.HostPattern(name); got != want || err != nil {
			t.Errorf("%q became %q, %v, want %q", name, got, err, want)
		}
	}
}

// Names that are none, and why: the first thing that is wrong, as a person would see it.
func TestHostnameRefuses(t *testing.T) {
	for name, why := range map[string]string{
		"https://lab.test/": "a URL", "https://例子.example/": "a URL",
		"lab.test:443": "a port", "例子.example:443": "a port", "192.0.2.1:443": "a port", "[::1]": "brackets", "[192.0.2.1]": "brackets", "[::1]:443": "a colon",
		"lab.test:": "a colon", ":443": "a colon", "lab:test": "a colon", "a:b:c": "a colon",
		"lab.test/x": "a path", "lab.test?x": "a path", "me@lab.test": "somebody's name",
		"a b": "a space", " lab.test": "a space", "lab.test\n": "a space", "a\tb": "a space",
		"*.lab.test": "an asterisk", "a*.test": "an asterisk",
		"localhost..": "a label is empty", ".lab.test": "a label is empty", "lab..test": "a label is empty", ".": "a label is empty",
		"a!b": "no name has, !", "a,b": "no name has, ,", "a\x00b": "no name has", "a%b": "no name has, %", "256.1.1.1\\": `no name has, \`,
		"-lab.test": "a hyphen", "lab-.test": "a hyphen",
		strings.Repeat("a", 64) + ".test": "63 octets", strings.Repeat("a", 300): "253 octets", strings.Repeat("ab.", 100): "253 octets",
		"ü_.test": "U+005F", "ü\xff.test": "UTF-8",
	} {
		got, err := idn.Hostname(name)
		var bad *idn.NameError
		if !errors.As(err, &bad) || got != "" || !strings.Contains(bad.Why, why) || bad.Ref == "" || len(bad.Name) > 253 {
			t.Errorf("%q became %q, %v, want an error on %q", name, got, err, why)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x00\n\t") {
			t.Errorf("%q: its error is not quoted: %q", name, err)
		}
	}
	for _, name := range []string{"*.10.0.0.1", "*.::1", "*.", "*.*.test", "a.*.test", "*", "*.lab.test:443", "*.a b"} {
		if got, err := idn.HostPattern(name); err == nil || !strings.Contains(err.Error(), `"`+name) {
			t.Errorf("%q became %q, %v", name, got, err)
		}
	}
}
