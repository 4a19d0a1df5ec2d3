package handshake

import (
	"crypto"
	"crypto/x509"
	"errors"

	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// Summary is what a handshake settled.
type Summary struct {
	Version     iana.Version
	Suite       *suite.Suite
	Group       iana.Group           // of the key exchange; 0 for RSA. A resumed TLS 1.2 session has that of the handshake that made it
	Scheme      iana.SignatureScheme // of the server's signature; 0 if there was none
	Compression iana.Compression
	ServerName  string // as sent by the client
	Protocol    string // ALPN; "" if none was agreed
	Resumed     bool
	NotOffered  string // why a client did not offer what it had kept, a DecisionEvent's Why; "" if it did, or had nothing
	EarlyData   EarlyDataStatus
	PSK         bool // TLS 1.3: it began with a pre-shared key, a ticket's or another
	SessionID   []byte

	ExtendedMasterSecret bool
	EncryptThenMAC       bool
	SecureRenegotiation  bool // the peer signalled RFC 5746
	MaxFragmentLength    iana.MaxFragmentLength
	RecordSizeLimit      int  // what the peer takes in a record (RFC 8449); 0 if it did not say
	Retried              bool // TLS 1.3: the server sent a HelloRetryRequest

	CertificateRequested bool // the server asked the client for a certificate

	PeerChain []*x509.Certificate // as sent, leaf first; after resumption as remembered
	Report    *pki.Report         // on PeerChain; nil after resumption
	Staple    []byte              // the OCSP response that came with PeerChain; after resumption as remembered
}

// Summary returns what is settled so far. It must not be changed.
func (e *Endpoint) Summary() *Summary { return e.summary }

// exporter is what keying material is exported from.
type exporter interface {
	export(label string, context []byte, n int) []byte
}

// exporter12 is TLS 1.2's (RFC 5705).
type exporter12 struct {
	hash                       crypto.Hash
	master                     keyschedule.MasterSecret
	clientRandom, serverRandom [32]byte
}

func (x *exporter12) export(label string, context []byte, n int) []byte {
	return x.master.Export(x.hash, label, x.clientRandom[:], x.serverRandom[:], context, n)
}

// exporter13 is TLS 1.3's (RFC 9846 §7.5).
type exporter13 struct{ secret keyschedule.ExporterSecret }

func (x *exporter13) export(label string, context []byte, n int) []byte {
	return x.secret.Export(label, context, n)
}

// Export returns n bytes of keying material for another protocol (RFC 5705, RFC 9846
// §7.5). In TLS 1.2 a nil context differs from an empty one. It needs a complete
// handshake, and in TLS 1.2 extended master secret: without it the material is not
// bound to this connection, and RFC 7627 §5.4 forbids to export any.
func (e *Endpoint) Export(label string, context []byte, n int) ([]byte, error) {
	switch {
	case e.state != Connected:
		return nil, errNotDone
	case e.summary.Version == iana.TLS12 && !e.summary.ExtendedMasterSecret:
		return nil, errNotBound
	case n < 0 || n > 255*e.summary.Suite.Hash.Size() || len(label) == 0 || len(label) > 249:
		return nil, errExport
	}
	return e.exporter.export(label, context, n), nil
}

// errNotDone is what needs the handshake's result before there is one.
var errNotDone = errors.New("the handshake is not complete")

// errExport is what HKDF-Expand-Label has no room for (RFC 9846 §7.1, RFC 5869 §2.3).
var errExport = errors.New("a label has 1 to 249 bytes, and keying material at most 255 times the hash's length")

// errNotBound is what needs extended master secret.
var errNotBound = errors.New("without extended master secret no keying material may be exported")
