package handshake

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"sync"

	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// TLS 1.3's Certificate, which both roles send alike: with extensions for each
// certificate (RFC 9846 §4.5.1), and perhaps compressed (RFC 8879).

// message13 writes the chain, with its staple and its timestamps if those are wanted.
func (c *Certificate) message13(staple, timestamps bool) *message.Certificate13 {
	m := &message.Certificate13{Entries: make([]message.CertificateEntry, len(c.Chain))}
	for i, der := range c.Chain {
		m.Entries[i].Cert = der
	}
	if staple {
		m.Entries[0].Extensions.Add(&message.StapledStatus{Status: iana.StatusOCSP, Response: c.Staple})
	}
	if timestamps {
		m.Entries[0].Extensions.Add(&message.SignedCertTimestamps{List: c.Timestamps})
	}
	return m
}

// chainOf parses the chain of a Certificate. In the handshake its context must be empty.
func (e *Endpoint) chainOf(m *message.Certificate13) ([]*x509.Certificate, error) {
	if len(m.RequestContext) != 0 {
		return nil, e.fault(reason.BadValue, "RFC 9846 §4.5.1", m, "certificate.certificate_request_context", reason.Say("nothing in the handshake"), m.RequestContext)
	}
	raw := make([][]byte, len(m.Entries))
	for i := range m.Entries {
		raw[i] = m.Entries[i].Cert
	}
	return parseChain(raw)
}

// packing is the first of our methods that the peer takes; nil if none.
func (e *Endpoint) packing(peer []iana.CertificateCompressionAlgorithm) *certcompress.Method {
	for _, m := range e.cfg.CertificateCompression {
		if slices.Contains(peer, m.Algorithm()) {
			e.decided(event.DecisionCertificateCompression, m.Algorithm(), peer, event.WhyPeerTakesIt)
			return m
		}
	}
	return nil
}

// sendPacked sends a Certificate compressed.
func (e *Endpoint) sendPacked(m *message.Certificate13, method *certcompress.Method) error {
	raw, err := message.Marshal(m, nil)
	if err != nil {
		return err
	}
	body := raw[messageHeader:]
	packed, err := pack(method, body)
	if err != nil {
		return err
	}
	return e.send(&message.CompressedCertificate{Algorithm: method.Algorithm(), Length: uint32(len(body)), Compressed: packed})
}

// pack compresses, and remembers: an end shows the same few chains again and again, and
// any peer can ask for it. What is remembered is bounded; new staples push out old ones.
func pack(m *certcompress.Method, body []byte) ([]byte, error) {
	key := packedKey{m, sha256.Sum256(body)}
	packed.Lock()
	known := packed.chains[key]
	packed.Unlock()
	if known != nil {
		return known, nil
	}
	b, err := m.Compress(body)
	if err != nil {
		return nil, err
	}
	packed.Lock()
	defer packed.Unlock()
	if len(packed.chains) >= 64 {
		clear(packed.chains)
	}
	packed.chains[key] = b
	return b, nil
}

type packedKey struct {
	method *certcompress.Method
	body   [sha256.Size]byte
}

var packed = struct {
	sync.Mutex
	chains map[packedKey][]byte
}{chains: map[packedKey][]byte{}}

// unpack reads a compressed Certificate as if it had come plain. The transcript has it
// as it came.
func (e *Endpoint) unpack(m *message.CompressedCertificate) (*message.Certificate13, error) {
	method := certcompress.Find(e.cfg.CertificateCompression, m.Algorithm)
	if method == nil {
		return nil, e.fault(reason.NotOffered, "RFC 8879 §4", m, "compressed_certificate.algorithm", certcompress.Algorithms(e.cfg.CertificateCompression), m.Algorithm)
	}
	if int64(m.Length) > int64(e.cfg.maxMessage()-messageHeader) {
		return nil, e.fault(reason.MessageTooLong, "RFC 8879 §4", m, "compressed_certificate.uncompressed_length", reason.Say("at most %d bytes, which is our limit", e.cfg.maxMessage()-messageHeader), m.Length)
	}
	body, err := method.Decompress(m.Compressed, int(m.Length))
	if e.listening() {
		e.checked(event.Check{What: event.CheckCertificateCompression, Method: m.Algorithm.String(), Err: err})
	}
	if err != nil {
		return nil, err
	}
	n := len(body)
	raw := append([]byte{byte(iana.Certificate), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
	cert, err := message.Parse(e.context(), raw, nil)
	if err != nil {
		return nil, err
	}
	return cert.(*message.Certificate13), nil
}
