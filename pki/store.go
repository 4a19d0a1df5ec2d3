package pki

import (
	"bytes"
	"crypto/x509"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"tlslab/pki/der"
)

// TrustStore is the set of trust anchors: the certificates that are believed
// because somebody installed them, not because anything vouches for them. Its
// zero value is empty and ready; it is safe for concurrent use, so that a lesson
// can remove a root between two handshakes.
type TrustStore struct {
	mu     sync.RWMutex
	all    []*x509.Certificate            // in the order added
	byForm map[string][]*x509.Certificate // by nameForm of the subject; the slices are replaced, never changed
	asked  map[string][]*x509.Certificate // what was found for a name as it was written; emptied when the store changes

	encodings map[*x509.Certificate]*der.Error // of each in all: what is wrong with it, nil if nothing

	version uint64 // see state
}

// changes counts those of all stores, so that no two states of any have the same number.
var changes atomic.Uint64

// state is a number that s keeps as long as it trusts the same certificates, and that no store
// has which does not; 0 if it trusts nobody and never did.
func (s *TrustStore) state() uint64 {
	if s == nil {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}

// What is remembered of names that were asked about: some 300 KB at most. When it is
// full it is emptied, and what is still in use comes back.
const (
	maxAsked    = 1024
	maxFormName = 192 // bytes of DER; longer ones are not remembered
)

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
	form := nameForm(c.RawSubject)
	s.mu.Lock()
	defer s.mu.Unlock()
	same := s.byForm[form]
	if holds(same, c) {
		return
	}
	if s.byForm == nil {
		s.byForm = make(map[string][]*x509.Certificate)
	}
	if s.encodings == nil {
		s.encodings = make(map[*x509.Certificate]*der.Error)
	}
	s.encodings[c] = der.Certificate(c.Raw)
	s.asked, s.version = nil, changes.Add(1)
	s.byForm[form] = append(slices.Clip(same), c)
	s.all = append(slices.Clip(s.all), c)
}

// Remove stops trusting c and reports whether it was trusted.
func (s *TrustStore) Remove(c *x509.Certificate) bool {
	form := nameForm(c.RawSubject)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !holds(s.byForm[form], c) {
		return false
	}
	s.asked, s.version = nil, changes.Add(1)
	s.byForm[form] = without(s.byForm[form], c)
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

// FindBySubject returns the trusted certificates with this subject, a DER encoded
// Name (x509.Certificate.RawSubject or RawIssuer), in the order added. Names are
// compared as SameName does. The slice is shared: do not change it.
func (s *TrustStore) FindBySubject(rawSubject []byte) []*x509.Certificate {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	found, known := s.asked[string(rawSubject)]
	s.mu.RUnlock()
	if known {
		return found
	}
	return s.findForm(rawSubject, nameForm(rawSubject))
}

// findForm is FindBySubject for a name whose form is known.
func (s *TrustStore) findForm(rawSubject []byte, form string) []*x509.Certificate {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byForm[form]
	if len(rawSubject) <= maxFormName {
		if s.asked == nil || len(s.asked) >= maxAsked {
			s.asked = make(map[string][]*x509.Certificate)
		}
		s.asked[string(rawSubject)] = found
	}
	return found
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
