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
var parsed = struct {
	sync.RWMutex
	by map[string]weak.Pointer[x509.Certificate] // DER; a map of its own type, which is asked without a copy of the DER
}{by: map[string]weak.Pointer[x509.Certificate]{}}

// ParseCached is ParseCertificate, except that equal DER may return the same
// certificate, which must not be changed. der is copied.
func ParseCached(der []byte) (*x509.Certificate, error) {
	parsed.RLock()
	known := parsed.by[string(der)]
	parsed.RUnlock()
	if c := known.Value(); c != nil {
		return c, nil
	}
	key := string(der)
	c, err := ParseCertificate([]byte(key))
	if err != nil {
		return nil, err
	}
	w := weak.Make(c)
	parsed.Lock()
	parsed.by[key] = w
	parsed.Unlock()
	runtime.AddCleanup(c, func(key string) {
		parsed.Lock()
		defer parsed.Unlock()
		if parsed.by[key] == w { // not the next of the same DER, which may have come meanwhile
			delete(parsed.by, key)
		}
		if len(parsed.by) == 0 { // a map that has been large stays so
			parsed.by = map[string]weak.Pointer[x509.Certificate]{}
		}
	}, key)
	return c, nil
}
