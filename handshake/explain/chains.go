package explain

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"slices"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
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

// maxCertificate is how long a Certificate may become; endpoints take no longer one.
const maxCertificate = 1 << 18

// decompress is what was compressed, if that is known here; nil if not.
func (s *stream) decompress(m *message.CompressedCertificate) message.Message {
	method := certcompress.Find(append(slices.Clone(s.r.o.Compressions), certcompress.Zlib), m.Algorithm)
	if method == nil || m.Length > maxCertificate {
		return nil
	}
	body, err := method.Decompress(m.Compressed, int(m.Length))
	if err != nil {
		return nil
	}
	raw := append([]byte{byte(iana.Certificate), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
	plain, err := message.Parse(message.Context{Version: iana.TLS13, FromServer: true}, raw, nil)
	if err != nil {
		return nil
	}
	return plain
}

// certified keeps the server's certificates.
func (s *stream) certified(der [][]byte) {
	if s.chain == nil {
		s.chain = s.r.chains.of(der)
		s.r.held += s.chain.join()
	}
}

// judge has the chain verified as a client would have done, at the packets' time.
func (c *Connection) judge(roots *pki.TrustStore, known *pki.SignatureCache) {
	if roots == nil || len(c.Chain) == 0 || c.Unparsed != nil || c.Verdict != nil {
		return
	}
	c.Verdict, _ = pki.Verify(c.Chain, pki.VerifyOptions{Roots: roots, ServerName: c.ServerName, Time: c.Began, Version: c.Version, Signatures: known})
}
