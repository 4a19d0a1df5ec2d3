// Package explain reads a capture file as the eavesdropper of package observe would have heard
// it, and says of each TLS connection in it who spoke, what was agreed on, how it ended and
// by whose doing and most likely why, how much of it opens with the keys at hand, and what would
// open the rest.
//
// It looks at content, not at ports: TLS is found wherever it begins, also behind HTTP CONNECT,
// SOCKS and STARTTLS. The two ends keep their names: what the server said, the server says.
// What it gives is an account of a recording. What a recording cannot tell is not guessed:
// bytes that are missing end the account of their direction, and where a closed record's
// length alone says what it is, it is said so (Outcome.Inferred).
//
// It has no clock but the packets', reads no file but the one given and asks nobody.
//
// Memory is bounded for each connection and for all: what a peer said is kept as long as it may still be needed, and up to
// lengths that nobody has use for; where all open connections keep more than 64 MiB of it, that which was silent longest is
// given up. Package dissect has bounds of its own, for what is out of order.
//
// Who can read a connection is tried, with an observer for each onlooker and his keys (onlookers.go).
//
// Read explain.go (a file), then stream.go (a connection, up to where TLS begins, which begins.go finds), then
// account.go (what is noted of it: hellos.go, resumed.go, chains.go), reading.go (what opened), outcome.go (how it
// ended) and cause.go (most likely why); over UDP quicflows.go and quic.go. ends.go and scenes.go are for the
// connection that is shown.
package explain
