package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// Finished proves that its sender has the keys and saw the same handshake (RFC
// 5246 §7.4.9, RFC 9846 §4.5.3). Its length is the version's and the suite's to
// know: 12 bytes in TLS 1.2, the hash's in TLS 1.3. Any is read; handshake refuses a
// wrong one.
type Finished struct {
	VerifyData []byte
}

// Kind returns KindFinished.
func (m *Finished) Kind() Kind { return KindFinished }

// Walk visits the message.
func (m *Finished) Walk(c *wire.Codec) {
	group, body := header(c, "finished", iana.Finished, "RFC 9846 §4.5.3")
	c.Rest("verify_data", &m.VerifyData)
	footer(c, group, body)
}
