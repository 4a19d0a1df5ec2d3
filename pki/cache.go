package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"

	"tlslab/handshake/reason"
)

// SignatureCache remembers which certificates were found to be signed by which
// keys, so that a chain can be judged anew, as at a resumption, without another
// public-key operation. Only the signature is remembered: dates, names and trust are
// judged each time. It holds good results alone, keyed by SHA-256 over the
// certificate and the issuer's key, and is safe for concurrent use. A nil cache
// remembers nothing.
type SignatureCache struct {
	mu   sync.Mutex
	good map[[sha256.Size]byte]struct{}
}

// maxCached bounds the memory to some 64 KB. A full cache is emptied: what is
// still in use comes back with its next check.
const maxCached = 1024

// check checks that issuer signed child: recompute does not ask the memory first. inOrder is
// true if child's encoding is known to be in order as well.
func (sc *SignatureCache) check(child, issuer *x509.Certificate, recompute bool) (err *reason.Error, inOrder bool) {
	if sc == nil {
		return checkCert(child, PublicKey(issuer)), false
	}
	h := sha256.New()
	h.Write(issuer.RawSubjectPublicKeyInfo) // DER: its length is inside, so the two cannot run together
	h.Write(child.Raw)
	var id [sha256.Size]byte
	h.Sum(id[:0])

	sc.mu.Lock()
	_, known := sc.good[id]
	sc.mu.Unlock()
	if known && !recompute {
		return nil, true
	}
	if err := checkCert(child, PublicKey(issuer)); err != nil {
		return err, false
	}
	if !wellFormed(child) {
		return nil, false // it is refused elsewhere, which says why
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if sc.good == nil || len(sc.good) >= maxCached {
		sc.good = make(map[[sha256.Size]byte]struct{})
	}
	sc.good[id] = struct{}{}
	return nil, true
}
