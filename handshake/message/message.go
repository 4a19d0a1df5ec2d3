// Package message has one type per handshake message and one per extension, each
// with a Walk that parses, marshals and names every byte. Types split where the
// wires differ: ServerKeyExchange has one per key exchange.
//
// It checks form, not sense: whether a value may be chosen, or a message may come
// now, is handshake's business.
//
// Read message.go, then client_hello.go; extensions.go for how extensions are
// found, and extension_*.go for what they hold.
package message

import (
	"sync"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// Kind is a handshake message as the table of moves tells them apart:
// the numbers of iana.HandshakeType, and two more that it does not have.
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

	KindEndOfEarlyData        = Kind(iana.EndOfEarlyData)
	KindEncryptedExtensions   = Kind(iana.EncryptedExtensions)
	KindKeyUpdate             = Kind(iana.KeyUpdate)
	KindCompressedCertificate = Kind(iana.CompressedCertificate)
	KindMessageHash           = Kind(iana.MessageHash) // only in the transcript

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

// Kinds returns, in ascending order, the kinds of message that have a Go type.
func Kinds() []Kind {
	return []Kind{
		KindHelloRequest, KindClientHello, KindServerHello, KindNewSessionTicket, KindEndOfEarlyData,
		KindEncryptedExtensions, KindCertificate, KindServerKeyExchange, KindCertificateRequest,
		KindServerHelloDone, KindCertificateVerify, KindClientKeyExchange, KindFinished,
		KindCertificateStatus, KindKeyUpdate, KindCompressedCertificate, KindMessageHash,
		KindHelloRetryRequest, KindChangeCipherSpec,
	}
}

// Message is a handshake message, header included.
type Message interface {
	wire.Struct
	Kind() Kind
}

// Context is what the bytes alone do not tell.
type Context struct {
	Version    iana.Version // below TLS 1.3 the shapes are TLS 1.2's; 0: not settled, and a fault is told by TLS 1.3's sections
	Kx         iana.Kx      // shapes ServerKeyExchange and ClientKeyExchange
	FromServer bool
	// PassOver lists extensions of a ClientHello that mean nothing here: they are read as
	// Raw, whatever is in them.
	PassOver []iana.ExtensionType
	// QUIC: it comes over QUIC, where quic_transport_parameters means something.
	QUIC bool
}

// New returns an empty message for the type t to be read into, or nil if ctx
// allows no such message: an unknown type, one of the other version, one that
// is never sent, or a ServerKeyExchange under RSA key transport, which does
// without it (RFC 5246 §7.4.3).
func New(ctx Context, t iana.HandshakeType) Message {
	switch t {
	case iana.ClientHello:
		return &ClientHello{passOver: ctx.PassOver, quic: ctx.QUIC}
	case iana.ServerHello:
		return new(ServerHello)
	case iana.CertificateVerify:
		return new(CertificateVerify)
	case iana.Finished:
		return new(Finished)
	}
	if ctx.Version >= iana.TLS13 {
		return new13(t)
	}
	return new12(ctx, t)
}

func new13(t iana.HandshakeType) Message {
	switch t {
	case iana.NewSessionTicket:
		return new(NewSessionTicket13)
	case iana.EndOfEarlyData:
		return new(EndOfEarlyData)
	case iana.EncryptedExtensions:
		return new(EncryptedExtensions)
	case iana.Certificate:
		return new(Certificate13)
	case iana.CertificateRequest:
		return new(CertificateRequest13)
	case iana.KeyUpdate:
		return new(KeyUpdate)
	case iana.CompressedCertificate:
		return new(CompressedCertificate)
	}
	return nil
}

func new12(ctx Context, t iana.HandshakeType) Message {
	switch t {
	case iana.HelloRequest:
		return new(HelloRequest)
	case iana.NewSessionTicket:
		return new(NewSessionTicket12)
	case iana.Certificate:
		return new(Certificate12)
	case iana.CertificateStatus:
		return new(CertificateStatus)
	case iana.ServerKeyExchange:
		return newServerKeyExchange(ctx.Kx)
	case iana.CertificateRequest:
		return new(CertificateRequest12)
	case iana.ServerHelloDone:
		return new(ServerHelloDone)
	case iana.ClientKeyExchange:
		return newClientKeyExchange(ctx.Kx)
	}
	return nil
}

// Parse reads one handshake message, its 4-byte header included, from b, all of
// it. Slices in the Message alias b. With a non-nil note it appends a Field per
// range of bytes. The error is a *reason.Error: UnexpectedMessage where New has
// no message for the type, else what wire.Parse reports or DuplicateExtension.
func Parse(ctx Context, b []byte, note *[]wire.Field) (Message, error) {
	if len(b) == 0 {
		return nil, &reason.Error{Reason: reason.Truncated, Ref: ctx.rule("RFC 9846 §4", "RFC 5246 §7.4"), Field: "msg_type", Want: reason.Say("a handshake message"), Got: reason.Say("nothing")}
	}
	t := iana.HandshakeType(b[0])
	m := New(ctx, t)
	if m == nil {
		return nil, &reason.Error{Reason: reason.UnexpectedMessage, Ref: ctx.rule("RFC 9846 §4", "RFC 5246 §7.4"), Field: "msg_type", Got: t}
	}
	if err := wire.Parse(b, m, note); err != nil {
		return nil, Under(ctx.Version, err)
	}
	return m, nil
}

// Marshal returns the wire form of m, in a slice of its own that is exactly as
// long. It refuses (BadLength) only a vector longer than its length can say.
func Marshal(m wire.Struct, note *[]wire.Field) ([]byte, error) {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	b, err := wire.Append((*buf)[:0], m, note)
	if err != nil {
		return nil, err
	}
	*buf = b
	return append(make([]byte, 0, len(b)), b...), nil
}

// scratch is where messages grow before their length is known: a ClientHello
// with a post-quantum share or a chain of certificates would else be copied over
// and over. Nothing in it is secret: records are protected later.
var scratch = sync.Pool{New: func() any { return new(make([]byte, 0, 4096)) }}

// header opens a handshake message (RFC 5246 §7.4): msg_type and a 3-byte length
// around the body, all in a group called name. The message is specified at ref. footer closes
// both.
func header(c *wire.Codec, name string, t iana.HandshakeType, ref string) (group, body wire.Block) {
	group = c.Enter(name)
	c.Under(ref)
	wire.Const8(c, "msg_type", t)
	return group, c.Length(3, "length", 0)
}

func footer(c *wire.Codec, group, body wire.Block) {
	c.End(body)
	c.End(group)
}
