package cli

import (
	"errors"
	"net"
)

// DialFault is what went wrong, without the address, which is said already.
func DialFault(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
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
func AddrFault(err error) string {
	var a *net.AddrError
	if errors.As(err, &a) {
		return a.Err
	}
	var d *net.DNSError
	if errors.As(err, &d) {
		return d.Err
	}
	return err.Error()
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
