package proxy

import (
	"errors"
	"fmt"
	"net"
	"path"
	"strings"
)

// Pattern matches hosts: "www.example.org" that one, "*.example.org" every name below,
// "*" all; with ":PORT" at that port alone. Letters' case does not count.
type Pattern struct{ host, port string }

// ParsePattern reads a pattern. The error says what is wrong with it.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{host: strings.ToLower(text)}
	if host, port, err := net.SplitHostPort(p.host); err == nil {
		p.host, p.port = host, port
	}
	if strings.ContainsAny(p.host, "/ '\"@") || strings.Contains(p.host, "://") {
		return p, errors.New("it is a host, no URL: www.example.org, *.example.org, *:8443")
	}
	if p.host == "" {
		return p, errors.New("a pattern names a host: www.example.org, *.example.org, *.example.org:8443")
	}
	if _, err := path.Match(p.host, ""); err != nil {
		return p, fmt.Errorf("%q: %w", text, err)
	}
	return p, nil
}

func (p Pattern) matches(host, port string) bool {
	if p.port != "" && p.port != port {
		return false
	}
	ok, _ := path.Match(p.host, strings.ToLower(host)) // ParsePattern has tried it
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
