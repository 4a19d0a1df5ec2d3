package cli

import (
	"errors"

	"tlslab/handshake/idn"
)

// Names are typed as people write them and go on as the protocol carries them: no verb
// hands one beyond ASCII to the engine, to a certificate or to the resolver.

// otherName is the remedy for what is no name.
const otherName = "Letters, digits and hyphens between dots, in any script; see RFC 5891 for what else is no name."

// ASCIIName is a name that a flag gives, in the form that the protocol carries.
func ASCIIName(flag, name string) (string, error) { return named(flag, name, idn.ToASCII) }

// CertName is ASCIIName for a name in a certificate, which may be a wildcard.
func CertName(flag, name string) (string, error) { return named(flag, name, idn.ToPattern) }

func named(flag, name string, toASCII func(string) (string, error)) (string, error) {
	ascii, err := toASCII(name)
	var bad *idn.NameError
	switch {
	case errors.As(err, &bad) && flag == "":
		return "", Misuse(otherName, "%w", err)
	case errors.As(err, &bad):
		return "", Misuse(otherName, "%s: %w", flag, err)
	}
	return ascii, err
}
