// Package quic reads what of QUIC lies open to anybody: packets with a long header, and of
// these the Initial packets, whose keys are computed from a field that is sent in clear (RFC
// 9001 §5.2; version 2: RFC 9369). In them are the ClientHello and the ServerHello of TLS 1.3,
// in CRYPTO frames that may come split, doubled and in any order.
//
// It only reads. It opens no packet of another kind: those have keys of the handshake, which
// no passer-by can compute. It knows nothing of files, addresses or clocks: a Connection is
// given datagrams, and tells a Follower what was in them. Memory is bounded for each
// connection; how many there are is the caller's to bound (Connection.Held).
//
// Read packet.go (what a datagram is made of), then keys.go and open.go (how an Initial is
// opened), then frames.go and stream.go (from frames to the messages of TLS), then
// connection.go.
package quic
