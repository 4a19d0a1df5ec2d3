// Package http2 is as much of HTTP/2 (RFC 9113) as a lesson about TLS needs: one request
// and its reply as frames, and a reader that names the frames which go by in one direction
// of a connection. Header fields go through HPACK (RFC 7541), which is golang.org/x/net's.
//
// It is no client and no server: it has no streams, no flow control and no sockets, and
// links no net/http. What it says, any HTTP/2 endpoint understands.
//
// Read frame.go first, then say.go for what a lesson sends and reader.go for what is read.
package http2
