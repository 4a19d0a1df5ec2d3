package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"tlslab/handshake/idn"
)

// Pattern matches hosts: "www.example.org" that one, "*.example.org" every name below,
// "*" all; with ":PORT" at that port alone. Letters' case does not count, nor does a dot at the
// end; a name beyond ASCII is the one that is asked for with its A-labels (xn--).
type Pattern struct{ host, port string }

// wildcards are what path.Match knows.
const wildcards = `*?[]\`

// ParsePattern reads a pattern. The error says what is wrong with it; so is one that no host fits.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{host: text}
	if host, port, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return p, fmt.Errorf("%q is no port: it is a number from 1 to 65535", port)
		}
		p.host, p.port = host, strconv.FormatUint(n, 10)
	}
	if strings.ContainsAny(p.host, "/ '\"@") || strings.Contains(p.host, "://") {
		return p, errors.New("it is a host, no URL: www.example.org, *.example.org, *:8443")
	}
	if p.host == "" {
		return p, errors.New("a pattern names a host: www.example.org, *.example.org, *.example.org:8443")
	}
	host, err := foldPattern(p.host)
	if err != nil {
		return p, err
	}
	if _, err := path.Match(host, ""); err != nil {
		return p, fmt.Errorf("%q: %w", text, err)
	}
	p.host = host
	return p, nil
}

// foldPattern is foldHost for a pattern: label by label, since a wildcard is no part of a name.
func foldPattern(host string) (string, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), nil
	}
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(host), "."), ".")
	for i, label := range labels {
		wild := strings.ContainsAny(label, wildcards)
		ascii, err := idn.ToASCII(label)
		switch {
		case label == "":
			return "", fmt.Errorf("%q fits no host: a label is empty", host)
		case ascii != label && wild, err != nil && wild:
			return "", fmt.Errorf("%q fits no host: on the wire a label beyond ASCII is an xn-- of its own, of which no part can be left open", label)
		case err != nil:
			return "", err
		case !wild && len(ascii) > 63:
			return "", fmt.Errorf("%q fits no host: a label has at most 63 octets", label)
		}
		labels[i] = strings.ToLower(ascii)
	}
	return strings.Join(labels, "."), nil
}

// foldHost is the one form of a host that patterns are held against.
func foldHost(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ascii, err := idn.ToASCII(host); err == nil {
		return strings.ToLower(ascii)
	}
	return host // it is no name, and whoever dials it will see
}

func (p Pattern) matches(host, port string) bool {
	if p.port != "" && p.port != port {
		return false
	}
	ok, _ := path.Match(p.host, foldHost(host)) // ParsePattern has tried it
	return ok
}

// leavesAlone reports whether a host is one to pass through. Both names count: the one
// that the client dials and the one that it asks for.
func (p *Proxy) leavesAlone(name string, t target) bool {
	return p.ignores(name, t) || len(p.o.Allow) > 0 && !anyMatches(p.o.Allow, name, t)
}

// ignores reports whether a pattern of Options.Ignore fits. One of the two names is enough
// for that.
func (p *Proxy) ignores(name string, t target) bool { return anyMatches(p.o.Ignore, name, t) }

func anyMatches(list []Pattern, name string, t target) bool {
	for _, x := range list {
		if x.matches(name, t.port) || x.matches(t.host, t.port) {
			return true
		}
	}
	return false
}
