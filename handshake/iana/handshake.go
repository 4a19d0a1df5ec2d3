package iana

// HandshakeType numbers the handshake messages (RFC 5246 §7.4, RFC 9846 §4).
type HandshakeType uint8

// The handshake messages of TLS 1.2 and 1.3.
const (
	HelloRequest          HandshakeType = 0
	ClientHello           HandshakeType = 1
	ServerHello           HandshakeType = 2
	NewSessionTicket      HandshakeType = 4
	EndOfEarlyData        HandshakeType = 5
	EncryptedExtensions   HandshakeType = 8
	Certificate           HandshakeType = 11
	ServerKeyExchange     HandshakeType = 12
	CertificateRequest    HandshakeType = 13
	ServerHelloDone       HandshakeType = 14
	CertificateVerify     HandshakeType = 15
	ClientKeyExchange     HandshakeType = 16
	Finished              HandshakeType = 20
	CertificateStatus     HandshakeType = 22
	KeyUpdate             HandshakeType = 24
	CompressedCertificate HandshakeType = 25
	MessageHash           HandshakeType = 254 // never on the wire
)

var handshakeNames = []string{
	HelloRequest: "hello_request", ClientHello: "client_hello", ServerHello: "server_hello",
	NewSessionTicket: "new_session_ticket", EndOfEarlyData: "end_of_early_data",
	EncryptedExtensions: "encrypted_extensions", Certificate: "certificate",
	ServerKeyExchange: "server_key_exchange", CertificateRequest: "certificate_request",
	ServerHelloDone: "server_hello_done", CertificateVerify: "certificate_verify",
	ClientKeyExchange: "client_key_exchange", Finished: "finished", CertificateStatus: "certificate_status",
	KeyUpdate: "key_update", CompressedCertificate: "compressed_certificate", MessageHash: "message_hash",
}

// String returns the name in the RFC's notation, or the number in hex.
func (t HandshakeType) String() string { return name8(handshakeNames, t) }

// KeyUpdateRequest is what a KeyUpdate asks of its receiver (RFC 9846 §4.7.3).
type KeyUpdateRequest uint8

// Whether the receiver is to change its own sending keys, too.
const (
	UpdateNotRequested KeyUpdateRequest = 0
	UpdateRequested    KeyUpdateRequest = 1
)

// String returns the name in the RFC's notation, or the number in hex.
func (r KeyUpdateRequest) String() string {
	return name8([]string{
		UpdateNotRequested: "update_not_requested", UpdateRequested: "update_requested"}, r)
}
