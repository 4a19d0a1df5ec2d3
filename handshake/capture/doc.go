// Package capture writes capture files that Wireshark opens, with the secrets that
// decrypt them inside: pcapng (draft-ietf-opsawg-pcapng) with Decryption Secrets Blocks.
//
// It is for those who stand at an end of a connection, and so know its bytes and its
// secrets but have seen no packet. The TCP and IP around the bytes is therefore made up: a
// complete three-way handshake, true addresses, ports (but for seven), times and payload,
// and sequence numbers, windows and acknowledgements as a network that loses nothing would
// show them. No file shows retransmissions, or how the kernel really cut the stream into
// segments.
//
// It is no reader (package dissect is), and no sniffer. It knows nothing of TLS but the names of a key log's
// lines (RFC 9850).
//
// Files are written as things happen, no packet before the secrets that open it. Nothing
// is kept but the last chunk that an end received and has not yet understood, and a file
// is complete at whatever instant its process is killed.
//
// Wireshark 4.0 decrypts TLS at any port, and behind an HTTP CONNECT at any port too; but
// not in a tunnel to the port that the proxy itself listens at, nor to one that it has for
// HTTP (80, 3128, 8080, …), or for another protocol: there it shows the CONNECT, and bytes.
// Some of the ports that a system gives to a program that asks for no particular port are
// among these, too: ports.go deals with them.
//
// Read writer.go first (the file), then stream.go (a connection in it) and tap.go (which
// secrets go before which packets). layout.go says why a file is whole even if the process
// that writes it is killed.
package capture
