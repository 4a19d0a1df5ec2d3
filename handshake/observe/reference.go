package observe

import (
	"cmp"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// messageRef is the version whose message it is, and the kind.
type messageRef struct {
	version iana.Version
	kind    message.Kind
}

// references says where each message is specified. The engine's rows say the same, and a
// test holds the two together: an observer needs no engine.
var references = map[messageRef]string{
	{iana.TLS12, message.KindHelloRequest}:       "RFC 5246 §7.4.1.1",
	{iana.TLS12, message.KindClientHello}:        "RFC 5246 §7.4.1.2",
	{iana.TLS12, message.KindServerHello}:        "RFC 5246 §7.4.1.3",
	{iana.TLS12, message.KindNewSessionTicket}:   "RFC 5077 §3.3",
	{iana.TLS12, message.KindCertificate}:        "RFC 5246 §7.4.2",
	{iana.TLS12, message.KindCertificateStatus}:  "RFC 6066 §8",
	{iana.TLS12, message.KindServerKeyExchange}:  "RFC 5246 §7.4.3",
	{iana.TLS12, message.KindCertificateRequest}: "RFC 5246 §7.4.4",
	{iana.TLS12, message.KindServerHelloDone}:    "RFC 5246 §7.4.5",
	{iana.TLS12, message.KindClientKeyExchange}:  "RFC 5246 §7.4.7",
	{iana.TLS12, message.KindCertificateVerify}:  "RFC 5246 §7.4.8",
	{iana.TLS12, message.KindChangeCipherSpec}:   "RFC 5246 §7.1",
	{iana.TLS12, message.KindFinished}:           "RFC 5246 §7.4.9",

	{iana.TLS13, message.KindClientHello}:           "RFC 9846 §4.2.2",
	{iana.TLS13, message.KindServerHello}:           "RFC 9846 §4.2.3",
	{iana.TLS13, message.KindHelloRetryRequest}:     "RFC 9846 §4.2.4",
	{iana.TLS13, message.KindEncryptedExtensions}:   "RFC 9846 §4.4.1",
	{iana.TLS13, message.KindCertificateRequest}:    "RFC 9846 §4.4.2",
	{iana.TLS13, message.KindCertificate}:           "RFC 9846 §4.5.1",
	{iana.TLS13, message.KindCompressedCertificate}: "RFC 8879 §4",
	{iana.TLS13, message.KindCertificateVerify}:     "RFC 9846 §4.5.2",
	{iana.TLS13, message.KindFinished}:              "RFC 9846 §4.5.3",
	{iana.TLS13, message.KindEndOfEarlyData}:        "RFC 9846 §4.6",
	{iana.TLS13, message.KindNewSessionTicket}:      "RFC 9846 §4.7.1",
	{iana.TLS13, message.KindKeyUpdate}:             "RFC 9846 §4.7.3",
	{iana.TLS13, message.KindChangeCipherSpec}:      "RFC 9846 §E.4",
}

// reference is where a move that was seen is specified, in the version that is settled. Its
// direction is as the client sees it.
func reference(move event.Move) string {
	switch {
	case move.Msg == message.KindChangeCipherSpec && move.Version == iana.TLS13 && move.Dir == event.Receive:
		return "RFC 9846 §5" // it means nothing, and no row receives it
	case move.Msg == message.KindCertificate && move.Version == iana.TLS12 && move.Role == event.Client && move.Dir == event.Send:
		return "RFC 5246 §7.4.6"
	}
	v := cmp.Or(move.Version, iana.TLS12) // as which it was parsed, where no version was seen
	return references[messageRef{v, move.Msg}]
}
