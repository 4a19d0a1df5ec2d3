package pki

import (
	"bytes"
	"crypto/x509"
	"maps"
	"slices"
	"sync"

	"tlslab/pki/der"
)

// TrustStore is the set of trust anchors: the certificates that are believed
// because somebody installed them, not because anything vouches for them. Its
// zero value is empty and ready; it is safe for concurrent use, so that a lesson
// can remove a root between two handshakes.
type TrustStore struct {
	mu        sync.RWMutex
	all       []*x509.Certificate            // in the order added
	bySubject map[string][]*x509.Certificate // raw subject; the slices are replaced, never changed

	encodings map[*x509.Certificate]*der.Error // of each in all: what is wrong with it, nil if nothing
}

// NewTrustStore returns a store that trusts certs.
func NewTrustStore(certs ...*x509.Certificate) *TrustStore {
	s := new(TrustStore)
	for _, c := range certs {
		s.Add(c)
	}
	return s
}

// Add trusts c. Adding it twice changes nothing.
func (s *TrustStore) Add(c *x509.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := s.bySubject[string(c.RawSubject)]
	if holds(same, c) {
		return
	}
	if s.bySubject == nil {
		s.bySubject = make(map[string][]*x509.Certificate)
	}
	if s.encodings == nil {
		s.encodings = make(map[*x509.Certificate]*der.Error)
	}
	s.encodings[c] = der.Certificate(c.Raw)
	s.bySubject[string(c.RawSubject)] = append(slices.Clip(same), c)
	s.all = append(slices.Clip(s.all), c)
}

// Remove stops trusting c and reports whether it was trusted.
func (s *TrustStore) Remove(c *x509.Certificate) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	subject := string(c.RawSubject)
	if !holds(s.bySubject[subject], c) {
		return false
	}
	s.bySubject[subject] = without(s.bySubject[subject], c)
	s.all = without(s.all, c)
	maps.DeleteFunc(s.encodings, func(have *x509.Certificate, _ *der.Error) bool { return sameCert(have, c) })
	return true
}

// Len returns how many certificates are trusted.
func (s *TrustStore) Len() int {
	if s == nil {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.all)
}

// All returns the trusted certificates in the order they were added.
func (s *TrustStore) All() []*x509.Certificate {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.all)
}

// Contains reports whether exactly this certificate is trusted.
func (s *TrustStore) Contains(c *x509.Certificate) bool {
	return holds(s.FindBySubject(c.RawSubject), c)
}

// FindBySubject returns the trusted certificates with this subject, a DER
// encoded Name (x509.Certificate.RawSubject or RawIssuer). Names are compared
// byte for byte, as crypto/x509 does: RFC 5280 §7.1 would also ignore case and
// spacing, and §4.1.2.4 has issuers encode both alike so that nobody needs to.
// The slice is shared: do not change it.
func (s *TrustStore) FindBySubject(rawSubject []byte) []*x509.Certificate {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bySubject[string(rawSubject)]
}

// AddPEM trusts every certificate of a PEM bundle and returns how many it holds.
// If one is unreadable, none is added.
func (s *TrustStore) AddPEM(bundle []byte) (int, error) {
	certs, err := ParsePEM(bundle)
	if err != nil {
		return 0, err
	}
	for _, c := range certs {
		s.Add(c)
	}
	return len(certs), nil
}

func holds(certs []*x509.Certificate, c *x509.Certificate) bool {
	return slices.ContainsFunc(certs, func(have *x509.Certificate) bool { return sameCert(have, c) })
}

// without returns a copy of certs that lacks c: a reader may still hold the old slice.
func without(certs []*x509.Certificate, c *x509.Certificate) []*x509.Certificate {
	kept := make([]*x509.Certificate, 0, len(certs))
	for _, have := range certs {
		if !sameCert(have, c) {
			kept = append(kept, have)
		}
	}
	return kept
}

func sameCert(a, b *x509.Certificate) bool { return a == b || bytes.Equal(a.Raw, b.Raw) }
