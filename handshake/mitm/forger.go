package mitm

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"tlslab/handshake"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// Forger is the certification authority of an interceptor: it issues, for any
// server's certificate, one that says the same under a key of the box's own. It
// is believed by those who trust its root and by nobody else. It is safe for
// concurrent use.
type Forger struct {
	root *authority.CA
	keys []crypto.Signer
	rand io.Reader

	spare func() *Forger // of Spare; nil if there is none

	mu     sync.Mutex
	forged *simplelru.LRU[[32]byte, *handshake.Certificate] // by the real leaf's SHA-256
}

// maxForged bounds what a forger remembers: a browser's day meets a few hundred
// names, and one that is forgotten costs a signature to forge again.
const maxForged = 1024

// NewForger makes a forger that signs with root. keys are the leaf keys, one of
// each kind that clients may want; which is taken follows the real certificate.
// rand is for serial numbers; nil is crypto/rand.
func NewForger(root *authority.CA, rand io.Reader, keys ...crypto.Signer) (*Forger, error) {
	if root.Key == nil || len(keys) == 0 {
		return nil, fmt.Errorf("a forger needs a root that can sign and at least one leaf key")
	}
	forged, err := simplelru.NewLRU[[32]byte, *handshake.Certificate](maxForged, nil)
	if err != nil {
		return nil, err
	}
	return &Forger{root: root, keys: keys, rand: rand, forged: forged}, nil
}

// Root is the certificate that a victim must trust.
func (f *Forger) Root() *x509.Certificate { return f.root.Cert }

// Forge returns a certificate with the real one's subject, names and dates. The
// same real certificate gets the same forged one.
func (f *Forger) Forge(real *x509.Certificate) (*handshake.Certificate, error) {
	return f.ForgeFor(real)
}

// ForgeFor is Forge with more names, or IP addresses, in the certificate: those that the real one is
// not for.
func (f *Forger) ForgeFor(real *x509.Certificate, also ...string) (*handshake.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names, addresses := slices.Clip(real.DNSNames), slices.Clip(real.IPAddresses)
	what := slices.Clip(real.Raw)
	for _, name := range also {
		ip := net.ParseIP(name)
		switch {
		case real.VerifyHostname(name) == nil:
			continue
		case ip != nil:
			addresses = append(addresses, ip)
		case !isHostName(name):
			continue // a client's own wish, and no certificate may name it
		default:
			names = append(names, name)
		}
		what = append(append(what, name...), 0)
	}
	id := sha256.Sum256(what)
	if c, ok := f.forged.Get(id); ok {
		return c, nil
	}
	return f.issue(id, f.keyLike(real), authority.Request{DNSNames: names, IPAddresses: addresses}, authority.LeafOptions{NotBefore: real.NotBefore, NotAfter: real.NotAfter,
		Mutate: func(c *x509.Certificate) { c.RawSubject = real.RawSubject }})
}

// issue signs what is asked for key, and remembers it by id. The forger's lock is held.
func (f *Forger) issue(id [32]byte, key crypto.Signer, req authority.Request, o authority.LeafOptions) (*handshake.Certificate, error) {
	csr, err := authority.NewRequest(key, req)
	if err != nil {
		return nil, err
	}
	o.Rand = f.rand
	issued, err := f.root.Sign(csr, o)
	if err != nil {
		return nil, err
	}
	c := &handshake.Certificate{Chain: issued.Chain, Key: key, Leaf: issued.Leaf}
	f.forged.Add(id, c)
	return c, nil
}

// keyLike picks the key of the real one's kind, so that the suites that fit the real
// certificate fit the forged one. If the forger has no key of that kind, it picks its first
// key: a client whose suites do not fit that key sees the forgery fail.
func (f *Forger) keyLike(real *x509.Certificate) crypto.Signer {
	for _, k := range f.keys {
		if fmt.Sprintf("%T", k.Public()) == fmt.Sprintf("%T", pki.PublicKey(real)) {
			return k
		}
	}
	return f.keys[0]
}
