// Package message has one type per handshake message and one per extension, each
// with a Walk that parses, marshals and names every byte. Types split where the
// wires differ: ServerKeyExchange has one per key exchange.
//
// It checks form, not sense: whether a value may be chosen, or a message may come
// now, is handshake's business.
//
// Read this file, then client_hello.go.
package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// Kind is a handshake message as the table of moves tells them apart:
// iana.HandshakeType's numbers, and beyond them two that are none there.
type Kind uint16

// The kinds.
const (
	KindClientHello        = Kind(iana.ClientHello)
	KindServerHello        = Kind(iana.ServerHello)
	KindNewSessionTicket   = Kind(iana.NewSessionTicket)
	KindCertificate        = Kind(iana.Certificate)
	KindServerKeyExchange  = Kind(iana.ServerKeyExchange)
	KindCertificateRequest = Kind(iana.CertificateRequest)
	KindServerHelloDone    = Kind(iana.ServerHelloDone)
	KindCertificateVerify  = Kind(iana.CertificateVerify)
	KindClientKeyExchange  = Kind(iana.ClientKeyExchange)
	KindFinished           = Kind(iana.Finished)
	KindCertificateStatus  = Kind(iana.CertificateStatus)
	KindHelloRequest       = Kind(iana.HelloRequest)

	KindHelloRetryRequest Kind = 0x100 // a ServerHello with the special random
	KindChangeCipherSpec  Kind = 0x101 // a record type of its own, but a move like any other
)

// String returns the message's snake_case name, "client_hello".
func (k Kind) String() string {
	switch k {
	case KindHelloRetryRequest:
		return "hello_retry_request"
	case KindChangeCipherSpec:
		return "change_cipher_spec"
	}
	return iana.HandshakeType(k).String()
}

// Message is a handshake message, header included.
type Message interface {
	wire.Struct
	Kind() Kind
}

// Context is what the bytes alone do not tell.
type Context struct {
	Version    iana.Version
	Kx         iana.Kx // shapes ServerKeyExchange and ClientKeyExchange
	FromServer bool
}
