package explain

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"tlslab/pki"
)

// chain is what a server sent as its certificates. Most servers send theirs to many, and so it is kept,
// parsed and judged as one.
type chain struct {
	der   [][]byte // nil once it was parsed
	certs []*x509.Certificate
	err   error

	users, bytes int // connections that have it and are open, and how long it is
}

// join counts a connection that has the chain, and leave one less. They return how many bytes are kept from now on
// that were not, and that were and are no longer: but for the few that chains remembers.
func (c *chain) join() int {
	if c.users++; c.users > 1 {
		return 0
	}
	return c.bytes
}

func (c *chain) leave() int {
	if c == nil {
		return 0
	}
	if c.users--; c.users > 0 {
		return 0
	}
	return c.bytes
}

// maxChains is how many are remembered: of as many servers.
const maxChains = 1 << 6

// chains are those of a file.
type chains struct {
	recent     *simplelru.LRU[[sha256.Size]byte, *chain]
	signatures pki.SignatureCache
}

// of is the chain of those certificates.
func (x *chains) of(der [][]byte) *chain {
	if x.recent == nil {
		x.recent, _ = simplelru.NewLRU[[sha256.Size]byte, *chain](maxChains, nil)
	}
	h := sha256.New()
	for _, b := range der {
		one := sha256.Sum256(b)
		h.Write(one[:])
	}
	key := [sha256.Size]byte(h.Sum(nil))
	c, known := x.recent.Get(key)
	if !known {
		c = &chain{}
		for _, b := range der {
			c.der = append(c.der, bytes.Clone(b))
			c.bytes += len(b) + 24
		}
		x.recent.Add(key, c)
	}
	return c
}

// parsed are the certificates, up to the first that cannot be parsed.
func (c *chain) parsed() ([]*x509.Certificate, error) {
	for _, b := range c.der {
		cert, err := pki.ParseCertificate(b)
		if err != nil {
			c.err = err
			break
		}
		c.certs = append(c.certs, cert)
	}
	c.der = nil
	return c.certs, c.err
}
