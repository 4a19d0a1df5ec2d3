package main

import (
	"errors"
	"net"

	"tlslab/handshake/idn"
)

// Names are typed as people write them and go on as the protocol carries them: no verb
// hands one beyond ASCII to the engine, to a certificate or to the resolver.

// otherName is the remedy for what is no name.
const otherName = "Letters, digits and hyphens between dots, in any script; see RFC 5891 for what else is no name."

// asciiName is a name that a flag gives, in the form that the protocol carries.
func asciiName(flag, name string) (string, error) { return named(flag, name, idn.ToASCII) }

// certName is asciiName for a name in a certificate, which may be a wildcard.
func certName(flag, name string) (string, error) { return named(flag, name, idn.ToPattern) }

func named(flag, name string, toASCII func(string) (string, error)) (string, error) {
	ascii, err := toASCII(name)
	var bad *idn.NameError
	switch {
	case errors.As(err, &bad) && flag == "":
		return "", misuse(otherName, "%w", err)
	case errors.As(err, &bad):
		return "", misuse(otherName, "%s: %w", flag, err)
	}
	return ascii, err
}

// asciiAddr is asciiName for the host of an address that splitAddr has let through.
func asciiAddr(flag, addr string) (host, ascii string, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", "", err
	}
	if host, err = asciiName(flag, host); err != nil {
		return "", "", err
	}
	return host, net.JoinHostPort(host, port), nil
}
