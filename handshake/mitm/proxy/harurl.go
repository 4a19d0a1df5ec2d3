package proxy

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// The URL of an entry in a HAR. It is what browsers make of it: readers compare it with what a
// browser asks for, and have their own parser read it. What was said and cannot stand in a URL so
// is beside it.

// nowhere is the host of a URL whose request named none that a URL can have (RFC 6761 §6.4).
const nowhere = "host.invalid"

// url is the URL, and what was said for its host and its target where they are not in it as they
// were said; "" where they are.
func (e *Entry) url() (u, host, target string) {
	authority, path := e.Host, e.Path
	switch {
	case e.Method == http.MethodConnect && path != "" && path[0] != '/': // of HTTP/1.1: RFC 9112 §3.2.3
		if name, ok := urlHost(path); ok {
			return e.Scheme + "://" + name, "", ""
		}
		target, path = path, ""
	case e.Method == "": // nothing was asked, or nothing that was understood
		path = "/"
	case path == "*": // the server as a whole: its URI has no path (RFC 9112 §3.3)
		target, path = path, ""
	case path != "" && path[0] != '/':
		target, path = path, "/"
	}
	name, ok := urlHost(authority)
	if !ok {
		host, name = authority, nowhere
		if e.ToClient != nil {
			if hello, ok := urlHost(e.ToClient.ServerName); ok {
				name = hello
			}
		}
	}
	escaped := urlPath(path)
	if escaped != path {
		target = e.Path
	}
	return e.Scheme + "://" + name + escaped, host, target
}

// urlHost is a host with or without a port as a URL has it; not ok if none has it.
func urlHost(s string) (host string, ok bool) {
	host, port := strings.ToLower(s), ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i:]
		if n, err := strconv.ParseUint(port[1:], 10, 16); err != nil || port != fmt.Sprint(":", n) {
			return "", false
		}
	}
	if inner, isIPv6 := strings.CutPrefix(host, "["); isIPv6 {
		inner, closed := strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return host + port, closed && err == nil && a.Is6() && a.Zone() == ""
	}
	for i := range len(host) {
		if c := host[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("-._~!$&'()*+,;=", c) < 0 {
			return "", false
		}
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if last := labels[len(labels)-1]; last == "" || last[0] >= '0' && last[0] <= '9' { // an address, or what readers take for one
		_, err := netip.ParseAddr(host)
		return host + port, err == nil
	}
	return host + port, true
}

// urlPath is a path and a query as a URL has them: what browsers escape is escaped, byte by byte,
// and nothing else. A percent sign stays, whatever follows it.
func urlPath(s string) string {
	escape := " \"#<>`{}^"
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		if c == '?' {
			escape = " \"#<>"
		}
		if c <= ' ' || c >= 0x7f || strings.IndexByte(escape, c) >= 0 {
			fmt.Fprintf(&out, "%%%02X", c)
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}
