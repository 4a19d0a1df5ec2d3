package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// CertificateStatus is a stapled OCSP response (RFC 6066 §8). No other type of status has a
// form here (RFC 6961's ocsp_multi had one); reading it is BadValue. In TLS 1.3 it is no message but
// an extension, StapledStatus.
type CertificateStatus struct {
	Type     iana.CertificateStatusType
	Response []byte // OCSPResponse in DER, unparsed (RFC 6960 §4.2.1)
}

// Kind returns KindCertificateStatus.
func (m *CertificateStatus) Kind() Kind { return KindCertificateStatus }

// Walk visits the message.
func (m *CertificateStatus) Walk(c *wire.Codec) {
	group, body := header(c, "certificate_status", iana.CertificateStatus, "RFC 6066 §8")
	walkStatus(c, &m.Type, &m.Response)
	footer(c, group, body)
}

func walkStatus(c *wire.Codec, t *iana.CertificateStatusType, response *[]byte) {
	wire.U8(c, "status_type", t)
	if !c.Writing() && *t != iana.StatusOCSP {
		c.Fail(reason.BadValue, "status_type", iana.StatusOCSP, *t)
	}
	c.Opaque(3, "response", response, 1)
}
