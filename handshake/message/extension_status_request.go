package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/sct"
	"tlslab/handshake/wire"
)

// StatusRequest asks the server to staple its certificate's status (RFC 6066 §8).
type StatusRequest struct {
	StatusType        iana.CertificateStatusType
	ResponderIDs      [][]byte // if StatusOCSP: ResponderIDs in DER; empty: the server knows whom to ask
	RequestExtensions []byte   // if StatusOCSP: Extensions in DER; empty: none
	Request           []byte   // if another StatusType: what follows it
}

// Type returns iana.ExtStatusRequest.
func (x *StatusRequest) Type() iana.ExtensionType { return iana.ExtStatusRequest }

// Walk visits extension_data.
func (x *StatusRequest) Walk(c *wire.Codec) {
	wire.U8(c, "status_type", &x.StatusType)
	if x.StatusType != iana.StatusOCSP {
		c.Rest("request", &x.Request)
		return
	}
	wire.List(c, 2, "responder_id_list", &x.ResponderIDs, 0, func(c *wire.Codec, id *[]byte) {
		c.Opaque(2, "responder_id", id, 1)
	})
	c.Opaque(2, "request_extensions", &x.RequestExtensions, 0)
}

// StatusRequestAck is the server's answer: a CertificateStatus may follow the
// Certificate (RFC 6066 §8).
type StatusRequestAck struct{}

// Type returns iana.ExtStatusRequest.
func (x *StatusRequestAck) Type() iana.ExtensionType { return iana.ExtStatusRequest }

// Walk visits extension_data, which is empty.
func (x *StatusRequestAck) Walk(*wire.Codec) {}

// StatusRequestEmpty asks the client to staple its certificate's status: all that
// a CertificateRequest13 can say (RFC 9846 §4.5.1.1).
type StatusRequestEmpty struct{}

// Type returns iana.ExtStatusRequest.
func (x *StatusRequestEmpty) Type() iana.ExtensionType { return iana.ExtStatusRequest }

// Walk visits extension_data, which is empty.
func (x *StatusRequestEmpty) Walk(*wire.Codec) {}

// StapledStatus is the answer in TLS 1.3: a CertificateStatus beside the
// certificate it is about, in a CertificateEntry (RFC 9846 §4.5.1.1).
type StapledStatus struct {
	Status   iana.CertificateStatusType // reading any but StatusOCSP is BadValue
	Response []byte                     // OCSPResponse in DER, unparsed (RFC 6960 §4.2.1)
}

// Type returns iana.ExtStatusRequest.
func (x *StapledStatus) Type() iana.ExtensionType { return iana.ExtStatusRequest }

// Walk visits extension_data.
func (x *StapledStatus) Walk(c *wire.Codec) { walkStatus(c, &x.Status, &x.Response) }

// SignedCertTimestamp asks for proofs that the certificate was logged: all that a ClientHello or
// a CertificateRequest13 says of them (RFC 6962 §3.3.1, RFC 9846 §4.5.1.1).
type SignedCertTimestamp struct{}

// Type returns iana.ExtSignedCertTimestamp.
func (x *SignedCertTimestamp) Type() iana.ExtensionType { return iana.ExtSignedCertTimestamp }

// Walk visits extension_data, which is empty.
func (x *SignedCertTimestamp) Walk(*wire.Codec) {}

// SignedCertTimestamps is the answer (RFC 6962 §3.3.1): in TLS 1.2 in a ServerHello, in TLS 1.3
// beside the certificate that it is about, in a CertificateEntry (RFC 9846 §4.5.1.1).
type SignedCertTimestamps struct {
	List [][]byte // each a SignedCertificateTimestamp, serialized; one at least
}

// Type returns iana.ExtSignedCertTimestamp.
func (x *SignedCertTimestamps) Type() iana.ExtensionType { return iana.ExtSignedCertTimestamp }

// Walk visits extension_data.
func (x *SignedCertTimestamps) Walk(c *wire.Codec) {
	b := c.Enter("signed_certificate_timestamp_list")
	sct.List(c, &x.List)
	c.End(b)
}
