package kx

import (
	"crypto"
	"io"

	"tlslab/handshake/iana"
)

// Exchange says how the two TLS 1.2 key exchange messages are filled
// (RFC 5246 §7.4.3, §7.4.7). The server offers, the client answers. RSA, DHE and
// ECDHE are the three values we ship; a student's own is a fourth, with a Kx from
// iana.KxPrivate on and a suite row that names it. kxtest.RunExchange tells whether it
// keeps this contract.
type Exchange interface {
	// Kx is the word in the suite's name.
	Kx() iana.Kx
	// Ephemeral reports whether the server sends a ServerKeyExchange, signed
	// under its certificate. If not, the offer is the certificate's own key.
	Ephemeral() bool
	// Offer is the server's move. For an ephemeral exchange it returns what
	// goes into ServerKeyExchange; for a static one the Params are zero.
	Offer(in ServerInput) (Offer, Params, error)
	// Answer is the client's move.
	Answer(in ClientInput) (Answer, error)
	// PreMaster turns the Group's secret into the premaster secret: TLS 1.2
	// strips the leading zeros of a finite-field Z (RFC 5246 §8.1.2), and of
	// nothing else.
	PreMaster(secret []byte) []byte
}

// ServerInput is what a server knows when it makes its offer.
type ServerInput struct {
	Rand          io.Reader
	Groups        []Group           // groups that both ends have, in order of preference; the first that Serves is the pick
	Key           crypto.PrivateKey // the certificate's
	ClientVersion iana.Version      // from ClientHello.client_version: RSA writes it into the premaster secret
	// RevealPadding switches the defence of RFC 5246 §7.4.7.1 off, for a lesson:
	// a bad padding is then an error of its own, and an oracle.
	RevealPadding bool
}

// ClientInput is what a client knows when it answers.
type ClientInput struct {
	Rand          io.Reader
	Groups        []Group          // what the client offered
	Params        Params           // from ServerKeyExchange; zero for a static exchange
	PublicKey     crypto.PublicKey // the certificate's
	ClientVersion iana.Version
}

// Params is what ServerKeyExchange carries, whatever its shape: Group and Share
// for ECDHE, P, G and Share for DHE, Share alone for a student's own.
type Params struct {
	Group iana.Group
	P, G  []byte // big-endian
	Share []byte
}
