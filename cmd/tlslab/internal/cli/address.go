package cli

import (
	"errors"
	"net"
	"syscall"

	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
)

// DialFault is what went wrong, in the reader's language, without the address, which is said already.
func DialFault(l narrate.Lang, err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return narrate.Fault(l, err)
}

// Unheard says why nobody can listen on an address, and what to do: another port helps only where it is
// the port that is taken.
func Unheard(l narrate.Lang, address string, err error) error {
	pairs := []string{"address", address, "error", DialFault(l, err)}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return Told(l, err, "no_listen_host", "address", address, "error", narrate.LookupFault(l, dns))
	case errors.Is(err, syscall.EADDRINUSE):
		return Told(l, err, "no_listen", pairs...)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return Told(l, err, "no_listen_address", pairs...)
	case errors.Is(err, syscall.EACCES):
		return Told(l, err, "no_listen_permission", pairs...)
	}
	return Told(l, err, "no_listen_other", pairs...)
}

// SplitAddr returns the host of an address whose port is one, by number or name.
func SplitAddr(addr string) (host string, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err == nil && port == "" {
		err = &net.AddrError{Err: "missing port in address", Addr: addr}
	}
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	return host, err
}

// AddrFault is what is wrong with an address, without the address.
func AddrFault(err error) reason.Usage {
	said := err.Error()
	var a *net.AddrError
	var d *net.DNSError
	switch {
	case errors.As(err, &a):
		said = a.Err
	case errors.As(err, &d):
		said = d.Err
	}
	for _, known := range addrFaults {
		if known.String() == said {
			return known
		}
	}
	return reason.Usagef("%s", said)
}

// addrFaults is what package net says of an address.
var addrFaults = []reason.Usage{
	reason.Usagef("missing port in address"), reason.Usagef("too many colons in address"), reason.Usagef("missing ']' in address"),
	reason.Usagef("unexpected '[' in address"), reason.Usagef("unexpected ']' in address"), reason.Usagef("unknown port"), reason.Usagef("invalid port"),
}

// ASCIIAddr is ASCIIName for the host of an address that SplitAddr has let through.
func ASCIIAddr(flag, addr string) (host, ascii string, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", "", err
	}
	if host, err = ASCIIName(flag, host); err != nil {
		return "", "", err
	}
	return host, net.JoinHostPort(host, port), nil
}

// IsLoopback reports whether nobody but this machine reaches a host to listen on.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
