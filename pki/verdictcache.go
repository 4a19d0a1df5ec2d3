package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"
)

// VerdictCache remembers which chains were found good, for whoever judges the same ones again
// and again, as a resumption does. A verdict holds for the same chain, name, use and trust
// store, as long as nothing is added to the store or removed from it, and for the times at which
// every certificate of the path is valid: within them, no check depends on the time. What was
// found bad is judged anew each time. The certificates must be as they were parsed, since what
// tells chains apart is their DER. It is safe for concurrent use, and its zero value is empty.
type VerdictCache struct {
	mu   sync.Mutex
	good map[question]span
}

// question is all that a verdict depends on but the time.
type question struct {
	chain    [sha256.Size]byte // of the certificates, leaf first
	roots    uint64            // TrustStore.state
	name     string
	usage    Usage
	keyUsage x509.KeyUsage
}

// span is a time, its ends included.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

// maxVerdicts bounds the memory to some 200 KB with names of ordinary length. A full cache is
// emptied: what is still in use comes back.
const maxVerdicts = 1024

// Verify is the function Verify for who wants the error alone. It remembers what depends on the
// chain and on Roots, ServerName, Usage and KeyUsage of o; if anything else is asked for,
// Verify judges.
func (vc *VerdictCache) Verify(chain []*x509.Certificate, o VerifyOptions) error {
	if !o.rememberable() || admissible(chain, nil) != nil {
		_, err := Verify(chain, o)
		return err
	}
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	q := question{digest(chain), o.Roots.state(), o.ServerName, o.Usage, o.KeyUsage}
	vc.mu.Lock()
	valid, known := vc.good[q]
	vc.mu.Unlock()
	if known && valid.holds(o.Time) {
		return nil
	}
	report, err := Verify(chain, o)
	if err != nil {
		return err
	}
	vc.mu.Lock()
	defer vc.mu.Unlock()
	if vc.good == nil || len(vc.good) >= maxVerdicts {
		vc.good = make(map[question]span)
	}
	vc.good[q] = common(report.ChosenPath())
	return nil
}

// rememberable reports whether the answer depends on nothing that a question does not hold.
func (o *VerifyOptions) rememberable() bool {
	return len(o.Intermediates) == 0 && !o.Policy.asks() && o.MaxDepth == nil &&
		len(o.Staple) == 0 && !o.RequireStaple && !o.HeedMustStaple && !o.Explain && !o.Recompute
}

// digest tells chains apart: a certificate's length is inside it, so two cannot run together.
func digest(chain []*x509.Certificate) (d [sha256.Size]byte) {
	h := sha256.New()
	for _, c := range chain {
		h.Write(c.Raw)
	}
	h.Sum(d[:0])
	return d
}

// common is when every certificate is valid.
func common(path []*x509.Certificate) span {
	s := span{path[0].NotBefore, path[0].NotAfter}
	for _, c := range path[1:] {
		if c.NotBefore.After(s.from) {
			s.from = c.NotBefore
		}
		if c.NotAfter.Before(s.to) {
			s.to = c.NotAfter
		}
	}
	return s
}
