package proxy

import (
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"tlslab/handshake/idn"
	"tlslab/handshake/reason"
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
	if strings.ContainsAny(text, "/ '\"@") {
		return p, reason.Because("it is a host, no URL: www.example.org, *.example.org, *:8443")
	}
	if host, port, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return p, reason.Because("\"%v\" is no port: it is a number from 1 to 65535", port)
		}
		p.host, p.port = host, strconv.FormatUint(n, 10)
	}
	if p.host == "" {
		return p, reason.Because("a pattern names a host: www.example.org, *.example.org, *.example.org:8443")
	}
	host, err := foldPattern(p.host)
	if err != nil {
		return p, err
	}
	if _, err := path.Match(host, ""); err != nil {
		return p, reason.Because("\"%v\" fits no host: a bracket is not closed, or nothing follows a backslash", text)
	}
	p.host = host
	return p, nil
}

// foldPattern is foldHost for a pattern: label by label, since a wildcard is no part of a name.
func foldPattern(host string) (string, error) {
	if addr, ok := foldAddr(host); ok {
		return addr, nil
	}
	folded := strings.ToLower(dots.Replace(host))
	wild := strings.ContainsAny(folded, wildcards)
	if strings.Contains(folded, ":") {
		if !wild || strings.Trim(folded, "0123456789abcdef:.-^"+wildcards) != "" {
			return "", reason.Because("\"%v\" fits no host: it is no address of IPv6, and a name has one colon at the most, before a port", host)
		}
		return folded, nil
	}
	labels := strings.Split(strings.TrimSuffix(folded, "."), ".")
	for i, label := range labels {
		wild := strings.ContainsAny(label, wildcards)
		ascii, err := idn.ToASCII(label)
		switch {
		case label == "":
			return "", reason.Because("\"%v\" fits no host: a label is empty", host)
		case ascii != label && wild, err != nil && wild:
			return "", reason.Because("\"%v\" fits no host: on the wire the label \"%v\" is an xn-- of its own, of which no part can be left open", host, label)
		case err != nil:
			return "", err
		case !wild && len(ascii) > 63:
			return "", reason.Because("\"%v\" fits no host: a label has at most 63 octets", host)
		}
		ascii = strings.ToLower(ascii)
		if strings.ContainsFunc(ascii, oddInName) {
			return "", reason.Because("\"%v\" fits no host: the label \"%v\" has what no name has; a host is a pattern of its own", host, label)
		}
		labels[i] = ascii
	}
	folded = strings.Join(labels, ".")
	if !wild && len(folded) > 253 {
		return "", reason.Because("\"%v\" fits no host: a name has at most 253 octets", host)
	}
	return folded, nil
}

// nameChars are what names are made of, in lower case; some that no host should have are used all
// the same, as the underscore is.
const nameChars = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// oddInName reports whether neither a name nor a pattern of one has c.
func oddInName(c rune) bool { return !strings.ContainsRune(nameChars+wildcards+"^", c) }

// dots are the dots of other scripts, which are typed for the one (UTS #46 §2.3).
var dots = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

// foldAddr is the one form of an IP address, also in brackets; one of IPv4 in IPv6's clothes is
// that of IPv4, which is where it leads.
func foldAddr(host string) (string, bool) {
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' && strings.Contains(host, ":") {
		host = host[1 : n-1]
	}
	addr, err := netip.ParseAddr(host)
	return addr.Unmap().String(), err == nil
}

// foldHost is the one form of a host that patterns are held against.
func foldHost(host string) string {
	if addr, ok := foldAddr(host); ok {
		return addr
	}
	host = strings.ToLower(strings.TrimSuffix(dots.Replace(host), "."))
	if addr, ok := foldAddr(host); ok {
		return addr
	}
	if ascii, err := idn.ToASCII(host); err == nil {
		return strings.ToLower(ascii)
	}
	return host // it is no name, and whoever dials it will see
}

func (p Pattern) matches(host, port string) bool {
	if p.port != "" && p.port != strings.TrimLeft(port, "0") { // 0443 leads there too
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
