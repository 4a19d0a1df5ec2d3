package pki

import (
	"crypto/x509"
	"runtime"
	"sync"
	"weak"
)

// parsed remembers certificates for as long as somebody holds them. A client
// meets the same few chains again and again, and parsing one costs as much as a
// third of a signature check.
var parsed sync.Map // DER as a string → weak.Pointer[x509.Certificate]

// ParseCached is x509.ParseCertificate, except that equal DER may return the same
// certificate, which must not be changed, and that the error names the byte at fault where
// it can (der.Error). der is copied.
func ParseCached(der []byte) (*x509.Certificate, error) {
	key := string(der)
	if p, ok := parsed.Load(key); ok {
		if c := p.(weak.Pointer[x509.Certificate]).Value(); c != nil {
			return c, nil
		}
	}
	c, err := parseCertificate([]byte(key))
	if err != nil {
		return nil, err
	}
	w := weak.Make(c)
	parsed.Store(key, w)
	// The next of the same DER may have been stored meanwhile: only our own goes.
	runtime.AddCleanup(c, func(key string) { parsed.CompareAndDelete(key, w) }, key)
	return c, nil
}
