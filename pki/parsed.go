package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"weak"
)

// Certificates parses a chain of DER certificates, as a Certificate message
// carries them.
func Certificates(chain [][]byte) ([]*x509.Certificate, error) {
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	certs := make([]*x509.Certificate, len(chain))
	for i, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i, err)
		}
		certs[i] = c
	}
	return certs, nil
}

// parsed remembers certificates for as long as somebody holds them. A client
// meets the same few chains again and again, and parsing one costs as much as a
// third of a signature check.
var parsed sync.Map // DER as a string → weak.Pointer[x509.Certificate]

// ParseCached is ParseCertificate, except that equal DER may return the same
// certificate, which must not be changed. der is copied.
func ParseCached(der []byte) (*x509.Certificate, error) {
	key := string(der)
	if p, ok := parsed.Load(key); ok {
		if c := p.(weak.Pointer[x509.Certificate]).Value(); c != nil {
			return c, nil
		}
	}
	c, err := ParseCertificate([]byte(key))
	if err != nil {
		return nil, err
	}
	w := weak.Make(c)
	parsed.Store(key, w)
	// The next of the same DER may have been stored meanwhile: only our own goes.
	runtime.AddCleanup(c, func(key string) { parsed.CompareAndDelete(key, w) }, key)
	return c, nil
}
