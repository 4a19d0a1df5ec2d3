package handshake

import (
	"crypto"
	"crypto/x509"
	"errors"

	"tlslab/handshake/event"
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
	NotOffered  event.Why // why a client did not offer what it had kept, an event.Decision's Why; "" if it did, or had nothing
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
	CertificateShown     bool // and the client had one that fits

	// How it ended, and what was said before:
	FailedIn     event.State             // where it stood when it failed; meaningful once Endpoint.Err is not nil
	Warnings     []iana.AlertDescription // warning alerts that came and did not end it, but for close_notify; the first few
	Renegotiates bool                    // the peer asked for a second handshake, which is declined

	PeerChain []*x509.Certificate // as sent, leaf first; after resumption as remembered
	Report    *pki.Report         // on PeerChain; nil after resumption
	Staple    []byte              // the OCSP response that came with PeerChain; after resumption as remembered
}

// Summary returns what is settled so far. It must not be changed.
func (e *Endpoint) Summary() *Summary { return e.summary }

// exporter is what keying material is exported from.
type exporter interface {
	// export refuses what its derivation has no room for.
	export(label string, context []byte, n int) ([]byte, error)
}

// exporter12 is TLS 1.2's (RFC 5705).
type exporter12 struct {
	hash                       crypto.Hash
	master                     keyschedule.MasterSecret
	clientRandom, serverRandom [32]byte
}

// export has no bound on the label and on n: the PRF takes any, an empty label too (RFC
// 5705 §4). The context goes in behind two bytes of length.
func (x *exporter12) export(label string, context []byte, n int) ([]byte, error) {
	if n < 0 || len(context) > 1<<16-1 {
		return nil, errExport12
	}
	return x.master.Export(x.hash, label, x.clientRandom[:], x.serverRandom[:], context, n), nil
}

// exporter13 is TLS 1.3's (RFC 9846 §7.5).
type exporter13 struct {
	hash   crypto.Hash
	secret keyschedule.ExporterSecret
}

// export has the bounds of HKDF-Expand-Label: label<7..255> has "tls13 " in front, and is not
// empty behind it (RFC 9846 §7.1); the output is at most 255 hashes long (RFC 5869 §2.3).
func (x *exporter13) export(label string, context []byte, n int) ([]byte, error) {
	if n < 0 || n > 255*x.hash.Size() || len(label) == 0 || len(label) > 249 {
		return nil, errExport13
	}
	return x.secret.Export(label, context, n), nil
}

// Export returns n bytes of keying material for another protocol (RFC 5705, RFC 9846
// §7.5). In TLS 1.2 a nil context differs from an empty one. It needs a complete
// handshake, and in TLS 1.2 extended master secret: without it the material is not
// bound to this connection, and RFC 7627 §5.4 forbids to export any. The bounds of label,
// context and n are the version's: an error says them.
func (e *Endpoint) Export(label string, context []byte, n int) ([]byte, error) {
	switch {
	case e.state != event.Connected:
		return nil, errNotDone
	case e.summary.Version == iana.TLS12 && !e.summary.ExtendedMasterSecret:
		return nil, errNotBound
	}
	return e.exporter.export(label, context, n)
}

// errNotDone is what needs the handshake's result before there is one.
var errNotDone = errors.New("the handshake is not complete")

// What an exporter has no room for.
var (
	errExport12 = errors.New("a context has at most 65535 bytes, and keying material no less than none")
	errExport13 = errors.New("a label has 1 to 249 bytes, and keying material at most 255 times the hash's length")
)

// errNotBound is what needs extended master secret.
var errNotBound = errors.New("without extended master secret no keying material may be exported")
