package handshake

import (
	"crypto/x509"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// Summary is what a handshake settled.
type Summary struct {
	Version     iana.Version
	Suite       *suite.Suite
	Group       iana.Group           // of the key exchange; 0 for RSA, for a field without a number, and for psk_ke. A resumed TLS 1.2 session has that of the handshake that made it
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
	RecordSizeLimit      int  // what the peer takes in a record (RFC 8449); 0 unless both ends said
	Retried              bool // TLS 1.3: the server sent a HelloRetryRequest

	CertificateRequested bool // the server asked the client for a certificate
	CertificateShown     bool // and the client had one that fits

	// How it ended, and what was said before:
	FailedIn     event.State             // where it stood when it failed; meaningful once Endpoint.Err is not nil
	Warnings     []iana.AlertDescription // warning alerts that came and did not end it, without close_notify; the first few
	Renegotiates bool                    // the peer asked for a second handshake, which is declined

	PeerChain []*x509.Certificate // as sent, leaf first; after resumption as remembered
	Report    *pki.Report         // on PeerChain; nil after resumption
	Staple    []byte              // the OCSP response that came with PeerChain; after resumption as remembered
	// Timestamps are the signed certificate timestamps that came with PeerChain, each serialized
	// (RFC 6962 §3.3), unjudged; after resumption as remembered.
	Timestamps [][]byte
}

// Summary returns what is settled so far. It must not be changed.
func (e *Endpoint) Summary() *Summary { return e.summary }
